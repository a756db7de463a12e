"""The implementations of the gRPC API that the behaviour tests run on."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

NAMES = ("grpcio", "russet")


def load(name: str) -> ModuleType:
    """The module with grpcio's API; skips the test while Russet's own channel is not built."""
    if name == "grpcio":
        return importlib.import_module("grpc")
    spec = importlib.util.find_spec("russet.grpc")
    if spec is None or not Path(str(spec.origin)).with_name("_channel.py").exists():
        pytest.skip("russet.grpc._channel does not exist yet")
    return importlib.import_module("russet.grpc")
