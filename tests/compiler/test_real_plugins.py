"""Plugins that people use make the same files from our requests as from protoc's; buf runs ours.

mypy-protobuf and grpclib come with the test packages; `make test-plugins` installs the others, from PyPI and npm. One that is not there is skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from compiler_support import CORPORA, PROTOC, Tool, needs_protoc, roots_flags, scripts_on_path

# More folders with programs, as PATH has them.
SEARCH = os.pathsep.join(filter(None, [os.environ.get("RUSSET_PLUGINS_PATH"), scripts_on_path()]))

# What each is run with.
PLUGINS = {
    "mypy": "",
    "mypy_grpc": "",
    "grpclib_python": "",
    "python_betterproto2": "",
    "py": "",
    "es": "target=ts",
    "ts_proto": "",
}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@needs_protoc
@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_same_files_as_with_protoc(plugin: str, ours: Tool, tmp_path: Path) -> None:
    if shutil.which(f"protoc-gen-{plugin}", path=SEARCH) is None:
        pytest.skip(f"protoc-gen-{plugin} is not installed here")
    roots, files = CORPORA["googleapis"]
    if plugin == "python_betterproto2":
        # It makes wrong Python of some of the others.
        files = ["google/rpc/status.proto", "google/api/http.proto", "google/type/date.proto"]
    made = []
    for name, tool in (("ours", ours), ("theirs", PROTOC)):
        out = tmp_path / name
        out.mkdir()
        flags = [f"--{plugin}_out={out}", f"--{plugin}_opt={PLUGINS[plugin]}"]
        tool.good(*roots_flags(roots), *files, *flags, cwd=tmp_path, environment={"PATH": SEARCH})
        made.append(contents(out))
    assert made[0]
    assert made[0] == made[1]


BUF_GENERATE = """version: v2
plugins:
  - local: protoc-gen-russet-python
    out: out
    opt: imports=relative
  - local: protoc-gen-russet-pyi
    out: out
    opt: imports=relative
  - local: protoc-gen-russet-grpc
    out: out
    opt: [imports=relative, pyi_out]
"""


def test_buf_runs_our_plugins(ours: Tool, tmp_path: Path) -> None:
    buf = shutil.which("buf", path=SEARCH)
    if buf is None:
        pytest.skip("buf is not installed here")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "item.proto").write_text(
        'syntax = "proto3";\npackage shop;\n// A thing.\nmessage Item { string the_name = 1; }\n'
    )
    (tmp_path / "shop" / "shop.proto").write_text(
        'syntax = "proto3";\npackage shop;\nimport "shop/item.proto";\nservice Shop { rpc Buy(Item) returns (Item); }\n'
    )
    (tmp_path / "buf.yaml").write_text("version: v2\n")
    (tmp_path / "buf.gen.yaml").write_text(BUF_GENERATE)
    subprocess.run([buf, "generate"], cwd=tmp_path, env={**os.environ, "PATH": SEARCH}, check=True)
    (tmp_path / "direct").mkdir()
    flags = [f"--{name}_out=imports=relative:direct" for name in ("python", "pyi", "grpc_python")]
    ours.good("-I.", *flags, "shop/item.proto", "shop/shop.proto", cwd=tmp_path)
    assert contents(tmp_path / "out") == contents(tmp_path / "direct")
