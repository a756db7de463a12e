"""The base class of all messages, and the errors that they raise."""

from __future__ import annotations

from russet._core import DecodeError, EncodeError, Error

TYPE_CHECKING = False  # Without `typing`, which costs more to import than all that is needed here.
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from russet._core import Message
else:

    def _lacks(self: Any, name: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} has no {name}()")

    class Message:
        """What messages are instances of. Generated classes have their methods from the core; other classes may be derived from this one, as fakes are, and override what they need."""

        __slots__ = ()

        DESCRIPTOR = None

        def ByteSize(self) -> NoReturn:
            raise _lacks(self, "ByteSize")

        def Clear(self) -> NoReturn:
            raise _lacks(self, "Clear")

        def ClearExtension(self, field_descriptor: Any) -> NoReturn:
            raise _lacks(self, "ClearExtension")

        def ClearField(self, field_name: str) -> NoReturn:
            raise _lacks(self, "ClearField")

        def CopyFrom(self, other_msg: Any) -> NoReturn:
            raise _lacks(self, "CopyFrom")

        def DiscardUnknownFields(self) -> NoReturn:
            raise _lacks(self, "DiscardUnknownFields")

        def HasExtension(self, field_descriptor: Any) -> NoReturn:
            raise _lacks(self, "HasExtension")

        def HasField(self, field_name: str) -> NoReturn:
            raise _lacks(self, "HasField")

        def IsInitialized(self) -> NoReturn:
            raise _lacks(self, "IsInitialized")

        def ListFields(self) -> NoReturn:
            raise _lacks(self, "ListFields")

        def MergeFrom(self, other_msg: Any) -> NoReturn:
            raise _lacks(self, "MergeFrom")

        def MergeFromString(self, serialized: bytes) -> NoReturn:
            raise _lacks(self, "MergeFromString")

        def ParseFromString(self, serialized: bytes) -> NoReturn:
            raise _lacks(self, "ParseFromString")

        def SerializePartialToString(self, **kwargs: Any) -> NoReturn:
            raise _lacks(self, "SerializePartialToString")

        def SerializeToString(self, **kwargs: Any) -> NoReturn:
            raise _lacks(self, "SerializeToString")

        def SetInParent(self) -> NoReturn:
            raise _lacks(self, "SetInParent")

        def UnknownFields(self) -> NoReturn:
            raise _lacks(self, "UnknownFields")

        def WhichOneof(self, oneof_group: str) -> NoReturn:
            raise _lacks(self, "WhichOneof")

        def __contains__(self, field_name_or_key: Any) -> NoReturn:
            raise _lacks(self, "__contains__")

        def __eq__(self, other_msg: object) -> NoReturn:
            raise _lacks(self, "__eq__")

        def __str__(self) -> NoReturn:
            raise _lacks(self, "__str__")

        def _SetListener(self, message_listener: Any) -> NoReturn:
            raise _lacks(self, "_SetListener")

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
