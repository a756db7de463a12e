"""The class of `Extensions`, where generated stubs look for it."""

from russet._core import ExtensionDict as _ExtensionDict

__all__ = ["_ExtensionDict"]
