"""What a pool refuses: with the original's exception and words, and the names of both files."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf import descriptor_pool as google_pools
from russet.protobuf import descriptor_pool

File = descriptor_pb2.FileDescriptorProto


def file(name: str, **parts: Any) -> File:
    """A file of package p."""
    return File(name=name, **{"package": "p", "syntax": "proto2", **parts})


def enum(name: str, *values: str) -> dict[str, Any]:
    """An enum whose values are numbered from 0."""
    return {"name": name, "value": [{"name": v, "number": n} for n, v in enumerate(values)]}


def extension(name: str, number: int) -> dict[str, Any]:
    """An extension of p.M."""
    return {"name": name, "number": number, "type": 5, "label": 1, "extendee": ".p.M"}


A = file("a.proto", message_type=[{"name": "M", "extension_range": [{"start": 100, "end": 200}]}])
E = file("e.proto", enum_type=[enum("E", "X")])
S = file("s.proto", service=[{"name": "S"}])
FIRST = file("first.proto", dependency=["a.proto"], extension=[extension("e", 100)])
OUTER = file("outer.proto", message_type=[{"name": "Outer", "nested_type": [{"name": "In"}]}])

CASES: dict[str, tuple[list[File], File, list[str]]] = {
    "two messages": ([A], file("b.proto", message_type=[{"name": "M"}]), ["p.M", "a.proto", "b.proto"]),
    "a message and an enum": ([A], file("b.proto", enum_type=[enum("M", "Y")]), ["p.M", "a.proto", "b.proto"]),
    "two enums": ([E], file("b.proto", enum_type=[enum("E", "Y")]), ["p.E", "e.proto", "b.proto"]),
    "values of two enums": ([E], file("b.proto", enum_type=[enum("F", "X")]), ["p.X", "e.proto", "b.proto"]),
    "a value and a message": ([E], file("b.proto", message_type=[{"name": "X"}]), ["p.X", "e.proto", "b.proto"]),
    "two services": ([S], file("b.proto", service=[{"name": "S"}]), ["p.S", "s.proto", "b.proto"]),
    "a service and a message": ([S], file("b.proto", message_type=[{"name": "S"}]), ["p.S", "s.proto", "b.proto"]),
    "two extensions": ([A, FIRST], file("b.proto", dependency=["a.proto"], extension=[extension("e", 101)]), ["p.e", "first.proto", "b.proto"]),
    "one number": ([A, FIRST], file("b.proto", dependency=["a.proto"], extension=[extension("f", 100)]), ["p.e", "p.f", "number 100", "first.proto", "b.proto"]),
    "a nested message": ([OUTER], file("b.proto", message_type=[{"name": "Outer"}]), ["p.Outer", "outer.proto", "b.proto"]),
    "within one file": ([], file("b.proto", message_type=[{"name": "M"}, {"name": "M"}]), ["p.M", "b.proto"]),
    "one file name": ([A], file("a.proto", message_type=[{"name": "N"}]), ["a.proto"]),
    "a missing import": ([A], file("b.proto", dependency=["c.proto"]), ["b.proto", "c.proto"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_error_says_all_that_the_original_s_does_and_where(case: str) -> None:
    before, refused, words = CASES[case]
    errors = []
    for pools in (google_pools, descriptor_pool):
        pool: Any = pools.DescriptorPool()
        for added in before:
            pool.AddSerializedFile(added.SerializeToString())
        with pytest.raises(TypeError) as raised:
            pool.AddSerializedFile(refused.SerializeToString())
        errors.append(str(raised.value))
        # What was there stays, and nothing of what was refused is found.
        for added in before:
            assert pool.FindFileByName(added.name).name == added.name
        if refused.name == "b.proto":
            with pytest.raises(KeyError):
                pool.FindFileByName("b.proto")
    theirs, ours = errors
    start, _, rest = theirs.partition(": ")
    assert ours.startswith(start)
    assert rest in ours
    for word in words:
        assert word in ours


def test_two_files_of_one_name_collide_in_the_default_pool() -> None:
    """As when two packages each have a common.proto that was compiled in its own folder."""
    pool = descriptor_pool.Default()
    first = file("russet_test_common.proto", package="russet_test_first")
    second = file("russet_test_common.proto", package="russet_test_second")
    pool.AddSerializedFile(first.SerializeToString())
    with pytest.raises(TypeError, match="common root"):
        pool.AddSerializedFile(second.SerializeToString())
