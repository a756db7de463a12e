"""The base class of all messages, and the errors that they raise."""

from __future__ import annotations

from russet._core import DecodeError, EncodeError, Error, Message

__all__ = ["DecodeError", "EncodeError", "Error", "FrozenInstanceError", "Message"]


class FrozenInstanceError(AttributeError):
    """A frozen message was to be changed."""
