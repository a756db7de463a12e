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
