"""The values of the six shapes: what every side is given to construct, and what it then reads and sets."""

from __future__ import annotations

from typing import Any

HELLO: dict[str, Any] = {"name": "world"}
POINT: dict[str, Any] = {"latitude": 409146138, "longitude": -746188906}
NOTE: dict[str, Any] = {"location": POINT, "message": "hello there"}
# 949 bytes on the wire.
MID: dict[str, Any] = {
    "a": -5, "b": 1 << 40, "c": 7, "d": 1 << 60, "e": -(1 << 33), "f": 99, "g": -99, "h": True, "i": 1.5, "j": 2.25,
    "title": "A title of some words", "body": "body text " * 40, "digest": bytes(range(64)), "level": 2,
    "tags": [f"tag-{n}" for n in range(8)], "scores": list(range(0, 4000, 200)),
    "counts": {f"key-{n}": n * 1000 for n in range(10)}, "user": "somebody",
}  # fmt: skip
ITEMS: list[dict[str, Any]] = [
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
DOUBLES: list[float] = [n * 0.5 for n in range(100_000)]
VARINTS: list[int] = [(n * 7919) % 2_000_000 for n in range(100_000)]


def read_hello(hello: Any) -> None:
    """Reads the one field."""
    hello.name  # noqa: B018


def read_hello_ten_times(hello: Any) -> None:
    """Reads the one field again and again: beside a single read, the call of this function would be most of what is measured."""
    hello.name, hello.name, hello.name, hello.name, hello.name  # noqa: B018
    hello.name, hello.name, hello.name, hello.name, hello.name  # noqa: B018


def read_note(note: Any) -> None:
    """Reads all of a note."""
    location = note.location
    location.latitude, location.longitude, note.message  # noqa: B018


def mid_reader(owner: str) -> Any:
    """What reads all of a Mid, whose oneof's member is read as `owner`."""

    def read(mid: Any) -> None:
        mid.a, mid.b, mid.c, mid.d, mid.e, mid.f, mid.g, mid.h, mid.i, mid.j  # noqa: B018
        mid.title, mid.body, mid.digest, mid.level  # noqa: B018
        getattr(mid, owner)
        read_note(mid.note)
        for _ in mid.tags:
            pass
        for _ in mid.scores:
            pass
        counts = mid.counts
        for key in counts:
            counts[key]

    return read


def read_catalog(catalog: Any) -> None:
    """Reads all of every item."""
    for item in catalog.items:
        item.id, item.name, item.description, item.price, item.available  # noqa: B018
        place = item.place
        place.latitude, place.longitude  # noqa: B018
        for _ in item.tags:
            pass


def read_array(array: Any) -> None:
    """Makes a list of the numbers."""
    list(array.values)


def set_hello(hello: Any) -> None:
    """Sets the one field."""
    hello.name = "other"


def set_note(note: Any) -> None:
    """Sets all fields."""
    note.message = "hello again"
    location = note.location
    location.latitude = 5
    location.longitude = -5


def set_mid(mid: Any) -> None:
    """Sets the singular fields that are no messages."""
    mid.a, mid.b, mid.c, mid.d, mid.e, mid.f, mid.g = -6, 1 << 41, 8, 1 << 61, -(1 << 34), 98, -98
    mid.h, mid.i, mid.j, mid.title, mid.digest = False, 2.5, 3.25, "Another title", b"digest"


def set_catalog(catalog: Any) -> None:
    """Sets fields of every item."""
    for item in catalog.items:
        item.id, item.name, item.price, item.available = 5, "Renamed", 2.5, True
