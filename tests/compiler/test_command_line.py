"""protoc's command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import russet.protoc
from compiler_support import Tool

ROUTE = """syntax = "proto3";
package routeguide;
service RouteGuide {
  // A simple RPC.
  rpc GetFeature(Point) returns (Feature) {}
}
message Point { int32 latitude = 1; }
message Feature { string name = 1; Point location = 2; }
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "protos").mkdir()
    (tmp_path / "protos" / "route_guide.proto").write_text(ROUTE)
    (tmp_path / "flat.proto").write_text('syntax = "proto3";\nmessage Flat {}\n')
    return tmp_path


def test_the_command_line_of_the_basics_tutorial(ours: Tool, project: Path) -> None:
    ours.good(
        "--proto_path=./protos",
        "--python_out=.",
        "--pyi_out=.",
        "--grpc_python_out=.",
        "./protos/route_guide.proto",
        cwd=project,
    )
    made = {path.name for path in project.glob("route_guide*")}
    assert made == {
        "route_guide_pb2.py",
        "route_guide_pb2.pyi",
        "route_guide_pb2_grpc.py",
        "route_guide_pb2_grpc.pyi",
    }


def test_the_command_line_over_all_files_of_a_folder(ours: Tool, project: Path) -> None:
    names = sorted(path.name for path in project.glob("*.proto"))
    ours.good("--proto_path=.", "--python_out=.", "--grpc_python_out=.", *names, cwd=project)
    assert (project / "flat_pb2_grpc.py").exists()


def test_russet_protoc_and_python_m_russet(project: Path) -> None:
    for command in (["-m", "russet", "protoc"], ["-m", "russet.protoc"]):
        subprocess.run(
            [sys.executable, *command, "-Iprotos", "--python_out=.", "route_guide.proto"],
            cwd=project,
            check=True,
        )
        (project / "route_guide_pb2.py").unlink()


def test_main_returns_the_exit_code(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    argv = ["protoc", f"-I{project}", f"--python_out={project}", "flat.proto"]
    assert russet.protoc.main(argv) == 0
    assert russet.protoc.main(["protoc", "missing.proto", "--python_out=."]) == 1
    assert capfd.readouterr().err == (
        "Could not make proto path relative: missing.proto: No such file or directory\n"
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--python_out=."], "Missing input file."),
        (["flat.proto"], "Missing output directives."),
        (["flat.proto", "--nonsense"], "Missing value for flag: --nonsense"),
        (["flat.proto", "--nonsense=1"], "Unknown flag: --nonsense"),
        (["flat.proto", "--python_out=missing"], "missing/: No such file or directory"),
        (
            ["-Iprotos", "flat.proto", "--python_out=."],
            "flat.proto: File does not reside within any path",
        ),
        (
            ["flat.proto", "--python_out=bogus=1:."],
            "--python_out: flat.proto: Unknown generator option: bogus",
        ),
        (
            ["flat.proto", "--cpp_out=."],
            "--cpp_out: protoc's generator for cpp is not part of Russet",
        ),
        (["@missing.txt"], "Failed to open argument file: missing.txt"),
        (["protos", "--python_out=."], "protos: Input file is a directory."),
    ],
)
def test_wrong_command_lines(args: list[str], message: str, ours: Tool, project: Path) -> None:
    result = ours(*args, cwd=project)
    assert result.returncode == 1
    assert message in result.stderr.decode()
    assert not list(project.rglob("*.py"))


def test_arguments_from_a_file(ours: Tool, project: Path) -> None:
    (project / "args").write_text("-Iprotos\n--python_out=.\nprotos/route_guide.proto\n")
    ours.good("@args", cwd=project)
    assert (project / "route_guide_pb2.py").exists()


def test_roots_are_searched_in_order_and_shadowing_is_an_error(ours: Tool, project: Path) -> None:
    (project / "first").mkdir()
    (project / "first" / "route_guide.proto").write_text(ROUTE)
    result = ours("-Ifirst", "-Iprotos", "--python_out=.", "protos/route_guide.proto", cwd=project)
    assert result.returncode == 1
    assert b'Input is shadowed in the --proto_path by "first/route_guide.proto"' in result.stderr


def test_a_virtual_path(ours: Tool, project: Path) -> None:
    ours.good("-Iapi/v1=protos", "--python_out=.", "protos/route_guide.proto", cwd=project)
    assert (project / "api" / "v1" / "route_guide_pb2.py").exists()


def test_a_rule_for_make(ours: Tool, theirs: Tool, project: Path) -> None:
    (project / "use.proto").write_text(
        'syntax = "proto3";\nimport "flat.proto";\nmessage U { Flat f = 1; }\n'
    )
    args = ["-I.", "use.proto", "--python_out=.", "--dependency_out=deps"]
    ours.good(*args, cwd=project)
    found = (project / "deps").read_text()
    theirs.good(*args, cwd=project)
    assert found == (project / "deps").read_text()


def test_files_are_replaced_whole_and_no_temporary_files_stay(ours: Tool, project: Path) -> None:
    (project / "flat_pb2.py").write_text("old")
    ours.good("flat.proto", "--python_out=.", cwd=project)
    assert (project / "flat_pb2.py").read_text().startswith("# -*- coding")
    assert not list(project.glob("*.tmp"))


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="needs a folder that cannot be written"
)
def test_nothing_is_written_when_one_output_cannot_be(ours: Tool, project: Path) -> None:
    (project / "locked").mkdir(mode=0o500)
    result = ours("flat.proto", "--python_out=.", "-olocked/set", cwd=project)
    assert result.returncode == 1
    assert not list(project.glob("*.py"))


def test_decode_raw(project: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "russet.protoc", "--decode_raw"],
        input=b"\x08\x96\x01\x12\x02\x08\x01",
        capture_output=True,
        check=True,
    )
    assert result.stdout == b"1: 150\n2 {\n  1: 1\n}\n"


def test_free_field_numbers(ours: Tool, theirs: Tool, project: Path) -> None:
    (project / "free.proto").write_text(
        'syntax = "proto3";\npackage p;\nmessage A {\n  int32 a = 1;\n  int32 b = 4;\n  reserved 6 to 9;\n  message B { int32 c = 2; }\n}\n'
    )
    args = ["--print_free_field_numbers", "-I.", "free.proto"]
    assert ours(*args, cwd=project).stdout == theirs(*args, cwd=project).stdout


def test_version_and_help(ours: Tool) -> None:
    assert ours("--version").stdout.startswith(b"libprotoc ")
    assert b"--python_out" in ours("--help").stdout
