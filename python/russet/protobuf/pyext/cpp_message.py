"""The metaclass of message classes, under the name that older programs know."""

from __future__ import annotations

from russet._core import MessageMeta

__all__ = ["GeneratedProtocolMessageType"]

GeneratedProtocolMessageType = MessageMeta
