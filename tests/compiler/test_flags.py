"""Flags, one command line a row: exit code, standard output, standard error and the files made are those of the official protoc."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from compiler_support import PROTOC, Tool, needs_protoc

FILES = {
    "a.proto": 'syntax = "proto3";\npackage p;\nimport "b.proto";\nmessage A { B b = 1; int32 x = 5; reserved 7 to 9; map<string, int32> m = 12; }\n',
    "b.proto": 'syntax = "proto3";\npackage p;\nmessage B { int32 y = 1; }\nservice S { rpc X(B) returns (B); }\n',
    "sub/c.proto": 'syntax = "proto3";\nmessage C {}\n',
    "one.proto": 'syntax = "proto3";\nimport "two.proto";\n',
    "two.proto": 'syntax = "proto3";\nimport "one.proto";\n',
    "wrong.proto": 'syntax = "proto3"\nmessage C {}\n',
    "latin.proto": 'syntax = "proto3";\n// \xff\nmessage L { string s = 1; }\n',
    "unstable.proto": 'edition = "UNSTABLE";\nmessage U {}\n',
    "junk.set": "junk",
    "args": "-I.\nb.proto\n",
    "old.proto": """syntax = "proto2";
package t;
message T {
  required int32 r = 1;
  optional string s = 2;
  optional double d = 3;
  optional float f = 4;
  map<string, int32> m = 5;
  repeated int32 l = 6 [packed = true];
  optional T t = 7;
  optional bytes b = 8;
  optional E e = 9;
  oneof o { int64 x = 10; }
  optional group G = 11 { optional bool q = 1; }
  extensions 100 to 200;
}
enum E { E0 = 0; E1 = 1; }
extend T { optional string ext = 100; }
""",
}

SAME = """
b.proto
--python_out=out
--bogus
--bogus=1 b.proto
-x b.proto
--python_out
--python_out= b.proto
--python_out out b.proto
--python_out=out missing.proto
--python_out=missing b.proto
--python_out=b.proto b.proto
--python_out=out sub
--python_out=out -Isub b.proto
--python_out=out -Imissing -I. sub/c.proto
--python_out=out -I= b.proto
--python_out=out -I
--python_out=out -Iv=sub sub/c.proto
--python_out=out -I. -Isub sub/c.proto
--python_out=out -Isub -I. sub/c.proto
--python_out=out -Isub:. sub/c.proto
--python_out=out one.proto
--python_out=out wrong.proto
--python_out=out --python_out=out b.proto
--python_out=pyi_out,bogus:out b.proto
@args
@args -oout/set
--descriptor_set_in=missing -oout/x b.proto
--descriptor_set_in=junk.set -oout/x b.proto
--descriptor_set_in= -oout/x b.proto
--descriptor_set_in=a --descriptor_set_in=b -oout/x b.proto
-oout/x a.proto
-oout/x a.proto --include_imports
-oout/x -oout/y b.proto
-o b.proto
--descriptor_set_out= b.proto
--include_imports b.proto --dependency_out=out/d
--include_imports -oout/x b.proto --include_source_info --retain_options
-oout/missing/x b.proto
-o/dev/stdout b.proto
--dependency_out=out/d b.proto
--dependency_out=out/d -oout/x a.proto b.proto
--dependency_out=out/d -oout/x a.proto
--dependency_out= -oout/x b.proto
--dependency_out=out/d --dependency_out=out/e -oout/x b.proto
--dependency_out=out/d --descriptor_set_in=junk.set -oout/x b.proto
--descriptor_set_in=junk.set --dependency_out=out/d -oout/x b.proto
--print_free_field_numbers a.proto
--print_free_field_numbers a.proto b.proto
--print_free_field_numbers a.proto --python_out=out
--python_out=out --print_free_field_numbers a.proto
--print_free_field_numbers -oout/x a.proto
--print_free_field_numbers --decode_raw
--print_free_field_numbers --dependency_out=out/d a.proto
--decode_raw
--decode_raw a.proto
--decode_raw=1
--decode_raw --python_out=out
--decode=t.T
--decode=t.Z old.proto
--decode= old.proto
--encode= old.proto
--encode=t.Z old.proto
--encode=t.T --decode=t.T old.proto
--encode=t.T --python_out=out old.proto
--python_out=out --encode=t.T old.proto
--encode=t.T -oout/x old.proto
-oout/x --encode=t.T old.proto
--deterministic_output -oout/x b.proto
--deterministic_output --decode=t.T old.proto
--error_format=x b.proto
--error_format=gcc -oout/x wrong.proto
--error_format=msvs -oout/x wrong.proto
--disallow_services -oout/x b.proto
--disallow_services -oout/x sub/c.proto
--direct_dependencies= -oout/x a.proto
--direct_dependencies=b.proto -oout/x a.proto
--direct_dependencies=c.proto -oout/x a.proto
--direct_dependencies=c.proto --direct_dependencies_violation_msg=no:%s -oout/x a.proto
--direct_dependencies=c.proto --direct_dependencies=x -oout/x a.proto
--option_dependencies=c.proto -oout/x a.proto
--option_dependencies=c.proto --option_dependencies=x -oout/x a.proto
--experimental_editions -oout/x b.proto
-oout/x unstable.proto
--python_out=out unstable.proto
--experimental_allow_proto3_optional -oout/x b.proto
--plugin=x -oout/x b.proto
--enable_codegen_trace -oout/x b.proto
--enable_codegen_trace=1 --python_out=out b.proto
--enable_codegen_trace=1 --plugin=protoc-gen-env=print-trace --env_out=out b.proto
--python_opt=x -oout/x b.proto
--python_opt
""".strip("\n").split("\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flags")
    (path / "sub").mkdir()
    for name, text in FILES.items():
        (path / name).write_bytes(text.encode("latin-1"))
    # Its answer is not one: what it was told is part of the error.
    plugin = path / "print-trace"
    plugin.write_text('#!/bin/sh\necho "$PROTOC_CODEGEN_TRACE"\n')
    plugin.chmod(0o755)
    return path


def outcome(tool: Tool, folder: Path, args: list[str], stdin: bytes = b"") -> tuple[object, ...]:
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    result = tool(*args, cwd=folder, stdin=stdin)
    made = {
        str(path.relative_to(out)): None if path.suffix == ".py" else path.read_bytes()
        for path in out.rglob("*")
        if path.is_file()
    }
    # The source lines that ours shows below its messages are indented; our generator knows more options.
    lines = [line for line in result.stderr.decode().splitlines() if not line.startswith("    ")]
    return result.returncode, result.stdout, lines, made


@needs_protoc
@pytest.mark.parametrize("line", SAME)
def test_as_protoc(line: str, folder: Path, ours: Tool) -> None:
    args = line.split()
    assert outcome(ours, folder, args) == outcome(PROTOC, folder, args)


TEXTS = [
    'r: 1 s: "h\\303\\251\\n\\"x" d: 0.1 f: 3.4e38 m { key: "b" value: 2 } m { key: "a" value: 1 }',
    "r: 1 l: [1, 2, 300] t { r: 2 d: inf f: 1e-5 } e: E1 x: -5 G { q: true }",
    'r: 1 b: "\\000\\377abc" [t.ext]: "e"',
    "r: 1 d: 1e300 f: 16777216 t { r: 1 d: 123456789.123 f: 0.333333333 t { r: 1 d: -0.0 f: nan } }",
    "s: 'no r'",
    "",
]


@needs_protoc
@pytest.mark.parametrize("text", TEXTS)
def test_encode_and_decode(text: str, folder: Path, ours: Tool) -> None:
    args = ["old.proto", "--encode=t.T", "--deterministic_output"]
    encoded = outcome(ours, folder, args, text.encode())
    assert encoded == outcome(PROTOC, folder, args, text.encode())
    binary = encoded[1]
    assert isinstance(binary, bytes)
    # Something that the type does not know, too.
    for data in (binary, binary + b"\xf8\x3f\x01\xfa\x3f\x02\x08\x01"):
        args = ["old.proto", "--decode=t.T"]
        assert outcome(ours, folder, args, data) == outcome(PROTOC, folder, args, data)
        assert outcome(ours, folder, ["--decode_raw"], data) == outcome(
            PROTOC, folder, ["--decode_raw"], data
        )


@needs_protoc
@pytest.mark.parametrize(
    "text",
    [
        "s: 1",
        "zz: 1",
        "r: 99999999999",
        's: "x',
        "r: 1 r: 2",
        "t {",
        "e: E9",
        "x: 1.5",
        "[t.no]: 1",
    ],
)
def test_wrong_text(text: str, folder: Path, ours: Tool) -> None:
    args = ["old.proto", "--encode=t.T"]
    code, stdout, lines, _ = outcome(ours, folder, args, text.encode())
    expected = outcome(PROTOC, folder, args, text.encode())
    assert (code, stdout) == expected[:2]
    assert isinstance(lines, list)
    assert lines[-1] == "Failed to parse input."
    assert lines[0].startswith("input:1:")


@needs_protoc
def test_wrong_binary(folder: Path, ours: Tool) -> None:
    args = ["old.proto", "--decode=t.T"]
    code, stdout, lines, _ = outcome(ours, folder, args, b"\x08")
    expected = outcome(PROTOC, folder, args, b"\x08")
    assert (code, stdout) == expected[:2]
    assert isinstance(lines, list)
    # Ours says why first.
    assert lines[-1] == "Failed to parse input."


def test_types_of_descriptor_sets_need_no_input_file(folder: Path, ours: Tool) -> None:
    ours.good("old.proto", "-oold.set", cwd=folder)
    result = ours("--descriptor_set_in=old.set", "--decode=t.T", cwd=folder, stdin=b"\x08\x01")
    assert result.stdout == b"r: 1\n"


def test_what_ours_says_more(folder: Path, ours: Tool) -> None:
    for args, expected in [
        (
            [""],
            "You seem to have passed an empty string as one of the arguments to russet.protoc.  This is actually sort of hard to do.  Congrats.  Unfortunately it is not valid input so the program is going to die now.\n",
        ),
        (["@missing"], "Failed to open argument file: missing: No such file or directory\n"),
    ]:
        result = ours(*args, cwd=folder)
        assert (result.returncode, result.stderr.decode()) == (1, expected)
    assert b"Apache License" in ours("--notices").stdout


def test_a_pipe_that_nobody_reads_is_no_crash(folder: Path, ours: Tool) -> None:
    process = subprocess.Popen(
        [*ours.command, "--print_free_field_numbers", "a.proto"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, stderr = process.communicate()
    assert process.returncode in (0, 1)
    assert b"panicked" not in stderr
