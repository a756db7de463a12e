"""The registry of generated classes, by full name."""

from __future__ import annotations

from russet._core import Descriptor, DescriptorPool, Message
from russet.protobuf import descriptor_pool, message_factory

__all__ = ["Default", "SymbolDatabase"]

TYPE_CHECKING = False  # Without `typing`, which costs more to import than all that is needed here.
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeVar

    _Class = TypeVar("_Class", bound=type[Message])


class SymbolDatabase:
    """Classes and descriptors of one pool. The pool knows all; what is registered here is only remembered as generated."""

    def __init__(self, pool: DescriptorPool | None = None) -> None:
        self.pool = pool or descriptor_pool.DescriptorPool()
        self._classes: dict[Descriptor, type[Message]] = {}
        self._unbuilt: dict[str, Callable[[], None]] = {}

    def GetPrototype(self, descriptor: Descriptor) -> type[Message]:
        """The class of a message type."""
        return message_factory.GetMessageClass(descriptor)

    CreatePrototype = GetPrototype

    def RegisterMessage(self, message: _Class) -> _Class:
        """Remembers a class; returns it, so that it works as a decorator."""
        self._classes[message.DESCRIPTOR] = message
        return message

    def RegisterUnbuilt(self, file: str, build: Callable[[], None]) -> None:
        """Remembers what builds and registers those classes of a file that nobody has asked for yet."""
        self._unbuilt[file] = build

    def _build(self, file: str) -> None:
        build = self._unbuilt.pop(file, None)
        if build is not None:
            build()

    def RegisterMessageDescriptor(self, message_descriptor: Descriptor) -> None:
        """Does nothing: the pool knows its descriptors."""

    def RegisterEnumDescriptor(self, enum_descriptor: Any) -> Any:
        """Returns the descriptor: the pool knows it."""
        return enum_descriptor

    def RegisterServiceDescriptor(self, service_descriptor: Any) -> Any:
        """Returns the descriptor: the pool knows it."""
        return service_descriptor

    def RegisterFileDescriptor(self, file_descriptor: Any) -> None:
        """Does nothing: the pool knows its files."""

    def GetSymbol(self, symbol: str) -> type[Message]:
        """The class of a message's full name; ``KeyError`` if it was not generated."""
        descriptor = self.pool.FindMessageTypeByName(symbol)
        self._build(descriptor.file.name)
        return self._classes[descriptor]

    def GetMessages(self, files: Iterable[str]) -> dict[str, type[Message]]:
        """The classes that were generated of files, nested ones too, by full name."""
        found: dict[str, type[Message]] = {}

        def visit(descriptor: Descriptor) -> None:
            if descriptor in self._classes:
                found[descriptor.full_name] = self._classes[descriptor]
            for nested in descriptor.nested_types:
                visit(nested)

        for name in files:
            self._build(name)
            for descriptor in self.pool.FindFileByName(name).message_types_by_name.values():
                visit(descriptor)
        return found


_DEFAULT = SymbolDatabase(pool=descriptor_pool.Default())


def Default() -> SymbolDatabase:
    """The database of generated code."""
    return _DEFAULT
