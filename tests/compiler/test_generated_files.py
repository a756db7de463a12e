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


NOT_UTF8 = b"""syntax = "proto2";
import "any_options.proto";
option java_package = "caf\xe9";
// caf\xe9
message A { // tr\xff
  optional string a = 1 [default = "\xe9\\377"]; /* \xfe */
  option (any_options.message_value) = { text: "\xe9" raw: "\xff\\xfe" };
  // detached \xe9

  optional bytes b = 2 [default = "\xe9", json_name = "\\303("];
  reserved "caf\xe9";
}
"""


@needs_oracle_release
def test_what_is_not_utf8_is_kept(ours: Tool, theirs: Tool, tmp_path: Path) -> None:
    for path in PROTOS.glob("any_options*.proto"):
        shutil.copy(path, tmp_path)
    (tmp_path / "x.proto").write_bytes(NOT_UTF8)
    sets = []
    for tool in (ours, theirs):
        tool.good("-I.", "x.proto", "-oset", "--include_source_info", cwd=tmp_path)
        sets.append((tmp_path / "set").read_bytes())
    assert sets[0] == sets[1]
