"""Wrong files: what is printed, where, and that nothing is written."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import russet.protoc
from compiler_support import Tool
from wrong_files import Case, all_cases

CASES = all_cases()


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 400


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_messages_and_positions(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    out.mkdir()
    case.write(source)
    monkeypatch.chdir(source)
    code = russet.protoc.main(["protoc", "-I.", f"{case.name}.proto", f"--python_out={out}"])
    shown = capfd.readouterr().err.splitlines()
    assert sorted(line for line in shown if re.match(r"\S+\.proto:", line)) == case.lines
    is_error = any(": warning: " not in line for line in case.lines)
    assert code == int(is_error)
    assert any(out.iterdir()) != is_error


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_verdict_is_always_that_of_protoc(case: Case) -> None:
    ours, theirs = (
        any(": warning: " not in line for line in lines) for lines in (case.lines, case.expected)
    )
    if "string is UTF-8" not in case.reason:
        assert ours == theirs


WRONG = """syntax = "proto3";
message A {
  Timestamp a = 1;
}
message A {}
"""


def test_a_program_that_reads_the_output_gets_lines_only(ours: Tool, tmp_path: Path) -> None:
    (tmp_path / "x.proto").write_text(WRONG)
    result = ours("-I.", "x.proto", "--python_out=.", cwd=tmp_path)
    assert result.stderr.decode().splitlines() == [
        'x.proto:5:9: "A" is already defined.',
        'x.proto:3:3: "Timestamp" is not defined.',
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_the_source_line_a_hint_and_the_other_place_are_shown(
    tmp_path: Path,
) -> None:
    (tmp_path / "x.proto").write_text(WRONG)
    ours, terminal = os.openpty()
    command = [sys.executable, "-m", "russet.protoc", "-I.", "x.proto", "--python_out=."]
    subprocess.run(command, cwd=tmp_path, stderr=terminal, check=False)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):
        # Linux ends a terminal that nobody has open with an error.
        while chunk := os.read(ours, 4096):
            shown += chunk
    os.close(ours)
    assert (
        shown.decode().replace("\r\n", "\n")
        == """\
x.proto:5:9: "A" is already defined.
    message A {}
            ^
    note: x.proto:2:9: the other definition is here
    message A {
            ^
x.proto:3:3: "Timestamp" is not defined.
      Timestamp a = 1;
      ^
    hint: did you mean "google.protobuf.Timestamp"? it is defined in \
"google/protobuf/timestamp.proto", which is not imported
"""
    )


def test_errors_of_all_files_are_shown_and_nothing_is_written(ours: Tool, tmp_path: Path) -> None:
    (tmp_path / "good.proto").write_text('syntax = "proto3";\nmessage A {}\n')
    for name in ("one", "two"):
        (tmp_path / f"{name}.proto").write_text('syntax = "proto3";\nmessage {}\n')
    result = ours("good.proto", "one.proto", "two.proto", "--python_out=.", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.count(b"Expected message name.") == 2
    assert not list(tmp_path.glob("*.py"))


@pytest.mark.parametrize(
    ("format_flag", "expected"),
    [
        ("--error_format=gcc", 'x.proto:1:15: Expected ";".'),
        ("--error_format=msvs", 'x.proto(1) : error in column=15: Expected ";".'),
    ],
)
def test_error_formats(format_flag: str, expected: str, ours: Tool, tmp_path: Path) -> None:
    (tmp_path / "x.proto").write_text('syntax="proto3"\n')
    (tmp_path / "x.proto").write_text("package a.b.c message")
    result = ours("-I.", "x.proto", "--python_out=.", format_flag, cwd=tmp_path)
    assert expected in result.stderr.decode().splitlines()


def test_warnings_can_be_fatal(ours: Tool, tmp_path: Path) -> None:
    (tmp_path / "x.proto").write_text('syntax = "proto3";\nimport "google/protobuf/any.proto";\n')
    assert ours("x.proto", "--python_out=.", cwd=tmp_path).returncode == 0
    (tmp_path / "x_pb2.py").unlink()
    result = ours("x.proto", "--python_out=.", "--fatal_warnings", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.decode().startswith(
        "x.proto:2:1: warning: Import google/protobuf/any.proto is unused.\n"
    )
    assert not list(tmp_path.glob("*.py"))
