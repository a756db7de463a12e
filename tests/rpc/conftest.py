"""Fixtures of the behaviour tests: each test runs on grpcio, the oracle, and on Russet."""

from __future__ import annotations

from types import ModuleType

import pytest
from support import modules


@pytest.fixture(params=modules.NAMES)
def grpc(request: pytest.FixtureRequest) -> ModuleType:
    """The implementation under test, server and client."""
    return modules.load(request.param)


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
    return modules.load(server), modules.load(client)
