"""Messages as dicts of JSON, with the class in place of a message."""

from __future__ import annotations

from typing import Any, TypeVar

from russet._core import DescriptorPool, Message
from russet.protobuf import json_format

__all__ = ["parse", "serialize"]

_M = TypeVar("_M", bound=Message)


def serialize(
    message: Message,
    always_print_fields_with_no_presence: bool = False,
    preserving_proto_field_name: bool = False,
    use_integers_for_enums: bool = False,
    descriptor_pool: DescriptorPool | None = None,
) -> Any:
    """As :func:`russet.protobuf.json_format.MessageToDict`."""
    return json_format.MessageToDict(
        message,
        always_print_fields_with_no_presence=always_print_fields_with_no_presence,
        preserving_proto_field_name=preserving_proto_field_name,
        use_integers_for_enums=use_integers_for_enums,
        descriptor_pool=descriptor_pool,
    )


def parse(
    message_class: type[_M],
    js_dict: dict[str, Any],
    ignore_unknown_fields: bool = False,
    descriptor_pool: DescriptorPool | None = None,
    max_recursion_depth: int = 100,
) -> _M:
    """As :func:`russet.protobuf.json_format.ParseDict`, into a new message."""
    return json_format.ParseDict(
        js_dict,
        message_class(),
        ignore_unknown_fields=ignore_unknown_fields,
        descriptor_pool=descriptor_pool,
        max_recursion_depth=max_recursion_depth,
    )
