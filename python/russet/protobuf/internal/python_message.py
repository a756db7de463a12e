"""The metaclass of message classes and the class of `Extensions`, under the names that generated stubs know."""

from __future__ import annotations

from russet._core import ExtensionDict as _ExtensionDict
from russet._core import MessageMeta

__all__ = ["GeneratedProtocolMessageType", "_ExtensionDict"]

GeneratedProtocolMessageType = MessageMeta
