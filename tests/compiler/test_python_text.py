"""Generated Python: with the originals' runtimes the text is the originals'; without, it imports Russet."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from compiler_support import (
    CORPORA,
    PROTOC,
    Tool,
    needs_oracle_release,
    needs_protoc,
    roots_flags,
)


def texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.py*")}


@needs_protoc
@needs_oracle_release
@pytest.mark.parametrize("corpus", CORPORA)
def test_text_for_the_original_runtimes_is_equal(
    corpus: str, ours: Tool, theirs: Tool, tmp_path: Path
) -> None:
    roots, files = CORPORA[corpus]
    (tmp_path / "ours").mkdir()
    (tmp_path / "theirs").mkdir()
    out = tmp_path / "ours"
    ours.good(
        *roots_flags(roots),
        *files,
        f"--python_out=runtime=google:{out}",
        f"--pyi_out={out}",
        "--pyi_opt=runtime=google",
        f"--grpc_python_out={out}",
        "--grpc_python_opt=runtime=grpcio",
    )
    out = tmp_path / "theirs"
    PROTOC.good(*roots_flags(roots), *files, f"--python_out={out}", f"--pyi_out={out}")
    theirs.good(*roots_flags(roots), *files, f"--grpc_python_out={out}")
    expected = texts(tmp_path / "theirs")
    found = texts(tmp_path / "ours")
    assert found.keys() == expected.keys()
    different = [name for name in expected if found[name] != expected[name]]
    assert different == []


@pytest.mark.parametrize("corpus", CORPORA)
def test_default_text_is_python_that_imports_only_russet(
    corpus: str, ours: Tool, tmp_path: Path
) -> None:
    roots, files = CORPORA[corpus]
    out = f"{tmp_path}"
    ours.good(
        *roots_flags(roots),
        *files,
        f"--python_out={out}",
        f"--pyi_out={out}",
        f"--grpc_python_out={out}",
    )
    own = {file.removesuffix(".proto").replace("/", ".") for file in files}
    for name, text in texts(tmp_path).items():
        tree = ast.parse(text, name)
        for node in ast.walk(tree):
            modules = []
            if isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            for module in modules:
                assert not module.startswith(("google.protobuf", "grpc")), (name, module)
        assert "ValidateProtobufRuntimeVersion" not in text
        assert "first_version_is_lower" not in text
    assert own
