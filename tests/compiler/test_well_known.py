"""The bundled files: the modules made of them are up to date, and their descriptors are the originals'."""

from __future__ import annotations

import importlib
import importlib.metadata
from pathlib import Path

import pytest
import russet
from compiler_support import Tool
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

NAMES = [
    "any",
    "api",
    "c_sharp_features",
    "compiler/plugin",
    "cpp_features",
    "cpp_file_options",
    "cpp_options",
    "descriptor",
    "duration",
    "empty",
    "field_mask",
    "go_features",
    "java_features",
    "json_enumvalue_options",
    "json_options",
    "source_context",
    "struct",
    "timestamp",
    "type",
    "wrappers",
]

PACKAGE = Path(russet.__file__).parent / "protobuf"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made")
    protos = [f"google/protobuf/{name}.proto" for name in NAMES]
    Tool("russet.protoc").good(
        f"--python_out={out}", f"--pyi_out={out}", f"-o{out / 'set'}", *protos, cwd=out
    )
    return out


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("suffix", [".py", ".pyi"])
def test_modules_are_up_to_date(name: str, suffix: str, made: Path) -> None:
    found = (PACKAGE / f"{name}_pb2{suffix}").read_text()
    expected = (made / "google" / "protobuf" / f"{name}_pb2{suffix}").read_text()
    assert found == expected, "run tools/generate-well-known"


# The files in protos/, and where their modules are.
COMPANIONS = {
    "google/rpc/code": "rpc/code",
    "google/rpc/error_details": "rpc/error_details",
    "google/rpc/status": "rpc/status",
    "grpc_channelz/v1/channelz": "channelz/v1/channelz",
    "grpc_health/v1/health": "health/v1/health",
    "grpc_reflection/v1/reflection": "reflection/v1/reflection",
    "grpc_reflection/v1alpha/reflection": "reflection/v1alpha/reflection",
}
PROTOS = Path(__file__).parents[2] / "protos"


@pytest.mark.parametrize("name", COMPANIONS)
def test_modules_of_the_companions_are_up_to_date(name: str, tmp_path: Path) -> None:
    out = f"imports=relative:{tmp_path}"
    outputs = [f"--{kind}_out={out}" for kind in ("python", "pyi", "grpc_python")]
    Tool("russet.protoc").good(f"-I{PROTOS}", *outputs, f"{name}.proto", cwd=tmp_path)
    package = Path(russet.__file__).parent / COMPANIONS[name]
    suffixes = ["_pb2.py", "_pb2.pyi"]
    if not name.startswith("google/"):
        suffixes += ["_pb2_grpc.py", "_pb2_grpc.pyi"]
    for suffix in suffixes:
        found = package.with_name(package.name + suffix).read_text()
        assert found == (tmp_path / f"{name}{suffix}").read_text(), "run tools/generate-well-known"


@pytest.mark.parametrize("name", ["code", "error_details", "status"])
def test_google_rpc_equals_the_originals(name: str) -> None:
    original = importlib.import_module(f"google.rpc.{name}_pb2").DESCRIPTOR.serialized_pb
    ours = importlib.import_module(f"russet.rpc.{name}_pb2").DESCRIPTOR.serialized_pb
    # What is equal may be registered twice: by russet.rpc, and by the original on Russet.
    assert FileDescriptorProto.FromString(ours) == FileDescriptorProto.FromString(original)


@pytest.mark.parametrize("name", NAMES)
def test_descriptors_equal_the_originals(name: str, made: Path) -> None:
    release = tuple(int(part) for part in importlib.metadata.version("protobuf").split(".")[:2])
    if release != (7, 36):
        pytest.skip("another release of protobuf has other descriptors")
    if name.startswith(("c_sharp_", "cpp_", "go_", "java_")):
        pytest.skip("the original has no modules of features and options of other languages")
    module = importlib.import_module(f"google.protobuf.{name.replace('/', '.')}_pb2")
    found = FileDescriptorSet.FromString((made / "set").read_bytes())
    file = next(file for file in found.file if file.name == f"google/protobuf/{name}.proto")
    # The C runtime adds JSON names and writes fields in an order of its own: what they say is compared.
    assert file == FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
