"""The schemas of tests/protos on both runtimes: Russet and, as the oracle, google.protobuf (upb)."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf import descriptor_pb2 as google_descriptor
from google.protobuf import descriptor_pool as google_pools
from google.protobuf import message_factory as google_factory
from google.protobuf import text_format as google_text
from grpc_tools import protoc
from russet.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

PROTOS = Path(__file__).parent.parent / "protos"
SCHEMAS = ["messages_all.proto", "messages_proto2.proto", "messages_editions.proto"]


def compile_schemas() -> list[bytes]:
    """The files of the schemas and what they import, serialized, each after its imports."""
    import grpc_tools

    include = Path(grpc_tools.__file__).parent / "_proto"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "set.bin"
        arguments = [
            "protoc",
            f"-I{PROTOS}",
            f"-I{include}",
            "--include_imports",
            f"--descriptor_set_out={out}",
        ]
        assert protoc.main([*arguments, *SCHEMAS]) == 0
        files = google_descriptor.FileDescriptorSet.FromString(out.read_bytes()).file
        return [file.SerializeToString() for file in files]


@dataclasses.dataclass(frozen=True)
class Runtime:
    """One implementation: its classes by name, its pool, its modules."""

    name: str
    pool: Any
    text_format: Any
    descriptor_pb2: Any
    classes: SimpleNamespace

    def find(self, full_name: str) -> Any:
        """The class of a message's full name."""
        descriptor = self.pool.FindMessageTypeByName(full_name)
        factory = google_factory if self.name == "google" else message_factory
        return factory.GetMessageClass(descriptor)

    def extension(self, full_name: str) -> Any:
        """An extension by its full name."""
        return self.pool.FindExtensionByName(full_name)


def make(name: str, pools: Any, text: Any, descriptors: Any, find: Callable[[Any], Any]) -> Runtime:
    """A runtime with the schemas in a pool of their own."""
    pool = pools.DescriptorPool()
    classes = SimpleNamespace()
    for data in SERIALIZED:
        file = pool.AddSerializedFile(data)
        for message in file.message_types_by_name.values():
            setattr(classes, message.name, find(message))
    return Runtime(name, pool, text, descriptors, classes)


SERIALIZED = compile_schemas()
GOOGLE = make(
    "google", google_pools, google_text, google_descriptor, google_factory.GetMessageClass
)
RUSSET = make(
    "russet", descriptor_pool, text_format, descriptor_pb2, message_factory.GetMessageClass
)


@pytest.fixture(scope="session")
def russet() -> Runtime:
    """Russet."""
    return RUSSET


@pytest.fixture(scope="session")
def google() -> Runtime:
    """The oracle."""
    return GOOGLE


@pytest.fixture(scope="session")
def both() -> tuple[Runtime, Runtime]:
    """The oracle and Russet."""
    return GOOGLE, RUSSET
