"""The base class of all messages, and the errors that they raise."""

from __future__ import annotations

from russet._core import DecodeError, EncodeError, Error

TYPE_CHECKING = False  # Without `typing`, which costs more to import than all that is needed here.
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from russet._core import Message
else:

    def _overridden(name: str) -> Any:
        def method(self: Any, *args: Any, **keywords: Any) -> NoReturn:
            raise NotImplementedError(f"{type(self).__name__} has no {name}()")

        method.__name__ = name
        method.__qualname__ = f"Message.{name}"
        return method

    class Message:
        """What messages are instances of. Generated classes have their methods from the core; other classes may be derived from this one, as fakes are, and override what they need."""

        __slots__ = ()

        DESCRIPTOR = None

        for _name in [
            "ByteSize",
            "Clear",
            "ClearExtension",
            "ClearField",
            "CopyFrom",
            "DiscardUnknownFields",
            "HasExtension",
            "HasField",
            "IsInitialized",
            "ListFields",
            "MergeFrom",
            "MergeFromString",
            "ParseFromString",
            "SerializePartialToString",
            "SerializeToString",
            "SetInParent",
            "UnknownFields",
            "WhichOneof",
            "__contains__",
            "__eq__",
            "__str__",
            "_SetListener",
        ]:
            locals()[_name] = _overridden(_name)
        del _name

        def __deepcopy__(self, memo: Any = None) -> Message:
            copy = type(self)()
            copy.MergeFrom(self)
            return copy

        def __hash__(self) -> int:
            raise TypeError("unhashable object")

        @classmethod
        def FromString(cls, s: bytes) -> Message:
            message = cls()
            message.MergeFromString(s)
            return message

        def __getstate__(self) -> dict[str, bytes]:
            return {"serialized": self.SerializePartialToString()}

        def __setstate__(self, state: dict[str, bytes]) -> None:
            self.__init__()
            self.ParseFromString(state["serialized"])


__all__ = ["DecodeError", "EncodeError", "Error", "FrozenInstanceError", "Message"]


class FrozenInstanceError(AttributeError):
    """A frozen message was to be changed."""


def _InternalConstructMessage(full_name: str) -> Message:  # pyright: ignore[reportUnusedFunction]
    """An empty message of a generated class, by which messages that the original pickled begin."""
    from russet.protobuf import symbol_database

    return symbol_database.Default().GetSymbol(full_name)()
