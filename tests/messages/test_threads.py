"""Several threads with one message: nothing crashes, and who only reads reads what is there."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import pytest
from russet.protobuf import json_format

from .conftest import RUSSET

All = RUSSET.classes.All
THREADS = 6
ROUNDS = 150
CONTENT: dict[str, Any] = {
    "f_string": "a text that is too long for its slot",
    "f_sub": {"x": 1, "next": {"s": "another text that is too long", "l": [1, 2]}},
    "r_sub": [{"x": n, "s": f"text {n} that is too long for its slot"} for n in range(20)],
    "r_string": [f"text {n} that is too long for its slot" for n in range(20)],
    "r_int32": range(100),
    "m_string_string": {f"key {n}": "a value that is too long" for n in range(30)},
    "m_int32_sub": {n: {"x": n} for n in range(5)},
}


def together(works: list[Callable[[], Any]]) -> list[BaseException]:
    """Runs each on a thread of its own, all begun at once; what they raised."""
    raised: list[BaseException] = []
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> None:
        start.wait()
        try:
            work()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_one_parsed_message_is_read_by_many() -> None:
    """Sub-messages, lists and maps are made by whoever comes first."""
    data = All(**CONTENT).SerializeToString(deterministic=True)
    text, document = str(All.FromString(data)), json_format.MessageToDict(All.FromString(data))
    for _ in range(ROUNDS // 5):
        message = All.FromString(data)

        def read(message: Any = message) -> None:
            assert message.f_sub.next.s == "another text that is too long"
            assert [sub.s for sub in message.r_sub][7] == "text 7 that is too long for its slot"
            assert list(message.r_string) == CONTENT["r_string"]
            assert memoryview(message.r_int32).tolist() == list(range(100))
            assert dict(message.m_string_string) == CONTENT["m_string_string"]
            assert message.SerializeToString(deterministic=True) == data
            assert str(message) == text
            assert json_format.MessageToDict(message) == document

        assert together([read] * THREADS) == []


def test_many_parse_into_one_message() -> None:
    data = All(**CONTENT).SerializeToString()
    message = All()

    def parse() -> None:
        for _ in range(ROUNDS):
            message.ParseFromString(data)
            message.MergeFromString(data)

    assert together([parse] * THREADS) == []
    message.ParseFromString(data)
    assert message == All(**CONTENT)


# What a reader may meet where others write: a list that became shorter, a map that changed while it was walked.
MEANWHILE = (IndexError, KeyError, RuntimeError, ValueError)


def writes(message: Any) -> list[Callable[[], Any]]:
    """Changes of all kinds."""
    data = All(**CONTENT).SerializeToString()
    return [
        lambda: message.r_sub.add(x=1),
        lambda: message.r_sub.pop(),
        lambda: message.r_sub.sort(key=lambda sub: sub.x),
        lambda: message.r_int32.extend([1, 2, 3]),
        lambda: message.r_int32.__delitem__(slice(0, 2)),
        lambda: message.r_string.append("one more that is too long"),
        lambda: message.m_string_string.update({"new": "value"}),
        lambda: message.m_string_string.clear(),
        lambda: message.m_int32_sub[3].children["a"].l.append(1),
        lambda: setattr(message, "f_string", "changed to what is too long as well"),
        lambda: message.ClearField("f_sub"),
        lambda: message.Clear(),
        lambda: message.ParseFromString(data),
        lambda: message.MergeFrom(All(**CONTENT)),
        lambda: message.CopyFrom(All(**CONTENT)),
    ]


def reads(message: Any) -> list[Callable[[], Any]]:
    """Readings of all kinds."""
    return [
        lambda: str(message),
        lambda: message.SerializeToString(),
        lambda: json_format.MessageToJson(message),
        lambda: message == All(**CONTENT),
        lambda: message.f_sub.next.next.s,
        lambda: [sub.s for sub in message.r_sub],
        lambda: sum(memoryview(message.r_int32).tolist()),
        lambda: dict(message.m_string_string),
        lambda: message.ListFields(),
        lambda: All.FromString(message.SerializeToString()),
    ]


@pytest.mark.parametrize("writers", [1, 4])
def test_readers_and_writers_of_one_message(writers: int) -> None:
    """Neither crashes; an error, if any, is one that a list or dict would raise too."""
    message = All(**CONTENT)

    def repeat(works: list[Callable[[], Any]], first: int) -> None:
        for turn in range(ROUNDS):
            try:
                works[(first + turn) % len(works)]()
            except MEANWHILE:
                pass

    jobs = [functools.partial(repeat, writes(message), 4 * number) for number in range(writers)]
    jobs += [functools.partial(repeat, reads(message), 3 * number) for number in range(3)]
    assert together(jobs) == []
    message.CopyFrom(All(**CONTENT))
    assert message == All(**CONTENT)
