"""Plugins: the same request bytes as from protoc, the same files and messages from the answer; and our generators as plugins."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from compiler_support import (
    CORPORA,
    PROTOC,
    Tool,
    needs_protoc,
    roots_flags,
    scripts_on_path,
)

PLUGIN = Path(__file__).parent / "recording_plugin.py"

PLAIN = """syntax = "proto3";
package p;
import "modern.proto";
// A comment.
message A { B b = 1; map<string, int32> m = 2; optional int32 foo_bar = 3; }
"""

MODERN = """edition = "2023";
package p;
import "google/protobuf/descriptor.proto";
extend google.protobuf.MessageOptions {
  string in_source = 50000 [retention = RETENTION_SOURCE];
  string at_run_time = 50001;
}
message B { option (in_source) = "x"; option (at_run_time) = "y"; }
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "plain.proto").write_text(PLAIN)
    (tmp_path / "modern.proto").write_text(MODERN)
    plugin = tmp_path / "plugin"
    plugin.write_text(f"#!/bin/sh\nexec {sys.executable} {PLUGIN}\n")
    plugin.chmod(0o755)
    return tmp_path


def outcome(
    tool: Tool, project: Path, args: list[str], environment: dict[str, str]
) -> tuple[int, str, dict[str, bytes]]:
    out = project / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    flags = ["-I.", "--plugin=protoc-gen-x=./plugin", "--x_out=out"]
    result = tool(*flags, *args, cwd=project, environment=environment)
    files = {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }
    return result.returncode, result.stderr.decode(), files


ANSWERS = {
    "files": "response.file.add(name='a/b', content='c'); response.file.add(name='d')",
    "chunks": "response.file.add(name='a', content='b'); response.file.add(content='c')",
    "insertion": "response.file.add(name='a', content='1\\n\\t # @@protoc_insertion_point(p)'); response.file.add(name='a', insertion_point='p', content='x\\n\\ny'); response.file.add(name='a', insertion_point='p', content='z')",
    "inline insertion": "response.file.add(name='a', content='f( /* @@protoc_insertion_point(p) */)'); response.file.add(name='a', insertion_point='p', content='x')",
    "no such point": "response.file.add(name='a'); response.file.add(name='a', insertion_point='p')",
    "no such file": "response.file.add(name='a', insertion_point='p')",
    "no name": "response.file.add(content='a')",
    "twice": "response.file.add(name='a'); response.file.add(name='a')",
    "upwards": "response.file.add(name='../a')",
    "two dots in a name": "response.file.add(name='a..b')",
    "absolute": "response.file.add(name='/a/b', content='c')",
    "an error": "response.error = 'no'; response.file.add(name='a')",
    "nonsense": "sys.stdout.write('\\x01junk\"')",
    "exit code": "sys.exit(3)",
    "killed": "os.kill(os.getpid(), 9)",
    "nothing": "",
}


@needs_protoc
@pytest.mark.parametrize("answer", ANSWERS)
def test_answers(answer: str, ours: Tool, project: Path) -> None:
    environment = {"ANSWER": ANSWERS[answer]}
    found = outcome(ours, project, ["plain.proto"], environment)
    assert found == outcome(PROTOC, project, ["plain.proto"], environment)


def test_a_plugin_that_does_not_read_its_request(ours: Tool, project: Path) -> None:
    environment = {"DEAF": "1", "ANSWER": "response.file.add(name='a')"}
    code, stderr, files = outcome(ours, project, ["plain.proto"], environment)
    assert (code, stderr, set(files)) == (0, "", {"a"})


@needs_protoc
@pytest.mark.parametrize(
    "answer",
    [
        "response.supported_features = 0",
        "response.supported_features = 1",
        "response.maximum_edition = 999",
        "response.minimum_edition = 1001",
    ],
)
@pytest.mark.parametrize("file", ["plain.proto", "modern.proto"])
def test_files_that_a_plugin_does_not_support(
    answer: str, file: str, ours: Tool, project: Path
) -> None:
    environment = {"ANSWER": answer}
    code, stderr, files = outcome(ours, project, [file], environment)
    expected_code, expected, _ = outcome(PROTOC, project, [file], environment)
    # protoc ends with the flag and nothing after it.
    assert (code, stderr.strip()) == (
        expected_code,
        expected.strip().removesuffix("--x_out:").strip(),
    )
    assert not files


@needs_protoc
@pytest.mark.parametrize(
    "args",
    [
        ["--missing_out=out"],
        ["--x_prefix=env A=B"],
        ["--x_prefix=env 'A'"],
        ["--x_prefix=missing"],
        ["--x_prefix="],
        ["--x_out=out"],
        ["--x_out=out/a.jar"],
        ["--x_out=out/a.zip", "--x_opt=y"],
    ],
    ids=" ".join,
)
def test_flags_of_plugins(args: list[str], ours: Tool, project: Path) -> None:
    environment = {"ANSWER": "response.file.add(name='a', content=request.parameter)"}
    args = ["plain.proto", *args]
    found = outcome(ours, project, args, environment)
    assert found == outcome(PROTOC, project, args, environment)


@needs_protoc
def test_a_folder_that_is_not_there(ours: Tool, project: Path) -> None:
    environment = {"ANSWER": "response.file.add(name='a')"}
    args = ["plain.proto", "--x_out=nowhere"]
    code, stderr, files = outcome(ours, project, args, environment)
    expected_code, expected, _ = outcome(PROTOC, project, args, environment)
    assert (code, stderr) == (expected_code, expected)
    # protoc may have written the other folder by then.
    assert not files


@needs_protoc
@pytest.mark.parametrize("parameter", ["", "a=1,b:"])
@pytest.mark.parametrize(
    "files",
    [["plain.proto"], ["modern.proto", "plain.proto"], ["google/protobuf/descriptor.proto"]],
    ids=" ".join,
)
def test_requests_are_protocs(files: list[str], parameter: str, ours: Tool, project: Path) -> None:
    recorded = []
    for tool in (ours, PROTOC):
        tool.good(
            f"-I{project}",
            # The same sources for both: each bundles those of its own release.
            f"-I{PROTOC.include}",
            f"--plugin=protoc-gen-x={project / 'plugin'}",
            f"--x_out={parameter}{project}",
            "--x_opt=c,d",
            *files,
            cwd=project,
            environment={"RECORD": str(project / "request")},
        )
        recorded.append((project / "request").read_bytes())
    assert recorded[0] == recorded[1]


@needs_protoc
@pytest.mark.parametrize("corpus", CORPORA)
def test_requests_over_the_corpora_are_protocs(corpus: str, ours: Tool, project: Path) -> None:
    roots, files = CORPORA[corpus]
    recorded = []
    for tool in (ours, PROTOC):
        flags = [f"--plugin=protoc-gen-x={project / 'plugin'}", f"--x_out={project}"]
        environment = {"RECORD": str(project / "request")}
        tool.good(*roots_flags(roots), *flags, *files, environment=environment)
        recorded.append((project / "request").read_bytes())
    assert recorded[0] == recorded[1]


def test_plugins_side_by_side_share_their_files(ours: Tool, project: Path) -> None:
    for name in ("first", "second"):
        path = project / f"protoc-gen-{name}"
        shutil.copy(project / "plugin", path)
    answer = """
if request.parameter == 'first':
    response.file.add(name='a', content='# @@protoc_insertion_point(p)')
else:
    response.file.add(name='a', insertion_point='p', content='second')
"""
    ours.good(
        "--first_out=first:.",
        "--second_out=second:.",
        "plain.proto",
        cwd=project,
        environment={"ANSWER": answer, "PATH": f"{project}{os.pathsep}{os.environ['PATH']}"},
    )
    assert (project / "a").read_text() == "second\n# @@protoc_insertion_point(p)"


def test_a_plugin_may_insert_into_our_own_output(ours: Tool, project: Path) -> None:
    answer = "response.file.add(name='plain_pb2.py', insertion_point='module_scope', content='X=1')"
    flags = ["--python_out=.", "--plugin=protoc-gen-x=./plugin", "--x_out=."]
    ours.good(*flags, "plain.proto", cwd=project, environment={"ANSWER": answer})
    text = (project / "plain_pb2.py").read_text()
    assert "X=1\n# @@protoc_insertion_point(module_scope)" in text


def test_languages_of_protoc_name_the_way_out(ours: Tool, project: Path) -> None:
    result = ours("--cpp_out=.", "plain.proto", cwd=project)
    assert result.returncode == 1
    assert b"--plugin=protoc-gen-cpp=PATH" in result.stderr


@needs_protoc
@pytest.mark.parametrize("corpus", CORPORA)
def test_our_generators_as_plugins_of_protoc(corpus: str, ours: Tool, tmp_path: Path) -> None:
    roots, files = CORPORA[corpus]
    (tmp_path / "plugins").mkdir()
    (tmp_path / "direct").mkdir()
    out = tmp_path / "plugins"
    PROTOC.good(
        *roots_flags(roots),
        *files,
        f"--russet-python_out={out}",
        f"--russet-pyi_out={out}",
        f"--russet-grpc_out={out}",
        f"--russet-grpc-pyi_out={out}",
        environment={"PATH": scripts_on_path()},
    )
    out = tmp_path / "direct"
    ours.good(
        *roots_flags(roots),
        *files,
        f"--python_out={out}",
        f"--pyi_out={out}",
        f"--grpc_python_out={out}",
        f"--grpc_pyi_out={out}",
    )
    assert contents(tmp_path / "plugins") == contents(tmp_path / "direct")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@needs_protoc
@pytest.mark.parametrize("plugin", ["mypy", "mypy_grpc"])
def test_mypy_protobuf(plugin: str, ours: Tool, tmp_path: Path) -> None:
    pytest.importorskip("mypy_protobuf")
    roots, files = CORPORA["googleapis"]
    made = []
    for name, tool in (("ours", ours), ("theirs", PROTOC)):
        out = tmp_path / name
        out.mkdir()
        environment = {"PATH": scripts_on_path()}
        tool.good(*roots_flags(roots), *files, f"--{plugin}_out={out}", environment=environment)
        made.append(contents(out))
    assert made[0]
    assert made[0] == made[1]
