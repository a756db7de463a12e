"""The printer and the parser of `json_format` as classes, which programs subclass, give methods for types of their own, or change.

`json_format`'s functions print and parse in Rust, until a program changes these classes or the table of types with a JSON of their own; from then on they go by these.
"""

from __future__ import annotations

import json
import re
import sys
from operator import methodcaller
from types import ModuleType
from typing import TYPE_CHECKING, Any

from russet._core import replace_json_format, scalar_of_json, scalar_to_json
from russet.protobuf import descriptor_pool, json_format, message_factory
from russet.protobuf.descriptor import Descriptor, FieldDescriptor
from russet.protobuf.json_format import (
    EnumStringValueParseError,
    ParseError,
    SerializeToJsonError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from russet._core import DescriptorPool, Message

__all__ = [
    "_FLOAT_TYPES",
    "_INFINITY",
    "_INT64_TYPES",
    "_INT_OR_FLOAT",
    "_INT_TYPES",
    "_LIST_LIKE",
    "_NAN",
    "_NEG_INFINITY",
    "_UNPAIRED_SURROGATE_PATTERN",
    "_VALID_EXTENSION_NAME",
    "_WKTJSONMETHODS",
    "MessageToDict",
    "MessageToJson",
    "Parse",
    "ParseDict",
    "_ConvertScalarFieldValue",
    "_CreateMessageFromTypeUrl",
    "_DuplicateChecker",
    "_IsMapEntry",
    "_IsWrapperMessage",
    "_Parser",
    "_Printer",
]

_INT64_TYPES = frozenset([FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64])
_INT_TYPES = _INT64_TYPES | {FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_UINT32}
_FLOAT_TYPES = frozenset([FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE])
_INFINITY = "Infinity"
_NEG_INFINITY = "-Infinity"
_NAN = "NaN"
_INT_OR_FLOAT = (int, float)
_LIST_LIKE = (list, tuple)
_VALID_EXTENSION_NAME = re.compile(r"\[[\w.]*\]$", re.ASCII)
_UNPAIRED_SURROGATE_PATTERN = re.compile(
    "[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]"
)
_VALUE = "google.protobuf.Value"
_NULL_VALUE = "google.protobuf.NullValue"


def _changed() -> None:
    """From now on `json_format`'s functions go by the classes of this module."""
    replace_json_format(sys.modules[__name__])


class _Noticing(type):
    """A class that tells when it is changed. Its subclasses are their owners' affair."""

    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        cls._notice()

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        cls._notice()

    def _notice(cls) -> None:
        if not any(isinstance(base, _Noticing) for base in cls.__bases__):
            _changed()


def _IsMapEntry(field: FieldDescriptor) -> bool:
    message = field.message_type
    return message is not None and message.GetOptions().map_entry


def _IsWrapperMessage(message_descriptor: Descriptor) -> bool:
    return message_descriptor.file.name == "google/protobuf/wrappers.proto"


def _DuplicateChecker(js: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """What `json.loads` makes of an object; a key that comes twice is an error."""
    result: dict[str, Any] = {}
    for name, value in js:
        if name in result:
            raise ParseError(f"Failed to load JSON: duplicate key {name}.")
        result[name] = value
    return result


def _CreateMessageFromTypeUrl(type_url: str, descriptor_pool: DescriptorPool | None) -> Message:
    """An empty message of the type that a URL ends with."""
    pool = _default_pool() if descriptor_pool is None else descriptor_pool
    try:
        found = pool.FindMessageTypeByName(type_url.rpartition("/")[2])
    except KeyError as error:
        raise TypeError(f"Can not find message descriptor by type_url: {type_url}") from error
    return message_factory.GetMessageClass(found)()


def _default_pool() -> DescriptorPool:
    return descriptor_pool.Default()


def _ConvertScalarFieldValue(
    value: Any,
    field: FieldDescriptor,
    path: str,
    custom_enum_names_cache: Any = None,
    enumvalue_json_extension: Any = None,
    require_str: bool = False,
) -> Any:
    """What JSON means as a value of a field; errors name its path. The core knows the enums' names by itself."""
    try:
        return scalar_of_json(field, value, require_str)
    except ParseError as error:
        raise type(error)(f"{error} at {path}") from error


class _Printer(metaclass=_Noticing):
    """Makes of messages what `json.dumps` takes."""

    def __init__(
        self,
        preserving_proto_field_name: bool = False,
        use_integers_for_enums: bool = False,
        descriptor_pool: DescriptorPool | None = None,
        always_print_fields_with_no_presence: bool = False,
        *,
        unquote_int64_if_possible: bool = False,
    ) -> None:
        self.always_print_fields_with_no_presence = always_print_fields_with_no_presence
        self.preserving_proto_field_name = preserving_proto_field_name
        self.use_integers_for_enums = use_integers_for_enums
        self.descriptor_pool = descriptor_pool
        self.unquote_int64_if_possible = unquote_int64_if_possible

    def ToJsonString(
        self, message: Message, indent: int | str | None, sort_keys: bool, ensure_ascii: bool
    ) -> str:
        """The text of a message."""
        js = self._MessageToJsonObject(message)
        return json.dumps(js, indent=indent, sort_keys=sort_keys, ensure_ascii=ensure_ascii)

    def _MessageToJsonObject(self, message: Message) -> Any:
        return self._of_type(message, self._RegularMessageToJsonObject)

    def _of_type(self, message: Message, regular: Callable[[Message, dict[str, Any]], Any]) -> Any:
        descriptor = message.DESCRIPTOR
        if _IsWrapperMessage(descriptor):
            return self._WrapperMessageToJsonObject(message)
        methods = _WKTJSONMETHODS.get(descriptor.full_name)
        if methods is not None:
            return methodcaller(methods[0], message)(self)
        return regular(message, {})

    def _RegularMessageToJsonObject(self, message: Message, js: dict[str, Any]) -> Any:
        """Adds a message's fields to `js`."""
        for field, value in message.ListFields():
            try:
                js[self._name(field)] = self._field(field, value)
            except ValueError as error:
                raise SerializeToJsonError(f"Failed to serialize {field.name} field: {error}.") from error  # fmt: skip
        if self.always_print_fields_with_no_presence:
            for field in message.DESCRIPTOR.fields:
                if not field.has_presence and self._name(field) not in js:
                    unset: Any = {} if _IsMapEntry(field) else []
                    value = unset if field.is_repeated else field.default_value
                    js[self._name(field)] = unset if field.is_repeated else self._FieldToJsonObject(field, value)  # fmt: skip
        return js

    def _name(self, field: FieldDescriptor) -> str:
        if field.is_extension:
            return f"[{field.full_name}]"
        return field.name if self.preserving_proto_field_name else field.json_name

    def _field(self, field: FieldDescriptor, value: Any) -> Any:
        if not field.is_repeated:
            return self._FieldToJsonObject(field, value)
        if not _IsMapEntry(field):
            return [self._FieldToJsonObject(field, element) for element in value]
        assert field.message_type is not None
        of_entry = field.message_type.fields_by_name["value"]
        return {_key(key): self._FieldToJsonObject(of_entry, value[key]) for key in value}

    def _FieldToJsonObject(self, field: FieldDescriptor, value: Any) -> Any:
        """One value of a field."""
        if field.message_type is not None:
            return self._MessageToJsonObject(value)
        return scalar_to_json(
            field, value, self.use_integers_for_enums, self.unquote_int64_if_possible
        )

    def _AnyMessageToJsonObject(self, message: Any) -> Any:
        if not message.ListFields():
            return {}
        js = {"@type": message.type_url}
        packed = _CreateMessageFromTypeUrl(message.type_url, self.descriptor_pool)
        packed.ParseFromString(message.value)

        def regular(packed: Message, _js: dict[str, Any]) -> None:
            # Its fields stand beside the URL, and what has a JSON of its own under a name.
            self._RegularMessageToJsonObject(packed, js)

        value = self._of_type(packed, regular)
        if _has_own_json(packed.DESCRIPTOR):
            js["value"] = value
        return js

    def _GenericMessageToJsonObject(self, message: Any) -> Any:
        return message.ToJsonString()

    def _ValueMessageToJsonObject(self, message: Any) -> Any:
        which = message.WhichOneof("kind")
        if which is None or which == "null_value":
            return None
        if which == "list_value":
            return self._ListValueMessageToJsonObject(message.list_value)
        value = getattr(message, which)
        if which == "number_value" and (value != value or abs(value) == float("inf")):
            name = "NaN" if value != value else "Infinity"
            raise ValueError(f"Fail to serialize {name} for Value.number_value, which would parse as string_value")  # fmt: skip
        return self._FieldToJsonObject(message.DESCRIPTOR.fields_by_name[which], value)

    def _ListValueMessageToJsonObject(self, message: Any) -> Any:
        return [self._ValueMessageToJsonObject(value) for value in message.values]

    def _StructMessageToJsonObject(self, message: Any) -> Any:
        fields = message.fields
        return {key: self._ValueMessageToJsonObject(fields[key]) for key in fields}

    def _WrapperMessageToJsonObject(self, message: Any) -> Any:
        return self._FieldToJsonObject(message.DESCRIPTOR.fields_by_name["value"], message.value)


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _has_own_json(descriptor: Descriptor) -> bool:
    return _IsWrapperMessage(descriptor) or descriptor.full_name in _WKTJSONMETHODS


class _Parser(metaclass=_Noticing):
    """Puts what `json.loads` gives into messages. `path` says in errors where a value is."""

    def __init__(
        self,
        ignore_unknown_fields: bool,
        descriptor_pool: DescriptorPool | None,
        max_recursion_depth: int,
    ) -> None:
        self.ignore_unknown_fields = ignore_unknown_fields
        self.descriptor_pool = descriptor_pool
        self.max_recursion_depth = max_recursion_depth
        self.recursion_depth = 0

    def ConvertMessage(self, value: Any, message: Message, path: str) -> None:
        """Puts a value into a message of any type."""
        self.recursion_depth += 1
        if self.recursion_depth > self.max_recursion_depth:
            raise ParseError(f"Message too deep. Max recursion depth is {self.max_recursion_depth}")
        descriptor = message.DESCRIPTOR
        path = path or descriptor.name
        methods = _WKTJSONMETHODS.get(descriptor.full_name)
        if _IsWrapperMessage(descriptor):
            self._ConvertWrapperMessage(value, message, path)
        elif methods is not None:
            methodcaller(methods[1], value, message, path)(self)
        else:
            self._ConvertFieldValuePair(value, message, path)
        self.recursion_depth -= 1

    def _ConvertFieldValuePair(self, js: Any, message: Message, path: str) -> None:
        """Puts an object into a message that has no JSON of its own."""
        seen: set[str] = set()
        by_json_name = {field.json_name: field for field in message.DESCRIPTOR.fields}
        for name in js:
            field = None
            try:
                field = by_json_name.get(name) or self._named(name, message, path)
                if field is None:
                    continue
                self._check_single(name, js[name], field, message, seen, path)
                self._ConvertField(name, js[name], field, message, path)
            except ParseError as error:
                if field is not None and field.containing_oneof is None:
                    raise ParseError(f"Failed to parse {name} field: {error}.") from error
                raise ParseError(str(error)) from error
            except (ValueError, TypeError) as error:
                raise ParseError(f"Failed to parse {name} field: {error}.") from error

    def _named(self, name: str, message: Message, path: str) -> FieldDescriptor | None:
        """The field or extension of a name; None for one that is ignored."""
        descriptor = message.DESCRIPTOR
        field = descriptor.fields_by_name.get(name)
        if field is None and _VALID_EXTENSION_NAME.match(name):
            if not descriptor.is_extendable:
                raise ParseError(f"Message type {descriptor.full_name} does not have extensions at {path}")  # fmt: skip
            identifier = name[1:-1]
            extensions: Any = message.Extensions
            field = extensions._FindExtensionByName(identifier) or extensions._FindExtensionByName(identifier.rpartition(".")[0])  # fmt: skip
        if field is None and not self.ignore_unknown_fields:
            names = [field.json_name for field in descriptor.fields]
            raise ParseError(f'Message type "{descriptor.full_name}" has no field named "{name}" at "{path}".\n Available Fields(except extensions): "{names}"')  # fmt: skip
        return field

    def _check_single(
        self,
        name: str,
        value: Any,
        field: FieldDescriptor,
        message: Message,
        seen: set[str],
        path: str,
    ) -> None:
        """An error where a field was there before, or a member of its oneof."""
        words = [(name, f'"{name}"')]
        if field.containing_oneof is not None and value is not None:
            oneof = field.containing_oneof.name
            words.append((oneof, f'"{oneof}" oneof'))
        for word, shown in words:
            if word in seen:
                raise ParseError(f'Message type "{message.DESCRIPTOR.full_name}" should not have multiple {shown} fields at "{path}".')  # fmt: skip
            seen.add(word)

    def _ConvertField(
        self, name: str, value: Any, field: FieldDescriptor, message: Message, path: str
    ) -> None:
        here = f"{path}.{name}"
        if value is None:
            _null(message, field)
        elif _IsMapEntry(field):
            _clear(message, field)
            self._ConvertMapFieldValue(value, message, field, here)
        elif field.is_repeated:
            _clear(message, field)
            if not isinstance(value, _LIST_LIKE):
                raise ParseError(f"repeated field {name} must be in [] which is {value} at {path}")
            for index, item in enumerate(_elements(value)):
                self._add(item, message, field, f"{here}[{index}]")
        elif field.message_type is not None:
            child = _value(message, field)
            child.SetInParent()
            self.ConvertMessage(value, child, here)
        else:
            self._ConvertAndSetScalar(message, field, value, here)

    def _add(self, item: Any, message: Message, field: FieldDescriptor, path: str) -> None:
        child = None if field.message_type is None else _value(message, field).add()
        if item is None and (child is None or child.DESCRIPTOR.full_name != _VALUE):
            raise ParseError(f"null is not allowed to be used as an element in a repeated field at {path}")  # fmt: skip
        if child is None:
            self._ConvertAndAppendScalar(message, field, item, path)
        else:
            self.ConvertMessage(item, child, path)

    def _ConvertAnyMessage(self, value: Any, message: Any, path: str) -> None:
        if value == {}:
            return
        try:
            url = value["@type"]
        except KeyError as error:
            raise ParseError(f"@type is missing when parsing any message at {path}") from error
        try:
            packed = _CreateMessageFromTypeUrl(url, self.descriptor_pool)
        except TypeError as error:
            raise ParseError(f"{error} at {path}") from error
        if _IsWrapperMessage(packed.DESCRIPTOR):
            self._ConvertWrapperMessage(value["value"], packed, f"{path}.value")
        elif _has_own_json(packed.DESCRIPTOR):
            self.ConvertMessage(value["value"], packed, f"{path}.value")
        else:
            fields = {name: value[name] for name in value if name != "@type"}
            self._ConvertFieldValuePair(fields, packed, path)
        message.value = packed.SerializeToString()
        message.type_url = url

    def _ConvertGenericMessage(self, value: Any, message: Any, path: str) -> None:
        try:
            message.FromJsonString(value)
        except ValueError as error:
            raise ParseError(f"{error} at {path}") from error

    def _ConvertValueMessage(self, value: Any, message: Any, path: str) -> None:
        if isinstance(value, dict):
            self.ConvertMessage(value, message.struct_value, path)
        elif isinstance(value, _LIST_LIKE):
            self.ConvertMessage(value, message.list_value, path)
        elif value is None:
            message.null_value = 0
        elif isinstance(value, bool):
            message.bool_value = value
        elif isinstance(value, str):
            message.string_value = value
        elif isinstance(value, _INT_OR_FLOAT):
            message.number_value = value
        else:
            raise ParseError(f"Value {value} has unexpected type {type(value)} at {path}")

    def _ConvertListOrTupleValueMessage(self, value: Any, message: Any, path: str) -> None:
        if not isinstance(value, _LIST_LIKE):
            raise ParseError(f"ListValue must be in [] which is {value} at {path}")
        message.ClearField("values")
        for index, item in enumerate(_elements(value)):
            self.ConvertMessage(item, message.values.add(), f"{path}[{index}]")

    def _ConvertStructMessage(self, value: Any, message: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise ParseError(f"Struct must be in a dict which is {value} at {path}")
        # An empty one is set as well.
        message.Clear()
        js = _entries(value)
        for key in js:
            self.ConvertMessage(js[key], message.fields[key], f"{path}.{key}")

    def _ConvertWrapperMessage(self, value: Any, message: Any, path: str) -> None:
        field = message.DESCRIPTOR.fields_by_name["value"]
        self._ConvertAndSetScalar(message, field, value, f"{path}.value")

    def _ConvertMapFieldValue(
        self, value: Any, message: Message, field: FieldDescriptor, path: str
    ) -> None:
        if not isinstance(value, dict):
            raise ParseError(f"Map field {field.name} must be in a dict which is {value} at {path}")
        assert field.message_type is not None
        of_entry = field.message_type.fields_by_name
        js = _entries(value)
        for key in js:
            converted = _ConvertScalarFieldValue(key, of_entry["key"], f"{path}.key", require_str=True)  # fmt: skip
            here = f"{path}[{converted}]"
            if of_entry["value"].message_type is not None:
                self.ConvertMessage(js[key], getattr(message, field.name)[converted], here)
            else:
                self._ConvertAndSetScalarToMapKey(message, field, converted, js[key], here)

    def _ConvertAndSetScalar(
        self, message: Message, field: FieldDescriptor, js_value: Any, path: str
    ) -> None:
        def put(value: Any) -> None:
            if field.is_extension:
                message.Extensions[field] = value
            else:
                setattr(message, field.name, value)

        self._put(field, js_value, path, put)

    def _ConvertAndAppendScalar(
        self, message: Message, repeated_field: FieldDescriptor, js_value: Any, path: str
    ) -> None:
        self._put(repeated_field, js_value, path, _value(message, repeated_field).append)

    def _ConvertAndSetScalarToMapKey(
        self,
        message: Message,
        map_field: FieldDescriptor,
        converted_key: Any,
        js_value: Any,
        path: str,
    ) -> None:
        assert map_field.message_type is not None
        entries = getattr(message, map_field.name)

        def put(value: Any) -> None:
            entries[converted_key] = value

        self._put(map_field.message_type.fields_by_name["value"], js_value, path, put)

    def _put(
        self, field: FieldDescriptor, js_value: Any, path: str, put: Callable[[Any], None]
    ) -> None:
        try:
            value = _ConvertScalarFieldValue(js_value, field, path)
        except EnumStringValueParseError:
            if not self.ignore_unknown_fields:
                raise
        else:
            put(value)


def _elements(js: Any) -> Iterable[Any]:
    return js  # type: ignore[no-any-return]


def _entries(js: Any) -> dict[Any, Any]:
    return js  # type: ignore[no-any-return]


def _value(message: Message, field: FieldDescriptor) -> Any:
    return message.Extensions[field] if field.is_extension else getattr(message, field.name)


def _clear(message: Message, field: FieldDescriptor) -> None:
    if field.is_extension:
        message.ClearExtension(field)
    else:
        message.ClearField(field.name)


def _null(message: Message, field: FieldDescriptor) -> None:
    """JSON's null: a value for two types, and the absence of one for all others."""
    if field.message_type is not None and field.message_type.full_name == _VALUE:
        _value(message, field).null_value = 0
    elif field.enum_type is not None and field.enum_type.full_name == _NULL_VALUE:
        if field.is_extension:
            message.Extensions[field] = 0
        else:
            setattr(message, field.name, 0)
    else:
        _clear(message, field)


def _noticing(kind: type, *methods: str) -> Any:
    """A class of containers that tell when they are changed."""

    def wrapped(name: str) -> Callable[..., Any]:
        original = getattr(kind, name)

        def method(self: Any, *arguments: Any, **keywords: Any) -> Any:
            _changed()
            return original(self, *arguments, **keywords)

        return method

    return type(kind.__name__, (kind,), {name: wrapped(name) for name in methods})


_Methods = _noticing(
    dict, "__setitem__", "__delitem__", "update", "setdefault", "pop", "popitem", "clear"
)
_Pair = _noticing(list, "__setitem__", "__delitem__", "__iadd__", "append", "insert", "clear")
# The methods of printer and parser for each type that has a JSON of its own.
_WKTJSONMETHODS: dict[str, list[str]] = _Methods(
    {
        f"google.protobuf.{name}": _Pair(
            [f"_{printer}MessageToJsonObject", f"_Convert{parser}Message"]
        )
        for name, printer, parser in (
            ("Any", "Any", "Any"),
            ("Duration", "Generic", "Generic"),
            ("FieldMask", "Generic", "Generic"),
            ("ListValue", "ListValue", "ListOrTupleValue"),
            ("Struct", "Struct", "Struct"),
            ("Timestamp", "Generic", "Generic"),
            ("Value", "Value", "Value"),
        )
    }
)


class _NoticingModule(ModuleType):
    """`json_format` itself, whose names for the above may be replaced too."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in ("_Printer", "_Parser"):
            _changed()


_module: ModuleType = json_format
_module.__class__ = _NoticingModule  # pyright: ignore[reportAttributeAccessIssue]


def _printer(*arguments: Any, **keywords: Any) -> _Printer:
    made: _Printer = getattr(json_format, "_Printer")(*arguments, **keywords)  # noqa: B009
    return made


def MessageToJson(
    message: Message,
    preserving_proto_field_name: bool,
    indent: int | str | None,
    sort_keys: bool,
    use_integers_for_enums: bool,
    descriptor_pool: DescriptorPool | None,
    ensure_ascii: bool,
    always_print_fields_with_no_presence: bool,
    unquote_int64_if_possible: bool,
) -> str:
    """See `json_format.MessageToJson`."""
    printer = _printer(
        preserving_proto_field_name,
        use_integers_for_enums,
        descriptor_pool,
        always_print_fields_with_no_presence,
        unquote_int64_if_possible=unquote_int64_if_possible,
    )
    return printer.ToJsonString(message, indent, sort_keys, ensure_ascii)


def MessageToDict(
    message: Message,
    always_print_fields_with_no_presence: bool,
    preserving_proto_field_name: bool,
    use_integers_for_enums: bool,
    descriptor_pool: DescriptorPool | None,
    unquote_int64_if_possible: bool,
) -> Any:
    """See `json_format.MessageToDict`."""
    printer = _printer(
        preserving_proto_field_name,
        use_integers_for_enums,
        descriptor_pool,
        always_print_fields_with_no_presence,
        unquote_int64_if_possible=unquote_int64_if_possible,
    )
    return printer._MessageToJsonObject(message)


def Parse(
    text: str | bytes | bytearray,
    message: Message,
    ignore_unknown_fields: bool,
    descriptor_pool: DescriptorPool | None,
    max_recursion_depth: int,
) -> Message:
    """See `json_format.Parse`."""
    decoded = text if isinstance(text, str) else text.decode("utf-8")
    try:
        js = json.loads(decoded, object_pairs_hook=_DuplicateChecker)
    except Exception as error:
        raise ParseError(f"Failed to load JSON: {error}.") from error
    try:
        return ParseDict(js, message, ignore_unknown_fields, descriptor_pool, max_recursion_depth)
    except ParseError:
        raise
    except Exception as error:
        raise ParseError(f"Failed to parse JSON: {type(error).__name__}: {error}.") from error


def ParseDict(
    js_dict: Any,
    message: Message,
    ignore_unknown_fields: bool,
    descriptor_pool: DescriptorPool | None,
    max_recursion_depth: int,
) -> Message:
    """See `json_format.ParseDict`."""
    parser = getattr(json_format, "_Parser")(ignore_unknown_fields, descriptor_pool, max_recursion_depth)  # noqa: B009  # fmt: skip
    parser.ConvertMessage(js_dict, message, "")
    return message
