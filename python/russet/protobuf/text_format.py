"""Messages as text format: printing and parsing."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any, TextIO, TypeVar

from russet._core import (
    DescriptorPool,
    FieldDescriptor,
    Message,
    field_to_string,
    message_to_string,
    parse_text,
    parse_text_float,
    parse_text_integer,
)
from russet._private_names import private_names
from russet.protobuf import text_encoding

__all__ = [
    "Error",
    "Merge",
    "MergeLines",
    "MessageToBytes",
    "MessageToString",
    "Parse",
    "ParseBool",
    "ParseEnum",
    "ParseError",
    "ParseFloat",
    "ParseInteger",
    "ParseLines",
    "PrintField",
    "PrintFieldValue",
    "PrintMessage",
    "TextWriter",
    "Tokenizer",
    "text_encoding",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from russet.protobuf._tokenizer import Tokenizer as Tokenizer

_M = TypeVar("_M", bound=Message)


class Error(Exception):
    """Base of this module's errors."""


class ParseError(Error):
    """Text is not the text format of a message."""

    def __init__(
        self, message: str | None = None, line: int | None = None, column: int | None = None
    ) -> None:
        if message is None:
            super().__init__()
        elif line is None:
            super().__init__(message)
        else:
            place = f"{line}" if column is None else f"{line}:{column}"
            super().__init__(f"{place} : {message}")
        self._line = line
        self._column = column

    def GetLine(self) -> int | None:
        """The line, from 1."""
        return self._line

    def GetColumn(self) -> int | None:
        """The column in characters, from 1."""
        return self._column


class TextWriter:
    """A stream in memory, as the original's printer writes to."""

    def __init__(self, as_utf8: bool) -> None:
        self._writer = io.StringIO()

    def write(self, val: str) -> int:
        """Appends text."""
        return self._writer.write(val)

    def close(self) -> None:
        """Gives the memory back."""
        self._writer.close()

    def getvalue(self) -> str:
        """All that was written."""
        return self._writer.getvalue()


_Formatter = Callable[[Any, int, bool], "str | None"]


def MessageToString(
    message: Message,
    as_utf8: bool = True,
    as_one_line: bool = False,
    use_short_repeated_primitives: bool = False,
    pointy_brackets: bool = False,
    use_index_order: bool = False,
    use_field_number: bool = False,
    descriptor_pool: DescriptorPool | None = None,
    indent: int = 0,
    message_formatter: _Formatter | None = None,
    print_unknown_fields: bool = False,
    force_colon: bool = False,
) -> str:
    """The text format of a message.

    ``Any`` is printed as the message in it where ``descriptor_pool`` (by default the pool of generated code) knows the type. ``message_formatter`` is asked for the text of each message, given the message, its indent and ``as_one_line``; ``None`` leaves it to this function.
    """
    if as_utf8 and not (
        as_one_line
        or use_short_repeated_primitives
        or pointy_brackets
        or use_index_order
        or use_field_number
        or descriptor_pool
        or indent
        or message_formatter
        or print_unknown_fields
        or force_colon
    ):
        return message_to_string(message, None)
    text = message_to_string(
        message,
        {
            "as_utf8": as_utf8,
            "as_one_line": as_one_line,
            "use_short_repeated_primitives": use_short_repeated_primitives,
            "pointy_brackets": pointy_brackets,
            "use_index_order": use_index_order,
            "use_field_number": use_field_number,
            "descriptor_pool": descriptor_pool,
            "indent": indent,
            "message_formatter": message_formatter,
            "print_unknown_fields": print_unknown_fields,
            "force_colon": force_colon,
        },
    )
    return text.rstrip() if as_one_line else text


def MessageToBytes(message: Message, **kwargs: Any) -> bytes:
    """As :func:`MessageToString`, in UTF-8 if ``as_utf8`` is given and true, else in ASCII."""
    text = MessageToString(message, **kwargs)
    return text.encode("utf-8" if kwargs.get("as_utf8") else "ascii")


def PrintMessage(
    message: Message,
    out: TextIO | TextWriter,
    indent: int = 0,
    as_utf8: bool = True,
    as_one_line: bool = False,
    use_short_repeated_primitives: bool = False,
    pointy_brackets: bool = False,
    use_index_order: bool = False,
    use_field_number: bool = False,
    descriptor_pool: DescriptorPool | None = None,
    message_formatter: _Formatter | None = None,
    print_unknown_fields: bool = False,
    force_colon: bool = False,
) -> None:
    """Writes the text format of a message to a stream; see :func:`MessageToString`."""
    text = message_to_string(
        message,
        {
            "as_utf8": as_utf8,
            "as_one_line": as_one_line,
            "use_short_repeated_primitives": use_short_repeated_primitives,
            "pointy_brackets": pointy_brackets,
            "use_index_order": use_index_order,
            "use_field_number": use_field_number,
            "descriptor_pool": descriptor_pool,
            "indent": indent,
            "message_formatter": message_formatter,
            "print_unknown_fields": print_unknown_fields,
            "force_colon": force_colon,
        },
    )
    out.write(text)


def PrintField(
    field: FieldDescriptor,
    value: Any,
    out: TextIO | TextWriter,
    indent: int = 0,
    as_utf8: bool = True,
    as_one_line: bool = False,
    use_short_repeated_primitives: bool = False,
    pointy_brackets: bool = False,
    use_index_order: bool = False,
    message_formatter: _Formatter | None = None,
    print_unknown_fields: bool = False,
    force_colon: bool = False,
) -> None:
    """Writes one value of a field with the field's name; of a repeated field, one element."""
    text = field_to_string(
        field,
        value,
        False,
        {
            "as_utf8": as_utf8,
            "as_one_line": as_one_line,
            "use_short_repeated_primitives": use_short_repeated_primitives,
            "pointy_brackets": pointy_brackets,
            "use_index_order": use_index_order,
            "use_field_number": False,
            "descriptor_pool": None,
            "indent": indent,
            "message_formatter": message_formatter,
            "print_unknown_fields": print_unknown_fields,
            "force_colon": force_colon,
        },
    )
    out.write(text)


def PrintFieldValue(
    field: FieldDescriptor,
    value: Any,
    out: TextIO | TextWriter,
    indent: int = 0,
    as_utf8: bool = True,
    as_one_line: bool = False,
    use_short_repeated_primitives: bool = False,
    pointy_brackets: bool = False,
    use_index_order: bool = False,
    message_formatter: _Formatter | None = None,
    print_unknown_fields: bool = False,
    force_colon: bool = False,
) -> None:
    """Writes one value of a field without the field's name."""
    text = field_to_string(
        field,
        value,
        True,
        {
            "as_utf8": as_utf8,
            "as_one_line": as_one_line,
            "use_short_repeated_primitives": use_short_repeated_primitives,
            "pointy_brackets": pointy_brackets,
            "use_index_order": use_index_order,
            "use_field_number": False,
            "descriptor_pool": None,
            "indent": indent,
            "message_formatter": message_formatter,
            "print_unknown_fields": print_unknown_fields,
            "force_colon": force_colon,
        },
    )
    out.write(text)


def Parse(
    text: str | bytes,
    message: _M,
    allow_unknown_extension: bool = False,
    allow_field_number: bool = False,
    descriptor_pool: DescriptorPool | None = None,
    allow_unknown_field: bool = False,
    max_recursion_depth: int | None = None,
) -> _M:
    """Parses text format into a message, which is not cleared before and is returned.

    A singular field that is set already, in the text or in the message, is an error. ``descriptor_pool`` resolves ``Any``. Without ``max_recursion_depth``, messages may nest 1,000 deep.
    """
    return _merge(
        text,
        message,
        allow_unknown_extension,
        allow_field_number,
        descriptor_pool,
        allow_unknown_field,
        max_recursion_depth,
        False,
    )


def Merge(
    text: str | bytes,
    message: _M,
    allow_unknown_extension: bool = False,
    allow_field_number: bool = False,
    descriptor_pool: DescriptorPool | None = None,
    allow_unknown_field: bool = False,
    max_recursion_depth: int | None = None,
) -> _M:
    """As :func:`Parse`, but the last of several values of a singular field counts."""
    return _merge(
        text,
        message,
        allow_unknown_extension,
        allow_field_number,
        descriptor_pool,
        allow_unknown_field,
        max_recursion_depth,
        True,
    )


def ParseLines(
    lines: Iterable[str | bytes],
    message: _M,
    allow_unknown_extension: bool = False,
    allow_field_number: bool = False,
    descriptor_pool: DescriptorPool | None = None,
    allow_unknown_field: bool = False,
    max_recursion_depth: int | None = None,
) -> _M:
    """As :func:`Parse`, of lines."""
    return _merge(
        _joined(lines),
        message,
        allow_unknown_extension,
        allow_field_number,
        descriptor_pool,
        allow_unknown_field,
        max_recursion_depth,
        False,
    )


def MergeLines(
    lines: Iterable[str | bytes],
    message: _M,
    allow_unknown_extension: bool = False,
    allow_field_number: bool = False,
    descriptor_pool: DescriptorPool | None = None,
    allow_unknown_field: bool = False,
    max_recursion_depth: int | None = None,
) -> _M:
    """As :func:`Merge`, of lines."""
    return _merge(
        _joined(lines),
        message,
        allow_unknown_extension,
        allow_field_number,
        descriptor_pool,
        allow_unknown_field,
        max_recursion_depth,
        True,
    )


def _joined(lines: Iterable[str | bytes]) -> str:
    """Lines as one text; those of a file bring their ends with them."""
    return "\n".join(_decoded(line).removesuffix("\n") for line in lines)


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(f"the text is not UTF-8: {error}") from error


def _merge(
    text: str | bytes,
    message: _M,
    allow_unknown_extension: bool,
    allow_field_number: bool,
    descriptor_pool: DescriptorPool | None,
    allow_unknown_field: bool,
    max_recursion_depth: int | None,
    allow_overwrite: bool,
) -> _M:
    error = parse_text(
        message,
        _decoded(text),
        allow_unknown_extension=allow_unknown_extension,
        allow_unknown_field=allow_unknown_field,
        allow_field_number=allow_field_number,
        allow_overwrite=allow_overwrite,
        descriptor_pool=descriptor_pool,
        max_recursion_depth=max_recursion_depth,
    )
    if error is not None:
        raise ParseError(*error)
    return message


def ParseInteger(text: str, is_signed: bool = False, is_long: bool = False) -> int:
    """An integer of 32 bits, or 64 if it ``is_long``; also octal with a leading zero, ``0x``, ``0o`` and ``0b``."""
    return parse_text_integer(text, is_signed, is_long)


def ParseFloat(text: str) -> float:
    """A floating-point number; also ``inf`` and ``nan`` in any case and a trailing ``f``."""
    return parse_text_float(text)


def ParseBool(text: str) -> bool:
    """A truth: ``true``, ``t``, ``True``, ``1``, or their opposites."""
    if text in ("true", "t", "1", "True"):
        return True
    if text in ("false", "f", "0", "False"):
        return False
    raise ValueError('Expected "true" or "false".')


def ParseEnum(field: FieldDescriptor, value: str) -> int:
    """The number of an enum's value, given by its name or number."""
    enum = field.enum_type
    assert enum is not None, f"{field.full_name} is no enum field"
    try:
        number = int(value, 0)
    except ValueError:
        named = enum.values_by_name.get(value)
        if named is None:
            raise ValueError(f'Enum type "{enum.full_name}" has no value named {value}.') from None
        return int(named.number)
    if enum.is_closed and number not in enum.values_by_number:
        raise ValueError(f'Enum type "{enum.full_name}" has no value with number {number}.')
    return number


_of_the_original = private_names(__name__)


def __getattr__(name: str) -> Any:
    """Loads what few programs have on first use: `Tokenizer`, and the original's classes."""
    if name in ("Tokenizer", "_Tokenizer"):
        from russet.protobuf._tokenizer import Tokenizer

        return Tokenizer
    return _of_the_original(name)
