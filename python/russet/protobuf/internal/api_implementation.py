"""Which implementation runs: there is one, which works as the original's ``upb`` does."""

from __future__ import annotations

from russet import _core as _c_module

__all__ = ["IsPythonDefaultSerializationDeterministic", "Type", "_c_module"]


def Type() -> str:
    """``upb``: programs take it for "the fast one, whose classes are native"."""
    return "upb"


def IsPythonDefaultSerializationDeterministic() -> bool:
    """Whether maps are ordered by key where nothing is asked for."""
    return False
