"""Descriptors for code that protoc before 3.19 generated: it calls their classes, where later code asks the pool.

Such code runs on protobuf before 4, and on later releases in pure Python; so it does here where a program pins the one or asks for the other. Each function below stands for the class of its name, with the class's parameters. It finds what is meant in the pool: the file, which code makes first, brings all the rest.
"""

from __future__ import annotations

import os
from functools import cache

from russet import _versions
from russet._core import DescriptorPool, default_pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def is_allowed() -> bool:
    """Whether generated code may make descriptors."""
    pure = os.environ.get("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION") == "python"
    return pure or _versions.protobuf_major() < 4


def _check() -> None:
    if not is_allowed():
        raise TypeError(
            "Descriptors cannot be created directly. If generated code does it, protoc before 3.19 has written that: "
            "generate it again, or set RUSSET_PROTOBUF_VERSION=3.20.3 in the environment"
        )


@cache
def _detached() -> DescriptorPool:
    """Where descriptors are that code makes and no file is known of."""
    return DescriptorPool()


def FileDescriptor(
    name: str,
    package: str,
    options: Any = None,
    serialized_options: Any = None,
    serialized_pb: bytes | None = None,
    dependencies: Any = None,
    public_dependencies: Any = None,
    syntax: Any = None,
    edition: Any = None,
    pool: DescriptorPool | None = None,
    create_key: Any = None,
) -> Any:
    # The one that later releases allow too.
    if serialized_pb:
        return (default_pool if pool is None else pool).AddSerializedFile(serialized_pb)
    from . import descriptor_pb2

    empty = descriptor_pb2.FileDescriptorProto(name=name, package=package)
    return _detached().Add(empty)


def Descriptor(
    name: Any = None,
    full_name: Any = None,
    filename: Any = None,
    containing_type: Any = None,
    fields: Any = None,
    nested_types: Any = None,
    enum_types: Any = None,
    extensions: Any = None,
    options: Any = None,
    serialized_options: Any = None,
    is_extendable: Any = True,
    extension_ranges: Any = None,
    oneofs: Any = None,
    file: Any = None,
    serialized_start: Any = None,
    serialized_end: Any = None,
    syntax: Any = None,
    is_map_entry: Any = False,
    create_key: Any = None,
) -> Any:
    _check()
    return default_pool.FindMessageTypeByName(full_name)


def FieldDescriptor(
    name: Any,
    full_name: Any,
    index: Any,
    number: Any,
    type: Any,
    cpp_type: Any,
    label: Any,
    default_value: Any,
    message_type: Any,
    enum_type: Any,
    containing_type: Any,
    is_extension: Any,
    extension_scope: Any,
    options: Any = None,
    serialized_options: Any = None,
    has_default_value: Any = True,
    containing_oneof: Any = None,
    json_name: Any = None,
    file: Any = None,
    create_key: Any = None,
) -> Any:
    _check()
    if is_extension:
        return default_pool.FindExtensionByName(full_name)
    return default_pool.FindFieldByName(full_name)


def EnumDescriptor(
    name: Any,
    full_name: Any,
    filename: Any,
    values: Any,
    containing_type: Any = None,
    options: Any = None,
    serialized_options: Any = None,
    file: Any = None,
    serialized_start: Any = None,
    serialized_end: Any = None,
    create_key: Any = None,
) -> Any:
    _check()
    return default_pool.FindEnumTypeByName(full_name)


def EnumValueDescriptor(
    name: str,
    index: Any,
    number: int,
    type: Any = None,
    options: Any = None,
    serialized_options: Any = None,
    create_key: Any = None,
) -> Any:
    _check()
    return _value(name, number)


@cache
def _value(name: str, number: int) -> Any:
    """A value by itself. Nothing says of which enum it is, whose class is called next and knows its values."""
    from . import descriptor_pb2

    count = _value.cache_info().currsize
    file = descriptor_pb2.FileDescriptorProto(name=f"{count}.proto", package=f"value_{count}")
    file.enum_type.add(name="Enum").value.add(name=name, number=number)
    return _detached().Add(file).enum_types_by_name["Enum"].values[0]


def OneofDescriptor(
    name: Any,
    full_name: Any,
    index: Any,
    containing_type: Any,
    fields: Any,
    options: Any = None,
    serialized_options: Any = None,
    create_key: Any = None,
) -> Any:
    _check()
    return default_pool.FindOneofByName(full_name)


def ServiceDescriptor(
    name: Any = None,
    full_name: Any = None,
    index: Any = None,
    methods: Any = None,
    options: Any = None,
    serialized_options: Any = None,
    file: Any = None,
    serialized_start: Any = None,
    serialized_end: Any = None,
    create_key: Any = None,
) -> Any:
    _check()
    return default_pool.FindServiceByName(full_name)


def MethodDescriptor(
    name: Any,
    full_name: Any,
    index: Any,
    containing_service: Any,
    input_type: Any,
    output_type: Any,
    client_streaming: Any = False,
    server_streaming: Any = False,
    options: Any = None,
    serialized_options: Any = None,
    create_key: Any = None,
) -> Any:
    _check()
    return default_pool.FindMethodByName(full_name)
