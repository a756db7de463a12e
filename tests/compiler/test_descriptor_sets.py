"""Descriptor sets equal protoc's byte for byte, over every `.proto` file the test packages ship and files for each rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from compiler_support import CORPORA, Tool, needs_oracle_release, roots_flags

FLAGS = [
    [],
    ["--include_source_info"],
    ["--include_imports"],
    ["--include_imports", "--include_source_info"],
    ["--retain_options", "--include_source_info"],
]


@needs_oracle_release
@pytest.mark.parametrize("flags", FLAGS, ids=" ".join)
@pytest.mark.parametrize("corpus", CORPORA)
def test_descriptor_sets_are_equal(
    corpus: str, flags: list[str], ours: Tool, theirs: Tool, tmp_path: Path
) -> None:
    roots, files = CORPORA[corpus]
    assert files
    sets = {}
    for name, tool in (("ours", ours), ("theirs", theirs)):
        out = tmp_path / name
        tool.good(*roots_flags(roots), *files, f"-o{out}", *flags)
        sets[name] = out.read_bytes()
    assert sets["ours"] == sets["theirs"]


def test_files_given_as_descriptors_compile_as_sources_do(ours: Tool, tmp_path: Path) -> None:
    roots, files = CORPORA["rules/everything.proto"]
    ours.good(*roots_flags(roots), *files, f"-o{tmp_path / 'all'}", "--include_imports")
    ours.good(
        f"--descriptor_set_in={tmp_path / 'all'}",
        *files,
        f"-o{tmp_path / 'again'}",
        "--include_imports",
    )
    assert (tmp_path / "again").read_bytes() == (tmp_path / "all").read_bytes()
