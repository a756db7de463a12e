"""Message classes made of nothing but names and types of fields."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping

from russet._core import DescriptorPool, Message
from russet.protobuf import descriptor_pb2, message_factory

__all__ = ["MakeSimpleProtoClass"]

_ANONYMOUS = "net.proto2.python.public.proto_builder.AnonymousProto_"
# Numbers that the language keeps for itself.
_RESERVED = range(19_000, 20_000)


def MakeSimpleProtoClass(
    fields: Mapping[str, int],
    full_name: str | None = None,
    pool: DescriptorPool | None = None,
) -> type[Message]:
    """A class with a singular field for each name, of the type whose number (``FieldDescriptor.TYPE_...``) it has.

    Fields are numbered in the order of an ``OrderedDict``, of any other mapping by name. A class that the pool (a new one unless given) has under ``full_name`` is returned as it is.
    """
    pool = pool or DescriptorPool()
    items = list(fields.items()) if isinstance(fields, OrderedDict) else sorted(fields.items())
    content = hashlib.sha1(usedforsecurity=False)
    for name, number in items:
        content.update(f"{name}{number}".encode())
    digest = content.hexdigest()
    full_name = full_name or f"{_ANONYMOUS}{digest}"
    try:
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(full_name))
    except KeyError:
        pass
    package, _, short_name = full_name.rpartition(".")
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package.replace('.', '/')}/{digest}.proto", package=package
    )
    message = file.message_type.add(name=short_name)
    for place, (name, number) in enumerate(items, 1):
        message.field.add(
            name=name,
            number=place if place < _RESERVED.start else place + len(_RESERVED),
            label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
            type=number,
        )
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(full_name))
