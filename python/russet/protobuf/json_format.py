"""Messages as JSON, as the ProtoJSON specification has it: text and dicts, both ways."""

from __future__ import annotations

from typing import Any, TypeVar

from russet._core import (
    DescriptorPool,
    Message,
    message_to_dict,
    message_to_json,
    parse_dict,
    parse_json,
)

__all__ = [
    "EnumStringValueParseError",
    "Error",
    "MessageToDict",
    "MessageToJson",
    "Parse",
    "ParseDict",
    "ParseError",
    "SerializeToJsonError",
]

_M = TypeVar("_M", bound=Message)


class Error(Exception):
    """Base of this module's errors."""


class SerializeToJsonError(Error):
    """A message has no JSON."""


class ParseError(Error):
    """JSON is not a message of the type."""


class EnumStringValueParseError(ParseError):
    """An enum has no value of a name; with ``ignore_unknown_fields`` such a value is left out."""


def MessageToJson(
    message: Message,
    preserving_proto_field_name: bool = False,
    indent: int | str | None = 2,
    sort_keys: bool = False,
    use_integers_for_enums: bool = False,
    descriptor_pool: DescriptorPool | None = None,
    ensure_ascii: bool = True,
    always_print_fields_with_no_presence: bool = False,
    *,
    unquote_int64_if_possible: bool = False,
) -> str:
    """A message as JSON text.

    ``indent``, ``sort_keys`` and ``ensure_ascii`` are those of :func:`json.dumps`. Fields have their JSON names, or with ``preserving_proto_field_name`` those of the ``.proto`` file. ``always_print_fields_with_no_presence`` also prints those without presence that are not set, and empty repeated and map fields. ``unquote_int64_if_possible`` prints 64-bit integers that a double holds exactly as numbers. ``descriptor_pool`` (by default that of generated code) finds the types of ``Any``.
    """
    if isinstance(indent, int):
        indent = " " * indent
    return message_to_json(
        message,
        indent,
        sort_keys,
        ensure_ascii,
        always_print_fields_with_no_presence,
        preserving_proto_field_name,
        use_integers_for_enums,
        unquote_int64_if_possible,
        descriptor_pool,
    )


def MessageToDict(
    message: Message,
    always_print_fields_with_no_presence: bool = False,
    preserving_proto_field_name: bool = False,
    use_integers_for_enums: bool = False,
    descriptor_pool: DescriptorPool | None = None,
    *,
    unquote_int64_if_possible: bool = False,
) -> Any:
    """What :func:`json.loads` makes of a message's JSON: a dict, but for well-known types that are something else. Options as for :func:`MessageToJson`."""
    return message_to_dict(
        message,
        always_print_fields_with_no_presence,
        preserving_proto_field_name,
        use_integers_for_enums,
        unquote_int64_if_possible,
        descriptor_pool,
    )


def Parse(
    text: str | bytes | bytearray,
    message: _M,
    ignore_unknown_fields: bool = False,
    descriptor_pool: DescriptorPool | None = None,
    max_recursion_depth: int = 100,
) -> _M:
    """Parses JSON text into a message, which is not cleared before and is returned.

    Names that are no fields are errors unless ``ignore_unknown_fields``. Messages may nest ``max_recursion_depth`` deep.
    """
    if not isinstance(text, str):
        text = text.decode("utf-8")
    error = parse_json(message, text, ignore_unknown_fields, descriptor_pool, max_recursion_depth)
    if error is not None:
        kind, reason = error
        if kind == "load":
            raise ParseError(f"Failed to load JSON: {reason}.")
        if kind in ("value", "type"):
            raise ParseError(f"Failed to parse JSON: {kind.capitalize()}Error: {reason}.")
        raise _error(kind, reason)
    return message


def ParseDict(
    js_dict: Any,
    message: _M,
    ignore_unknown_fields: bool = False,
    descriptor_pool: DescriptorPool | None = None,
    max_recursion_depth: int = 100,
) -> _M:
    """As :func:`Parse`, of what :func:`json.loads` makes of the text."""
    error = parse_dict(
        message, js_dict, ignore_unknown_fields, descriptor_pool, max_recursion_depth
    )
    if error is not None:
        raise _error(*error)
    return message


def _error(kind: str, reason: str) -> Exception:
    if kind == "value":
        return ValueError(reason)
    if kind == "type":
        return TypeError(reason)
    return EnumStringValueParseError(reason) if kind == "enum" else ParseError(reason)
