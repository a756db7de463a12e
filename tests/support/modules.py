"""The implementations of the gRPC API that the behaviour tests run on."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest

NAMES = ("grpcio", "russet")

# The releases of the originals whose behaviour the tests describe. Old interpreters get older ones.
NEWEST = (1, 85)
NEWEST_PROTOBUF = (7, 36)


def load(name: str) -> ModuleType:
    """The module with grpcio's API."""
    return importlib.import_module("grpc" if name == "grpcio" else "russet.grpc")


def grpcio_is_newest() -> bool:
    """Whether the grpcio that is installed is the release that the tests describe, or a later one."""
    version: str = load("grpcio").__version__
    return tuple(map(int, version.split(".")[:2])) >= NEWEST


def protobuf_is_newest() -> bool:
    """As `grpcio_is_newest`, of protobuf."""
    version: str = importlib.import_module("google.protobuf").__version__
    return tuple(map(int, version.split(".")[:2])) >= NEWEST_PROTOBUF


needs_newest_protobuf = pytest.mark.skipif(
    not protobuf_is_newest(), reason="an older protobuf does otherwise"
)
