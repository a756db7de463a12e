"""Fixtures of the behaviour tests: each test runs on grpcio, the oracle, and on Russet."""

from __future__ import annotations

from types import ModuleType

import pytest
from support import modules


def load(request: pytest.FixtureRequest, name: str) -> ModuleType:
    """The implementation with this name; skips the test where it is an oracle too old for it."""
    marked = request.node.get_closest_marker("newest_grpcio")
    if name == "grpcio" and marked and not modules.grpcio_is_newest():
        pytest.skip("an older grpcio does otherwise")
    return modules.load(name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A case with grpcio on both sides only shows that the test describes what grpcio does: it may try again, for grpcio loses a cancellation now and then on a busy machine. Where Russet takes part, every failure counts."""
    for item in items:
        used = (
            item.callspec.params
            if isinstance(item, pytest.Function) and hasattr(item, "callspec")
            else {}
        )
        if used.get("grpc") == "grpcio" or used.get("pair") == ("grpcio", "grpcio"):
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture(params=modules.NAMES)
def grpc(request: pytest.FixtureRequest) -> ModuleType:
    """The implementation under test, server and client."""
    return load(request, request.param)


@pytest.fixture
def russet() -> ModuleType:
    """Russet, for tests of where it is meant to be better than grpcio."""
    return modules.load("russet")


@pytest.fixture(
    params=[(server, client) for server in modules.NAMES for client in modules.NAMES],
    ids=lambda pair: f"{pair[0]}-server-{pair[1]}-client",
)
def pair(request: pytest.FixtureRequest) -> tuple[ModuleType, ModuleType]:
    """(the server's implementation, the client's), all four combinations."""
    server, client = request.param
    return load(request, server), load(request, client)
