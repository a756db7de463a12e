"""Modules that protoc generated, of today's version and of older ones, with `google.protobuf` read as `russet.protobuf`."""

from __future__ import annotations

import importlib.util
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from grpc_tools import protoc

from .conftest import PROTOS

# What protoc 3.20 wrote around the serialized file, and what older code calls besides.
OLD = """
from google.protobuf.internal import builder as _builder
from google.protobuf import descriptor as _descriptor
from google.protobuf import descriptor_pool as _descriptor_pool
from google.protobuf import message as _message
from google.protobuf import reflection as _reflection
from google.protobuf import symbol_database as _symbol_database
_sym_db = _symbol_database.Default()
DESCRIPTOR = _descriptor_pool.Default().AddSerializedFile({serialized!r})
_OLDER = DESCRIPTOR.message_types_by_name['Older']
Older = _reflection.GeneratedProtocolMessageType('Older', (_message.Message,), {{
  'DESCRIPTOR' : _OLDER,
  '__module__' : 'older_pb2'
  }})
_sym_db.RegisterMessage(Older)
_builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
_builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, 'older_pb2', globals())
if _descriptor._USE_C_DESCRIPTORS == False:
  DESCRIPTOR._options = None
"""


def load(name: str, source: str, folder: Path) -> Any:
    """A module of a source, importable by its name as pickle needs it."""
    path = folder / f"{name}.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """`messages_generated_pb2`, by the protoc of grpcio-tools, on Russet."""
    folder = tmp_path_factory.mktemp("generated")
    arguments = ["protoc", f"-I{PROTOS}", f"--python_out={folder}", "messages_generated.proto"]
    assert protoc.main(arguments) == 0
    source = (
        (folder / "messages_generated_pb2.py")
        .read_text()
        .replace("from google.protobuf", "from russet.protobuf")
    )
    return load("messages_generated_pb2", source, folder)


def test_todays_module_has_what_programs_use(generated: Any) -> None:
    g = generated
    assert g.Outer.Inner.Depth.Value("DEEP") == g.Outer.Inner.DEEP == 1
    assert g.Kind.Name(1) == "KIND_ONE"
    assert (g.KIND_ONE, g.Kind.KIND_ONE, g.Kind.keys()) == (1, 1, ["KIND_ZERO", "KIND_ONE"])
    assert g.Outer.DESCRIPTOR is g._OUTER
    assert g.DESCRIPTOR.services_by_name["Things"] is g._THINGS
    assert g.Outer.Inner.__qualname__ == "Outer.Inner"
    assert g.Outer.__module__ == "messages_generated_pb2"
    m = g.Outer(inner={"depth": "DEEP"}, kinds=[1, 0], counts={"a": 1})
    assert g.Outer.FromString(m.SerializeToString()) == m
    assert pickle.loads(pickle.dumps(m)) == m
    assert pickle.loads(pickle.dumps(m.inner)) == m.inner
    assert isinstance(m.inner, g.Outer.Inner)


def test_an_older_module_runs(tmp_path: Path) -> None:
    from russet.protobuf import descriptor_pb2

    file = descriptor_pb2.FileDescriptorProto(
        name="older.proto", package="russet.older", syntax="proto3",
        message_type=[{"name": "Older", "field": [{"name": "x", "number": 1, "type": 5, "label": 1}]}],
    )  # fmt: skip
    source = OLD.format(serialized=file.SerializeToString()).replace(
        "google.protobuf", "russet.protobuf"
    )
    module = load("older_pb2", source, tmp_path)
    assert module.Older(x=3).SerializeToString() == b"\x08\x03"
    assert module._OLDER is module.Older.DESCRIPTOR


def test_versions_are_never_refused() -> None:
    from russet.protobuf import runtime_version as v

    for version in ((4, 21, 0), (7, 36, 2), (99, 0, 0)):
        v.ValidateProtobufRuntimeVersion(v.Domain.PUBLIC, *version, "", "x.proto")
    with pytest.raises(v.VersionError):
        v.ValidateProtobufRuntimeVersion(v.Domain.PUBLIC, -1, 0, 0, "", "x.proto")


def test_the_symbol_database_knows_generated_classes(generated: Any) -> None:
    from russet.protobuf import symbol_database

    database = symbol_database.Default()
    assert database.GetSymbol("russet.generated.Outer.Inner") is generated.Outer.Inner
    assert set(database.GetMessages(["messages_generated.proto"])) >= {
        "russet.generated.Outer",
        "russet.generated.Outer.Inner",
    }


def test_a_module_has_its_names_when_they_are_asked_for(generated: Any) -> None:
    """Also those that nobody has asked for before, and none of another file of its package."""
    from russet.protobuf import descriptor_pb2, descriptor_pool

    file = generated.DESCRIPTOR
    other = descriptor_pb2.FileDescriptorProto(name="elsewhere.proto", package=file.package)
    other.message_type.add(name="Elsewhere")
    descriptor_pool.Default().AddSerializedFile(other.SerializeToString())

    listed = dir(generated)
    for name, message in file.message_types_by_name.items():
        assert {name, f"_{name.upper()}"} <= set(listed)
        assert getattr(generated, name).DESCRIPTOR is message
        assert getattr(generated, f"_{name.upper()}") is message
        for nested in message.nested_types:
            assert getattr(generated, f"_{name.upper()}_{nested.name.upper()}") is nested
        for enum in message.enum_types:
            assert getattr(generated, f"_{name.upper()}_{enum.name.upper()}") is enum
    for name in ("Elsewhere", "_ELSEWHERE", "elsewhere", "_", "__wrapped__", "a.b", ""):
        assert not hasattr(generated, name), name


def test_a_module_under_another_name_has_all_at_once(tmp_path: Path) -> None:
    """As `google.longrunning.operations_proto_pb2` is, which another module takes all names from by `vars`."""
    from russet.protobuf import descriptor_pb2

    file = descriptor_pb2.FileDescriptorProto(name="renamed.proto", package="renamed")
    file.message_type.add(name="Moved").nested_type.add(name="Inner")
    source = OLD.format(serialized=file.SerializeToString()).replace("google.protobuf", "russet.protobuf")  # fmt: skip
    head, tail = source.split("_OLDER = "), source[source.index("_builder.Build") :]
    module = load("moved_pb2", head[0] + tail.replace("older_pb2", "renamed_pb2"), tmp_path)
    assert {"Moved", "_MOVED", "_MOVED_INNER"} <= set(vars(module))
