"""Bytes that are no message: refused as the original refuses them, each with a text that says what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf import descriptor_pool as google_pools
from google.protobuf import message_factory as google_factory
from russet.protobuf import descriptor_pool, message_factory
from russet.protobuf.message import DecodeError, EncodeError
from support.modules import needs_newest_protobuf

from .test_random import parse, varint


def nested(depth: int, tag: int = 0x1A) -> bytes:
    """`depth` messages, each in the field of the one around it."""
    data = b""
    for _ in range(depth):
        data = bytes([tag]) + varint(len(data)) + data
    return data


MALFORMED = [
    (b"\x08", "the input ends inside a field"),
    (b"\x80", "the input ends inside a field"),
    (b"\x08" + b"\xff" * 10, "varint longer than 10 bytes"),
    (b"\x00\x00", "field number"),
    (b"\x0e", "wire types 6 and 7"),
    (b"\x0f", "wire types 6 and 7"),
    (b"\x12\x05abc", "the input ends inside a field"),
    (b"\x12\xff\xff\xff\xff\x0f", "the input ends inside a field"),
    (b"\x12\xff\xff\xff\xff\x1f", "longer than 5 bytes or 32 bits"),
    (b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "longer than 5 bytes or 32 bits"),
    (b"\x12\x81\x80\x80\x80\x80\x00a", "longer than 5 bytes or 32 bits"),
    (b"\x88\x80\x80\x80\x80\x00\x05", "longer than 5 bytes or 32 bits"),
    (b"\xf8\xff\xff\xff\x1f\x05", "longer than 5 bytes or 32 bits"),
    (b"\x0b\x8c\x80\x80\x80\x80\x00", "longer than 5 bytes or 32 bits"),
    (b"\x12\x01\xff", "invalid UTF-8"),
    (b"\x12\x03\xed\xa0\x80", "invalid UTF-8"),
    (b"\x0c", "group start and end do not match"),
    (b"\x0b", "the input ends inside a field"),
    (b"\x0b\x14", "group start and end do not match"),
    (b"\x1a\x02\x08", "the input ends inside a field"),
    (b"\x22\x01\x80", "the input ends inside a field"),
    (b"\x2a\x03\x0a\x01\xff", "invalid UTF-8"),
    (nested(101), "recursion limit"),
    (b"\x0b" * 200, "recursion limit"),
]


@needs_newest_protobuf
@pytest.mark.parametrize(("data", "text"), MALFORMED)
def test_malformed_bytes_are_refused(both: tuple[Any, Any], data: bytes, text: str) -> None:
    google, russet = both
    assert parse(google, "Sub", data) == parse(russet, "Sub", data) == "DecodeError"
    with pytest.raises(DecodeError, match=text) as caught:
        russet.classes.Sub.FromString(data)
    assert "russet.test.Sub" in str(caught.value)


def test_a_field_number_of_zero_is_refused_in_unknown_groups_too(russet: Any) -> None:
    """The original overlooks it there."""
    with pytest.raises(DecodeError, match="field number 0 does not exist"):
        russet.classes.Sub.FromString(b"\x9b\x06\x00\x05\x9c\x06")


WELL_FORMED = [
    nested(100),
    b"\x0d\x01\x02\x03\x04",  # another wire type than the field's is an unknown field
    b"\x20\x01\x22\x02\x02\x03",  # packed and single elements of one list
    b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",  # bits beyond the 64th are dropped
    b"\x08\x80\x80\x80\x80\x10",  # an int32 keeps the low 32 bits
    b"\x88\x80\x80\x80\x00\x05",  # a tag that is longer than need be
    b"\x12\x81\x80\x80\x80\x00a",  # a length, too
    b"\xf8\xff\xff\xff\x0f\x05",  # the largest field number
    b"\x2a\x00",  # an entry without key and value
    b"\x2a\x06\x12\x00\x0a\x02hi",  # value before key
    b"\x2a\x04\x12\x02\x08\x01\x2a\x04\x12\x02\x10\x02",
    b"\x2a\x07\x0a\x01a\x18\x05\x12\x00",  # an unknown field in an entry
    b"\x2a\x02\x10\x00",  # a value of another wire type
    b"\x2a\x02\x18\x05",
    b"\x2a\x04\x08\x01\x12\x00",
    b"\x9b\x06\x08\x01\x9c\x06",  # an unknown group
]


@pytest.mark.parametrize("data", WELL_FORMED)
def test_odd_bytes_are_taken(both: tuple[Any, Any], data: bytes) -> None:
    google, russet = both
    expected = parse(google, "Sub", data)
    assert expected != "DecodeError"
    assert parse(russet, "Sub", data) == expected


def test_what_came_before_an_error_stays(russet: Any) -> None:
    m = russet.classes.Sub(s="before")
    with pytest.raises(DecodeError):
        m.MergeFromString(b"\x08\x05\x10")
    assert m.s == "before"


def test_depth_is_limited_when_written_too(both: tuple[Any, Any]) -> None:
    _, russet = both
    for depth, name in ((101, "both"), (900, "both"), (1100, "russet")):
        for runtime in both:
            m = runtime.classes.Sub()
            inner = m
            for _ in range(depth):
                inner = inner.next
            inner.SetInParent()
            if name == "both":
                assert len(m.SerializeToString()) == m.ByteSize()
            elif runtime is russet:
                with pytest.raises(EncodeError, match="nested deeper than the limit of 1000"):
                    m.SerializeToString()


CLOSED = descriptor_pb2.FileDescriptorProto(
    name="closed.proto",
    package="closed",
    enum_type=[{"name": "E", "value": [{"name": "A", "number": 0}, {"name": "B", "number": 1}]}],
    message_type=[
        {
            "name": "M",
            "field": [
                {"name": "one", "number": 1, "type": 14, "label": 1, "type_name": ".closed.E"},
                {"name": "many", "number": 2, "type": 14, "label": 3, "type_name": ".closed.E"},
            ],
        }
    ],
)


@needs_newest_protobuf
@pytest.mark.parametrize(
    "number", ["01", "07", "8700", "ffffffff0f", "92f0b3bfbc05", "818080808010", "ff" * 9 + "01"]
)
@pytest.mark.parametrize("form", ["one", "many", "packed"])
def test_a_closed_enum_keeps_what_it_does_not_declare_as_it_was(form: str, number: str) -> None:
    """A number on the wire may have 64 bits, of which an enum has 32."""
    value = bytes.fromhex(number)
    data = {
        "one": b"\x08" + value,
        "many": b"\x10\x01\x10" + value + b"\x10\x00",
        "packed": b"\x12" + bytes([len(value) + 2]) + b"\x01" + value + b"\x00",
    }[form]
    got = []
    for pools, factory in (
        (google_pools, google_factory),
        (descriptor_pool, message_factory),
    ):
        pool = pools.DescriptorPool()
        pool.AddSerializedFile(CLOSED.SerializeToString())
        cls = factory.GetMessageClass(pool.FindMessageTypeByName("closed.M"))
        message = cls.FromString(data)
        got.append((message.one, list(message.many), message.SerializeToString()))
    assert got[1] == got[0]
