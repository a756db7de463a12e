"""Fixtures of the companions' tests: each runs on grpcio's companions, the oracles, and on Russet's."""

from __future__ import annotations

import importlib
from types import ModuleType, SimpleNamespace

import pytest
from support import modules

ROOTS = {"grpcio": "grpc_", "russet": "russet."}


def load(name: str) -> SimpleNamespace:
    """An implementation: `grpc`, and `module("health.v1.health")` for its companions."""
    prefix = ROOTS[name]

    def module(path: str) -> ModuleType:
        if name == "grpcio":
            pytest.importorskip(prefix + path.partition(".")[0])
        return importlib.import_module(prefix + path)

    return SimpleNamespace(name=name, grpc=modules.load(name), module=module)


@pytest.fixture(params=modules.NAMES)
def stack(request: pytest.FixtureRequest) -> SimpleNamespace:
    """gRPC and its companions, of one implementation."""
    return load(request.param)


@pytest.fixture
def russet() -> SimpleNamespace:
    """Russet's, for tests of where it is meant to be better."""
    return load("russet")


@pytest.fixture
def grpcio() -> SimpleNamespace:
    """grpcio's, as a peer."""
    return load("grpcio")
