"""The parser of one shape on one runtime, for a process that measures memory."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import generated
import shapes


def _data(shape: str, cls: Callable[..., Any], note: Callable[..., Any]) -> bytes:
    values = {
        "Hello": shapes.HELLO,
        "Note": shapes.NOTE,
        "Mid": {**shapes.MID, "note": shapes.NOTE},
        "Catalog": {"name": "all", "items": shapes.ITEMS},
        "Doubles": {"values": shapes.DOUBLES},
    }[shape]
    data: bytes = cls(**values).SerializeToString()
    return data


def parser(side: str, shape: str) -> tuple[Callable[[bytes], Any], bytes]:
    """What parses a message of a shape, and its bytes."""
    if side in ("russet", "upb"):
        package = generated.RUSSET if side == "russet" else generated.UPB
        cls = generated.classes(package)[shape]
        return cls.FromString, _data(shape, cls, cls)
    # The bytes come from Russet, whose share of memory is there before the count begins.
    russet = generated.classes(generated.RUSSET)[shape]
    data = _data(shape, russet, russet)
    if side == "protobuf-py":
        return getattr(importlib.import_module("shapes_pb"), shape).from_binary, data
    return getattr(importlib.import_module("better.russet.bench"), shape).parse, data
