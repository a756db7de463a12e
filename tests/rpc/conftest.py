"""Fixtures of the behaviour tests: each test runs on grpcio, the oracle, and on Russet."""

from __future__ import annotations

from types import ModuleType

import pytest
from support import modules

# The version whose behaviour the tests describe.
NEWEST = (1, 85)


def load(request: pytest.FixtureRequest, name: str) -> ModuleType:
    """The implementation with this name; skips the test where it is an oracle too old for it."""
    module = modules.load(name)
    if name == "grpcio" and request.node.get_closest_marker("newest_grpcio"):
        version = tuple(map(int, module.__version__.split(".")[:2]))
        if version < NEWEST:
            pytest.skip(f"grpcio {module.__version__} does otherwise")
    return module


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
