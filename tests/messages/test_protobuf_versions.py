"""Rules that differ between the major versions of protobuf follow the version that is chosen. What is expected was seen on protobuf 5.29.6, 6.33.6 and 7.36.2."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Seconds; far beyond what one takes.
LIMIT = 50

PROGRAM = """
import warnings
from russet import protobuf
from russet.protobuf import descriptor_pb2, wrappers_pb2

def scalar():
    message = wrappers_pb2.Int32Value()
    message.value = True
    return message.value

def keyword():
    return wrappers_pb2.UInt64Value(value=True).value

def element():
    message = descriptor_pb2.SourceCodeInfo.Location()
    message.path.append(True)
    message.path[0] = False
    return list(message.path)

def enum():
    message = descriptor_pb2.FieldDescriptorProto()
    message.label = True
    return message.label

for set_one in (scalar, keyword, element, enum):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = set_one()
        except TypeError as error:
            result = error
    print(set_one.__name__, result, {w.category.__name__ for w in caught})
print(wrappers_pb2.BoolValue(value=1).value, wrappers_pb2.DoubleValue(value=True).value)
print(protobuf.__version__)
"""
NOT_AN_INT = "Expected an int, got a boolean."
REFUSED = f"""\
scalar Field google.protobuf.Int32Value.value: {NOT_AN_INT} set()
keyword Field google.protobuf.UInt64Value.value: {NOT_AN_INT} set()
element Field google.protobuf.SourceCodeInfo.Location.path: {NOT_AN_INT} set()
enum Field google.protobuf.FieldDescriptorProto.label: {NOT_AN_INT} set()
"""
WARNED = """\
scalar 1 {'DeprecationWarning'}
keyword 1 {'DeprecationWarning'}
element [0] {'DeprecationWarning'}
enum 1 {'DeprecationWarning'}
"""
TAKEN = """\
scalar 1 set()
keyword 1 set()
element [0] set()
enum 1 set()
"""


def program(version: str | None) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "RUSSET_PROTOBUF_VERSION"}
    if version is not None:
        environment["RUSSET_PROTOBUF_VERSION"] = version
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        env=environment,
        check=False,
    )


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (None, REFUSED),
        ("7.36.2", REFUSED),
        ("6.33.6", WARNED),
        ("5.29.6", TAKEN),
        ("4.25.8", TAKEN),
        ("3.20.3", TAKEN),
    ],
)
def test_a_bool_for_an_int(version: str | None, expected: str) -> None:
    done = program(version)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{expected}True 1.0\n{version or '7.36.2'}\n"


def test_a_version_that_is_none_is_said() -> None:
    done = program("newest")
    assert done.returncode == 1
    assert "RUSSET_PROTOBUF_VERSION is a version of protobuf such as 6.33.0, not 'newest'" in done.stderr  # fmt: skip
