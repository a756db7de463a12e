"""Messages and bytes as plain functions, and messages one after another in a stream."""

from __future__ import annotations

from typing import BinaryIO, TypeVar

from russet._core import DecodeError, Message

__all__ = [
    "byte_size",
    "clear_field",
    "clear_message",
    "parse",
    "parse_length_prefixed",
    "serialize",
    "serialize_length_prefixed",
]

_M = TypeVar("_M", bound=Message)

# The bytes that a varint of 64 bits takes at most.
_MAX_VARINT = 10


def serialize(message: Message, deterministic: bool | None = None) -> bytes:
    """A message's bytes; with ``deterministic``, maps in order."""
    return message.SerializeToString(deterministic=deterministic)


def parse(message_class: type[_M], payload: bytes) -> _M:
    """A new message of bytes."""
    return message_class.FromString(payload)


def serialize_length_prefixed(message: Message, output: BinaryIO) -> None:
    """Writes a message behind its length, so that others can follow. The stream must be buffered."""
    payload = serialize(message)
    size = len(payload)
    prefix = bytearray()
    rest = size
    while rest >= 0x80:
        prefix.append(rest & 0x7F | 0x80)
        rest >>= 7
    prefix.append(rest)
    output.write(bytes(prefix))
    written = output.write(payload)
    if written != size:
        raise TypeError(
            f"Failed to write complete message (wrote: {written}, expected: {size}). Ensure output is using buffered IO."
        )


def parse_length_prefixed(message_class: type[_M], input_bytes: BinaryIO) -> _M | None:
    """The next message of a stream that :func:`serialize_length_prefixed` wrote, ``None`` at its end. The stream must be buffered."""
    size = _read_varint(input_bytes)
    if size is None:
        return None
    payload = input_bytes.read(size) if size else b""
    message = message_class.FromString(payload)
    if len(payload) != size:
        raise ValueError(
            f"Truncated message or non-buffered input_bytes: Expected {size} bytes but only {len(payload)} bytes parsed for {message_class.DESCRIPTOR.name}."
        )
    return message


def _read_varint(stream: BinaryIO) -> int | None:
    value = 0
    for place in range(_MAX_VARINT):
        byte = stream.read(1)
        if not byte:
            if place == 0:
                return None
            raise ValueError("Fail to read varint: the stream ends in the length of a message.")
        value |= (byte[0] & 0x7F) << (7 * place)
        if byte[0] < 0x80:
            return value
    raise DecodeError("Too many bytes when decoding varint.")


def byte_size(message: Message) -> int:
    """How many bytes a message takes."""
    return message.ByteSize()


def clear_message(message: Message) -> None:
    """Clears all fields."""
    message.Clear()


def clear_field(message: Message, field_name: str) -> None:
    """Clears a field or a oneof by its name."""
    message.ClearField(field_name)
