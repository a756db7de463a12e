"""Runs the same Python on both runtimes and compares what comes of it."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any


def normal(value: Any) -> Any:
    """A value in a form that compares across runtimes: messages as bytes and text, containers as lists and dicts."""
    if (
        hasattr(value, "SerializePartialToString")
        and hasattr(value, "DESCRIPTOR")
        and not isinstance(value, type)
    ):
        return (
            "message",
            value.DESCRIPTOR.full_name,
            value.SerializePartialToString(deterministic=True),
        )
    if hasattr(value, "GetEntryClass"):
        return {"map": {normal(key): normal(value[key]) for key in sorted(value)}}
    if type(value).__name__ in (
        "FieldDescriptor",
        "Descriptor",
        "EnumDescriptor",
        "OneofDescriptor",
    ):
        return (type(value).__name__, value.full_name)
    if isinstance(value, float):
        return ("float", "nan" if math.isnan(value) else repr(value))
    if isinstance(value, (str, bytes, int, type(None))):
        return (type(value).__name__, value)
    if isinstance(value, dict):
        return {normal(key): normal(item) for key, item in value.items()}
    if isinstance(value, type):
        return ("class", value.__name__)
    try:
        return [normal(item) for item in value]
    except TypeError:
        return (type(value).__name__,)


def outcome(runtime: Any, code: str) -> Any:
    """What running `code` gives: the value of its last expression or its exception, and the message `m` after it."""
    scope: dict[str, Any] = {
        **vars(runtime.classes), "runtime": runtime, "copy": copy, "pickle": pickle, "nan": math.nan, "inf": math.inf,
        "x": runtime.extension,
    }  # fmt: skip
    scope["m"] = scope["All"]()
    scope["d"] = scope["Defaults"]()
    *statements, last = code.split("\n")
    result: Any
    try:
        for statement in statements:
            exec(statement, scope)
        try:
            result = normal(eval(last, scope))
        except SyntaxError:
            exec(last, scope)
            result = None
    except Exception as error:
        result = ("raises", [cls.__name__ for cls in type(error).__mro__])
    state = [
        (message.SerializePartialToString(deterministic=True), sorted_text(runtime, message))
        for message in (scope["m"], scope["d"])
    ]
    return result, state


def sorted_text(runtime: Any, message: Any) -> str:
    """The text format, in which both runtimes order maps by key."""
    return str(runtime.text_format.MessageToString(message))
