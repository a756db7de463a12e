"""Fixtures of the compiler's tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# Tests are imported by path, so their shared module must be findable.
sys.path.insert(0, str(Path(__file__).parent))

from compiler_support import Tool


@pytest.fixture
def ours() -> Tool:
    return Tool("russet.protoc")


@pytest.fixture
def theirs() -> Tool:
    return Tool("grpc_tools.protoc")
