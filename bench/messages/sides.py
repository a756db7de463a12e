"""What is measured, on each runtime: Russet and upb have one API, protobuf-py and betterproto2 have their own."""

from __future__ import annotations

import copy
import importlib
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import shapes

# The functions to measure, by shape and operation.
Operations = dict[str, dict[str, Callable[[], Any]]]

READERS: dict[str, Callable[[Any], None]] = {
    "Hello": shapes.read_hello,
    "Note": shapes.read_note,
    "Catalog": shapes.read_catalog,
    "Doubles": shapes.read_array,
    "Varints": shapes.read_array,
}
SETTERS: dict[str, Callable[[Any], None]] = {
    "Hello": shapes.set_hello,
    "Note": shapes.set_note,
    "Mid": shapes.set_mid,
    "Catalog": shapes.set_catalog,
}
# What reads again where it is not what reads once after parsing.
READ_AGAIN: dict[str, Callable[[Any], None]] = {"Hello": shapes.read_hello_ten_times}


def common(
    make: Callable[[], Any], parsed: Any, read: Callable[[Any], None], name: str
) -> dict[str, Callable[[], Any]]:
    """The operations that are Python's own, and so the same for every runtime; `parsed` is a message of the same content."""
    message, touched = make(), make()
    dumped = pickle.dumps(message)
    operations: dict[str, Callable[[], Any]] = {
        "construct": make,
        "read": partial(READ_AGAIN.get(name, read), message),
        "copy": partial(copy.deepcopy, message),
        "==": lambda: message == parsed,
        "pickle": partial(pickle.dumps, message),
        "unpickle": partial(pickle.loads, dumped),
    }
    if name in SETTERS:
        operations["set"] = partial(SETTERS[name], touched)
    return operations


def google_api(classes: dict[str, Any], json: Any, text: Any) -> Operations:
    """The operations on classes of `google.protobuf`'s API; `json` and `text` are its modules of formats."""
    hello, note, point, mid = classes["Hello"], classes["Note"], classes["Point"], classes["Mid"]
    catalog, doubles, varints = classes["Catalog"], classes["Doubles"], classes["Varints"]
    mid_note = note(location=point(latitude=409146138, longitude=-746188906), message="hello there")
    makers: dict[str, Callable[[], Any]] = {
        "Hello": lambda: hello(name="world"),
        "Note": lambda: note(
            location=point(latitude=409146138, longitude=-746188906), message="hello there"
        ),
        "Mid": lambda: mid(note=mid_note, **shapes.MID),
        "Catalog": lambda: catalog(name="all", items=shapes.ITEMS),
        "Doubles": lambda: doubles(values=shapes.DOUBLES),
        "Varints": lambda: varints(values=shapes.VARINTS),
    }
    readers = {**READERS, "Mid": shapes.mid_reader("user")}

    def operations(name: str) -> dict[str, Callable[[], Any]]:
        make, read = makers[name], readers[name]
        cls, message = classes[name], make()
        data = message.SerializeToString()
        as_json, as_dict = json.MessageToJson(message), json.MessageToDict(message)
        as_text = text.MessageToString(message)
        return {
            **common(make, cls.FromString(data), read, name),
            "parse": partial(cls.FromString, data),
            "parse+read": lambda: read(cls.FromString(data)),
            "serialize": message.SerializeToString,
            "construct+serialize": lambda: make().SerializeToString(),
            "CopyFrom": lambda: cls().CopyFrom(message),
            "ByteSize": message.ByteSize,
            "JSON out": partial(json.MessageToJson, message),
            "JSON in": lambda: json.Parse(as_json, cls()),
            "MessageToDict": partial(json.MessageToDict, message),
            "ParseDict": lambda: json.ParseDict(as_dict, cls()),
            "text out": partial(text.MessageToString, message),
            "str": partial(str, message),
            "text in": lambda: text.Parse(as_text, cls()),
            "ListFields": message.ListFields,
        }

    everything = {name: operations(name) for name in makers}
    message = makers["Mid"]()
    everything["Mid"]["HasField"] = lambda: message.HasField("note")
    everything["Mid"]["WhichOneof"] = lambda: message.WhichOneof("owner")
    return everything


def protobuf_py() -> Operations:
    """The operations on protobuf-py, whose generated code is on the path."""
    from protobuf import Oneof
    from protobuf.txtpb import message_from_text, message_to_text

    m = importlib.import_module("shapes_pb")
    mid_values = {name: value for name, value in shapes.MID.items() if name != "user"}
    mid_note = m.Note(location=m.Point(**shapes.POINT), message="hello there")
    makers: dict[str, Callable[[], Any]] = {
        "Hello": lambda: m.Hello(name="world"),
        "Note": lambda: m.Note(
            location=m.Point(latitude=409146138, longitude=-746188906), message="hello there"
        ),
        "Mid": lambda: m.Mid(note=mid_note, owner=Oneof("user", "somebody"), **mid_values),
        "Catalog": lambda: m.Catalog(
            name="all",
            items=[m.Item(**{**item, "place": m.Point(**item["place"])}) for item in shapes.ITEMS],
        ),
        "Doubles": lambda: m.Doubles(values=shapes.DOUBLES),
        "Varints": lambda: m.Varints(values=shapes.VARINTS),
    }
    readers = {**READERS, "Mid": shapes.mid_reader("owner")}

    def operations(name: str) -> dict[str, Callable[[], Any]]:
        make, read = makers[name], readers[name]
        cls, message = getattr(m, name), make()
        data, as_json, as_text = message.to_binary(), message.to_json(), message_to_text(message)
        return {
            **common(make, cls.from_binary(data), read, name),
            "parse": partial(cls.from_binary, data),
            "parse+read": lambda: read(cls.from_binary(data)),
            "serialize": message.to_binary,
            "construct+serialize": lambda: make().to_binary(),
            "JSON out": message.to_json,
            "JSON in": partial(cls.from_json, as_json),
            "text out": partial(message_to_text, message),
            "text in": lambda: message_from_text(cls, as_text),
        }

    return {name: operations(name) for name in makers}


def betterproto2() -> Operations:
    """The operations on betterproto2, whose generated package is on the path."""
    m = importlib.import_module("better.russet.bench")
    mid_values = {**shapes.MID, "level": m.Level(2)}
    mid_note = m.Note(location=m.Point(**shapes.POINT), message="hello there")
    makers: dict[str, Callable[[], Any]] = {
        "Hello": lambda: m.Hello(name="world"),
        "Note": lambda: m.Note(
            location=m.Point(latitude=409146138, longitude=-746188906), message="hello there"
        ),
        "Mid": lambda: m.Mid(note=mid_note, **mid_values),
        "Catalog": lambda: m.Catalog(
            name="all",
            items=[m.Item(**{**item, "place": m.Point(**item["place"])}) for item in shapes.ITEMS],
        ),
        "Doubles": lambda: m.Doubles(values=shapes.DOUBLES),
        "Varints": lambda: m.Varints(values=shapes.VARINTS),
    }
    readers = {**READERS, "Mid": shapes.mid_reader("user")}

    def operations(name: str) -> dict[str, Callable[[], Any]]:
        make, read = makers[name], readers[name]
        cls, message = getattr(m, name), make()
        data, as_json, as_dict = bytes(message), message.to_json(), message.to_dict()
        return {
            **common(make, cls.parse(data), read, name),
            "parse": partial(cls.parse, data),
            "parse+read": lambda: read(cls.parse(data)),
            "serialize": partial(bytes, message),
            "construct+serialize": lambda: bytes(make()),
            "JSON out": message.to_json,
            "JSON in": partial(cls.from_json, as_json),
            "MessageToDict": message.to_dict,
            "ParseDict": partial(cls.from_dict, as_dict),
        }

    return {name: operations(name) for name in makers}
