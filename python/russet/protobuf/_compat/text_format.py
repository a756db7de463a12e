"""The printer and the parser of `text_format` as classes, which programs subclass to print or read a field their own way.

`text_format`'s functions do not use them: they print and parse in Rust.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from russet._core import field_to_string
from russet.protobuf import descriptor_pool as _descriptor_pool
from russet.protobuf import message_factory, text_encoding
from russet.protobuf._tokenizer import Tokenizer
from russet.protobuf.descriptor import FieldDescriptor
from russet.protobuf.empty_pb2 import Empty
from russet.protobuf.internal.wire_format import (
    WIRETYPE_LENGTH_DELIMITED,
    WIRETYPE_START_GROUP,
)
from russet.protobuf.message import DecodeError
from russet.protobuf.text_format import ParseError, ParseInteger
from russet.protobuf.unknown_fields import UnknownFieldSet

if TYPE_CHECKING:
    from russet._core import DescriptorPool, Message

__all__ = [
    "WIRETYPE_LENGTH_DELIMITED",
    "WIRETYPE_START_GROUP",
    "_ANY_FULL_TYPE_NAME",
    "_BuildMessageFromTypeName",
    "_IsGroupLike",
    "_IsMapEntry",
    "_Parser",
    "_Printer",
]

_ANY_FULL_TYPE_NAME = "google.protobuf.Any"
_TYPE_NAME = re.compile(r"[^\d\W]\w*(?:\.[^\d\W]\w*)*")
_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2}).{0,2}")


class _Out(Protocol):
    def write(self, text: str, /) -> object: ...


def _IsMapEntry(field: FieldDescriptor) -> bool:
    message = field.message_type
    return message is not None and message.GetOptions().map_entry


def _IsGroupLike(field: FieldDescriptor) -> bool:
    """Whether a field is as a proto2 group makes it: it goes by the name of its type."""
    message = field.message_type
    if field.type != FieldDescriptor.TYPE_GROUP or message is None:
        return False
    scope = field.extension_scope if field.is_extension else field.containing_type
    return (
        field.name == message.name.lower()
        and message.file == field.file
        and message.containing_type == scope
    )


def _BuildMessageFromTypeName(
    type_name: str, descriptor_pool: DescriptorPool | None
) -> Message | None:
    """An empty message of a type; None if the pool does not know it."""
    pool = _descriptor_pool.Default() if descriptor_pool is None else descriptor_pool
    try:
        found = pool.FindMessageTypeByName(type_name)
    except KeyError:
        return None
    return message_factory.GetMessageClass(found)()


class _Printer:
    """Writes the text of messages to `out`."""

    def __init__(
        self,
        out: _Out,
        indent: int = 0,
        as_utf8: bool = True,
        as_one_line: bool = False,
        use_short_repeated_primitives: bool = False,
        pointy_brackets: bool = False,
        use_index_order: bool = False,
        use_field_number: bool = False,
        descriptor_pool: DescriptorPool | None = None,
        message_formatter: Callable[[Any, int, bool], str | None] | None = None,
        print_unknown_fields: bool = False,
        force_colon: bool = False,
    ) -> None:
        self.out = out
        self.indent = indent
        self.as_utf8 = as_utf8
        self.as_one_line = as_one_line
        self.use_short_repeated_primitives = use_short_repeated_primitives
        self.pointy_brackets = pointy_brackets
        self.use_index_order = use_index_order
        self.use_field_number = use_field_number
        self.descriptor_pool = descriptor_pool
        self.message_formatter = message_formatter
        self.print_unknown_fields = print_unknown_fields
        self.force_colon = force_colon

    def _end(self) -> None:
        self.out.write(" " if self.as_one_line else "\n")

    def PrintMessage(self, message: Message) -> None:
        """Writes the fields of a message, a line each."""
        if self.message_formatter and self._TryCustomFormatMessage(message):
            return
        if message.DESCRIPTOR.full_name == _ANY_FULL_TYPE_NAME and self._TryPrintAsAnyMessage(message):  # fmt: skip
            return
        fields = message.ListFields()
        if self.use_index_order:
            fields.sort(key=lambda pair: pair[0].number if pair[0].is_extension else pair[0].index)
        for field, value in fields:
            if _IsMapEntry(field):
                for key in sorted(value):
                    self.PrintField(field, value.GetEntryClass()(key=key, value=value[key]))
            elif not field.is_repeated:
                self.PrintField(field, value)
            elif self.use_short_repeated_primitives and field.cpp_type not in (FieldDescriptor.CPPTYPE_MESSAGE, FieldDescriptor.CPPTYPE_STRING):  # fmt: skip
                self._PrintShortRepeatedPrimitivesValue(field, value)
            else:
                for element in value:
                    self.PrintField(field, element)
        if self.print_unknown_fields:
            self._PrintUnknownFields(UnknownFieldSet(message))

    def PrintField(self, field: FieldDescriptor, value: Any) -> None:
        """Writes a field's name and one value."""
        self._PrintFieldName(field)
        self.out.write(" ")
        self.PrintFieldValue(field, value)
        self._end()

    def PrintFieldValue(self, field: FieldDescriptor, value: Any) -> None:
        """Writes one value of a field."""
        if field.message_type is not None:
            self._PrintMessageFieldValue(value)
            return
        options: Any = {
            "as_utf8": self.as_utf8,
            "as_one_line": self.as_one_line,
            "use_short_repeated_primitives": False,
            "pointy_brackets": False,
            "use_index_order": False,
            "use_field_number": False,
            "descriptor_pool": None,
            "indent": 0,
            "message_formatter": None,
            "print_unknown_fields": False,
            "force_colon": False,
        }
        self.out.write(field_to_string(field, value, True, options))

    def _TryPrintAsAnyMessage(self, message: Any) -> bool:
        if "/" not in message.type_url:
            return False
        packed = _BuildMessageFromTypeName(message.TypeName(), self.descriptor_pool)
        if packed is None:
            return False
        packed.MergeFromString(message.value)
        colon = ":" if self.force_colon else ""
        self.out.write(f"{' ' * self.indent}[{message.type_url}]{colon} ")
        self._PrintMessageFieldValue(packed)
        self._end()
        return True

    def _TryCustomFormatMessage(self, message: Message) -> bool:
        assert self.message_formatter is not None
        formatted = self.message_formatter(message, self.indent, self.as_one_line)
        if formatted is None:
            return False
        self.out.write(f"{' ' * self.indent}{formatted}")
        self._end()
        return True

    def _PrintFieldName(self, field: FieldDescriptor) -> None:
        message = field.message_type
        if self.use_field_number:
            name = str(field.number)
        elif field.is_extension:
            of_set = message is not None and not field.is_repeated and field.containing_type.GetOptions().message_set_wire_format  # fmt: skip
            name = f"[{message.full_name if of_set and message else field.full_name}]"
        else:
            name = message.name if message is not None and _IsGroupLike(field) else field.name
        colon = ":" if self.force_colon or message is None else ""
        self.out.write(f"{' ' * self.indent}{name}{colon}")

    def _PrintShortRepeatedPrimitivesValue(self, field: FieldDescriptor, value: Any) -> None:
        self._PrintFieldName(field)
        for index, element in enumerate(value):
            self.out.write(", " if index else " [")
            self.PrintFieldValue(field, element)
        self.out.write("]")
        self._end()

    def _PrintMessageFieldValue(self, value: Message) -> None:
        opening, closing = "<>" if self.pointy_brackets else "{}"
        self._within(opening, closing, lambda: self.PrintMessage(value))

    def _within(self, opening: str, closing: str, write: Callable[[], None]) -> None:
        self.out.write(opening)
        self._end()
        if self.as_one_line:
            write()
            self.out.write(closing)
            return
        self.indent += 2
        write()
        self.indent -= 2
        self.out.write(" " * self.indent + closing)

    def _PrintUnknownFields(self, unknown_field_set: Any) -> None:
        for field in unknown_field_set:
            self.out.write(f"{' ' * self.indent}{field.field_number}")
            within = field.data if field.wire_type == WIRETYPE_START_GROUP else None
            if field.wire_type == WIRETYPE_LENGTH_DELIMITED:
                within = _fields_in(field.data)
            if within is not None:
                self.out.write(" ")
                self._within("{", "}", partial(self._PrintUnknownFields, within))
            elif field.wire_type == WIRETYPE_LENGTH_DELIMITED:
                self.out.write(f': "{text_encoding.CEscape(field.data, False)}"')
            else:
                self.out.write(f": {field.data}")
            self._end()


def _fields_in(data: bytes) -> UnknownFieldSet | None:
    """What bytes are as a message that nobody knows."""
    try:
        return UnknownFieldSet(Empty.FromString(data))
    except DecodeError:
        return None


class _Parser:
    """Puts text into messages."""

    def __init__(
        self,
        allow_unknown_extension: bool = False,
        allow_field_number: bool = False,
        descriptor_pool: DescriptorPool | None = None,
        allow_unknown_field: bool = False,
        max_recursion_depth: int | None = None,
    ) -> None:
        self.allow_unknown_extension = allow_unknown_extension
        self.allow_field_number = allow_field_number
        self.descriptor_pool = descriptor_pool
        self.allow_unknown_field = allow_unknown_field
        self.max_recursion_depth = max_recursion_depth
        self.recursion_depth = 0
        self._allow_multiple_scalars = False

    def ParseLines(self, lines: Iterable[str | bytes], message: Message) -> Message:
        """Parses lines; a singular field that comes twice is an error."""
        self._allow_multiple_scalars = False
        self._ParseOrMerge(lines, message)
        return message

    def MergeLines(self, lines: Iterable[str | bytes], message: Message) -> Message:
        """Parses lines; of a singular field the last value counts."""
        self._allow_multiple_scalars = True
        self._ParseOrMerge(lines, message)
        return message

    def _ParseOrMerge(self, lines: Iterable[str | bytes], message: Message) -> None:
        try:
            tokenizer = Tokenizer(line if isinstance(line, str) else line.decode("utf-8") for line in lines)  # fmt: skip
        except UnicodeDecodeError as error:
            raise ParseError(f"the text is not UTF-8: {error}") from error
        self.root_type = message.DESCRIPTOR.full_name
        self._deeper()
        while not tokenizer.AtEnd():
            self._MergeField(tokenizer, message)
        self.recursion_depth -= 1

    def _deeper(self) -> None:
        self.recursion_depth += 1
        if self.max_recursion_depth is not None and self.recursion_depth > self.max_recursion_depth:
            raise ParseError(f"Message too deep. Max recursion depth is {self.max_recursion_depth}")

    def _MergeMessage(self, tokenizer: Tokenizer, message: Message, end_token: str) -> None:
        self._deeper()
        while not tokenizer.TryConsume(end_token):
            if tokenizer.AtEnd():
                raise tokenizer.ParseErrorPreviousToken(f'Expected "{end_token}".')
            self._MergeField(tokenizer, message)
        self.recursion_depth -= 1

    def _MergeField(self, tokenizer: Tokenizer, message: Message) -> None:
        """A field's name and its value, or an `Any` with its message."""
        is_bracketed = tokenizer.TryConsume("[")
        if is_bracketed and message.DESCRIPTOR.full_name == _ANY_FULL_TYPE_NAME:
            self._merge_any(tokenizer, message)
            return
        if is_bracketed:
            name, field = self._extension(tokenizer, message)
        else:
            name, field = self._field(tokenizer, message)
        if field is None:
            self._SkipFieldContents(tokenizer, name, message.DESCRIPTOR.full_name)
        else:
            self._check_oneof(tokenizer, message, field)
            self._merge_values(tokenizer, message, field)
        _ = tokenizer.TryConsume(",") or tokenizer.TryConsume(";")

    def _merge_any(self, tokenizer: Tokenizer, message: Any) -> None:
        prefix, name = self._ConsumeAnyTypeUrl(tokenizer)
        tokenizer.TryConsume(":")
        self._DetectSilentMarker(tokenizer, _ANY_FULL_TYPE_NAME, f"{prefix}/{name}")
        end_token = _opened(tokenizer)
        packed = _BuildMessageFromTypeName(name, self.descriptor_pool)
        if packed is None:
            raise ParseError(f"Type {name} not found in descriptor pool")
        self._MergeMessage(tokenizer, packed, end_token)
        message.Pack(packed, type_url_prefix=f"{prefix}/")

    def _extension(
        self, tokenizer: Tokenizer, message: Message
    ) -> tuple[str, FieldDescriptor | None]:
        name = _dotted(tokenizer)
        descriptor = message.DESCRIPTOR
        if not descriptor.is_extendable:
            raise tokenizer.ParseErrorPreviousToken(f'Message type "{descriptor.full_name}" does not have extensions.')  # fmt: skip
        extensions: Any = message.Extensions
        field = extensions._FindExtensionByName(name)
        if field is None and not self.allow_unknown_extension:
            raise tokenizer.ParseErrorPreviousToken(f'Extension "{name}" not registered. Did you import the _pb2 module which defines it?')  # fmt: skip
        if field is not None and field.containing_type != descriptor:
            raise tokenizer.ParseErrorPreviousToken(f'Extension "{name}" does not extend message type "{descriptor.full_name}".')  # fmt: skip
        tokenizer.Consume("]")
        return name, field

    def _field(self, tokenizer: Tokenizer, message: Message) -> tuple[str, FieldDescriptor | None]:
        name = tokenizer.ConsumeIdentifierOrNumber()
        descriptor = message.DESCRIPTOR
        if self.allow_field_number and name.isdigit():
            number = ParseInteger(name, True, True)
            field = descriptor.fields_by_number.get(number)
            if field is None and descriptor.is_extendable:
                extensions: Any = message.Extensions
                field = extensions._FindExtensionByNumber(number)
        else:
            field = descriptor.fields_by_name.get(name)
            if field is None:
                group = descriptor.fields_by_name.get(name.lower())
                if group is not None and _IsGroupLike(group) and _type_name(group) == name:
                    field = group
        if field is None and not self.allow_unknown_field:
            raise tokenizer.ParseErrorPreviousToken(f'Message type "{descriptor.full_name}" has no field named "{name}".')  # fmt: skip
        return name, field

    def _check_oneof(self, tokenizer: Tokenizer, message: Message, field: FieldDescriptor) -> None:
        oneof = field.containing_oneof
        if self._allow_multiple_scalars or oneof is None:
            return
        other = message.WhichOneof(oneof.name)
        if other is not None and other != field.name:
            raise tokenizer.ParseErrorPreviousToken(
                f'Field "{field.name}" is specified along with field "{other}", another member of oneof "{oneof.name}" for message type "{message.DESCRIPTOR.full_name}".'
            )

    def _merge_values(self, tokenizer: Tokenizer, message: Message, field: FieldDescriptor) -> None:
        if field.message_type is None:
            tokenizer.Consume(":")
            merge = self._MergeScalarField
        else:
            tokenizer.TryConsume(":")
            merge = self._MergeMessageField
        self._DetectSilentMarker(tokenizer, message.DESCRIPTOR.full_name, field.full_name)
        if not (field.is_repeated and tokenizer.TryConsume("[")):
            merge(tokenizer, message, field)
        elif not tokenizer.TryConsume("]"):
            merge(tokenizer, message, field)
            while not tokenizer.TryConsume("]"):
                tokenizer.Consume(",")
                merge(tokenizer, message, field)

    def _MergeMessageField(
        self, tokenizer: Tokenizer, message: Message, field: FieldDescriptor
    ) -> None:
        end_token = _opened(tokenizer)
        if not field.is_repeated:
            self._check_single(tokenizer, message, field)
            child = _value(message, field)
            child.SetInParent()
            self._MergeMessage(tokenizer, child, end_token)
        elif _IsMapEntry(field):
            entries = _value(message, field)
            entry = entries.GetEntryClass()()
            self._MergeMessage(tokenizer, entry, end_token)
            if hasattr(entries, "MergeFrom") and hasattr(entries, "get_or_create"):
                entries[entry.key].CopyFrom(entry.value)
            else:
                entries[entry.key] = entry.value
        else:
            self._MergeMessage(tokenizer, _value(message, field).add(), end_token)

    def _MergeScalarField(
        self, tokenizer: Tokenizer, message: Message, field: FieldDescriptor
    ) -> None:
        value = _scalar(tokenizer, field)
        if field.is_repeated:
            _value(message, field).append(value)
            return
        self._check_single(tokenizer, message, field)
        if field.is_extension:
            message.Extensions[field] = value
        else:
            setattr(message, field.name, value)

    def _check_single(self, tokenizer: Tokenizer, message: Message, field: FieldDescriptor) -> None:
        """An error if a singular field has a value already; without presence, if it has another than the default."""
        if self._allow_multiple_scalars:
            return
        if field.is_extension:
            is_set = message.HasExtension(field)
        elif field.has_presence:
            is_set = message.HasField(field.name)
        else:
            is_set = any(other.number == field.number for other, _ in message.ListFields())
        if is_set:
            name, kind = (field.full_name, "extensions") if field.is_extension else (field.name, "fields")  # fmt: skip
            raise tokenizer.ParseErrorPreviousToken(f'Message type "{message.DESCRIPTOR.full_name}" should not have multiple "{name}" {kind}.')  # fmt: skip

    def _ConsumeAnyTypeUrl(self, tokenizer: Tokenizer) -> tuple[str, str]:
        """What stands before the last slash of a type's URL, up to its bracket, and what behind."""
        url = ""
        while not tokenizer.TryConsume("]"):
            if tokenizer.TryConsume("/"):
                url += "/"
                continue
            try:
                url += tokenizer.ConsumeUrlChars()
            except ParseError:
                tokenizer.Consume("]")
        prefix, slash, name = url.rpartition("/")
        if not slash:
            raise tokenizer.ParseError('Type URL does not contain "/".')
        if not prefix:
            raise tokenizer.ParseError("Type URL prefix is empty.")
        if prefix.startswith("/"):
            raise tokenizer.ParseError('Type URL prefix starts with "/".')
        wrong = _PERCENT.search(prefix)
        if wrong is not None:
            raise tokenizer.ParseError(f'Invalid percent escape, got "{wrong.group()}".')
        if _TYPE_NAME.fullmatch(name) is None:
            raise tokenizer.ParseError(f'Expected type name, got "{name}".')
        return prefix, name

    def _LogSilentMarker(self, immediate_message_type: str, field_name: str) -> None:
        """For subclasses: a value stands behind the marker of texts that are not meant to be parsed."""

    def _DetectSilentMarker(
        self, tokenizer: Tokenizer, immediate_message_type: str, field_name: str
    ) -> None:
        if tokenizer.contains_silent_marker_before_current_token:
            self._LogSilentMarker(immediate_message_type, field_name)

    def _SkipFieldContents(
        self, tokenizer: Tokenizer, field_name: str, immediate_message_type: str
    ) -> None:
        """Passes over the value of a field that is unknown."""
        is_value = tokenizer.TryConsume(":") and not (tokenizer.LookingAt("{") or tokenizer.LookingAt("<"))  # fmt: skip
        self._DetectSilentMarker(tokenizer, immediate_message_type, field_name)
        if not is_value:
            self._SkipFieldMessage(tokenizer, immediate_message_type)
        elif tokenizer.LookingAt("["):
            self._SkipRepeatedFieldValue(tokenizer, immediate_message_type)
        else:
            self._SkipFieldValue(tokenizer)

    def _SkipField(self, tokenizer: Tokenizer, immediate_message_type: str) -> None:
        if tokenizer.TryConsume("["):
            name = _dotted(tokenizer)
            while tokenizer.TryConsume("/"):
                name = f"{name}/{_dotted(tokenizer)}"
            tokenizer.Consume("]")
            name = f"[{name}]"
        else:
            name = tokenizer.ConsumeIdentifierOrNumber()
        self._SkipFieldContents(tokenizer, name, immediate_message_type)
        _ = tokenizer.TryConsume(",") or tokenizer.TryConsume(";")

    def _SkipFieldMessage(self, tokenizer: Tokenizer, immediate_message_type: str) -> None:
        end_token = _opened(tokenizer)
        self._deeper()
        while not (tokenizer.LookingAt(">") or tokenizer.LookingAt("}")):
            self._SkipField(tokenizer, immediate_message_type)
        self.recursion_depth -= 1
        tokenizer.Consume(end_token)

    def _SkipFieldValue(self, tokenizer: Tokenizer) -> None:
        if tokenizer.TryConsumeByteString():
            while tokenizer.TryConsumeByteString():
                pass
            return
        if not (
            tokenizer.TryConsumeIdentifier()
            or tokenizer.TryConsumeInteger()
            or tokenizer.TryConsumeFloat()
        ):
            raise ParseError(f"Invalid field value: {tokenizer.token}")

    def _SkipRepeatedFieldValue(self, tokenizer: Tokenizer, immediate_message_type: str) -> None:
        tokenizer.Consume("[")
        if tokenizer.TryConsume("]"):
            return
        while True:
            if tokenizer.LookingAt("<") or tokenizer.LookingAt("{"):
                self._SkipFieldMessage(tokenizer, immediate_message_type)
            else:
                self._SkipFieldValue(tokenizer)
            if tokenizer.TryConsume("]"):
                return
            tokenizer.Consume(",")


def _type_name(field: FieldDescriptor) -> str | None:
    return None if field.message_type is None else field.message_type.name


def _opened(tokenizer: Tokenizer) -> str:
    """What closes the message that begins here."""
    if tokenizer.TryConsume("<"):
        return ">"
    tokenizer.Consume("{")
    return "}"


def _dotted(tokenizer: Tokenizer) -> str:
    name = tokenizer.ConsumeIdentifier()
    while tokenizer.TryConsume("."):
        name += f".{tokenizer.ConsumeIdentifier()}"
    return name


def _value(message: Message, field: FieldDescriptor) -> Any:
    return message.Extensions[field] if field.is_extension else getattr(message, field.name)


_SIGNED = {FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64}
_UNSIGNED = {FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64}
_LONG = {FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64}


def _scalar(tokenizer: Tokenizer, field: FieldDescriptor) -> Any:
    """The next token as a value of a field."""
    kind = field.cpp_type
    if kind in _SIGNED or kind in _UNSIGNED:
        try:
            value = ParseInteger(tokenizer.token, kind in _SIGNED, kind in _LONG)
        except ValueError as error:
            raise tokenizer.ParseError(str(error)) from error
        tokenizer.NextToken()
        return value
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return tokenizer.ConsumeBool()
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return tokenizer.ConsumeEnum(field)
    if kind == FieldDescriptor.CPPTYPE_STRING:
        is_bytes = field.type == FieldDescriptor.TYPE_BYTES
        return tokenizer.ConsumeByteString() if is_bytes else tokenizer.ConsumeString()
    return tokenizer.ConsumeFloat()
