"""What a pool refuses: with the original's exception and words, and the names of both files."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf import descriptor_pool as google_pools
from russet.protobuf import descriptor_pool

from .outcomes import ORACLE_IS_CURRENT

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


# Two fields, each with the JSON name that it sets, if any.
JSON_NAMES: dict[str, list[tuple[str, str]]] = {
    "two defaults": [("a_1_9", ""), ("a_19", "")],
    "two set": [("a", "x"), ("b", "x")],
    "set to a default before": [("b_c", ""), ("a", "bC")],
    "set to a default after": [("a", "bC"), ("b_c", "")],
    "set to a name before": [("b", ""), ("a", "b")],
    "set to a name after": [("a", "b"), ("b", "")],
    "each the other's name": [("a", "b"), ("b", "a")],
    "a default that is a name before": [("fooBar", ""), ("foo_bar", "")],
    "a default that is a name after": [("foo_bar", ""), ("fooBar", "")],
    "a default that is a renamed field before": [("fooBar", "q"), ("foo_bar", "")],
    "a default that is a renamed field after": [("foo_bar", ""), ("fooBar", "q")],
}


# With some more the fields are looked up in a table.
@pytest.mark.skipif(not ORACLE_IS_CURRENT, reason="an older original has other rules")
@pytest.mark.parametrize("more", [0, 40])
@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("syntax", ["proto2", "proto3", "2023", "legacy 2023"])
@pytest.mark.parametrize("names", JSON_NAMES.values(), ids=JSON_NAMES)
def test_json_names_are_refused_alike(
    names: list[tuple[str, str]], syntax: str, legacy: bool, more: int
) -> None:
    schema = file("j.proto", syntax="editions" if "2023" in syntax else syntax)
    if "2023" in syntax:
        schema.edition = descriptor_pb2.EDITION_2023
    if syntax.startswith("legacy"):
        schema.options.features.json_format = descriptor_pb2.FeatureSet.LEGACY_BEST_EFFORT
    message = schema.message_type.add(name="M")
    if legacy:
        message.options.deprecated_legacy_json_field_conflicts = True
    for number, (name, json) in enumerate([*names, *((f"m{n}", "") for n in range(more))], 1):
        field = message.field.add(name=name, number=number, type=5, label=1)
        if json:
            field.json_name = json
    is_refused = []
    for pools in (google_pools, descriptor_pool):
        try:
            pools.DescriptorPool().AddSerializedFile(schema.SerializeToString())
            is_refused.append(False)
        except TypeError as error:
            assert "json_name" in str(error) or "JSON name" in str(error)
            is_refused.append(True)
    assert is_refused[1] == is_refused[0]
