"""Long lists of numbers that are read again keep what was made for it, until they are written: nobody can tell, but by the time it takes."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import GOOGLE, RUSSET

COUNT = 100

VALUES: dict[str, list[Any]] = {
    "r_double": [n + 0.5 for n in range(COUNT)],
    "r_float": [n + 0.25 for n in range(COUNT)],
    "r_int32": [n * 10_000 + 1000 for n in range(COUNT)],
    "r_int64": [(n + 1) << 40 for n in range(COUNT)],
    "r_uint32": [n * 10_000 + 1000 for n in range(COUNT)],
    "r_uint64": [(n + 1) << 50 for n in range(COUNT)],
    "r_enum": [n * 10_000 + 1000 for n in range(COUNT)],
    "r_bool": [n % 3 == 0 for n in range(COUNT)],
}


def message(field: str) -> Any:
    return RUSSET.classes.All(**{field: VALUES[field]})


def are_kept(values: Any) -> bool:
    """Whether two listings give the same objects."""
    return all(first is second for first, second in zip(list(values), list(values)))


@pytest.mark.parametrize("field", [field for field in VALUES if field != "r_bool"])
def test_what_is_listed_again_is_kept(field: str) -> None:
    values = getattr(message(field), field)
    first, second, third = list(values), list(values), list(values)
    assert first == second == third == VALUES[field]
    assert not any(one is other for one, other in zip(first, second))
    assert all(one is other for one, other in zip(second, third))
    assert values[3:7] == VALUES[field][3:7]
    assert values == VALUES[field]
    assert repr(values) == repr(VALUES[field])


@pytest.mark.parametrize("field", VALUES)
def test_a_short_or_unfinished_reading_keeps_nothing(field: str) -> None:
    short = RUSSET.classes.All(**{field: VALUES[field][:10]})
    assert list(getattr(short, field)) == list(getattr(short, field)) == VALUES[field][:10]
    values = getattr(message(field), field)
    for _ in range(3):
        next(iter(values))
    first, second = list(values), list(values)
    assert first == second == VALUES[field]
    if field != "r_bool":
        assert not any(one is other for one, other in zip(first, second))


def test_numbers_outlive_their_list() -> None:
    kept = message("r_int64")
    numbers = [list(kept.r_int64) for _ in range(3)][2]
    iterator = iter(kept.r_int64)
    assert next(iterator) == 1 << 40
    del kept
    assert numbers == VALUES["r_int64"] == [1 << 40, *iterator]


def other() -> Any:
    return RUSSET.classes.All(r_int64=[7, 8, 9])


WRITES: dict[str, Callable[[Any], object]] = {
    "append": lambda m: m.r_int64.append(5),
    "extend": lambda m: m.r_int64.extend([5, 6]),
    "insert": lambda m: m.r_int64.insert(1, 5),
    "pop": lambda m: m.r_int64.pop(),
    "remove": lambda m: m.r_int64.remove(1 << 40),
    "sort": lambda m: m.r_int64.sort(reverse=True),
    "reverse": lambda m: m.r_int64.reverse(),
    "item": lambda m: m.r_int64.__setitem__(4, 5),
    "slice": lambda m: m.r_int64.__setitem__(slice(4, 9), [5]),
    "del": lambda m: m.r_int64.__delitem__(4),
    "clear": lambda m: m.r_int64.clear(),
    "ClearField": lambda m: m.ClearField("r_int64"),
    "Clear": lambda m: m.Clear(),
    "MergeFrom": lambda m: m.MergeFrom(other()),
    "CopyFrom": lambda m: m.CopyFrom(other()),
    "MergeFromString": lambda m: m.MergeFromString(other().SerializeToString()),
    "ParseFromString": lambda m: m.ParseFromString(other().SerializeToString()),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_every_write_is_seen(write: Callable[[Any], object]) -> None:
    kept, fresh = message("r_int64"), message("r_int64")
    assert not are_kept(kept.r_int64)
    assert are_kept(kept.r_int64)
    write(kept)
    write(fresh)
    expected = [fresh.r_int64[n] for n in range(len(fresh.r_int64))]
    assert list(kept.r_int64) == kept.r_int64[:] == expected
    assert kept.r_int64 == expected
    assert list(kept.r_int64) == list(kept.r_int64) == expected


def test_iterating_sees_changes_as_the_original_does() -> None:
    """Random changes in the middle of random iterations."""
    rng = random.Random(5)
    sides = [side.classes.All(r_int64=VALUES["r_int64"]) for side in (GOOGLE, RUSSET)]
    for _ in range(300):
        iterators = [iter(side.r_int64) for side in sides]
        for _ in range(rng.randrange(1, 400)):
            kind = rng.randrange(60)
            number, place = rng.randrange(1 << 62), rng.randrange(COUNT)
            for side in sides:
                if kind == 0:
                    side.r_int64.append(number)
                elif kind == 1 and len(side.r_int64) > COUNT:
                    side.r_int64.pop(place)
                elif kind == 2:
                    side.r_int64[place] = number
            assert next(iterators[0], None) == next(iterators[1], None)
        assert list(sides[0].r_int64) == list(sides[1].r_int64)
