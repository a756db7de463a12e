"""Fills generated modules: descriptors, classes, enums, extensions."""

from __future__ import annotations

from typing import Any, cast

from russet._core import Descriptor, FileDescriptor, Message, MessageMeta
from russet.protobuf import symbol_database
from russet.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

_symbols = symbol_database.Default()


def BuildMessageAndEnumDescriptors(file_des: FileDescriptor, module: dict[str, Any]) -> None:
    """Binds ``_MESSAGE`` and ``_MESSAGE_NESTED`` to the descriptors of a file's messages and their enums."""
    for message in file_des.message_types_by_name.values():
        _bind_descriptors(message, "_" + message.name.upper(), module)


def _bind_descriptors(message: Descriptor, name: str, module: dict[str, Any]) -> None:
    module[name] = message
    for nested in message.nested_types:
        _bind_descriptors(nested, f"{name}_{nested.name.upper()}", module)
    for enum in message.enum_types:
        module[f"{name}_{enum.name.upper()}"] = enum


def BuildTopDescriptorsAndMessages(
    file_des: FileDescriptor, module_name: str, module: dict[str, Any]
) -> None:
    """Binds the names of a file's enums, values, extensions, services and messages."""
    for enum in file_des.enum_types_by_name.values():
        module["_" + enum.name.upper()] = enum
        # The stub shows the wrapper as a metaclass, which it is only to type checkers.
        module[enum.name] = cast("Any", EnumTypeWrapper)(enum)
        for value in enum.values:
            module[value.name] = value.number
    for extension in file_des.extensions_by_name.values():
        module[extension.name.upper() + "_FIELD_NUMBER"] = extension.number
        module[extension.name] = extension
    for service in file_des.services_by_name.values():
        module["_" + service.name.upper()] = service
    for message in file_des.message_types_by_name.values():
        module[message.name] = _build_class(message, module_name, "")


def _build_class(message: Descriptor, module_name: str, prefix: str) -> type[Message]:
    qualified = prefix + message.name
    content: dict[str, Any] = {
        nested.name: _build_class(nested, module_name, qualified + ".")
        for nested in message.nested_types
    }
    content.update(DESCRIPTOR=message, __module__=module_name, __qualname__=qualified)
    made = cast("type[Message]", MessageMeta(message.name, (Message,), content))
    return _symbols.RegisterMessage(made)


def AddHelpersToExtensions(file_des: FileDescriptor) -> None:
    """Does nothing; older generated code calls it."""


def BuildServices(file_des: FileDescriptor, module_name: str, module: dict[str, Any]) -> None:
    """Binds the generic services that `py_generic_services` asks for, and their stubs. gRPC does without them."""
    from russet.protobuf import service_reflection

    for name, service in file_des.services_by_name.items():
        content = {"DESCRIPTOR": service, "__module__": module_name}
        made = service_reflection.GeneratedServiceType(name, (), dict(content))
        module[name] = made
        stub = f"{name}_Stub"
        module[stub] = service_reflection.GeneratedServiceStubType(stub, (made,), dict(content))
