"""`--edition_defaults_out`: the bytes and the errors of the official protoc, one case a row."""

from __future__ import annotations

from pathlib import Path

import pytest
from compiler_support import PROTOC, Tool, needs_protoc

DESCRIPTOR = "google/protobuf/descriptor.proto"

# Features of every kind: deprecated and removed again, an open enum with numbers as values, one extension that is a group; fields and extensions not in the order of their numbers.
CUSTOM = """
edition = "2023";
package c;
import "google/protobuf/descriptor.proto";
extend google.protobuf.FeatureSet { F second = 9997; F first = 9996 [features.message_encoding = DELIMITED]; }
message F {
  enum E { U = 0; A = 1; B = 2; }
  bool b = 5 [
    targets = TARGET_TYPE_FILE,
    feature_support = { edition_introduced: EDITION_2023 edition_deprecated: EDITION_2024 deprecation_warning: "w" edition_removed: EDITION_2026 removal_error: "gone" },
    edition_defaults = { edition: EDITION_2024 value: "t" },
    edition_defaults = { edition: EDITION_LEGACY value: " 0 # zero" }
  ];
  E e = 2 [
    targets = TARGET_TYPE_FILE,
    feature_support = { edition_introduced: EDITION_PROTO3 },
    edition_defaults = { edition: EDITION_LEGACY value: "A" },
    edition_defaults = { edition: EDITION_PROTO3 value: "7" },
    edition_defaults = { edition: EDITION_2026 value: "-1" },
    edition_defaults = { edition: EDITION_UNSTABLE value: "B" }
  ];
}
"""

# A set of features in proto2: its extension and the rest of the file, put into `FILE`.
FILE = 'syntax = "proto2";\npackage w;\nimport "google/protobuf/descriptor.proto";\nextend google.protobuf.FeatureSet {{ {} }}\n{}\n'
EXTENSION = "optional F f = 9995;"
LEGACY = 'edition_defaults = { edition: EDITION_LEGACY value: "false" }'
SUPPORT = "feature_support = { edition_introduced: EDITION_2023 }"
TARGETS = "targets = TARGET_TYPE_FILE"


def feature(*options: str, kind: str = "bool", more: str = "") -> tuple[str, str]:
    return EXTENSION, f"message F {{ {more} optional {kind} b = 1 [{', '.join(options)}]; }}"


def value(text: str, kind: str = "bool") -> tuple[str, str]:
    default = f'edition_defaults = {{ edition: EDITION_LEGACY value: "{text}" }}'
    enum = "enum E { A = 0; B = 1; }"
    return feature(TARGETS, SUPPORT, default, kind=kind, more=enum)


COMMAND_LINES = [
    DESCRIPTOR,
    f"{DESCRIPTOR} google/protobuf/cpp_features.proto google/protobuf/java_features.proto",
    "google/protobuf/cpp_features.proto",
    # protoc knows the features of C#, and not those of Go.
    "google/protobuf/c_sharp_features.proto google/protobuf/go_features.proto",
    "google/protobuf/any.proto",
    "custom.proto",
    "custom.proto google/protobuf/go_features.proto google/protobuf/java_features.proto",
    "--edition_defaults_maximum=UNSTABLE custom.proto",
    f"--edition_defaults_minimum=PROTO2 --edition_defaults_maximum=2023 {DESCRIPTOR}",
    f"--edition_defaults_minimum=2024 --edition_defaults_maximum=2023 {DESCRIPTOR}",
    f"--edition_defaults_minimum=LEGACY {DESCRIPTOR}",
    f"--edition_defaults_minimum=1_TEST_ONLY {DESCRIPTOR}",
    f"--edition_defaults_maximum=LEGACY {DESCRIPTOR}",
    f"--edition_defaults_maximum=99999_TEST_ONLY {DESCRIPTOR}",
    f"--edition_defaults_maximum=UNKNOWN --edition_defaults_maximum=MAX {DESCRIPTOR}",
    f"--edition_defaults_maximum=2023 --edition_defaults_maximum=MAX {DESCRIPTOR}",
    f"--edition_defaults_minimum=bogus {DESCRIPTOR}",
    f"--edition_defaults_maximum= {DESCRIPTOR}",
    f"--edition_defaults_out=other {DESCRIPTOR}",
    f"--encode=X {DESCRIPTOR}",
    f"--print_free_field_numbers {DESCRIPTOR}",
    "--edition_defaults_minimum",
    "",
]

FEATURES = [
    ("optional int32 f = 9995;", ""),
    ("repeated F f = 9995;", "message F {}"),
    (EXTENSION, "message F { extensions 1 to 2; }"),
    (EXTENSION, "message F { oneof o { bool b = 1; } }"),
    (EXTENSION, "message F { required bool b = 1; }"),
    (EXTENSION, "message F { repeated bool b = 1; }"),
    (EXTENSION, "message F { optional int32 b = 1; }"),
    (EXTENSION, "message F { optional bool b = 1; }"),
    feature(TARGETS),
    feature(TARGETS, LEGACY),
    feature(TARGETS, LEGACY, "feature_support = {}"),
    feature(
        TARGETS,
        LEGACY,
        "feature_support = { edition_introduced: EDITION_2024 }",
        'edition_defaults = { edition: EDITION_2023 value: "true" }',
    ),
    feature(
        TARGETS,
        LEGACY,
        'feature_support = { edition_introduced: EDITION_2023 edition_removed: EDITION_2024 removal_error: "x" }',
        'edition_defaults = { edition: EDITION_2026 value: "true" }',
    ),
    feature(
        TARGETS, LEGACY, SUPPORT, 'edition_defaults = { edition: EDITION_1_TEST_ONLY value: "f" }'
    ),
    feature(TARGETS, LEGACY, SUPPORT, 'edition_defaults = { edition: EDITION_LEGACY value: "t" }'),
    *(
        value(text)
        for text in [
            "true",
            "True",
            "t",
            "1",
            "0x1",
            "01",
            " true ",
            "true # c",
            "false",
            "T",
            "TRUE",
            "2",
            "true;",
            "",
            "'true'",
            "-0",
            "+1",
            "08",
        ]
    ),
    *(
        value(text, "E")
        for text in [
            "A",
            "B",
            "1",
            "-0",
            "0x1",
            "01",
            "5",
            "-1",
            "- 1",
            "99999999999",
            "A B",
            "w.A",
            "-A",
            "+1",
            "",
        ]
    ),
]


def outcome(tool: Tool, folder: Path, *args: str) -> tuple[int, bytes, list[str], bytes | None]:
    out = folder / "out"
    out.unlink(missing_ok=True)
    result = tool("--edition_defaults_out=out", "-I.", *args, cwd=folder)
    # protoc's parser of text format also logs; ours shows source lines, indented.
    lines = [
        line for line in result.stderr.decode().splitlines() if not line.startswith(("E", "    "))
    ]
    made = out.read_bytes() if out.exists() else None
    return result.returncode, result.stdout, lines, made


@needs_protoc
@pytest.mark.parametrize("line", COMMAND_LINES)
def test_command_lines(line: str, tmp_path: Path, ours: Tool) -> None:
    (tmp_path / "custom.proto").write_text(CUSTOM)
    args = line.split()
    assert outcome(ours, tmp_path, *args) == outcome(PROTOC, tmp_path, *args)


@needs_protoc
@pytest.mark.parametrize("extension, rest", FEATURES)
def test_features(extension: str, rest: str, tmp_path: Path, ours: Tool) -> None:
    (tmp_path / "w.proto").write_text(FILE.format(extension, rest))
    assert outcome(ours, tmp_path, "w.proto") == outcome(PROTOC, tmp_path, "w.proto")


def test_a_default_in_one_edition(tmp_path: Path, ours: Tool) -> None:
    args = ["--edition_defaults_minimum=2023", "--edition_defaults_maximum=2023", DESCRIPTOR]
    code, _, lines, made = outcome(ours, tmp_path, *args)
    assert (code, lines) == (0, [])
    assert made is not None
    # The bounds, and the edition itself: every feature may be set but those of 2024 and 2026.
    assert made.endswith(bytes.fromhex("20e80728e807"))
    assert bytes.fromhex("18e807220c080110011801200228013001" + "2a06380240014801") in made
