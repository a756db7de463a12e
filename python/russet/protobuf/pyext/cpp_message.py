"""The metaclass of message classes and the extension module, under the names that older programs know."""

from __future__ import annotations

from russet import _core as _message
from russet._core import MessageMeta

__all__ = ["GeneratedProtocolMessageType", "_message"]

GeneratedProtocolMessageType = MessageMeta
