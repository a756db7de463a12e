"""Messages as text format. Printing is here; reading it comes with a later version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TextIO

from russet._core import Message, message_to_string
from russet.protobuf import text_encoding

__all__ = [
    "Error",
    "MessageToBytes",
    "MessageToString",
    "ParseError",
    "PrintMessage",
    "text_encoding",
]


class Error(Exception):
    """Base of this module's errors."""


class ParseError(Error):
    """Text is not the text format of a message."""


def MessageToString(
    message: Message,
    as_utf8: bool = True,
    as_one_line: bool = False,
    use_short_repeated_primitives: bool = False,
    pointy_brackets: bool = False,
    use_index_order: bool = False,
    use_field_number: bool = False,
    descriptor_pool: Any = None,
    indent: int = 0,
    message_formatter: Callable[[Any, int, bool], str | None] | None = None,
    print_unknown_fields: bool = False,
    force_colon: bool = False,
) -> str:
    """The text format of a message.

    ``Any`` is printed as it is, its value escaped; ``descriptor_pool`` is accepted and has no effect.
    """
    if message_formatter is not None:
        raise NotImplementedError(
            "message_formatter is not supported yet; format the message's fields yourself"
        )
    return message_to_string(
        message,
        as_utf8=as_utf8,
        as_one_line=as_one_line,
        use_short_repeated_primitives=use_short_repeated_primitives,
        pointy_brackets=pointy_brackets,
        use_index_order=use_index_order,
        use_field_number=use_field_number,
        indent=indent,
        print_unknown_fields=print_unknown_fields,
        force_colon=force_colon,
    )


def MessageToBytes(message: Message, **kwargs: Any) -> bytes:
    """As :func:`MessageToString`, in UTF-8 or, without ``as_utf8``, ASCII."""
    text = MessageToString(message, **kwargs)
    return text.encode("utf-8" if kwargs.get("as_utf8", True) else "ascii")


def PrintMessage(message: Message, out: TextIO, indent: int = 0, **kwargs: Any) -> None:
    """Writes the text format of a message to a stream."""
    out.write(MessageToString(message, indent=indent, **kwargs))
