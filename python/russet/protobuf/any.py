"""``google.protobuf.Any`` as plain functions."""

from __future__ import annotations

from typing import TypeVar

from russet._core import Descriptor, Message
from russet.protobuf.any_pb2 import Any

__all__ = ["is_type", "pack", "type_name", "unpack", "unpack_as"]

_M = TypeVar("_M", bound=Message)


def pack(
    msg: Message,
    type_url_prefix: str = "type.googleapis.com/",
    deterministic: bool | None = None,
) -> Any:
    """An ``Any`` that holds a message."""
    packed = Any()
    packed.Pack(msg, type_url_prefix=type_url_prefix, deterministic=deterministic)
    return packed


def unpack(any_msg: Any, msg: Message) -> bool:
    """Parses what an ``Any`` holds into a message; ``False`` if it is of another type."""
    return any_msg.Unpack(msg)


def unpack_as(any_msg: Any, message_type: type[_M]) -> _M:
    """What an ``Any`` holds, as a message of a class; ``TypeError`` if it is of another type."""
    unpacked = message_type()
    if not any_msg.Unpack(unpacked):
        raise TypeError(
            f"Attempted to unpack {type_name(any_msg)} to {message_type.DESCRIPTOR.full_name}"
        )
    return unpacked


def type_name(any_msg: Any) -> str:
    """The full name of the type that an ``Any`` holds."""
    return any_msg.TypeName()


def is_type(any_msg: Any, des: Descriptor) -> bool:
    """Whether an ``Any`` holds a message of a type."""
    return any_msg.Is(des)
