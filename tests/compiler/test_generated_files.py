"""Random files that are right compile to protoc's bytes, source info included."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from compiler_support import PROTOS, Tool, needs_oracle_release
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from proto_grammar import generate

FILES_AT_ONCE = 20


def compiled(tool: Tool, folder: Path, flags: list[str], names: list[str]) -> dict[str, bytes]:
    out = folder / "set"
    tool.good("-I.", *names, f"-o{out}", *flags, cwd=folder)
    found = FileDescriptorSet.FromString(out.read_bytes())
    return {file.name: file.SerializeToString(deterministic=True) for file in found.file}


@needs_oracle_release
@pytest.mark.parametrize("flags", [["--include_source_info"], ["--retain_options"]], ids=" ".join)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_generated_files_are_equal(seed: int, flags: list[str]) -> None:
    # Fixtures cannot be used: each example has a folder of its own.
    ours, theirs = Tool("russet.protoc"), Tool("grpc_tools.protoc")
    random = Random(seed)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path in PROTOS.glob("any_options*.proto"):
            shutil.copy(path, folder)
        names = [f"f{index}.proto" for index in range(FILES_AT_ONCE)]
        for index, name in enumerate(names):
            (folder / name).write_text(generate(random, index), "utf-8", newline="")
        expected = compiled(theirs, folder, flags, names)
        found = compiled(ours, folder, flags, names)
        different = [name for name in names if found[name] != expected[name]]
        assert not different, (folder / different[0]).read_text("utf-8")
