"""The implementations of the gRPC API that the behaviour tests run on."""

from __future__ import annotations

import importlib
from types import ModuleType

NAMES = ("grpcio", "russet")

# The release of grpcio whose behaviour the tests describe.
NEWEST = (1, 85)


def load(name: str) -> ModuleType:
    """The module with grpcio's API."""
    return importlib.import_module("grpc" if name == "grpcio" else "russet.grpc")


def grpcio_is_newest() -> bool:
    """Whether the grpcio that is installed is the release that the tests describe, or a later one."""
    version: str = load("grpcio").__version__
    return tuple(map(int, version.split(".")[:2])) >= NEWEST
