"""Messages that nest deep, on the main thread and on threads with a stack of 256 KiB: what is documented works there, and what is deeper raises an error. A crash would end the process, so each operation has one of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

SMALL_STACK = 256 << 10
VERY_DEEP = 200_000

PROGRAM = r"""
import copy, sys, threading
from russet.protobuf import (
    descriptor_pb2, descriptor_pool, json_format, message_factory, struct_pb2, text_format,
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
    "parse": 100,
    # As deep as the stack of the thread has room for.
    "construct": 50,
    "parse a dict": 50,
}

ERRORS = {
    "RecursionError",
    "EncodeError",
    "DecodeError",
    "ParseError",
    "SerializeToJsonError",
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


@pytest.mark.parametrize("operation", NAMES)
def test_what_is_documented_works_on_a_small_stack(operation: str) -> None:
    depth = DEEPEST.get(operation, 1000)
    assert outcome(operation, VERY_DEEP if depth is None else depth, SMALL_STACK) == "ok"


@pytest.mark.parametrize("stack", [0, SMALL_STACK])
@pytest.mark.parametrize("operation", [name for name in NAMES if DEEPEST.get(name, 1) is not None])
def test_what_is_deeper_raises(operation: str, stack: int) -> None:
    assert outcome(operation, VERY_DEEP, stack) in ERRORS
