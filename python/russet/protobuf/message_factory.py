"""Classes for descriptors that have no generated module."""

from __future__ import annotations

from russet._core import Descriptor, DescriptorPool, Message, get_message_class
from russet.protobuf import descriptor_pool

TYPE_CHECKING = False  # Without `typing`, which costs more to import than all that is needed here.
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["GetMessageClass", "GetMessageClassesForFiles", "GetMessages", "MessageFactory"]


def GetMessageClass(descriptor: Descriptor) -> type[Message]:
    """The class of a message type; the same whenever it is asked for."""
    return get_message_class(descriptor)


def GetMessageClassesForFiles(
    files: Iterable[str], pool: DescriptorPool
) -> dict[str, type[Message]]:
    """The classes of the top-level messages of files, by full name."""
    classes: dict[str, type[Message]] = {}
    for name in files:
        for message in pool.FindFileByName(name).message_types_by_name.values():
            classes[message.full_name] = GetMessageClass(message)
    return classes


def GetMessages(
    file_protos: Iterable[Any], pool: DescriptorPool | None = None
) -> dict[str, type[Message]]:
    """Adds files to a pool (a new one unless given) and returns the classes of their top-level messages."""
    pool = pool or descriptor_pool.DescriptorPool()
    pending = {proto.name: proto for proto in file_protos}
    names = list(pending)

    def add(name: str) -> None:
        proto = pending.pop(name, None)
        if proto is not None:
            for dependency in proto.dependency:
                add(dependency)
            pool.Add(proto)

    for name in names:
        add(name)
    return GetMessageClassesForFiles(names, pool)


class MessageFactory:
    """The older way to ask a pool for classes."""

    def __init__(self, pool: DescriptorPool | None = None) -> None:
        self.pool = pool or descriptor_pool.DescriptorPool()

    def GetPrototype(self, descriptor: Descriptor) -> type[Message]:
        """As :func:`GetMessageClass`."""
        return GetMessageClass(descriptor)

    def CreatePrototype(self, descriptor: Descriptor) -> type[Message]:
        """As :func:`GetMessageClass`."""
        return GetMessageClass(descriptor)

    def GetMessages(self, files: Iterable[str]) -> dict[str, type[Message]]:
        """As :func:`GetMessageClassesForFiles`, with the pool of this factory."""
        return GetMessageClassesForFiles(files, self.pool)
