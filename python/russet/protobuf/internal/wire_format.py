"""Numbers of the wire format and the sizes of encoded fields, under the names of the original. The codec itself is in Rust; these are for programs that write a varint or a tag on their own."""

from __future__ import annotations

from typing import Any

from russet._core import Message
from russet.protobuf.descriptor import FieldDescriptor
from russet.protobuf.message import EncodeError

TAG_TYPE_BITS = 3
TAG_TYPE_MASK = (1 << TAG_TYPE_BITS) - 1

WIRETYPE_VARINT = 0
WIRETYPE_FIXED64 = 1
WIRETYPE_LENGTH_DELIMITED = 2
WIRETYPE_START_GROUP = 3
WIRETYPE_END_GROUP = 4
WIRETYPE_FIXED32 = 5
_WIRETYPE_MAX = 5

INT32_MAX = (1 << 31) - 1
INT32_MIN = -(1 << 31)
UINT32_MAX = (1 << 32) - 1
INT64_MAX = (1 << 63) - 1
INT64_MIN = -(1 << 63)
UINT64_MAX = (1 << 64) - 1

# For `struct`.
FORMAT_UINT32_LITTLE_ENDIAN = "<I"
FORMAT_UINT64_LITTLE_ENDIAN = "<Q"
FORMAT_FLOAT_LITTLE_ENDIAN = "<f"
FORMAT_DOUBLE_LITTLE_ENDIAN = "<d"

NON_PACKABLE_TYPES = (
    FieldDescriptor.TYPE_STRING,
    FieldDescriptor.TYPE_GROUP,
    FieldDescriptor.TYPE_MESSAGE,
    FieldDescriptor.TYPE_BYTES,
)


def PackTag(field_number: int, wire_type: int) -> int:
    """The tag of a field. Raises `EncodeError` for a wire type that does not exist."""
    if not 0 <= wire_type <= _WIRETYPE_MAX:
        raise EncodeError(f"Unknown wire type: {wire_type}")
    return (field_number << TAG_TYPE_BITS) | wire_type


def UnpackTag(tag: int) -> tuple[int, int]:
    """The field's number and the wire type of a tag."""
    return tag >> TAG_TYPE_BITS, tag & TAG_TYPE_MASK


def ZigZagEncode(value: int) -> int:
    """The unsigned number that stands for a signed one, small where that is near 0."""
    return value << 1 if value >= 0 else (value << 1) ^ ~0


def ZigZagDecode(value: int) -> int:
    """The inverse of `ZigZagEncode`."""
    return (value >> 1) ^ -(value & 1)


def _VarUInt64ByteSizeNoTag(uint64: int) -> int:
    """Bytes of a varint. Raises `EncodeError` if the number has more than 64 bits."""
    if uint64 > UINT64_MAX:
        raise EncodeError(f"Value out of range: {uint64}")
    return max(1, (uint64.bit_length() + 6) // 7)


def TagByteSize(field_number: int) -> int:
    """Bytes of a tag, whatever its wire type."""
    return _VarUInt64ByteSizeNoTag(PackTag(field_number, 0))


def Int32ByteSize(field_number: int, int32: int) -> int:
    """Bytes of an `int32` field with its tag, as for all functions here that end in `ByteSize`."""
    return Int64ByteSize(field_number, int32)


def Int32ByteSizeNoTag(int32: int) -> int:
    """Bytes of an `int32`; a negative one takes ten."""
    return _VarUInt64ByteSizeNoTag(UINT64_MAX & int32)


def Int64ByteSize(field_number: int, int64: int) -> int:
    return UInt64ByteSize(field_number, UINT64_MAX & int64)


def UInt32ByteSize(field_number: int, uint32: int) -> int:
    return UInt64ByteSize(field_number, uint32)


def UInt64ByteSize(field_number: int, uint64: int) -> int:
    return TagByteSize(field_number) + _VarUInt64ByteSizeNoTag(uint64)


def SInt32ByteSize(field_number: int, int32: int) -> int:
    return UInt32ByteSize(field_number, ZigZagEncode(int32))


def SInt64ByteSize(field_number: int, int64: int) -> int:
    return UInt64ByteSize(field_number, ZigZagEncode(int64))


def Fixed32ByteSize(field_number: int, fixed32: int) -> int:
    return TagByteSize(field_number) + 4


def Fixed64ByteSize(field_number: int, fixed64: int) -> int:
    return TagByteSize(field_number) + 8


def SFixed32ByteSize(field_number: int, sfixed32: int) -> int:
    return TagByteSize(field_number) + 4


def SFixed64ByteSize(field_number: int, sfixed64: int) -> int:
    return TagByteSize(field_number) + 8


def FloatByteSize(field_number: int, flt: float) -> int:
    return TagByteSize(field_number) + 4


def DoubleByteSize(field_number: int, double: float) -> int:
    return TagByteSize(field_number) + 8


def BoolByteSize(field_number: int, b: bool) -> int:
    return TagByteSize(field_number) + 1


def EnumByteSize(field_number: int, enum: int) -> int:
    return UInt32ByteSize(field_number, enum)


def StringByteSize(field_number: int, string: str) -> int:
    return BytesByteSize(field_number, string.encode("utf-8"))


def BytesByteSize(field_number: int, b: bytes) -> int:
    return TagByteSize(field_number) + _VarUInt64ByteSizeNoTag(len(b)) + len(b)


def GroupByteSize(field_number: int, message: Message) -> int:
    return 2 * TagByteSize(field_number) + message.ByteSize()


def MessageByteSize(field_number: int, message: Message) -> int:
    size = message.ByteSize()
    return TagByteSize(field_number) + _VarUInt64ByteSizeNoTag(size) + size


def MessageSetItemByteSize(field_number: int, msg: Message) -> int:
    """Bytes of an item of a message set: a group 1 with the type's number in field 2 and the message in field 3."""
    size = msg.ByteSize()
    tags = 2 * TagByteSize(1) + TagByteSize(2) + TagByteSize(3)
    return tags + _VarUInt64ByteSizeNoTag(field_number) + _VarUInt64ByteSizeNoTag(size) + size


def IsTypePackable(field_type: Any) -> bool:
    """Whether repeated fields of a type can be packed."""
    return field_type not in NON_PACKABLE_TYPES
