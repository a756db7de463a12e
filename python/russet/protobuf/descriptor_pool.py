"""Pools: collections of descriptors that are linked to each other."""

from __future__ import annotations

from russet._core import DescriptorPool, default_pool

__all__ = ["Default", "DescriptorPool"]

# Programs ask whether descriptors are native.
_USE_C_DESCRIPTORS = True


def Default() -> DescriptorPool:
    """The pool of generated code."""
    return default_pool
