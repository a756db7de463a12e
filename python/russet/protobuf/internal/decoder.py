"""Reads varints and tags, under the names of the original. The codec itself is in Rust; these are for programs that read length-prefixed streams.

The original's decoders of single fields (`Int32Decoder` and its kin) are not here: they fill the dictionaries of its pure Python messages.
"""

from __future__ import annotations

from collections.abc import Callable
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


def _read_varint(stream: Any) -> int | None:
    """The number that a stream's next bytes are; None at its end, ValueError if it ends within."""
    result = 0
    for index in range(_LONGEST):
        read: bytes = stream.read(1)
        if not read:
            if index == 0:
                return None
            raise ValueError("Fail to read varint: the stream ends within it")
        result |= (read[0] & 0x7F) << 7 * index
        if read[0] < 0x80:
            return int(result & 0xFFFF_FFFF_FFFF_FFFF)
    raise _DecodeError("Too many bytes when decoding varint.")


def _varint_at(buffer: _Buffer, pos: int) -> tuple[int, int]:
    """The number that stands as a varint at a position, and the position behind it; IndexError where the buffer ends."""
    result = 0
    for index in range(_LONGEST):
        byte = buffer[pos + index]
        result |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return result & 0xFFFF_FFFF_FFFF_FFFF, pos + index + 1
    raise _DecodeError("Too many bytes when decoding varint.")


def _decoder(convert: Callable[[int], int]) -> Callable[..., Any]:
    """A function that reads a varint: of a buffer at a position, which gives the number and the position behind it, or of a stream, which gives the number alone, or None at its end."""

    def DecodeVarint(buffer: Any, pos: int | None = None) -> Any:
        if pos is None:
            value = _read_varint(buffer)
            return None if value is None else convert(value)
        value, pos = _varint_at(buffer, pos)
        return convert(value), pos

    return DecodeVarint


def _VarintDecoder(mask: int, result_type: Callable[[int], Any]) -> Callable[..., Any]:
    """Makes a reader of varints without a sign, of which `mask` says which bits are kept."""
    return _decoder(lambda value: result_type(value & mask))


def _SignedVarintDecoder(bits: int, result_type: Callable[[int], Any]) -> Callable[..., Any]:
    """Makes a reader of varints with a sign, of so many bits."""
    return _decoder(lambda value: result_type(_signed(value, bits)))


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


_DecodeVarint = _VarintDecoder((1 << 64) - 1, int)
_DecodeVarint32 = _VarintDecoder((1 << 32) - 1, int)
_DecodeSignedVarint = _SignedVarintDecoder(64, int)
_DecodeSignedVarint32 = _SignedVarintDecoder(32, int)


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
