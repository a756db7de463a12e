"""Fields that a message's type does not declare, as they came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Union

from russet._core import Message, unknown_field_bytes
from russet.protobuf.message import DecodeError

__all__ = ["UnknownField", "UnknownFieldSet"]

_VARINT, _FIXED64, _DELIMITED, _START_GROUP, _END_GROUP, _FIXED32 = range(6)


class UnknownField(NamedTuple):
    """A field: its number, its wire type (0 to 5) and its value."""

    field_number: int
    wire_type: int
    data: Union[int, bytes, UnknownFieldSet]  # noqa: UP007 - a NamedTuple evaluates it on 3.9


class UnknownFieldSet:
    """The unknown fields of a message, in the order they came; a copy, which later changes do not touch."""

    __slots__ = ("_fields",)

    def __init__(self, msg: Message) -> None:
        fields = _Reader(unknown_field_bytes(msg)).fields(None)
        if msg.DESCRIPTOR.GetOptions().message_set_wire_format:
            fields = map(_item, fields)
        self._fields: list[UnknownField] = list(fields)

    @classmethod
    def _of(cls, fields: list[UnknownField]) -> UnknownFieldSet:
        made = cls.__new__(cls)
        made._fields = fields
        return made

    def __len__(self) -> int:
        return len(self._fields)

    def __getitem__(self, index: int) -> UnknownField:
        return self._fields[index]

    def __iter__(self) -> Iterator[UnknownField]:
        return iter(self._fields)


def _item(field: UnknownField) -> UnknownField:
    """An item of a message set as the field that it is: its type id, and its message as bytes."""
    if field.field_number == 1 and isinstance(field.data, UnknownFieldSet):
        parts = {part.field_number: part.data for part in field.data}
        if isinstance(parts.get(2), int) and isinstance(parts.get(3), bytes):
            return UnknownField(parts[2], _DELIMITED, parts[3])  # type: ignore[arg-type]
    return field


class _Reader:
    """Walks over fields that the parser accepted once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def fields(self, group: int | None) -> Iterator[UnknownField]:
        while self._at < len(self._data):
            number, wire_type = divmod(self._varint(), 8)
            if wire_type == _END_GROUP:
                if number == group:
                    return
                raise DecodeError("group start and end do not match")
            value: int | bytes | UnknownFieldSet
            if wire_type == _VARINT:
                value = self._varint()
            elif wire_type == _FIXED64:
                value = int.from_bytes(self._take(8), "little")
            elif wire_type == _FIXED32:
                value = int.from_bytes(self._take(4), "little")
            elif wire_type == _DELIMITED:
                value = self._take(self._varint())
            elif wire_type == _START_GROUP:
                value = UnknownFieldSet._of(list(self.fields(number)))
            else:
                raise DecodeError(f"wire type {wire_type} does not exist")
            yield UnknownField(number, wire_type, value)

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise DecodeError("truncated message")
        self._at += count
        return taken

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF
            shift += 7
