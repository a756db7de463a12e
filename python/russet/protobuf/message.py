"""The base class of all messages, and the errors that they raise."""

from __future__ import annotations

from russet._core import DecodeError, EncodeError, Error, Message

__all__ = ["DecodeError", "EncodeError", "Error", "FrozenInstanceError", "Message"]


class FrozenInstanceError(AttributeError):
    """A frozen message was to be changed."""


def _InternalConstructMessage(full_name: str) -> Message:  # pyright: ignore[reportUnusedFunction]
    """An empty message of a generated class, by which messages that the original pickled begin."""
    from russet.protobuf import symbol_database

    return symbol_database.Default().GetSymbol(full_name)()
