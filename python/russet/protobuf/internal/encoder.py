"""Encoders and sizers of single fields, under the names of the original. The codec itself is in Rust; these are for programs that write length-prefixed streams or fields on their own.

A sizer is made for a field, `Int32Sizer(number, is_repeated, is_packed)`, and gives the bytes of a value with its tags. An encoder is made alike, and called with a function that takes bytes, the value, and whether maps are to be ordered.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Optional

from russet._core import Message
from russet.protobuf.internal import wire_format

_Write = Callable[[bytes], Any]
_Sizer = Callable[[Any], int]
_Encoder = Callable[[_Write, Any, Optional[bool]], Any]
_SizerMaker = Callable[[int, bool, bool], _Sizer]
_EncoderMaker = Callable[[int, bool, bool], _Encoder]


def _VarintBytes(value: int) -> bytes:
    """A number, not negative, as a varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _SignedVarintBytes(value: int) -> bytes:
    """A number as a varint; a negative one as its 64 bits."""
    return _VarintBytes(value & wire_format.UINT64_MAX)


def _EncodeVarint(  # pyright: ignore[reportUnusedFunction]
    write: _Write, value: int, unused_deterministic: bool | None = None
) -> Any:
    """Writes a number, not negative, as a varint."""
    return write(_VarintBytes(value))


def _EncodeSignedVarint(  # pyright: ignore[reportUnusedFunction]
    write: _Write, value: int, unused_deterministic: bool | None = None
) -> Any:
    """Writes a number as a varint; a negative one as its 64 bits."""
    return write(_SignedVarintBytes(value))


def _VarintEncoder() -> Callable[..., Any]:  # pyright: ignore[reportUnusedFunction]
    """Gives :func:`_EncodeVarint`."""
    return _EncodeVarint


def _SignedVarintEncoder() -> Callable[..., Any]:  # pyright: ignore[reportUnusedFunction]
    """Gives :func:`_EncodeSignedVarint`."""
    return _EncodeSignedVarint


def _VarintSize(value: int) -> int:
    return len(_VarintBytes(value))


def _SignedVarintSize(value: int) -> int:  # pyright: ignore[reportUnusedFunction]
    return len(_SignedVarintBytes(value))


def _TagSize(field_number: int) -> int:
    return wire_format.TagByteSize(field_number)


def TagBytes(field_number: int, wire_type: int) -> bytes:
    """A field's tag."""
    return _VarintBytes(wire_format.PackTag(field_number, wire_type))


_ToBytes = Callable[[Any], bytes]


def _zigzag(value: int) -> bytes:
    return _VarintBytes(wire_format.ZigZagEncode(value))


def _bool(value: bool) -> bytes:
    return b"\x01" if value else b"\x00"


def _float(value: float) -> bytes:
    """A number beyond what 32 bits hold becomes an infinity."""
    try:
        return struct.pack("<f", value)
    except OverflowError:
        return struct.pack("<f", float("inf") if value > 0 else float("-inf"))


def _text(value: str) -> bytes:
    return value.encode("utf-8")


def _prefixed(data: bytes) -> bytes:
    return _VarintBytes(len(data)) + data


def _packer(form: str) -> _ToBytes:
    return struct.Struct(form).pack


def _scalar_sizer(to_bytes: _ToBytes) -> _SizerMaker:
    def make(field_number: int, is_repeated: bool, is_packed: bool) -> _Sizer:
        tag = _TagSize(field_number)

        def size(value: Any) -> int:
            if is_packed:
                length = sum(len(to_bytes(one)) for one in value)
                return tag + _VarintSize(length) + length
            return sum(tag + len(to_bytes(one)) for one in (value if is_repeated else (value,)))

        return size

    return make


def _scalar_encoder(wire_type: int, to_bytes: _ToBytes) -> _EncoderMaker:
    def make(field_number: int, is_repeated: bool, is_packed: bool) -> _Encoder:
        tag = TagBytes(
            field_number, wire_format.WIRETYPE_LENGTH_DELIMITED if is_packed else wire_type
        )

        def encode(write: _Write, value: Any, deterministic: bool | None = None) -> Any:
            if is_packed:
                return write(tag + _prefixed(b"".join(map(to_bytes, value))))
            if not is_repeated:
                return write(tag + to_bytes(value))
            for one in value:
                write(tag + to_bytes(one))
            return None

        return encode

    return make


Int32Sizer = Int64Sizer = EnumSizer = _scalar_sizer(_SignedVarintBytes)
UInt32Sizer = UInt64Sizer = _scalar_sizer(_VarintBytes)
SInt32Sizer = SInt64Sizer = _scalar_sizer(_zigzag)
Fixed32Sizer = SFixed32Sizer = FloatSizer = _scalar_sizer(lambda _: b"    ")
Fixed64Sizer = SFixed64Sizer = DoubleSizer = _scalar_sizer(lambda _: b"        ")
BoolSizer = _scalar_sizer(_bool)

Int32Encoder = Int64Encoder = EnumEncoder = _scalar_encoder(0, _SignedVarintBytes)
UInt32Encoder = UInt64Encoder = _scalar_encoder(0, _VarintBytes)
SInt32Encoder = SInt64Encoder = _scalar_encoder(0, _zigzag)
Fixed32Encoder = _scalar_encoder(5, _packer("<I"))
Fixed64Encoder = _scalar_encoder(1, _packer("<Q"))
SFixed32Encoder = _scalar_encoder(5, _packer("<i"))
SFixed64Encoder = _scalar_encoder(1, _packer("<q"))
FloatEncoder = _scalar_encoder(5, _float)
DoubleEncoder = _scalar_encoder(1, _packer("<d"))
_bool_encoder = _scalar_encoder(0, _bool)


def BoolEncoder(field_number: int, is_repeated: bool, is_packed: bool) -> _Encoder:
    """The encoder of a `bool` field."""
    return _bool_encoder(field_number, is_repeated, is_packed)


def _sizer_of(to_bytes: _ToBytes, field_number: int, is_repeated: bool, is_packed: bool) -> _Sizer:
    assert not is_packed
    return _scalar_sizer(to_bytes)(field_number, is_repeated, False)


def _encoder_of(
    to_bytes: Callable[[Any, bool | None], bytes],
    field_number: int,
    is_repeated: bool,
    wire_type: int,
    end: bytes = b"",
) -> _Encoder:
    tag = TagBytes(field_number, wire_type)

    def encode(write: _Write, value: Any, deterministic: bool | None = None) -> Any:
        if not is_repeated:
            return write(tag + to_bytes(value, deterministic) + end)
        for one in value:
            write(tag + to_bytes(one, deterministic) + end)
        return None

    return encode


def StringSizer(field_number: int, is_repeated: bool, is_packed: bool) -> _Sizer:
    """The sizer of a `string` field."""
    return _sizer_of(lambda v: _prefixed(_text(v)), field_number, is_repeated, is_packed)


def BytesSizer(field_number: int, is_repeated: bool, is_packed: bool) -> _Sizer:
    """The sizer of a `bytes` field."""
    return _sizer_of(_prefixed, field_number, is_repeated, is_packed)


def GroupSizer(field_number: int, is_repeated: bool, is_packed: bool) -> _Sizer:
    """The sizer of a group."""
    assert not is_packed

    def size(value: Any) -> int:
        values = value if is_repeated else (value,)
        return sum(wire_format.GroupByteSize(field_number, one) for one in values)

    return size


def MessageSizer(field_number: int, is_repeated: bool, is_packed: bool) -> _Sizer:
    """The sizer of a message field."""
    assert not is_packed

    def size(value: Any) -> int:
        values = value if is_repeated else (value,)
        return sum(wire_format.MessageByteSize(field_number, one) for one in values)

    return size


def MessageSetItemSizer(field_number: int) -> _Sizer:
    """The sizer of an extension of a message set."""

    def size(value: Message) -> int:
        return wire_format.MessageSetItemByteSize(field_number, value)

    return size


def MapSizer(field_descriptor: Any, key_sizer: _Sizer, value_sizer: _Sizer) -> _Sizer:
    """The sizer of a map, from those of fields 1 and 2 of its entries."""

    def size(map_value: Any) -> int:
        total = 0
        for key in map_value:
            length = key_sizer(key) + value_sizer(map_value[key])
            total += _TagSize(field_descriptor.number) + _VarintSize(length) + length
        return total

    return size


def StringEncoder(field_number: int, is_repeated: bool, is_packed: bool) -> _Encoder:
    """The encoder of a `string` field."""
    assert not is_packed
    return _encoder_of(lambda v, _: _prefixed(_text(v)), field_number, is_repeated, 2)


def BytesEncoder(field_number: int, is_repeated: bool, is_packed: bool) -> _Encoder:
    """The encoder of a `bytes` field."""
    assert not is_packed
    return _encoder_of(lambda v, _: _prefixed(v), field_number, is_repeated, 2)


def _message_bytes(message: Message, deterministic: bool | None) -> bytes:
    return message.SerializePartialToString(deterministic=bool(deterministic))


def GroupEncoder(field_number: int, is_repeated: bool, is_packed: bool) -> _Encoder:
    """The encoder of a group."""
    assert not is_packed
    end = TagBytes(field_number, wire_format.WIRETYPE_END_GROUP)
    return _encoder_of(_message_bytes, field_number, is_repeated, 3, end)


def MessageEncoder(field_number: int, is_repeated: bool, is_packed: bool) -> _Encoder:
    """The encoder of a message field."""
    assert not is_packed
    return _encoder_of(
        lambda v, ordered: _prefixed(_message_bytes(v, ordered)), field_number, is_repeated, 2
    )


def MessageSetItemEncoder(field_number: int) -> _Encoder:
    """The encoder of an extension of a message set."""
    start = TagBytes(1, 3) + TagBytes(2, 0) + _VarintBytes(field_number) + TagBytes(3, 2)
    end = TagBytes(1, 4)

    def encode(write: _Write, value: Message, deterministic: bool | None = None) -> Any:
        return write(start + _prefixed(_message_bytes(value, deterministic)) + end)

    return encode


def MapEncoder(
    field_descriptor: Any,
    key_encoder: _Encoder,
    value_encoder: _Encoder,
    key_sizer: _Sizer,
    value_sizer: _Sizer,
) -> _Encoder:
    """The encoder of a map, from those of fields 1 and 2 of its entries."""
    tag = TagBytes(field_descriptor.number, 2)

    def encode(write: _Write, value: Any, deterministic: bool | None = None) -> Any:
        for key in sorted(value) if deterministic else value:
            write(tag + _VarintBytes(key_sizer(key) + value_sizer(value[key])))
            key_encoder(write, key, deterministic)
            value_encoder(write, value[key], deterministic)

    return encode
