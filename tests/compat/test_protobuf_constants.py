"""The numbers that google.protobuf's modules have names for."""

from __future__ import annotations

import importlib
from types import ModuleType

import google.protobuf
import pytest

RELEASE = (7, 36)
pytestmark = pytest.mark.skipif(
    tuple(map(int, google.protobuf.__version__.split(".")[:2])) != RELEASE,
    reason="another release of protobuf has other constants",
)


def both(name: str) -> tuple[ModuleType, ModuleType]:
    """A module of the original and of Russet."""
    theirs = importlib.import_module(f"google.protobuf.{name}")
    return theirs, importlib.import_module(f"russet.protobuf.{name}")


def test_constants_are_equal() -> None:
    for module in (
        "internal.wire_format",
        "internal.type_checkers",
        "descriptor",
        "runtime_version",
    ):
        theirs, ours = both(module)
        for name, value in vars(theirs).items():
            if name.isupper() and name[0] != "_" and isinstance(value, (int, str, tuple)):
                assert getattr(ours, name) == value, (module, name)
    theirs, ours = (m.FieldDescriptor for m in both("descriptor"))
    for name in dir(theirs):
        if name.isupper() and name[0] != "_":
            assert getattr(ours, name) == getattr(theirs, name), name


def test_the_defaults_of_editions_are_equal() -> None:
    theirs, ours = both("internal.python_edition_defaults")
    name = "_PROTOBUF_INTERNAL_PYTHON_EDITION_DEFAULTS"
    assert getattr(ours, name) == getattr(theirs, name)
