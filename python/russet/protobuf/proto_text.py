"""Messages as text format, with the class in place of a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from russet._core import DescriptorPool, Message
from russet.protobuf import text_format

__all__ = ["parse", "serialize"]

_M = TypeVar("_M", bound=Message)


def serialize(
    message: Message,
    as_utf8: bool = True,
    as_one_line: bool = False,
    use_short_repeated_primitives: bool = False,
    pointy_brackets: bool = False,
    use_index_order: bool = False,
    use_field_number: bool = False,
    descriptor_pool: DescriptorPool | None = None,
    indent: int = 0,
    message_formatter: Callable[[Any, int, bool], str | None] | None = None,
    print_unknown_fields: bool = False,
    force_colon: bool = False,
) -> str:
    """As :func:`russet.protobuf.text_format.MessageToString`."""
    return text_format.MessageToString(
        message,
        as_utf8=as_utf8,
        as_one_line=as_one_line,
        use_short_repeated_primitives=use_short_repeated_primitives,
        pointy_brackets=pointy_brackets,
        use_index_order=use_index_order,
        use_field_number=use_field_number,
        descriptor_pool=descriptor_pool,
        indent=indent,
        message_formatter=message_formatter,
        print_unknown_fields=print_unknown_fields,
        force_colon=force_colon,
    )


def parse(
    message_class: type[_M],
    text: str | bytes,
    allow_unknown_extension: bool = False,
    allow_field_number: bool = False,
    descriptor_pool: DescriptorPool | None = None,
    allow_unknown_field: bool = False,
) -> _M:
    """As :func:`russet.protobuf.text_format.Parse`, into a new message."""
    return text_format.Parse(
        text,
        message_class(),
        allow_unknown_extension=allow_unknown_extension,
        allow_field_number=allow_field_number,
        descriptor_pool=descriptor_pool,
        allow_unknown_field=allow_unknown_field,
    )
