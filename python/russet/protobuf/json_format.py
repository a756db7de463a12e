"""Messages as JSON, as the ProtoJSON specification has it: text and dicts, both ways."""

from __future__ import annotations

from russet._core import MessageToDict, MessageToJson, Parse, ParseDict
from russet._private_names import private_names

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


class Error(Exception):
    """Base of this module's errors."""


class SerializeToJsonError(Error):
    """A message has no JSON."""


class ParseError(Error):
    """JSON is not a message of the type."""


class EnumStringValueParseError(ParseError):
    """An enum has no value of a name; with ``ignore_unknown_fields`` such a value is left out."""


__getattr__ = private_names(__name__)
