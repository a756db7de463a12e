"""Random messages and random bytes do the same on Russet and on google.protobuf."""

from __future__ import annotations

import math
import struct
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import GOOGLE, RUSSET
from .outcomes import normal, sorted_text

INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
UINT32 = st.integers(0, 2**32 - 1)
UINT64 = st.integers(0, 2**64 - 1)
DOUBLE = st.floats()
FLOAT = st.floats(width=32)
TEXT = st.text(max_size=40)
BYTES = st.binary(max_size=40)
OPEN_ENUM = st.one_of(st.sampled_from([0, 1, 5, -3]), INT32)

SCALARS: dict[str, Any] = {
    "double": DOUBLE, "float": FLOAT, "int32": INT32, "int64": INT64, "uint32": UINT32, "uint64": UINT64,
    "sint32": INT32, "sint64": INT64, "fixed32": UINT32, "fixed64": UINT64, "sfixed32": INT32, "sfixed64": INT64,
    "bool": st.booleans(), "string": TEXT, "bytes": BYTES, "enum": OPEN_ENUM,
}  # fmt: skip

SUB = st.deferred(
    lambda: st.fixed_dictionaries(
        {},
        optional={
            "x": INT32,
            "s": TEXT,
            "next": SUB,
            "l": st.lists(INT32, max_size=5),
            "children": st.dictionaries(TEXT, SUB, max_size=3),
        },
    )
)
MAPS = {
    "m_string_int32": (TEXT, INT32),
    "m_int32_sub": (INT32, SUB),
    "m_bool_float": (st.booleans(), FLOAT),
    "m_string_string": (TEXT, TEXT),
    "m_uint64_bytes": (UINT64, BYTES),
    "m_sint32_enum": (INT32, OPEN_ENUM),
    "m_fixed64_double": (UINT64, DOUBLE),
    "m_int64_bool": (INT64, st.booleans()),
}
ALL = st.fixed_dictionaries(
    {},
    optional={
        **{f"f_{name}": values for name, values in SCALARS.items()},
        **{
            f"o_{name}": SCALARS[name]
            for name in ("double", "int32", "bool", "string", "bytes", "enum")
        },
        **{f"r_{name}": st.lists(values, max_size=6) for name, values in SCALARS.items()},
        **{name: st.dictionaries(key, value, max_size=12) for name, (key, value) in MAPS.items()},
        "f_sub": SUB,
        "o_sub": SUB,
        "r_sub": st.lists(SUB, max_size=4),
        "u_int32": st.lists(INT32, max_size=4),
        "c_sub": SUB,
        "c_string": TEXT,
        "c_int32": INT32,
        "far": INT32,
        "w_timestamp": st.fixed_dictionaries({}, optional={"seconds": INT64, "nanos": INT32}),
    },
)


def build(content: dict[str, Any]) -> tuple[Any, Any]:
    """The same message on both runtimes."""
    return GOOGLE.classes.All(**content), RUSSET.classes.All(**content)


def deterministic(message: Any) -> bytes:
    """Its bytes, maps in order."""
    return message.SerializeToString(deterministic=True)  # type: ignore[no-any-return]


@given(ALL)
@settings(max_examples=400, deadline=None)
def test_random_messages_are_the_same(content: dict[str, Any]) -> None:
    theirs, ours = build(content)
    data = deterministic(theirs)
    assert deterministic(ours) == data
    assert ours.ByteSize() == theirs.ByteSize() == len(ours.SerializeToString())
    assert str(ours) == str(theirs)
    assert repr(ours) == repr(theirs)
    assert sorted_text(RUSSET, ours) == sorted_text(GOOGLE, theirs)
    assert normal(ours.ListFields()) == normal(theirs.ListFields())
    parsed = RUSSET.classes.All.FromString(data)
    assert deterministic(parsed) == data
    assert parsed == ours
    assert (parsed == RUSSET.classes.All()) is (data == b"")
    # What is read does not change what is written.
    assert normal(parsed.ListFields()) == normal(theirs.ListFields())
    assert deterministic(parsed) == data
    assert str(parsed) == str(GOOGLE.classes.All.FromString(data))


@given(ALL, ALL)
@settings(max_examples=200, deadline=None)
def test_merging_and_copying_are_the_same(first: dict[str, Any], second: dict[str, Any]) -> None:
    theirs, ours = build(first)
    their_second, our_second = build(second)
    assert (ours == our_second) is (theirs == their_second)
    concatenated = deterministic(theirs) + deterministic(their_second)
    theirs.MergeFrom(their_second)
    ours.MergeFrom(our_second)
    assert deterministic(ours) == deterministic(theirs)
    # The rule of the language: parsing both, one after the other, is merging.
    assert deterministic(RUSSET.classes.All.FromString(concatenated)) == deterministic(ours)
    ours.CopyFrom(our_second)
    assert ours == our_second
    assert deterministic(ours) == deterministic(their_second)


def parse(runtime: Any, name: str, data: bytes) -> Any:
    """What parsing gives: the message's bytes, or that it is refused."""
    cls = getattr(runtime.classes, name)
    try:
        message = cls.FromString(data)
    except Exception as error:
        return type(error).__name__
    # The original's ByteSize raises where a required field is missing.
    size = message.ByteSize() if message.IsInitialized() else None
    return (message.SerializePartialToString(deterministic=True), size, str(message))


TAGS = st.builds(
    lambda number, wire_type: number << 3 | wire_type,
    st.one_of(st.integers(0, 100), st.sampled_from([2**29 - 1, 2**29, 18999])),
    st.integers(0, 7),
)


def varint(value: int) -> bytes:
    """A varint."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


# Fields that are nearly right: a tag, and then what its wire type asks for, or not.
FIELDS = st.one_of(
    st.builds(lambda tag, value: varint(tag) + varint(value), TAGS, UINT64),
    st.builds(lambda tag, value: varint(tag) + value, TAGS, st.binary(max_size=9)),
    st.builds(
        lambda number, data: varint(number << 3 | 2) + varint(len(data)) + data,
        st.integers(1, 92),
        st.binary(max_size=12),
    ),
    st.builds(
        lambda number, value: varint(number << 3 | 1) + struct.pack("<d", value),
        st.integers(1, 92),
        DOUBLE,
    ),
)


@given(
    st.lists(FIELDS, max_size=6).map(b"".join),
    st.sampled_from(["All", "Sub", "Defaults", "Required", "Mixed"]),
)
@settings(max_examples=2000, deadline=None)
def test_random_bytes_are_taken_or_refused_alike(data: bytes, name: str) -> None:
    assert parse(RUSSET, name, data) == parse(GOOGLE, name, data)


@given(ALL, st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_messages_are_taken_or_refused_alike(content: dict[str, Any], data: Any) -> None:
    whole = bytearray(deterministic(GOOGLE.classes.All(**content)))
    if whole:
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
        del whole[data.draw(st.integers(at, len(whole))) :]
    assert parse(RUSSET, "All", bytes(whole)) == parse(GOOGLE, "All", bytes(whole))


def test_floats_of_every_size_print_alike() -> None:
    for exponent in range(-1074, 1024, 3):
        for factor in (1.0, 1.1, 1 / 3, 9.999999999999999):
            value = math.ldexp(factor, exponent) if exponent < 1020 else 1e300
            theirs, ours = build({"f_double": value, "f_float": value})
            assert str(ours) == str(theirs)
            assert sorted_text(RUSSET, ours) == sorted_text(GOOGLE, theirs)
