"""Files that reach others by public imports in exponentially many ways: what is generated grows with the files, not with the ways."""

from __future__ import annotations

from pathlib import Path

import pytest
from compiler_support import Tool

LEVELS = 20


@pytest.mark.parametrize(
    "flag",
    [
        "--python_out",
        "--python_out=runtime=google",
        "--pyi_out",
        "--pyi_out=runtime=google",
        "--grpc_python_out",
        "--grpc_pyi_out",
    ],
)
def test_a_file_is_named_a_few_times(flag: str, tmp_path: Path) -> None:
    names = []
    for level in range(LEVELS):
        for side in "ab":
            imports = [f'import public "{other}{level - 1}.proto";' for other in "ab" if level]
            text = ['syntax = "proto3";', "package p;", *imports]
            text.append(f"message {side.upper()}{level} {{}}")
            names.append(f"{side}{level}.proto")
            (tmp_path / names[-1]).write_text("\n".join(text))
    service = (
        'syntax = "proto3"; package p; import "a{0}.proto"; service S {{ rpc M(A0) returns (A0); }}'
    )
    (tmp_path / "top.proto").write_text(service.format(LEVELS - 1))
    out = tmp_path / "out"
    out.mkdir()
    option, _, value = flag.partition("=")
    target = f"{value}:{out}" if value else str(out)
    Tool("russet.protoc").good("-I.", f"{option}={target}", *names, "top.proto", cwd=tmp_path)
    sizes = [path.stat().st_size for path in out.iterdir()]
    assert sizes
    assert max(sizes) < 200_000
