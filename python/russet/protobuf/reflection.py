"""The metaclass of message classes, under the name that generated code knows."""

from __future__ import annotations

from russet._core import Descriptor, Message, MessageMeta
from russet.protobuf import message_factory

__all__ = ["GeneratedProtocolMessageType", "MakeClass", "ParseMessage"]

GeneratedProtocolMessageType = MessageMeta

MESSAGE_CLASS_CACHE: dict[Descriptor, type[Message]] = {}


def MakeClass(descriptor: Descriptor) -> type[Message]:
    """As :func:`message_factory.GetMessageClass`."""
    return message_factory.GetMessageClass(descriptor)


def ParseMessage(descriptor: Descriptor, byte_str: bytes) -> Message:
    """Parses a message of a descriptor's type."""
    return MakeClass(descriptor).FromString(byte_str)
