"""Walks every module of google.protobuf and holds Russet's against it: each public name, kind, signature and attribute of a class."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import google.protobuf
import pytest

RELEASE = (7, 36)
pytestmark = pytest.mark.skipif(
    tuple(map(int, google.protobuf.__version__.split(".")[:2])) != RELEASE,
    reason="another release of protobuf has another surface",
)

# Modules and names that Russet has not, on purpose: why.
ABSENT = {
    "internal.json_format_benchmark": "a benchmark of the original",
    "internal.message_benchmark": "a benchmark of the original",
    "internal.python_edition_defaults": "the defaults of editions are in the core",
    "internal.testing_refleaks": "a helper of the original's tests",
    "testdata": "an empty package",
    "util": "an empty package",
    "internal.containers.ScalarMap.InvalidateIterators": "of the pure Python version; a map that changes ends its iterators",
    "internal.containers.MessageMap.InvalidateIterators": "of the pure Python version; a map that changes ends its iterators",
    "internal.containers.BaseContainer.sort": "BaseContainer is only for isinstance",
    "descriptor.DescriptorBase.GetOptions": "DescriptorBase is only for isinstance",
    "text_format.WIRETYPE_LENGTH_DELIMITED": "imported from internal.wire_format",
    "text_format.WIRETYPE_START_GROUP": "imported from internal.wire_format",
    "internal.type_checkers.TYPE_TO_DECODER": "decoders fill the dictionaries of pure Python messages",
    **{
        f"internal.decoder.{name}": "fills the dictionaries of pure Python messages"
        for name in [
            "BoolDecoder",
            "BytesDecoder",
            "DoubleDecoder",
            "EnumDecoder",
            "Fixed32Decoder",
            "Fixed64Decoder",
            "FloatDecoder",
            "GroupDecoder",
            "Int32Decoder",
            "Int64Decoder",
            "MapDecoder",
            "MessageDecoder",
            "MessageSetItemDecoder",
            "SFixed32Decoder",
            "SFixed64Decoder",
            "SInt32Decoder",
            "SInt64Decoder",
            "StringDecoder",
            "UInt32Decoder",
            "UInt64Decoder",
            "UnknownMessageSetItemDecoder",
            "SetRecursionLimit",
        ]
    },
}
# Names whose kind or signature differs, on purpose: why.
DIFFERENT = {
    "internal.containers.UnknownFieldSet": "takes the message that it belongs to, as unknown_fields.UnknownFieldSet does",
}


def modules() -> list[str]:
    """The modules of the original below `google.protobuf`."""
    path = google.protobuf.__path__
    return [module.name[len("google.protobuf.") :] for module in pkgutil.walk_packages(path, "google.protobuf.")]  # fmt: skip


def both(name: str) -> tuple[ModuleType, ModuleType]:
    """A module of the original and of Russet."""
    theirs = importlib.import_module(f"google.protobuf.{name}")
    return theirs, importlib.import_module(f"russet.protobuf.{name}")


def is_public(module: ModuleType, name: str, value: Any) -> bool:
    """Whether a name of a module is its own, and not one that it imports."""
    if name.startswith("_") or isinstance(value, ModuleType):
        return False
    if hasattr(module, "__all__") and name in module.__all__:
        return True
    # A constant, or what is defined here. Others are imported: of typing, or of another module, where they are walked.
    home = getattr(value, "__module__", module.__name__)
    if home in ("typing", "builtins", "collections.abc"):
        return not callable(value) and name.isupper()
    return home == module.__name__ or home.startswith("google._upb")


def parameters(function: Any) -> Any:
    """Names, kinds and defaults; `None` where the original is native and has none to show."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return [(p.name, p.kind, p.default) for p in found]


def differences(prefix: str, theirs: Any, ours: Any) -> Iterator[str]:
    """What is wrong with a class or function of Russet."""
    if inspect.isclass(theirs) != inspect.isclass(ours):
        yield f"{prefix}: {ours!r} is not of the kind of {theirs!r}"
    elif inspect.isfunction(theirs) and parameters(theirs) != parameters(ours):
        yield f"{prefix}: {inspect.signature(ours)} is not {inspect.signature(theirs)}"
    elif inspect.isclass(theirs):
        if issubclass(theirs, Exception) and [c.__name__ for c in theirs.__mro__] != [c.__name__ for c in ours.__mro__]:  # fmt: skip
            yield f"{prefix}: the bases of an exception differ"
        for name in dir(theirs):
            if name.startswith("_") or f"{prefix}.{name}" in ABSENT:
                continue
            if not hasattr(ours, name):
                yield f"{prefix}.{name}: missing"
            elif inspect.isfunction(getattr(theirs, name)) and inspect.isfunction(getattr(ours, name)):  # fmt: skip
                yield from differences(f"{prefix}.{name}", getattr(theirs, name), getattr(ours, name))  # fmt: skip


@pytest.mark.parametrize("module", [name for name in modules() if name not in ABSENT])
def test_every_name_of_a_module(module: str) -> None:
    theirs, ours = both(module)
    wrong: list[str] = []
    for name, value in vars(theirs).items():
        full = f"{module}.{name}"
        if not is_public(theirs, name, value) or full in ABSENT:
            continue
        if not hasattr(ours, name):
            wrong.append(f"{full}: missing")
        elif full not in DIFFERENT:
            wrong += differences(full, value, getattr(ours, name))
    assert wrong == []


def test_every_exception_is_still_one() -> None:
    """What Russet has by now, or the original has no longer, must leave the lists above."""
    for path in [*ABSENT, *DIFFERENT]:
        known = [module for module in modules() if path == module or path.startswith(f"{module}.")]
        assert known, path
        module = max(known, key=len)
        if path == module:
            with pytest.raises(ModuleNotFoundError):
                importlib.import_module(f"russet.protobuf.{module}")
            continue
        theirs, ours = both(module)
        *parents, name = path[len(module) + 1 :].split(".")
        for parent in parents:
            theirs, ours = getattr(theirs, parent), getattr(ours, parent)
        assert hasattr(theirs, name), path
        assert hasattr(ours, name) is (path in DIFFERENT), path


def test_constants_are_equal() -> None:
    for module in (
        "internal.wire_format",
        "internal.type_checkers",
        "descriptor",
        "runtime_version",
    ):
        theirs, ours = both(module)
        for name, value in vars(theirs).items():
            if name.isupper() and name[0] != "_" and isinstance(value, (int, str, tuple)):
                assert getattr(ours, name) == value, (module, name)
    theirs, ours = (m.FieldDescriptor for m in both("descriptor"))
    for name in dir(theirs):
        if name.isupper() and name[0] != "_":
            assert getattr(ours, name) == getattr(theirs, name), name
