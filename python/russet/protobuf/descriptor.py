"""Descriptors: what a schema says of files, messages, fields, enums and services."""

from __future__ import annotations

from russet._core import (
    Descriptor,
    EnumDescriptor,
    EnumValueDescriptor,
    FieldDescriptor,
    FileDescriptor,
    MethodDescriptor,
    OneofDescriptor,
    ServiceDescriptor,
)

TYPE_CHECKING = False  # Without `typing`, which costs more to import than all that is needed here.
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "Descriptor",
    "DescriptorBase",
    "DescriptorMetaclass",
    "EnumDescriptor",
    "EnumValueDescriptor",
    "Error",
    "FieldDescriptor",
    "FileDescriptor",
    "MakeDescriptor",
    "MethodDescriptor",
    "OneofDescriptor",
    "ServiceDescriptor",
    "TypeTransformationError",
]

# Generated code asks whether descriptors come from a native pool; then it leaves the offsets of the pure Python version out.
_USE_C_DESCRIPTORS = True


# Older generated code hands it to what it calls here.
_internal_create_key = object()


class Error(Exception):
    """Base of this module's errors."""


class TypeTransformationError(Error):
    """A proto type has no counterpart."""


_NATIVE = (
    Descriptor,
    EnumDescriptor,
    EnumValueDescriptor,
    FieldDescriptor,
    FileDescriptor,
    MethodDescriptor,
    OneofDescriptor,
    ServiceDescriptor,
)


class DescriptorMetaclass(type):
    """Makes the native descriptors instances and subclasses of `DescriptorBase`, from which they are not derived."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _NATIVE)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return super().__subclasscheck__(subclass) or issubclass(subclass, _NATIVE)


class DescriptorBase(metaclass=DescriptorMetaclass):
    """What all descriptors are instances of; only for `isinstance` and `issubclass`."""


def _ParseOptions(message: Any, string: bytes) -> Any:  # pyright: ignore[reportUnusedFunction]
    """Parses serialized options into an options message; older generated code calls it."""
    message.ParseFromString(string)
    return message


def MakeDescriptor(
    desc_proto: Any,
    package: str = "",
    build_file_if_cpp: bool = True,
    syntax: str | None = None,
    edition: Any = None,
    file_desc: Any = None,
) -> Descriptor:
    """The descriptor of a ``DescriptorProto``, put alone into a file of its own in the default pool."""
    import uuid

    from russet.protobuf import descriptor_pb2, descriptor_pool

    file = descriptor_pb2.FileDescriptorProto()
    file.message_type.add().MergeFrom(desc_proto)
    file.name = f"{uuid.uuid4()}.proto"
    if package:
        file.package = package
    if syntax:
        file.syntax = syntax
    descriptor_pool.Default().Add(file)
    name = f"{package}.{desc_proto.name}" if package else desc_proto.name
    return descriptor_pool.Default().FindMessageTypeByName(name)
