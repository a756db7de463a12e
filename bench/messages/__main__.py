"""Russet's messages against google.protobuf (upb), protobuf-py and betterproto2, shape by shape and operation by operation.

All sides do the same work in one process, pinned to one core, and take turns; the table has medians of the rounds in microseconds of CPU time, and how many times faster Russet is than each peer. Then come memory a message and the cost of importing, of processes of their own, and the goals that Russet has set itself, each with what is missed. `python bench/messages --help`.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib.util
import os
import statistics
import tempfile
import time
import timeit
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import costs
import generated
import sides

# How long one measurement runs, in seconds.
SLICE = 0.02
# What slower means: noise of a tenth is allowed.
NOISE = 0.9
PEERS = ("upb", "protobuf-py", "betterproto2")
Key = tuple[str, str]
# What each line of the table is to reach, in the order in which `shortfalls` names them.
GOALS_OF_A_LINE = (
    "no line slower than upb",
    "none slower than protobuf-py, but where it merely keeps Python objects",
    "there, twice as fast as upb",
)


def print_floors() -> None:
    """What the interpreter itself takes to read an attribute ten times, and to make the numbers of a list when they are first asked for."""
    import array

    import shapes

    class Slots:
        __slots__ = ("name",)

    slots = Slots()
    slots.name = "x"
    varints, doubles = array.array("q", shapes.VARINTS), array.array("d", shapes.DOUBLES)
    floors = {
        "Hello read: a slot, ten times": partial(shapes.read_hello_ten_times, slots),
        "Varints parse+read: list(array('q'))": lambda: list(varints),
        "Doubles parse+read: list(array('d'))": lambda: list(doubles),
    }
    print("what the interpreter takes, in us")
    for name, work in floors.items():
        timer = timeit.Timer(work)
        number, _ = timer.autorange()
        cost = min(timer.repeat(5, max(1, number // 10))) / max(1, number // 10)
        print(f"        {name:<40}{cost * 1e6:12.3f}")


def is_kept(key: Key) -> bool:
    """Whether protobuf-py merely keeps Python objects here: reading a field again, listing an array, making an array of a list."""
    shape, operation = key
    return operation == "read" or (
        shape in ("Doubles", "Varints") and operation in ("construct", "construct+serialize")
    )


def all_sides() -> dict[str, sides.Operations]:
    """The operations of every runtime that is installed."""
    import google.protobuf.json_format
    import google.protobuf.text_format
    import russet.protobuf.json_format
    import russet.protobuf.text_format

    there = {
        "russet": sides.google_api(
            generated.classes(generated.RUSSET),
            russet.protobuf.json_format,
            russet.protobuf.text_format,
        ),
        "upb": sides.google_api(
            generated.classes(generated.UPB),
            google.protobuf.json_format,
            google.protobuf.text_format,
        ),
    }
    if importlib.util.find_spec("shapes_pb"):
        there["protobuf-py"] = sides.protobuf_py()
    if importlib.util.find_spec("better"):
        there["betterproto2"] = sides.betterproto2()
    return there


def measure(function: Callable[[], Any]) -> float:
    """Seconds of CPU time a call, in one slice of time, with the garbage collector on."""
    timer = timeit.Timer(function, setup=gc.enable, timer=time.process_time)
    calls = 1
    while (taken := timer.timeit(calls)) < SLICE / 4:
        calls = max(calls * 2, int(calls * SLICE / max(taken, 1e-9) / 2))
    return timer.timeit(calls) / calls


def row_of(
    there: dict[str, sides.Operations], key: Key, rounds: int, remark: str = ""
) -> dict[str, float]:
    """The median time of one operation on each side, the sides taking turns; printed as a line."""
    shape, operation = key
    functions = {
        side: operations[shape][operation]
        for side, operations in there.items()
        if operation in operations[shape]
    }
    taken: dict[str, list[float]] = {side: [] for side in functions}
    for _ in range(rounds):
        for side, function in functions.items():
            taken[side].append(measure(function))
    row = {side: statistics.median(runs) for side, runs in taken.items()}
    line = f"{shape + ' ' + operation:30}{row['russet'] * 1e6:11.3f}"
    for peer in PEERS:
        if peer in row:
            line += f"{row[peer] * 1e6:13.3f}{row[peer] / row['russet']:8.2f}"
        else:
            line += f"{'-':>13}{'-':>8}"
    print(line + remark, flush=True)
    return row


def times(
    there: dict[str, sides.Operations], keys: Iterable[Key], rounds: int
) -> dict[Key, dict[str, float]]:
    """The median time of each operation on each side, printed as they come. A line that misses its goal is measured once more with three times the rounds, and that counts: one disturbance in some hundred lines is to be expected, and a line that is really slower misses again."""
    print(f"{'us a call':30}{'russet':>11}" + "".join(f"{peer:>13}{'x':>8}" for peer in PEERS))
    table: dict[Key, dict[str, float]] = {}
    for key in keys:
        row = row_of(there, key, rounds)
        if shortfalls(key, row):
            row = row_of(there, key, 3 * rounds, "  (again)")
        table[key] = row
    return table


def ratio(row: dict[str, float], peer: str = "upb") -> float:
    """How many times faster Russet is."""
    return row[peer] / row["russet"]


def shortfalls(key: Key, row: dict[str, float]) -> dict[str, float]:
    """The goals that one line misses, with the ratio that it reached."""
    no_slower, no_slower_than_rust, twice = GOALS_OF_A_LINE
    missed = {}
    if ratio(row) < NOISE:
        missed[no_slower] = ratio(row)
    if is_kept(key):
        if "serialize" not in key[1] and ratio(row) < 2 * NOISE:
            missed[twice] = ratio(row)
    elif "protobuf-py" in row and ratio(row, "protobuf-py") < NOISE:
        missed[no_slower_than_rust] = ratio(row, "protobuf-py")
    return missed


def geometric(table: dict[Key, dict[str, float]], operations: Iterable[str]) -> float | None:
    """The geometric mean of the ratios to upb of some operations."""
    wanted = set(operations)
    ratios = [ratio(row) for (_, operation), row in table.items() if operation in wanted]
    return statistics.geometric_mean(ratios) if ratios else None


def verdict(goal: str, missed: list[str]) -> None:
    """Prints whether a goal is reached."""
    print(f"{'MISSED' if missed else 'ok':8}{goal}" + "".join(f"\n          {m}" for m in missed))


def judge(table: dict[Key, dict[str, float]]) -> None:
    """Prints which of the goals for speed are reached."""
    missed: dict[str, list[str]] = {goal: [] for goal in GOALS_OF_A_LINE}
    for key, row in table.items():
        for goal, reached in shortfalls(key, row).items():
            missed[goal].append(f"{' '.join(key)} {reached:.2f}")
    for goal, lines in missed.items():
        verdict(goal, lines)
    means = (
        ("parse and read, construct and serialize", ("parse+read", "construct+serialize"), 2),
        ("JSON out", ("JSON out",), 20),
        ("JSON in", ("JSON in",), 20),
        ("text out", ("text out",), 20),
        ("text in", ("text in",), 20),
        ("MessageToDict", ("MessageToDict",), 8),
    )
    for name, operations, goal in means:
        mean = geometric(table, operations)
        if mean is not None:
            missed = [f"{mean:.2f}"] if mean < goal else []
            verdict(f"{goal} times upb in the geometric mean: {name} ({mean:.2f})", missed)


def weigh(folder: Path, there: Iterable[str]) -> None:
    """Measures memory and imports, and prints which goals are reached."""
    costs.write_large_module(folder)
    names = list(there)
    print(f"\n{'bytes a parsed message':30}" + "".join(f"{side:>14}" for side in names))
    goals = {"Hello": 1 / 3, "Mid": 1 / 2, "Catalog": 1 / 2}
    missed = []
    for shape in costs.HELD:
        row = {side: costs.memory(folder, side, shape) for side in names}
        print(f"{shape:30}" + "".join(f"{row[side]:14.0f}" for side in names), flush=True)
        share = row["russet"] / row["upb"]
        if share > goals.get(shape, 1):
            missed.append(f"{shape} {share:.2f}")
    upb = costs.imports(folder, "google.protobuf", "upb_large.large_pb2")
    russet = costs.imports(folder, "russet.protobuf", "russet_large.large_pb2")
    print(f"\n{'ms to import':30}{'russet':>14}{'upb':>14}{'share':>8}")
    for name, ours, theirs in zip(("runtime", f"{costs.MESSAGES} messages"), russet, upb):
        print(f"{name:30}{ours * 1e3:14.2f}{theirs * 1e3:14.2f}{ours / theirs:8.2f}")
    print()
    verdict("memory: a third of upb's for Hello, half for Mid and Catalog", missed)
    for name, ours, theirs, goal in zip(
        ("importing the runtime", "importing 200 messages"), russet, upb, (1 / 3, 1 / 4)
    ):
        share = ours / theirs
        verdict(f"{name}: {goal:.2f} of upb's", [f"{share:.2f}"] if share > goal else [])


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Messages side by side.")
    parser.add_argument("wanted", nargs="*", help="only lines that have one of these in their name")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="Russet and upb alone, three rounds")
    parser.add_argument("--no-costs", action="store_true", help="no memory, no imports")
    options = parser.parse_args()
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generated.generate(folder)
        there = all_sides()
        if options.quick:
            there = {side: there[side] for side in ("russet", "upb")}
        keys = [
            (shape, operation)
            for shape, operations in there["russet"].items()
            for operation in operations
            if not options.wanted or any(part in f"{shape} {operation}" for part in options.wanted)
        ]
        load = os.getloadavg()[0]
        table = times(there, keys, 3 if options.quick else options.rounds)
        print(f"load average {load:.2f} before, {os.getloadavg()[0]:.2f} after")
        judge(table)
        if any(operation == "read" for _, operation in table):
            print_floors()
        if not options.no_costs:
            weigh(folder, there)


if __name__ == "__main__":
    main()
