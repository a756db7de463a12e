"""Generated code as part of a package, and names that are Python's keywords."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from compiler_support import PROTOC, Tool, needs_protoc, scripts_on_path

FILES = {
    "top.proto": """syntax = "proto3";
package t;
import "inner/deep/leaf.proto";
import public "inner/side.proto";
import "google/protobuf/timestamp.proto";
message Top { Leaf leaf = 1; Side side = 2; google.protobuf.Timestamp at = 3; }
service Tops { rpc Get(Leaf) returns (Top); }
""",
    "inner/side.proto": 'syntax = "proto3";\npackage t;\nmessage Side { string name = 1; }\n',
    "inner/deep/leaf.proto": """syntax = "proto3";
package t;
import "inner/side.proto";
message Leaf { Side side = 1; }
service Leaves { rpc Get(Leaf) returns (Side); }
""",
}

USE = """
import pickle
from outer.made import top_pb2, top_pb2_grpc
from outer.made.inner.deep import leaf_pb2, leaf_pb2_grpc
top = top_pb2.Top(leaf={"side": {"name": "x"}}, side=top_pb2.Side(name="y"))
assert type(top).__module__ == "outer.made.top_pb2"
assert pickle.loads(pickle.dumps(top)) == top
assert isinstance(top.leaf, leaf_pb2.Leaf)
assert hasattr(top_pb2_grpc, "TopsStub") and hasattr(leaf_pb2_grpc, "LeavesServicer")
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def run(code: str, folder: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path / "protos", FILES)
    (tmp_path / "outer" / "made").mkdir(parents=True)
    return tmp_path


def generate(ours: Tool, project: Path, parameter: str) -> None:
    ours.good(
        "-Iprotos",
        f"--python_out={parameter}:outer/made",
        f"--grpc_python_out={parameter}:outer/made",
        f"--pyi_out={parameter}:outer/made",
        *FILES,
        cwd=project,
    )


def test_relative_imports_work_in_a_package(ours: Tool, project: Path) -> None:
    generate(ours, project, "imports=relative")
    run(USE, project)


def test_packages_are_marked_and_markers_with_content_stay(ours: Tool, project: Path) -> None:
    kept = project / "outer" / "made" / "inner" / "__init__.py"
    kept.parent.mkdir()
    kept.write_text("MINE = 1\n")
    generate(ours, project, "imports=relative,init=true")
    made = {str(path.relative_to(project)) for path in project.rglob("__init__.py")}
    assert made == {
        "outer/made/__init__.py",
        "outer/made/inner/__init__.py",
        "outer/made/inner/deep/__init__.py",
    }
    assert kept.read_text() == "MINE = 1\n"
    run(USE, project)


def test_what_comes_with_a_package_of_its_own_stays_absolute(ours: Tool, project: Path) -> None:
    write(
        project / "protos",
        {
            "google/rpc/x.proto": 'syntax = "proto3";\npackage google.rpc;\nmessage X {}\n',
            "vendor/y.proto": 'syntax = "proto3";\npackage vendor;\nmessage Y {}\n',
            "z.proto": """syntax = "proto3";
import "google/rpc/x.proto";
import "vendor/y.proto";
message Z { google.rpc.X x = 1; vendor.Y y = 2; }
""",
        },
    )
    options = "imports=relative,absolute=vendor"
    ours.good("-Iprotos", f"--python_out={options}:outer", "z.proto", cwd=project)
    text = (project / "outer" / "z_pb2.py").read_text()
    assert "from google.rpc import x_pb2" in text
    assert "from vendor import y_pb2" in text
    ours.good(
        "-Iprotos", f"--python_out={options}:outer", "z.proto", "google/rpc/x.proto", cwd=project
    )
    assert "from .google.rpc import x_pb2" in (project / "outer" / "z_pb2.py").read_text()


@needs_protoc
def test_markers_are_refused_in_a_plugin(project: Path) -> None:
    result = PROTOC(
        "-Iprotos",
        "--russet-python_out=init=true:outer",
        "inner/side.proto",
        cwd=project,
        environment={"PATH": scripts_on_path()},
    )
    assert result.returncode == 1
    assert b"init=true works with russet protoc only" in result.stderr


KEYWORDS = {
    "class/import.proto": """syntax = "proto2";
package k;
message None { optional int32 from = 1; message class { optional None x = 1; } }
service def { rpc import(None) returns (None.class); rpc plain(None) returns (None); }
""",
    "use.proto": """syntax = "proto2";
package k;
import "class/import.proto";
message Use { optional None none = 1; }
service Uses { rpc pass(None) returns (Use); }
""",
}

USE_KEYWORDS = """
import importlib
import use_pb2, use_pb2_grpc
other = importlib.import_module("class.import_pb2")
grpc_module = importlib.import_module("class.import_pb2_grpc")
use = use_pb2.Use(none={"from": 1})
assert isinstance(use.none, getattr(other, "None"))

class Channel:
    def unary_unary(self, method, **kwargs):
        return method

stub = grpc_module.defStub(Channel())
assert getattr(stub, "import") == "/k.def/import" and stub.plain == "/k.def/plain"
assert callable(getattr(grpc_module.defServicer, "import"))
assert callable(getattr(getattr(grpc_module, "def"), "import"))

class Server:
    def add_generic_rpc_handlers(self, handlers): ...
    def add_registered_method_handlers(self, name, handlers):
        assert set(handlers) == {"import", "plain"}, handlers

grpc_module.add_defServicer_to_server(grpc_module.defServicer(), Server())
assert getattr(use_pb2_grpc.UsesStub(Channel()), "pass") == "/k.Uses/pass"
"""


def test_names_that_are_keywords(ours: Tool, tmp_path: Path) -> None:
    write(tmp_path, KEYWORDS)
    flags = ["--python_out=.", "--grpc_python_out=.", "--pyi_out=."]
    ours.good("-I.", *flags, *KEYWORDS, cwd=tmp_path)
    run(USE_KEYWORDS, tmp_path)
    for stub in tmp_path.rglob("*.pyi"):
        compile(stub.read_text(), str(stub), "exec")
