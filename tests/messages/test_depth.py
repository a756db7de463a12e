"""Messages that nest deep, on the main thread and on threads with a stack of 256 KiB: what is documented works there, and what is deeper raises an error. A crash would end the process, so each operation has one of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

SMALL_STACK = 256 << 10
VERY_DEEP = 200_000

PROGRAM = r"""
import copy, pickle, sys, threading
from russet import protoc
from russet.protobuf import (
    any_pb2, descriptor_pb2, descriptor_pool, field_mask_pb2, json_format, message_factory,
    struct_pb2, text_format, unknown_fields,
)
operation, depth, stack = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

file = descriptor_pb2.FileDescriptorProto(name="deep.proto", package="deep", syntax="proto2")
message = file.message_type.add(name="M")
def field(of, name, number, kind=11, label=1, type_name=".deep.M"):
    of.add(name=name, number=number, type=kind, label=label, type_name=type_name)
field(message.field, "m", 1)
field(message.field, "list", 2, label=3)
message.field.add(name="i", number=3, type=5, label=1)
entry = message.nested_type.add(name="MapEntry")
entry.options.map_entry = True
entry.field.add(name="key", number=1, type=5, label=1)
field(entry.field, "value", 2)
field(message.field, "map", 4, label=3, type_name=".deep.M.MapEntry")
group = message.nested_type.add(name="Group")
field(group.field, "m", 1)
field(message.field, "group", 5, kind=10, type_name=".deep.M.Group")
message.extension_range.add(start=100, end=200)
file.extension.add(name="e", number=100, type=11, label=3, type_name=".deep.M", extendee=".deep.M")
pool = descriptor_pool.DescriptorPool()
pool.Add(file)
M = message_factory.GetMessageClass(pool.FindMessageTypeByName("deep.M"))
E = pool.FindExtensionByName("deep.e")

def chain(way="m"):
    # A message is the first level.
    top = now = M()
    for _ in range(depth - 1):
        if way == "m":
            now.m.SetInParent()
            now = now.m
        elif way == "list":
            now = now.list.add()
        elif way == "map":
            now = now.map[1]
        elif way == "group":
            now.group.m.SetInParent()
            now = now.group.m
        else:
            now = now.Extensions[E].add()
    now.i = 7
    return top

def wire():
    heads, length = [], 2
    for _ in range(depth - 1):
        head, left = b"\x0a", length
        while left > 127:
            head, left = head + bytes([left & 127 | 128]), left >> 7
        heads.append(head + bytes([left]))
        length += len(heads[-1])
    return b"".join(reversed(heads)) + b"\x18\x07"

def dicts():
    value = {"i": 7}
    for _ in range(depth - 1):
        value = {"m": value}
    return value

def read():
    # Each message stands in its parent without being set, until the last is.
    top = now = M()
    for _ in range(depth - 1):
        now = now.m
    return top, now

def set_from_below():
    top, last = read()
    last.i = 7
    assert top.HasField("m")

def parts():
    top = now = M()
    kept = []
    for level in range(depth - 1):
        now = now.list.add()
        if level % 7 == 0:
            kept.append(now)
    del top, now
    kept.reverse()
    return kept

def struct():
    top = struct_pb2.Struct()
    now = top
    for _ in range((depth - 1) // 2):
        now = now.fields["a"].struct_value
    now.SetInParent()
    return top

def struct_list():
    top = struct_pb2.ListValue()
    now = top
    for _ in range((depth - 1) // 2):
        now = now.values.add().list_value
    now.SetInParent()
    return top

def lists():
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value

ANY = "type.googleapis.com/google.protobuf.Any"

def anys():
    # What an Any holds is bytes: a chain of 200,000 would take 5 GB.
    top = any_pb2.Any()
    for _ in range(min(depth, 3000) - 1):
        outer = any_pb2.Any()
        outer.Pack(top)
        top = outer
    return top

def any_json():
    return ('{"@type":"%s","value":' % ANY) * (depth - 1) + "{}" + "}" * (depth - 1)

def nested_types():
    file = descriptor_pb2.FileDescriptorProto(name="nested.proto")
    now = file.message_type.add(name="N")
    for _ in range(depth - 1):
        now = now.nested_type.add(name="N")
    return file

def mask():
    return field_mask_pb2.FieldMask(paths=[".".join(["m"] * (depth - 1))])

def compiled(text):
    head = 'syntax = "proto2"; import "google/protobuf/descriptor.proto"; package p;'
    head += "message A { optional A a = 1; repeated A l = 2; optional int32 i = 3; }"
    head += "extend google.protobuf.FileOptions { optional A o = 50000; }"
    return protoc.compile("a.proto", sources={"a.proto": head + text})

def emptied(top, clear):
    clear(top)
    assert not top.ByteSize()

operations = {
    "release a sub-message": lambda: bool(chain("m")),
    "release a list": lambda: bool(chain("list")),
    "release a map": lambda: bool(chain("map")),
    "release groups": lambda: bool(chain("group")),
    "release extensions": lambda: bool(chain("extension")),
    "clear": lambda: emptied(chain("map"), M.Clear),
    "clear a field": lambda: emptied(chain("m"), lambda top: top.ClearField("m")),
    "empty a list": lambda: emptied(chain("list"), lambda top: top.list.clear()),
    "empty a map": lambda: emptied(chain("map"), lambda top: top.map.clear()),
    "clear an extension": lambda: emptied(chain("extension"), lambda top: top.ClearExtension(E)),
    "serialize": lambda: chain("m").SerializeToString(),
    "serialize in order": lambda: chain("map").SerializeToString(deterministic=True),
    "measure": lambda: chain("list").ByteSize(),
    "copy": lambda: M().CopyFrom(chain("m")),
    "merge": lambda: M().MergeFrom(chain("extension")),
    "deepcopy": lambda: copy.deepcopy(chain("map")),
    "compare": lambda: chain("m") == chain("m"),
    "check": lambda: chain("list").IsInitialized(),
    "list what is missing": lambda: chain("map").FindInitializationErrors(),
    "discard": lambda: chain("group").DiscardUnknownFields(),
    "repr": lambda: repr(chain("m")),
    "list fields": lambda: chain("m").ListFields(),
    "print text": lambda: text_format.MessageToString(chain("map"), as_one_line=True),
    "parse text": lambda: text_format.Parse("m{" * (depth - 1) + "}" * (depth - 1), M()),
    "parse text with a list": lambda: text_format.Parse("list:[{" * (depth - 1) + "}]" * (depth - 1), M()),
    "pass over text": lambda: text_format.Parse("no{" * (depth - 1) + "}" * (depth - 1), M(), allow_unknown_field=True),
    "print JSON": lambda: json_format.MessageToJson(chain("m")),
    "make a dict": lambda: json_format.MessageToDict(chain("list")),
    "parse JSON": lambda: json_format.Parse('{"m":' * (depth - 1) + "{}" + "}" * (depth - 1), M(), max_recursion_depth=1000),
    "parse a JSON list": lambda: json_format.Parse("[" * depth + "]" * depth, struct_pb2.Value(), max_recursion_depth=1000),
    "pass over JSON": lambda: json_format.Parse('{"no":' * depth + "1" + "}" * depth, M(), ignore_unknown_fields=True),
    "parse a dict": lambda: json_format.ParseDict(dicts(), M(), max_recursion_depth=1000),
    "construct": lambda: bool(M(**dicts())),
    "parse": lambda: M.FromString(wire()).m.m.i,
    "parse unknown groups": lambda: M.FromString(b"\x9b\x01" * depth + b"\x9c\x01" * depth),
    "list unknown groups": lambda: len(unknown_fields.UnknownFieldSet(
        M.FromString(b"\x9b\x01" * depth + b"\x9c\x01" * depth))),
    "read what is not set": lambda: bool(read()),
    "set from below": set_from_below,
    "release parts that are kept": parts,
    "replace": lambda: M(m=chain("m")).m.CopyFrom(M()),
    "parse over": lambda: chain("list").ParseFromString(b""),
    "change a oneof": lambda: setattr(struct().fields["a"], "number_value", 1),
    "remove from a list": lambda: chain("list").list.pop(),
    "remove from a map": lambda: chain("map").map.pop(1),
    "construct from a message": lambda: M(m=chain("m")),
    "append": lambda: M().list.append(chain("m")),
    "copy a list": lambda: copy.deepcopy(chain("list").list),
    "merge a map": lambda: M().map.MergeFrom(chain("map").map),
    "compare lists": lambda: chain("list").list == chain("list").list,
    "compare maps": lambda: chain("map").map == chain("map").map,
    "repr of a list": lambda: repr(chain("list").list),
    "repr of a map": lambda: repr(chain("map").map),
    "pickle": lambda: pickle.loads(pickle.dumps(nested_types())),
    "add to a pool": lambda: descriptor_pool.DescriptorPool().Add(nested_types()),
    "pack": lambda: any_pb2.Any().Pack(chain("m")),
    "repr of Any": lambda: repr(anys()),
    "print JSON of Any": lambda: json_format.MessageToJson(anys()),
    "parse text of Any": lambda: text_format.Parse(
        ("[%s]{" % ANY) * (depth - 1) + "}" * (depth - 1), any_pb2.Any()),
    "parse JSON of Any": lambda: json_format.Parse(any_json(), any_pb2.Any(), max_recursion_depth=1000),
    "release a Struct": lambda: bool(struct()),
    "serialize a Struct": lambda: struct().SerializeToString(),
    "compare Structs": lambda: struct() == struct(),
    "copy a ListValue": lambda: copy.deepcopy(struct_list()),
    "print JSON of a Struct": lambda: json_format.MessageToJson(struct()),
    "make a dict of a ListValue": lambda: json_format.MessageToDict(struct_list()),
    "parse a dict into a Value": lambda: json_format.ParseDict(
        lists(), struct_pb2.Value(), max_recursion_depth=1000),
    "assign lists": lambda: struct_pb2.Struct().update({"a": lists()}),
    "merge by a mask": lambda: mask().MergeMessage(chain("m"), M()),
    "compile a message as an option": lambda: compiled(
        "option (o) = {" + "a{" * (depth - 2) + "}" * (depth - 2) + "};"),
    "compile a list as an option": lambda: compiled(
        "option (o) = {" + "l:[{" * (depth - 2) + "}]" * (depth - 2) + "};"),
    "compile an option with a long name": lambda: compiled("option (o)" + ".a" * (depth - 2) + ".i = 1;"),
    "compile brackets": lambda: compiled("option (o) = " + "[" * depth + "]" * depth + ";"),
    "compile declarations": lambda: compiled("message N{" * depth + "}" * depth),
    "compile groups": lambda: compiled(
        "message N{" + "optional group G=1{" * (depth - 1) + "}" * (depth - 1) + "}"),
}

def run():
    try:
        operations[operation]()
        outcome.append("ok")
    except Exception as error:
        outcome.append(type(error).__name__)

outcome = []
if operation == "names":
    print("\n".join(operations))
    sys.exit()
if stack:
    threading.stack_size(stack)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
else:
    run()
print(outcome[0])
"""

# The deepest messages that each operation takes (docs/limits.md), 1,000 unless it is named here; `None` for any depth.
DEEPEST: dict[str, int | None] = {
    "release a sub-message": None,
    "release a list": None,
    "release a map": None,
    "release groups": None,
    "release extensions": None,
    "clear": None,
    "clear a field": None,
    "empty a list": None,
    "empty a map": None,
    "clear an extension": None,
    "list fields": None,
    # A level for the map's entry and one for the message.
    "serialize in order": 500,
    "deepcopy": 500,
    "list what is missing": 500,
    # A level for the group and one for the message.
    "discard": 500,
    # What is deeper is left out.
    "repr": None,
    "print text": None,
    "pass over JSON": None,
    # A level for the list and one for the value.
    "parse a JSON list": 500,
    "parse a dict into a Value": 500,
    # A level for the entry as well.
    "serialize a Struct": 600,
    "parse": 100,
    "parse unknown groups": 100,
    "list unknown groups": 100,
    "read what is not set": None,
    "set from below": None,
    "release parts that are kept": None,
    "replace": 999,
    "parse over": None,
    "change a oneof": None,
    "remove from a list": None,
    "remove from a map": None,
    "construct from a message": 999,
    "append": 999,
    "repr of a list": None,
    "repr of a map": None,
    "add to a pool": 90,
    "compile declarations": 31,
    "compile groups": 31,
    "pickle": 100,
    "release a Struct": None,
    # Of text that shows an `Any`, what is deeper is left out.
    "repr of Any": None,
    "assign lists": 50,
    # A path is read in Python.
    "merge by a mask": 300,
    "compile a message as an option": 100,
    "compile a list as an option": 100,
    "compile an option with a long name": None,
    # As deep as the stack of the thread has room for.
    "construct": 50,
}

# What is wrong at any depth.
NEVER = {"compile brackets"}

ERRORS = {
    "RecursionError",
    "EncodeError",
    "DecodeError",
    "ParseError",
    "SerializeToJsonError",
    "ValueError",
    "ProtocErrors",
}


def outcome(operation: str, depth: int, stack: int) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, operation, str(depth), str(stack)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stderr[-300:])
    return done.stdout.strip()


def names() -> list[str]:
    return outcome("names", 1, 0).splitlines()


NAMES = names()


@pytest.mark.parametrize("operation", [name for name in NAMES if name not in NEVER])
def test_what_is_documented_works_on_a_small_stack(operation: str) -> None:
    depth = DEEPEST.get(operation, 1000)
    assert outcome(operation, VERY_DEEP if depth is None else depth, SMALL_STACK) == "ok"


@pytest.mark.parametrize("stack", [0, SMALL_STACK])
@pytest.mark.parametrize("operation", [name for name in NAMES if DEEPEST.get(name, 1) is not None])
def test_what_is_deeper_raises(operation: str, stack: int) -> None:
    assert outcome(operation, VERY_DEEP, stack) in ERRORS
