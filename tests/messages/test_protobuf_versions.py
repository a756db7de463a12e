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


DESCRIPTORS = """
from russet.protobuf import descriptor, descriptor_pb2

file = descriptor_pb2.FileDescriptorProto(name="a.proto", package="a", syntax="proto3")
message = file.message_type.add(name="M")
message.field.add(name="f", number=1, type=5, label=1, oneof_index=0)
message.oneof_decl.add(name="o")
message.enum_type.add(name="E").value.add(name="V", number=0)
method = file.service.add(name="S").method.add(name="m", input_type=".a.M", output_type=".a.M")
made = descriptor.FileDescriptor("a.proto", "a", serialized_pb=file.SerializeToString())
M = made.message_types_by_name["M"]
S = made.services_by_name["S"]

def field():
    rest = dict.fromkeys(("index", "number", "type", "cpp_type", "label", "default_value", "message_type", "enum_type", "containing_type", "is_extension", "extension_scope"))
    return descriptor.FieldDescriptor("f", "a.M.f", **rest) is M.fields_by_name["f"]

def value():
    value = descriptor.EnumValueDescriptor(name="V", index=0, number=-3, type=None)
    return value.name, value.number

def set_own():
    M.containing_type = None
    M.enum_types[0].containing_type = M
    M.fields_by_name["f"].containing_oneof = M.oneofs_by_name["o"]
    M._options = None
    M.oneofs_by_name["o"].fields.append(M.fields_by_name["f"])
    made.message_types_by_name["M"] = M
    return True

def set_other():
    M.enum_types[0].containing_type = descriptor_pb2.FileOptions.DESCRIPTOR

def append_other():
    M.oneofs_by_name["o"].fields.append(M)

def put_other():
    made.message_types_by_name["M"] = descriptor_pb2.FileOptions.DESCRIPTOR

def delete():
    del made.message_types_by_name["M"]

def delete_name():
    del M.name

print(made.name, descriptor.FileDescriptor("b.proto", "b").package)
for make in (
    field,
    value,
    lambda: descriptor.Descriptor("M", "a.M", None, None, [], [], [], []) is M,
    lambda: descriptor.EnumDescriptor("E", "a.M.E", None, []) is M.enum_types[0],
    lambda: descriptor.OneofDescriptor("o", "a.M.o", 0, M, []) is M.oneofs[0],
    lambda: descriptor.ServiceDescriptor("S", "a.S", 0, []) is S,
    lambda: descriptor.MethodDescriptor("m", "a.S.m", 0, S, M, M) is S.methods[0],
    lambda: descriptor.Descriptor("N", "a.N", None, None, [], [], [], []),
    set_own,
    set_other,
    append_other,
    put_other,
    delete,
    delete_name,
):
    try:
        print(make())
    except (AttributeError, KeyError, TypeError) as error:
        print(type(error).__name__, str(error).partition(".")[0])
"""
NOT_MADE = "TypeError Descriptors cannot be created directly\n"
NOT_CHANGED = """\
AttributeError attribute 'containing_type' of 'russet
TypeError [<FieldDescriptor a
TypeError 'russet
TypeError 'russet
AttributeError attribute 'name' of 'russet
"""


def program(version: str | None, code: str = PROGRAM) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "RUSSET_PROTOBUF_VERSION"}
    if version is not None:
        environment["RUSSET_PROTOBUF_VERSION"] = version
    return subprocess.run(
        [sys.executable, "-c", code],
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


@pytest.mark.parametrize("version", [None, "7.36.2", "6.33.6", "5.29.6", "4.25.8"])
def test_no_code_makes_descriptors_since_4(version: str | None) -> None:
    done = program(version, DESCRIPTORS)
    assert done.returncode == 0, done.stderr
    own = "AttributeError attribute 'containing_type' of 'russet\n"
    assert done.stdout == f"a.proto b\n{NOT_MADE * 8}{own}{NOT_CHANGED}"


def test_code_makes_descriptors_before_4() -> None:
    """It gets the pool's own, and may say of them what the pool says."""
    done = program("3.20.3", DESCRIPTORS)
    assert done.returncode == 0, done.stderr
    made = "True\n('V', -3)\n" + "True\n" * 5 + "KeyError \"Couldn't find message a\nTrue\n"
    assert done.stdout == f"a.proto b\n{made}{NOT_CHANGED}"


def test_a_version_that_is_none_is_said() -> None:
    done = program("newest")
    assert done.returncode == 1
    assert "RUSSET_PROTOBUF_VERSION is a version of protobuf such as 6.33.0, not 'newest'" in done.stderr  # fmt: skip
