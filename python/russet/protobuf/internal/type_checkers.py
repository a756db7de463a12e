"""Checks of values before they are assigned, and tables by the type of a field, under the names of the original. Messages check in Rust."""

from __future__ import annotations

import math
import numbers
import struct
from typing import Any, cast

from russet._core import EnumDescriptor
from russet.protobuf.descriptor import FieldDescriptor
from russet.protobuf.internal import encoder, wire_format


def TruncateToFourByteFloat(original: float) -> float:
    """The nearest number of 32 bits. Raises OverflowError beyond them."""
    truncated: float = struct.unpack("<f", struct.pack("<f", original))[0]
    return truncated


def ToShortestFloat(original: float) -> float:
    """The number with the fewest digits that is the same in 32 bits; `original` is such a number."""
    # Six digits are never too many, and nine are always enough.
    for precision in range(6, 9):
        short = float(f"{original:.{precision}g}")
        try:
            if TruncateToFourByteFloat(short) == original:
                return short
        except OverflowError:
            continue
    return float(f"{original:.9g}")


def _wrong(value: Any, *expected: type) -> TypeError:
    return TypeError(f"{value!r:.1024} has type {type(value)}, but expected one of: {expected}")


def _is_numpy(value: Any, name: str) -> bool:
    kind = cast("type[object]", type(value))
    return kind.__module__ == "numpy" and kind.__name__ == name


class TypeChecker:
    """Takes values of the types it was made of."""

    def __init__(self, *acceptable_types: type) -> None:
        self._acceptable_types = acceptable_types

    def CheckValue(self, proposed_value: Any) -> Any:
        """The value. Raises TypeError for another type."""
        if not isinstance(proposed_value, self._acceptable_types):
            raise _wrong(proposed_value, *self._acceptable_types)
        return proposed_value


class TypeCheckerWithDefault(TypeChecker):
    """A `TypeChecker` that knows the default."""

    def __init__(self, default_value: Any, *acceptable_types: type) -> None:
        super().__init__(*acceptable_types)
        self._default_value = default_value

    def DefaultValue(self) -> Any:
        """The default."""
        return self._default_value


class BoolValueChecker:
    """Takes truths and integers."""

    def CheckValue(self, proposed_value: Any) -> bool:
        """The truth. Raises TypeError for what is no integer."""
        if _is_numpy(proposed_value, "bool"):
            return bool(proposed_value)
        if not hasattr(proposed_value, "__index__") or _is_numpy(proposed_value, "ndarray"):
            raise _wrong(proposed_value, bool, int)
        return bool(proposed_value)

    def DefaultValue(self) -> bool:
        """The default."""
        return False


class IntValueChecker:
    """Takes integers within its limits; no truths."""

    _MIN = 0
    _MAX = 0

    def CheckValue(self, proposed_value: Any) -> int:
        """The integer. Raises TypeError for what is none, ValueError beyond the limits."""
        if type(proposed_value) is bool:
            raise TypeError(
                f"{proposed_value!r:.1024} has type {type(proposed_value)}, but expected one of: (int)."
            )
        if not hasattr(proposed_value, "__index__") or _is_numpy(proposed_value, "ndarray"):
            raise _wrong(proposed_value, int)
        if not self._MIN <= int(proposed_value) <= self._MAX:
            raise ValueError(f"Value out of range: {int(proposed_value)}")
        return int(proposed_value)

    def DefaultValue(self) -> int:
        """The default."""
        return 0


class Int32ValueChecker(IntValueChecker):
    """Signed, 32 bits."""

    _MIN = wire_format.INT32_MIN
    _MAX = wire_format.INT32_MAX


class Uint32ValueChecker(IntValueChecker):
    """Unsigned, 32 bits."""

    _MIN = 0
    _MAX = wire_format.UINT32_MAX


class Int64ValueChecker(IntValueChecker):
    """Signed, 64 bits."""

    _MIN = wire_format.INT64_MIN
    _MAX = wire_format.INT64_MAX


class Uint64ValueChecker(IntValueChecker):
    """Unsigned, 64 bits."""

    _MIN = 0
    _MAX = wire_format.UINT64_MAX


class EnumValueChecker:
    """Takes the numbers of a closed enum."""

    def __init__(self, enum_type: EnumDescriptor) -> None:
        self._enum_type = enum_type

    def CheckValue(self, proposed_value: Any) -> int:
        """The number. Raises TypeError for what is none, ValueError for one that no value has."""
        if type(proposed_value) is bool:
            raise TypeError(
                f"{proposed_value!r:.1024} has type {type(proposed_value)}, but expected one of: (int)."
            )
        if not isinstance(proposed_value, numbers.Integral):
            raise _wrong(proposed_value, int)
        number = int(proposed_value)
        if number not in self._enum_type.values_by_number:
            raise ValueError(f"Unknown enum value: {number}")
        return number

    def DefaultValue(self) -> int:
        """The default: the first value."""
        return self._enum_type.values[0].number


class UnicodeValueChecker:
    """Takes text, and bytes that are UTF-8."""

    def CheckValue(self, proposed_value: Any) -> str:
        """The text. Raises TypeError for what is neither, ValueError for what is not Unicode."""
        if isinstance(proposed_value, bytes):
            try:
                return proposed_value.decode("utf-8")
            except UnicodeDecodeError:
                raise ValueError(
                    f"{proposed_value!r:.1024} has type bytes, but isn't valid UTF-8 encoding. Non-UTF-8 strings must be converted to unicode objects before being added."
                ) from None
        if not isinstance(proposed_value, str):
            raise _wrong(proposed_value, bytes, str)
        try:
            proposed_value.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError(
                f"{proposed_value!r:.1024} isn't a valid unicode string and can't be encoded in UTF-8."
            ) from None
        return proposed_value

    def DefaultValue(self) -> str:
        """The default."""
        return ""


class DoubleValueChecker:
    """Takes numbers."""

    def CheckValue(self, proposed_value: Any) -> float:
        """The number. Raises TypeError for what is none."""
        if (
            not hasattr(proposed_value, "__float__") and not hasattr(proposed_value, "__index__")
        ) or _is_numpy(proposed_value, "ndarray"):
            raise TypeError(
                f"{proposed_value!r:.1024} has type {type(proposed_value)}, but expected one of: int, float"
            )
        return float(proposed_value)

    def DefaultValue(self) -> float:
        """The default."""
        return 0.0


class FloatValueChecker(DoubleValueChecker):
    """Takes numbers, and makes them 32 bits long."""

    def CheckValue(self, proposed_value: Any) -> float:
        """The nearest number of 32 bits, or an infinity. Raises TypeError for what is none."""
        number = super().CheckValue(proposed_value)
        try:
            return TruncateToFourByteFloat(number)
        except OverflowError:
            return math.copysign(math.inf, number)


_CHECKERS: dict[int, Any] = {
    FieldDescriptor.CPPTYPE_INT32: Int32ValueChecker(),
    FieldDescriptor.CPPTYPE_INT64: Int64ValueChecker(),
    FieldDescriptor.CPPTYPE_UINT32: Uint32ValueChecker(),
    FieldDescriptor.CPPTYPE_UINT64: Uint64ValueChecker(),
    FieldDescriptor.CPPTYPE_DOUBLE: DoubleValueChecker(),
    FieldDescriptor.CPPTYPE_FLOAT: FloatValueChecker(),
    FieldDescriptor.CPPTYPE_BOOL: BoolValueChecker(),
    FieldDescriptor.CPPTYPE_STRING: TypeCheckerWithDefault(b"", bytes),
}


def GetTypeChecker(field: FieldDescriptor) -> Any:
    """The checker of a field's values; messages have none."""
    if field.type == FieldDescriptor.TYPE_STRING:
        return UnicodeValueChecker()
    if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
        enum = field.enum_type
        if enum is not None and enum.is_closed:
            return EnumValueChecker(enum)
        return _CHECKERS[FieldDescriptor.CPPTYPE_INT32]
    return _CHECKERS[field.cpp_type]


# Each type of a field: its name in the functions of `wire_format` and `encoder`, and its wire type.
_TYPES = {
    FieldDescriptor.TYPE_DOUBLE: ("Double", 1),
    FieldDescriptor.TYPE_FLOAT: ("Float", 5),
    FieldDescriptor.TYPE_INT64: ("Int64", 0),
    FieldDescriptor.TYPE_UINT64: ("UInt64", 0),
    FieldDescriptor.TYPE_INT32: ("Int32", 0),
    FieldDescriptor.TYPE_FIXED64: ("Fixed64", 1),
    FieldDescriptor.TYPE_FIXED32: ("Fixed32", 5),
    FieldDescriptor.TYPE_BOOL: ("Bool", 0),
    FieldDescriptor.TYPE_STRING: ("String", 2),
    FieldDescriptor.TYPE_GROUP: ("Group", 3),
    FieldDescriptor.TYPE_MESSAGE: ("Message", 2),
    FieldDescriptor.TYPE_BYTES: ("Bytes", 2),
    FieldDescriptor.TYPE_UINT32: ("UInt32", 0),
    FieldDescriptor.TYPE_ENUM: ("Enum", 0),
    FieldDescriptor.TYPE_SFIXED32: ("SFixed32", 5),
    FieldDescriptor.TYPE_SFIXED64: ("SFixed64", 1),
    FieldDescriptor.TYPE_SINT32: ("SInt32", 0),
    FieldDescriptor.TYPE_SINT64: ("SInt64", 0),
}
TYPE_TO_BYTE_SIZE_FN: dict[int, Any] = {
    kind: getattr(wire_format, f"{name}ByteSize") for kind, (name, _) in _TYPES.items()
}
TYPE_TO_ENCODER: dict[int, Any] = {
    kind: getattr(encoder, f"{name}Encoder") for kind, (name, _) in _TYPES.items()
}
TYPE_TO_SIZER: dict[int, Any] = {
    kind: getattr(encoder, f"{name}Sizer") for kind, (name, _) in _TYPES.items()
}
FIELD_TYPE_TO_WIRE_TYPE: dict[int, int] = {kind: wire for kind, (_, wire) in _TYPES.items()}
