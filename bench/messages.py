"""Russet's messages against google.protobuf (upb), shape by shape: microseconds and the ratio, medians of interleaved rounds.

Both sides get the same descriptor and the same work, in one process. Above 1 Russet is faster. `python bench/messages.py [rounds [parts of names]]`.
"""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

import google.protobuf.descriptor_pool as google_pools
import google.protobuf.message_factory as google_factory
import russet.protobuf.descriptor_pool as russet_pools
import russet.protobuf.message_factory as russet_factory
from google.protobuf import descriptor_pb2 as google_descriptor
from google.protobuf import json_format as google_json
from google.protobuf import text_format as google_text
from grpc_tools import protoc
from russet.protobuf import json_format as russet_json
from russet.protobuf import text_format as russet_text

HERE = Path(__file__).parent
# How long one measurement runs, in seconds.
SLICE = 0.02


def classes() -> tuple[dict[str, Any], dict[str, Any]]:
    """The message classes of bench/messages.proto on both runtimes."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "set.bin"
        arguments = ["protoc", f"-I{HERE}", f"--descriptor_set_out={out}", "messages.proto"]
        if protoc.main(arguments) != 0:
            raise SystemExit("the schema does not compile")
        files = google_descriptor.FileDescriptorSet.FromString(out.read_bytes()).file
    pools = [google_pools.DescriptorPool(), russet_pools.DescriptorPool()]
    for pool in pools:
        for file in files:
            pool.AddSerializedFile(file.SerializeToString())
    names = [message.name for message in files[0].message_type]
    google, russet = (
        {
            name: factory.GetMessageClass(pool.FindMessageTypeByName(f"russet.bench.{name}"))
            for name in names
        }
        for pool, factory in zip(pools, (google_factory, russet_factory))
    )
    return google, russet


MID: dict[str, Any] = {
    "a": -5, "b": 1 << 40, "c": 7, "d": 1 << 60, "e": -(1 << 33), "f": 99, "g": -99, "h": True, "i": 1.5, "j": 2.25,
    "title": "A title of some words", "body": "body text " * 40, "digest": bytes(range(64)), "level": 2,
    "tags": [f"tag-{n}" for n in range(8)], "scores": list(range(0, 4000, 200)),
    "counts": {f"key-{n}": n * 1000 for n in range(10)}, "user": "somebody",
}  # fmt: skip
SCALARS = [name for name in MID if name not in ("tags", "scores", "counts")]
ITEMS = [
    {
        "id": 1_000_000 + n,
        "name": f"Item number {n}",
        "description": "Something worth having, in " + "many " * (n % 5) + "words.",
        "price": n * 1.25,
        "place": {"latitude": n * 1000, "longitude": -n},
        "tags": ["red", f"tag{n % 10}"],
        "available": n % 2 == 0,
    }
    for n in range(900)
]
DOUBLES = [n * 0.5 for n in range(100_000)]
VARINTS = [(n * 7919) % 2_000_000 for n in range(100_000)]


def read_item(item: Any) -> None:
    """Reads all of an item."""
    item.id, item.name, item.description, item.price, item.available  # noqa: B018
    place = item.place
    place.latitude, place.longitude  # noqa: B018
    for tag in item.tags:
        tag  # noqa: B018


def read_mid(mid: Any) -> None:
    """Reads all of a Mid."""
    for name in SCALARS:
        getattr(mid, name)
    note = mid.note
    note.message, note.location.latitude, note.location.longitude  # noqa: B018
    for _ in mid.tags:
        pass
    for _ in mid.scores:
        pass
    counts = mid.counts
    for key in counts:
        counts[key]


def work(t: dict[str, Any], json: Any, text: Any) -> dict[str, Callable[[], Any]]:
    """What is measured, by its name, on the classes of one runtime and its modules for JSON and text format."""
    hello_class, note_class, point, mid_class = t["Hello"], t["Note"], t["Point"], t["Mid"]
    hello = hello_class(name="world")
    note = note_class(
        location=point(latitude=409146138, longitude=-746188906), message="hello there"
    )
    mid = mid_class(note=note, **MID)
    catalog = t["Catalog"](name="all", items=ITEMS)
    doubles = t["Doubles"](values=DOUBLES)
    varints = t["Varints"](values=VARINTS)
    data = {
        m.DESCRIPTOR.name: m.SerializeToString()
        for m in (hello, note, mid, catalog, doubles, varints)
    }
    hello_data, note_data, mid_data, catalog_data = (
        data[n] for n in ("Hello", "Note", "Mid", "Catalog")
    )
    catalog_class = t["Catalog"]
    other_catalog = catalog_class.FromString(catalog_data)
    forms: dict[str, Callable[[], Any]] = {}

    def add_forms(name: str, message: Any) -> None:
        cls = type(message)
        as_json, as_dict = json.MessageToJson(message), json.MessageToDict(message)
        as_text = text.MessageToString(message)
        forms[f"{name} JSON out"] = lambda: json.MessageToJson(message)
        forms[f"{name} JSON in"] = lambda: json.Parse(as_json, cls())
        forms[f"{name} MessageToDict"] = lambda: json.MessageToDict(message)
        forms[f"{name} ParseDict"] = lambda: json.ParseDict(as_dict, cls())
        forms[f"{name} text out"] = lambda: text.MessageToString(message)
        forms[f"{name} text in"] = lambda: text.Parse(as_text, cls())

    add_forms("Mid", mid)
    add_forms("Catalog", catalog)

    def set_name() -> None:
        hello.name = "other"

    def read_note() -> None:
        parsed = note_class.FromString(note_data)
        location = parsed.location
        location.latitude, location.longitude, parsed.message  # noqa: B018

    def parse_and_read_catalog() -> None:
        for item in catalog_class.FromString(catalog_data).items:
            read_item(item)

    def read_catalog() -> None:
        for item in catalog.items:
            read_item(item)

    return {
        "Hello construct": lambda: hello_class(name="world"),
        "Hello parse": lambda: hello_class.FromString(hello_data),
        "Hello parse+read": lambda: hello_class.FromString(hello_data).name,
        "Hello serialize": lambda: hello.SerializeToString(),
        "Hello construct+serialize": lambda: hello_class(name="world").SerializeToString(),
        "Hello getattr": lambda: hello.name,
        "Hello setattr": set_name,
        "Note construct": lambda: note_class(
            location=point(latitude=409146138, longitude=-746188906), message="hi"
        ),
        "Note parse": lambda: note_class.FromString(note_data),
        "Note parse+read": read_note,
        "Note serialize": lambda: note.SerializeToString(),
        "Mid construct": lambda: mid_class(note=note, **MID),
        "Mid parse": lambda: mid_class.FromString(mid_data),
        "Mid serialize": lambda: mid.SerializeToString(),
        "Mid read": lambda: read_mid(mid),
        "Mid parse+read": lambda: read_mid(mid_class.FromString(mid_data)),
        "Mid copy": lambda: mid_class().CopyFrom(mid),
        "Mid ==": lambda: mid == mid_class.FromString(mid_data),
        "Mid ByteSize": lambda: mid.ByteSize(),
        "Mid str": lambda: str(mid),
        "Mid HasField": lambda: mid.HasField("note"),
        "Mid WhichOneof": lambda: mid.WhichOneof("owner"),
        "Mid ListFields": lambda: mid.ListFields(),
        "Catalog construct": lambda: catalog_class(name="all", items=ITEMS),
        "Catalog parse": lambda: catalog_class.FromString(catalog_data),
        "Catalog read": read_catalog,
        "Catalog parse+read": parse_and_read_catalog,
        "Catalog serialize": lambda: catalog.SerializeToString(),
        "Catalog copy": lambda: catalog_class().CopyFrom(catalog),
        "Catalog ==": lambda: catalog == other_catalog,
        "Doubles construct": lambda: t["Doubles"](values=DOUBLES),
        "Doubles parse": lambda: t["Doubles"].FromString(data["Doubles"]),
        "Doubles serialize": lambda: doubles.SerializeToString(),
        "Doubles list()": lambda: list(doubles.values),
        "Varints construct": lambda: t["Varints"](values=VARINTS),
        "Varints parse": lambda: t["Varints"].FromString(data["Varints"]),
        "Varints serialize": lambda: varints.SerializeToString(),
        "Varints list()": lambda: list(varints.values),
        **forms,
    }


def measure(function: Callable[[], Any]) -> float:
    """Seconds a call, in one slice of time."""
    timer = timeit.Timer(function)
    calls = 1
    while (taken := timer.timeit(calls)) < SLICE / 4:
        calls = max(calls * 2, int(calls * SLICE / max(taken, 1e-9) / 2))
    return timer.timeit(calls) / calls


def main() -> None:
    """Measures and prints."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    google, russet_classes = classes()
    sides = [work(google, google_json, google_text), work(russet_classes, russet_json, russet_text)]
    wanted = sys.argv[2:]
    gc.enable()
    print(f"{'':28}{'upb us':>12}{'russet us':>12}{'ratio':>8}")
    ratios = []
    for name in sides[0]:
        if wanted and not any(part in name for part in wanted):
            continue
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(rounds):
            for side, taken in zip(sides, times):
                taken.append(measure(side[name]))
        upb, russet = (statistics.median(taken) * 1e6 for taken in times)
        ratios.append(upb / russet)
        print(f"{name:28}{upb:12.3f}{russet:12.3f}{upb / russet:8.2f}")
    print(f"{'geometric mean':28}{'':24}{statistics.geometric_mean(ratios):8.2f}")


if __name__ == "__main__":
    main()
