"""Where Russet does more than the original: what it takes, and what its errors say."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, struct_pb2, timestamp_pb2
from russet.protobuf import struct_pb2 as our_structs
from russet.protobuf import timestamp_pb2 as our_timestamps

from .conftest import GOOGLE, RUSSET
from .outcomes import ORACLE_IS_CURRENT, normal

All, Sub = RUSSET.classes.All, RUSSET.classes.Sub


@pytest.mark.parametrize(
    "key", [0, -1, slice(None), slice(0, 1), slice(3, 3), slice(None, None, 2)]
)
@pytest.mark.parametrize("new", [[], [3], None, "message"])
@pytest.mark.parametrize("runtime", [GOOGLE, RUSSET], ids=["google", "russet"])
def test_messages_of_a_list_are_not_assigned(runtime: Any, key: Any, new: Any) -> None:
    classes = runtime.classes
    message = classes.All(r_sub=[classes.Sub(x=x) for x in range(4)])
    with pytest.raises(TypeError, match="does not support assignment"):
        message.r_sub[key] = classes.Sub() if new == "message" else new
    assert [sub.x for sub in message.r_sub] == [0, 1, 2, 3]
    expected = [0, 1, 2, 3]
    del message.r_sub[key]
    del expected[key]
    assert [sub.x for sub in message.r_sub] == expected


def schema() -> bytes:
    """A message with repeated well-known types and a map of them."""
    file = descriptor_pb2.FileDescriptorProto(name="spans.proto", package="spans", syntax="proto3")
    file.dependency.extend(["google/protobuf/timestamp.proto", "google/protobuf/struct.proto"])
    message = file.message_type.add(name="Spans")
    message.field.add(name="at", number=1, type=11, label=3, type_name=".google.protobuf.Timestamp")
    message.field.add(name="lists", number=2, type=11, label=3, type_name=".google.protobuf.ListValue")  # fmt: skip
    message.field.add(name="structs", number=3, type=11, label=3, type_name=".google.protobuf.Struct")  # fmt: skip
    return file.SerializeToString()


def test_repeated_well_known_types_take_what_they_stand_for() -> None:
    """In constructors, as in the original."""
    # The default pools must have these before a file can import them.
    for module in (struct_pb2, our_structs, timestamp_pb2, our_timestamps):
        assert module.DESCRIPTOR
    from google.protobuf import message_factory as theirs
    from russet.protobuf import descriptor_pool as our_pools
    from russet.protobuf import message_factory as ours

    results = []
    for pool, factory in ((descriptor_pool.Default(), theirs), (our_pools.Default(), ours)):
        pool.AddSerializedFile(schema())
        cls: Any = factory.GetMessageClass(pool.FindMessageTypeByName("spans.Spans"))
        now = datetime.datetime(2020, 1, 2, 3, 4, 5, 6)
        made = cls(at=[now, {"seconds": 5}, cls().at.add(nanos=7)], lists=[[1, "a", None]], structs=[{"a": 1}])  # fmt: skip
        results.append(normal(made))
        # An older original lets an AttributeError through.
        with pytest.raises((TypeError, ValueError) if ORACLE_IS_CURRENT else Exception):
            cls(at=["never"])
        with pytest.raises(TypeError):
            made.at.append(now)
    assert results[1] == results[0]


def test_names_of_fields_may_be_bytes() -> None:
    for runtime in (GOOGLE, RUSSET):
        message = runtime.classes.All(c_int32=5)
        assert message.HasField(b"c_int32")
        assert message.HasField(b"choice") if "choice" in message.DESCRIPTOR.oneofs_by_name else True  # fmt: skip
        message.ClearField(b"c_int32")
        assert not message.HasField("c_int32")
        with pytest.raises(ValueError, match="nope"):
            message.HasField(b"nope")
    with pytest.raises(UnicodeDecodeError):
        All().HasField(b"\xff")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("f_int32", "a", "expected an int, got str 'a'"),
        ("f_uint64", None, "expected an int"),
        ("f_double", "a", "expected a number, got str 'a'"),
        ("f_int32", 1 << 40, "1099511627776; it holds -2147483648 to 2147483647"),
    ],
)
def test_errors_name_the_field_and_hold_the_original_s_words(
    field: str, value: Any, words: str
) -> None:
    with pytest.raises((TypeError, ValueError)) as theirs:
        setattr(GOOGLE.classes.All(), field, value)
    with pytest.raises(theirs.type) as ours:
        setattr(All(), field, value)
    assert f"All.{field}" in str(ours.value)
    assert words in str(ours.value)
    assert str(theirs.value) in str(ours.value)
