"""Repeated numbers as memory, for numpy and memoryview: a copy, as the original's arrays are."""

from __future__ import annotations

import gc
import hashlib
import struct
from typing import Any

import numpy as np
import pytest
from support.modules import needs_newest_protobuf

from .conftest import GOOGLE, RUSSET

All = RUSSET.classes.All

KINDS: list[tuple[str, type, list[Any]]] = [
    ("r_double", np.float64, [0.0, -1.5, float("inf"), 1e300]),
    ("r_float", np.float32, [0.0, -1.5, 0.25]),
    ("r_int32", np.int32, [0, -(2**31), 2**31 - 1]),
    ("r_int64", np.int64, [0, -(2**63), 2**63 - 1]),
    ("r_uint32", np.uint32, [0, 2**32 - 1]),
    ("r_uint64", np.uint64, [0, 2**64 - 1]),
    ("r_sint32", np.int32, [-1, 1]),
    ("r_sint64", np.int64, [-1, 1]),
    ("r_fixed32", np.uint32, [1, 2]),
    ("r_fixed64", np.uint64, [1, 2]),
    ("r_sfixed32", np.int32, [-1, 2]),
    ("r_sfixed64", np.int64, [-1, 2]),
    ("r_bool", np.bool_, [True, False, True]),
    ("r_enum", np.int32, [0, 1, -3]),
]


@pytest.mark.parametrize(("name", "dtype", "values"), KINDS)
@pytest.mark.parametrize("parsed", [False, True])
def test_numbers_are_read_as_memory(
    name: str, dtype: type, values: list[Any], parsed: bool
) -> None:
    message = All(**{name: values})
    if parsed:
        message = All.FromString(message.SerializeToString())
    field = getattr(message, name)
    first: Any = np.asarray(field)
    second: Any = np.frombuffer(field, dtype=dtype)
    assert first.dtype == np.dtype(dtype)
    assert first.tolist() == second.tolist() == list(field) == values
    assert first.flags.writeable
    view = memoryview(field)
    assert view.tolist() == values
    assert view.contiguous and view.ndim == 1
    assert view.nbytes == len(values) * np.dtype(dtype).itemsize
    assert np.array_equal(np.array(field), first)
    copied = np.array(field)
    copied[:] = 0
    assert list(field) == values


def test_no_numbers_are_no_memory() -> None:
    field = All().r_int32
    assert memoryview(field).tolist() == []
    assert np.asarray(field).shape == (0,)


CHANGES: list[Any] = [
    lambda m: m.r_int32.append(9),
    lambda m: m.r_int32.extend(range(1000)),
    lambda m: m.r_int32.insert(0, 9),
    lambda m: m.r_int32.pop(),
    lambda m: m.r_int32.remove(2),
    lambda m: m.r_int32.clear(),
    lambda m: m.r_int32.reverse(),
    lambda m: m.r_int32.sort(reverse=True),
    lambda m: m.r_int32.MergeFrom([7]),
    lambda m: m.r_int32.__setitem__(0, 9),
    lambda m: m.r_int32.__setitem__(slice(None), [9, 9]),
    lambda m: m.r_int32.__delitem__(0),
    lambda m: m.ClearField("r_int32"),
    lambda m: m.Clear(),
    lambda m: m.MergeFrom(All(r_int32=[8] * 100)),
    lambda m: m.CopyFrom(All(r_int32=[8] * 100)),
    lambda m: m.MergeFromString(All(r_int32=[8] * 100).SerializeToString()),
    lambda m: m.ParseFromString(All(r_int32=[8] * 100).SerializeToString()),
    lambda m: m.__setstate__(All(r_int32=[8]).__getstate__()),
]


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_a_view_stays_what_it_was(number: int) -> None:
    """Every change does what it does without a view."""
    values = [1, 2, 3]
    message, twin = All(r_int32=values), All(r_int32=values)
    view, array = memoryview(message.r_int32), np.asarray(message.r_int32)
    change = CHANGES[number]
    change(message)
    change(twin)
    assert message == twin
    assert view.tolist() == array.tolist() == values
    # A view that is taken now is of what is there now, and a change leaves both alone.
    later = memoryview(message.r_int32)
    expected = list(message.r_int32)
    message.r_int32.append(5)
    assert later.tolist() == expected
    assert view.tolist() == values
    assert list(message.r_int32) == [*expected, 5]


def test_a_view_outlives_its_message() -> None:
    message = All(r_double=[1.0, 2.0])
    array = np.asarray(message.r_double)
    del message
    gc.collect()
    assert array.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("runtime", [GOOGLE, RUSSET], ids=["google", "russet"])
@pytest.mark.parametrize(
    ("name", "values"),
    [("r_int32", [3, 1, 2]), ("r_double", [3.0, 1.0, 2.0]), ("r_bool", [True, False])],
)
def test_an_array_is_its_owners(runtime: Any, name: str, values: list[Any]) -> None:
    message = runtime.classes.All(**{name: values})
    array = np.asarray(getattr(message, name))
    array.sort()
    assert array.tolist() == sorted(values)
    array[0] = array[-1]
    assert list(getattr(message, name)) == values


@pytest.mark.parametrize("runtime", [GOOGLE, RUSSET], ids=["google", "russet"])
def test_arrays_of_no_texts(runtime: Any) -> None:
    message = runtime.classes.All()
    assert np.array(message.r_string).dtype == np.dtype("U1")
    assert np.array(message.r_bytes).dtype == np.dtype("S1")
    assert np.array(message.r_string, dtype="U7").dtype == np.dtype("U7")
    assert np.concatenate([np.array(message.r_string), np.array(["x"])]).tolist() == ["x"]


def test_requests_that_cannot_be_met_are_refused() -> None:
    message = All(r_int32=[1, 2], r_string=["a"], r_bytes=[b"a"])
    with pytest.raises(BufferError, match=r"All.r_string: strings and bytes have no buffer"):
        memoryview(message.r_string)
    with pytest.raises(BufferError, match=r"r_bytes"):
        memoryview(message.r_bytes)
    # Python puts words of its own in place of those of the BufferError.
    with pytest.raises(TypeError, match="read-write"):
        struct.pack_into("<i", message.r_int32, 0, 5)
    with pytest.raises(BufferError, match=r"All\.r_int32: a repeated field is no plain bytes"):
        hashlib.sha256(message.r_int32)
    with pytest.raises(TypeError):
        bytearray().extend(message.r_int32)
    with pytest.raises(TypeError):
        memoryview(message.r_sub)
    assert list(message.r_int32) == [1, 2]


def test_bytes_of_a_list_are_its_values() -> None:
    """As in the original, which has no buffers."""
    for runtime in (GOOGLE, RUSSET):
        assert bytes(runtime.classes.All(r_int32=[1, 255]).r_int32) == b"\x01\xff"
        with pytest.raises(ValueError, match="range"):
            bytes(runtime.classes.All(r_int32=[256]).r_int32)
        with pytest.raises(TypeError):
            bytes(runtime.classes.All(r_string=["a"]).r_string)


def test_strings_become_arrays_as_before() -> None:
    assert np.asarray(All(r_string=["a", "bc"]).r_string).tolist() == ["a", "bc"]
    assert np.array(All(r_int32=[1, 2]).r_int32, dtype=np.float64).tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "runtime",
    [
        pytest.param(GOOGLE, marks=needs_newest_protobuf, id="google"),
        pytest.param(RUSSET, id="russet"),
    ],
)
def test_numbers_of_numpy_are_values_of_fields(runtime: Any) -> None:
    """numpy's truths have no `__index__`, and are taken all the same."""
    message = runtime.classes.All(
        f_bool=np.bool_(True),
        r_bool=np.array([True, False]),
        f_int32=np.int8(-5),
        f_uint64=np.uint64(2**64 - 1),
        f_double=np.float64(1.5),
        f_float=np.float32(0.25),
        f_enum=np.int64(5),
        r_int32=np.arange(3),
        m_int64_bool={np.int64(7): np.bool_(True)},
    )
    message.r_bool.append(np.bool_(True))
    assert message.f_bool is True
    assert list(message.r_bool) == [True, False, True]
    assert (message.f_int32, message.f_uint64, message.f_enum) == (-5, 2**64 - 1, 5)
    assert (message.f_double, message.f_float) == (1.5, 0.25)
    assert list(message.r_int32) == [0, 1, 2]
    assert dict(message.m_int64_bool) == {7: True}
    for wrong in (np.array([True]), np.float32(1.0), np.array(True)):
        with pytest.raises(TypeError):
            message.f_bool = wrong
