"""Reads varints and tags, under the names of the original. The codec itself is in Rust; these are for programs that read length-prefixed streams.

The original's decoders of single fields (`Int32Decoder` and its kin) are not here: they fill the dictionaries of its pure Python messages.
"""

from __future__ import annotations

from typing import Any, Union

from russet.protobuf.internal import encoder
from russet.protobuf.message import DecodeError as _DecodeError

_Buffer = Union[bytes, bytearray, memoryview]

# Bytes of the longest varint.
_LONGEST = 10

MESSAGE_SET_ITEM_TAG = encoder.TagBytes(1, 3)

# Messages nest so deep when they are parsed.
DEFAULT_RECURSION_LIMIT = 100


def IsDefaultScalarValue(value: Any) -> bool:
    """Whether a number, text or bytes is its type's default; -0.0 is none."""
    if isinstance(value, float) and str(value) == "-0.0":
        return False
    return not value


def _DecodeVarint(buffer: _Buffer, pos: int) -> tuple[int, int]:
    """The number that stands as a varint at a position, and the position behind it.

    Raises IndexError where the buffer ends, `DecodeError` for a varint of more than ten bytes.
    """
    result = 0
    for index in range(_LONGEST):
        byte = buffer[pos + index]
        result |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return result & 0xFFFF_FFFF_FFFF_FFFF, pos + index + 1
    raise _DecodeError("Too many bytes when decoding varint.")


def _DecodeVarint32(  # pyright: ignore[reportUnusedFunction]
    buffer: _Buffer, pos: int
) -> tuple[int, int]:
    """As `_DecodeVarint`, of which 32 bits are kept."""
    value, pos = _DecodeVarint(buffer, pos)
    return value & 0xFFFF_FFFF, pos


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _DecodeSignedVarint(  # pyright: ignore[reportUnusedFunction]
    buffer: _Buffer, pos: int
) -> tuple[int, int]:
    """As `_DecodeVarint`, of a number with a sign, in 64 bits."""
    value, pos = _DecodeVarint(buffer, pos)
    return _signed(value, 64), pos


def _DecodeSignedVarint32(  # pyright: ignore[reportUnusedFunction]
    buffer: _Buffer, pos: int
) -> tuple[int, int]:
    """As `_DecodeVarint`, of a number with a sign, in 32 bits."""
    value, pos = _DecodeVarint(buffer, pos)
    return _signed(value, 32), pos


def ReadTag(buffer: _Buffer, pos: int) -> tuple[bytes, int]:
    """The bytes of the tag at a position, and the position behind it."""
    start = pos
    while buffer[pos] & 0x80:
        pos += 1
    pos += 1
    return bytes(buffer[start:pos]), pos


def DecodeTag(tag_bytes: bytes) -> tuple[int, int]:
    """The field's number and the wire type of the bytes of a tag."""
    tag, _ = _DecodeVarint(tag_bytes, 0)
    return tag >> 3, tag & 7
