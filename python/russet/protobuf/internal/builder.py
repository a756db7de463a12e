"""Fills generated modules: descriptors, classes, enums, extensions."""

from __future__ import annotations

import sys

from russet._core import Descriptor, FileDescriptor, Message, MessageMeta
from russet.protobuf import symbol_database
from russet.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

TYPE_CHECKING = False  # Without `typing`, which costs more to import than all that is needed here.
if TYPE_CHECKING:
    from typing import Any

_symbols = symbol_database.Default()


def BuildMessageAndEnumDescriptors(file_des: FileDescriptor, module: dict[str, Any]) -> None:
    """Binds ``_MESSAGE`` and ``_MESSAGE_NESTED`` to the descriptors of a file's messages and their enums. In a module, they are bound when one of them is first asked for, which `BuildTopDescriptorsAndMessages` sees to."""
    if not _is_module(module.get("__name__"), module):
        _bind_all_descriptors(file_des, module)


def _is_module(name: str | None, module: dict[str, Any]) -> bool:
    """Whether a dict is that of the module of a name, and so asks ``__getattr__`` for what it lacks."""
    made = sys.modules.get(name) if name else None
    return made is not None and made.__dict__ is module


def _bind_all_descriptors(file_des: FileDescriptor, module: dict[str, Any]) -> None:
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
        wrapper: Any = EnumTypeWrapper
        module[enum.name] = wrapper(enum)
        for value in enum.values:
            module[value.name] = value.number
    for extension in file_des.extensions_by_name.values():
        module[extension.name.upper() + "_FIELD_NUMBER"] = extension.number
        module[extension.name] = extension
    for service in file_des.services_by_name.values():
        module["_" + service.name.upper()] = service
    _bind_classes(file_des, module_name, module)


def _bind_classes(file_des: FileDescriptor, module_name: str, module: dict[str, Any]) -> None:
    """Binds the classes of a file's messages. In a module, each is built when it is first asked for: a program uses few of those that it imports. Code that runs elsewhere gets them at once."""
    if not _is_module(module_name, module):
        # Also where the module goes by another name than protoc gave it.
        _bind_all_descriptors(file_des, module)
        for name, message in file_des.message_types_by_name.items():
            module[name] = _build_class(message, module_name, "")
        return
    prefix = file_des.package + "." if file_des.package else ""

    def build_all() -> None:
        for name, message in file_des.message_types_by_name.items():
            if name not in module:
                module[name] = _build_class(message, module_name, "")

    def get(name: str) -> Any:
        if name == "__all__":
            # `from module import *` asks for it, and then takes what the module has.
            build_all()
        elif not name.startswith("_"):
            # By its full name, so that the others need no descriptor.
            try:
                message = file_des.pool.FindMessageTypeByName(prefix + name)
            except KeyError:
                message = None
            if message is not None and message.file is file_des:
                made = module[name] = _build_class(message, module_name, "")
                return made
        elif not name.startswith("__"):
            _bind_all_descriptors(file_des, module)
            if name in module:
                return module[name]
        raise AttributeError(f"module {module_name!r} has no attribute {name!r}")

    def names() -> list[str]:
        _bind_all_descriptors(file_des, module)
        return sorted({*module, *file_des.message_types_by_name})

    module["__getattr__"] = get
    module["__dir__"] = names
    _symbols.RegisterUnbuilt(file_des.name, build_all)


def _build_class(message: Descriptor, module_name: str, prefix: str) -> type[Message]:
    qualified = prefix + message.name
    content: dict[str, Any] = {
        nested.name: _build_class(nested, module_name, qualified + ".")
        for nested in message.nested_types
    }
    content.update(DESCRIPTOR=message, __module__=module_name, __qualname__=qualified)
    made: Any = MessageMeta(message.name, (Message,), content)
    message_class: type[Message] = made
    return _symbols.RegisterMessage(message_class)


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
