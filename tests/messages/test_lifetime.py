"""Who keeps whom alive: views, identity, memory that does not grow, nesting without end."""

from __future__ import annotations

import copy
import gc
import pickle
import resource
import sys
from collections.abc import Callable
from typing import Any

import pytest
from russet.protobuf import json_format, text_format
from russet.protobuf.frozen import freeze

from .conftest import RUSSET

EXTENDED: Any = next(
    cls for cls in vars(RUSSET.classes).values() if RUSSET.pool.FindAllExtensions(cls.DESCRIPTOR)
)
EXTENSIONS = RUSSET.pool.FindAllExtensions(EXTENDED.DESCRIPTOR)

CONTENT: dict[str, Any] = {
    "f_string": "a string that is too long to stand in its slot",
    "f_bytes": b"bytes that are too long to stand in their slot",
    "f_sub": {"x": 1, "next": {"s": "s" * 40}},
    "r_sub": [{"s": "t" * 40}, {"x": 2}],
    "r_string": ["u" * 40, "short", "é" * 20],
    "r_int32": [1, 2, 3],
    "m_string_string": {f"key {n}": "v" * 40 for n in range(20)},
    "m_int32_sub": {1: {"s": "w" * 40}},
    "c_string": "x" * 40,
    "w_struct": {"a": [1, {"b": None}], "c": "d"},
}


def read(message: Any) -> None:
    """Reads everything."""
    for field, value in message.ListFields():
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            for key in value:
                if hasattr(value[key], "ListFields"):
                    read(value[key])
        elif field.message_type is not None:
            for item in value if field.is_repeated else [value]:
                read(item)
        elif field.is_repeated:
            list(value)


def scenarios(cls: Any) -> list[Callable[[], Any]]:
    """What is done over and over."""
    data = cls(**CONTENT).SerializeToString()

    def mutate() -> None:
        m = cls.FromString(data)
        m.f_string = "another string that does not fit"
        m.f_sub.next.s = "y" * 40
        m.r_sub.add(s="z" * 40)
        del m.r_sub[0]
        m.r_string[:] = ["a" * 40]
        m.m_string_string["key 1"] = "n" * 40
        del m.m_string_string["key 2"]
        m.c_sub.x = 1
        m.ClearField("f_sub")
        m.Clear()

    def raise_() -> None:
        for bad in (
            {"f_int32": "x"},
            {"r_sub": [1]},
            {"nope": 1},
            {"f_string": b"\xff"},
            {"m_int32_sub": {1: 5}},
        ):
            with pytest.raises((TypeError, ValueError)):
                cls(**bad)
        with pytest.raises(Exception, match="Error parsing"):
            cls.FromString(data[:-5] + b"\xff\xff\xff\xff\xff")

    def as_json() -> None:
        text = json_format.MessageToJson(cls.FromString(data))
        json_format.Parse(text, cls())
        json_format.ParseDict(json_format.MessageToDict(cls.FromString(data)), cls())
        with pytest.raises(json_format.ParseError):
            json_format.Parse(
                '{"rSub": [{"x": 1}, {"s": "a text of some length", "x": "no"}]}', cls()
            )

    def as_text() -> None:
        text_format.Parse(text_format.MessageToString(cls.FromString(data)), cls())
        with pytest.raises(text_format.ParseError):
            text_format.Parse('r_sub { s: "a text of some length" } f_sub { x: "no" }', cls())

    def extend() -> None:
        for extension in EXTENSIONS:
            message = EXTENDED()
            value = message.Extensions[extension]
            if extension.is_repeated:
                value.extend(list(value))
            elif extension.message_type is not None:
                value.SetInParent()
            else:
                message.Extensions[extension] = value
            copied = EXTENDED.FromString(message.SerializePartialToString())
            assert list(copied.Extensions) == list(message.Extensions)
            del message.Extensions[extension]

    def lend() -> None:
        m = cls.FromString(data)
        views = [memoryview(m.r_int32) for _ in range(3)]
        m.r_int32.append(4)
        views.append(memoryview(m.r_int32))
        m.r_int32[:] = [1]
        assert [view.tolist() for view in views] == [[1, 2, 3]] * 3 + [[1, 2, 3, 4]]

    def freeze_() -> None:
        frozen = freeze(cls.FromString(data))
        read(frozen)
        with pytest.raises(TypeError):
            frozen.r_sub.add()

    return [
        lambda: cls(**CONTENT),
        lambda: cls.FromString(data),
        lambda: cls.FromString(bytearray(data)),
        lambda: read(cls.FromString(data)),
        lambda: cls.FromString(data).SerializeToString(deterministic=True),
        lambda: copy.deepcopy(cls.FromString(data)),
        lambda: cls.FromString(data) == cls.FromString(data),
        lambda: pickle.dumps(cls.FromString(data).__getstate__()),
        lambda: str(cls.FromString(data)),
        lambda: cls.FromString(data).f_sub.next,
        lambda: list(cls.FromString(data).m_string_string.items()),
        lambda: cls().f_sub.next.children["a"].l.append(1),
        mutate,
        raise_,
        as_json,
        as_text,
        extend,
        lend,
        freeze_,
    ]


def grown(work: Callable[[], Any], rounds: int) -> int:
    """By how many allocated blocks Python grows over some rounds."""
    for _ in range(20):
        work()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(rounds):
        work()
    gc.collect()
    return sys.getallocatedblocks() - before


@pytest.mark.parametrize("number", range(19))
def test_nothing_leaks(russet: Any, number: int) -> None:
    work = scenarios(russet.classes.All)[number]
    # One block lost in each round would be 300 every time; caches of the interpreter grow by some, and then are full.
    assert any(grown(work, 300) < 60 for _ in range(5))


def test_memory_outside_of_python_stays_flat(russet: Any) -> None:
    works = scenarios(russet.classes.All)
    for work in works:
        grown(work, 100)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for work in works:
        grown(work, 1000)
    # In KiB; each of the scenarios holds about 2 KB at a time.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 * 1024


def test_the_collector_of_garbage_has_no_part_in_messages(russet: Any) -> None:
    m = russet.classes.All(**CONTENT)
    held = [
        (m, m.f_sub, m.r_sub, m.r_string, m.m_string_string, m.w_struct, iter(m.r_string))
        for _ in range(1000)
    ]
    gc.collect()
    for thing in held[0]:
        assert not gc.is_tracked(thing)
        assert not type(thing).__flags__ >> 14 & 1


def test_reading_takes_no_reference_that_stays(russet: Any) -> None:
    m = russet.classes.All(**CONTENT)
    sub, items, mapping = m.f_sub, m.r_sub, m.m_int32_sub
    for held in (sub, items, mapping):
        count = sys.getrefcount(held)
        for _ in range(10):
            m.f_sub, m.r_sub, m.m_int32_sub  # noqa: B018
        assert sys.getrefcount(held) == count
    data = russet.classes.All(**CONTENT).SerializeToString()
    count = sys.getrefcount(data)
    parsed = russet.classes.All.FromString(data)
    assert sys.getrefcount(data) > count  # ranges of it are in use
    read(parsed)
    del parsed
    assert sys.getrefcount(data) == count


def test_a_view_outlives_its_message(russet: Any) -> None:
    data = russet.classes.All(**CONTENT).SerializeToString()
    m = russet.classes.All.FromString(data)
    sub, items, texts, mapping = m.f_sub.next, m.r_sub, m.r_string, m.m_string_string
    iterator = iter(m.r_string)
    del m, data
    gc.collect()
    assert sub.s == "s" * 40
    assert [item.s for item in items] == ["t" * 40, ""]
    assert list(texts) == CONTENT["r_string"]
    assert dict(mapping) == CONTENT["m_string_string"]
    assert list(iterator) == CONTENT["r_string"]
    sub.s = "still live"
    items.add(x=9)
    mapping["new"] = "entry"
    assert len(items) == 3


def test_a_stub_whose_parent_is_gone_is_a_message_of_its_own(russet: Any) -> None:
    stub = russet.classes.All().f_sub.next
    stub.x = 5
    assert stub.SerializeToString() == b"\x08\x05"
    numbers = russet.classes.All().f_sub.l
    numbers.append(1)
    assert list(numbers) == [1]
    children = russet.classes.All().f_sub.children
    children["a"].x = 1
    assert len(children) == 1


def test_nesting_without_end_neither_overflows_nor_leaks(russet: Any) -> None:
    top = russet.classes.Sub()
    inner = top
    for _ in range(200_000):
        inner = inner.next
    inner.x = 1
    with pytest.raises(RecursionError):
        top == copy.copy(russet.classes.Sub(x=1)) or top.ByteSize()
    with pytest.raises(RecursionError):
        copy.deepcopy(top)
    assert str(top)
    del inner
    del top
    gc.collect()


def test_values_change_while_they_are_iterated(russet: Any) -> None:
    m = russet.classes.All(r_int32=[1, 2, 3], m_string_int32={"a": 1})
    seen = []
    for value in m.r_int32:
        seen.append(value)
        if value == 1:
            m.r_int32.pop()
            m.r_int32.append(9)
    assert seen == [1, 2, 9]
    with pytest.raises(RuntimeError):
        for key in m.m_string_int32:
            m.m_string_int32[key + "x"] = 1


def test_code_that_runs_meanwhile_may_change_the_list(russet: Any) -> None:
    m = russet.classes.All(r_sub=[{"x": 1}, {"x": 2}], r_int32=[3, 1, 2])

    class Sneaky:
        def __index__(self) -> int:
            m.r_int32.clear()
            return 7

        def __eq__(self, other: object) -> bool:
            m.r_int32.clear()
            return False

        __hash__ = None  # type: ignore[assignment]

    m.r_int32.append(Sneaky())
    assert list(m.r_int32) == [7]
    m.r_int32.extend([1, Sneaky()])
    assert list(m.r_int32) == [1, 7]
    with pytest.raises(ValueError, match="not in container"):
        m.r_int32.remove(Sneaky())
    m.r_int32.extend([5, 6])
    with pytest.raises(ValueError, match="during sort"):
        m.r_int32.sort(key=lambda value: m.r_int32.append(value) or value)
    m.r_int32[:] = [1, 2]
    m.r_int32[0] = Sneaky() if len(m.r_int32) > 5 else 4
    assert list(m.r_int32) == [4, 2]
