"""What is public in the original packages, and how Russet's modules differ from it.

It walks every public module of a package, every public name of a module and every public member of a class. It compares what can be seen without a call: kinds, bases, abstract methods, members of enums, names and defaults of parameters. What a function does is for the behaviour tests.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from .exceptions import ABSENT, DIFFERENT

# The original package, and Russet's.
PACKAGES = {
    "grpc": "russet.grpc",
    "grpc_health": "russet.health",
    "grpc_reflection": "russet.reflection",
    "grpc_status": "russet.status",
    "grpc_channelz": "russet.channelz",
    "grpc_testing": "russet.testing",
    "grpc_tools": "russet.grpc_tools",
    "google.protobuf": "russet.protobuf",
}
# These, and what is below them, have another home.
MOVED = {
    "grpc.beta": "russet.grpc._compat.beta",
    "grpc.framework": "russet.grpc._compat.framework",
    "grpc_tools.protoc": "russet.protoc",
    "grpc_tools.command": "russet.protoc.command",
}
# Members that programs rely on although their names begin with an underscore.
DUNDERS = {"__init__", "__call__", "__enter__", "__aenter__", "__await__", "__aiter__", "__iter__", "__next__"}  # fmt: skip


@dataclass(frozen=True)
class Name:
    """A public name of a module of the original."""

    module: str
    name: str
    kind: str
    members: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"{self.module}.{self.name}"


def russet_module(module: str) -> str:
    """What Russet calls a module of the original."""
    for moved, home in MOVED.items():
        if f"{module}.".startswith(f"{moved}."):
            return home + module[len(moved) :]
    package = max((name for name in PACKAGES if f"{module}.".startswith(f"{name}.")), key=len)
    return PACKAGES[package] + module[len(package) :]


def modules(package: str) -> list[str]:
    """The public modules of a package, itself first."""
    root = importlib.import_module(package)
    found = [package] if any(True for _ in public(root)) else []
    below = (module.name for module in pkgutil.walk_packages(root.__path__, f"{package}."))
    return found + [name for name in below if not _is_private(name)]


def _is_private(path: str) -> bool:
    return any(part.startswith("_") for part in path.split("."))


def is_absent(path: str) -> bool:
    """Whether Russet leaves this, or what it is a part of, out on purpose."""
    while path:
        if path in ABSENT:
            return True
        path = path.rpartition(".")[0]
    return False


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The names that are a module's own, and not ones that it imports."""
    exported = getattr(module, "__all__", None)
    written_by_a_release = {"GRPC_GENERATED_VERSION", "GRPC_VERSION"}
    for name, value in sorted(vars(module).items()):
        if name.startswith("_") or isinstance(value, ModuleType) or name in written_by_a_release:
            continue
        home = getattr(value, "__module__", module.__name__)
        if exported is not None and name in exported:
            yield name, value
        elif exported is not None and module.__name__.split(".")[0] == "grpc":
            continue
        elif home in ("typing", "builtins", "collections.abc"):
            # A constant or an alias; what is callable was imported of typing.
            if not callable(value) and name.isupper():
                yield name, value
        elif home == module.__name__ or home.startswith("google._upb"):
            yield name, value
    if module.__name__.endswith("_pb2"):
        for name in sorted({*dir(module)} - {*vars(module)}):
            if not name.startswith("_"):
                yield name, getattr(module, name)


def kind(thing: Any) -> str:
    if inspect.isclass(thing):
        if issubclass(thing, BaseException):
            return "exception"
        return "enum" if issubclass(thing, enum.Enum) else "class"
    return "function" if inspect.isroutine(thing) else "value"


def members(thing: Any) -> tuple[str, ...]:
    """The public members of a class that its own package, or the base of it, defines."""
    if not inspect.isclass(thing) or getattr(thing, "DESCRIPTOR", None) is not None:
        return ()
    # Of Python's own classes, each version has others.
    bases = [base for base in (Exception, tuple, int) if issubclass(thing, base)]
    inherited = {name for base in [object, *bases] for name in dir(base)}
    return tuple(
        name
        for name in sorted(dir(thing))
        if (not name.startswith("_") and name not in inherited)
        or (name in DUNDERS and name in vars(thing))
    )


def names(module: str) -> list[Name]:
    """The public names of a module of the original."""
    original = importlib.import_module(module)
    return [Name(module, name, kind(value), members(value)) for name, value in public(original)]


def differences(name: Name) -> list[str]:
    """What is not in Russet as it is in the original, but for what is so on purpose."""
    original = getattr(importlib.import_module(name.module), name.name)
    try:
        ours = importlib.import_module(russet_module(name.module))
    except ModuleNotFoundError:
        return [f"{name.module}: there is no such module"]
    if not hasattr(ours, name.name):
        return [f"{name.path}: missing"]
    if name.path in DIFFERENT:
        return []
    exported = getattr(ours, "__all__", None)
    if exported is not None and name.name not in exported and name.name in getattr(importlib.import_module(name.module), "__all__", ()):  # fmt: skip
        return [f"{name.path}: not in __all__"]
    return list(_compare(name.path, original, getattr(ours, name.name)))


def _compare(path: str, theirs: Any, ours: Any) -> Iterator[str]:
    if kind(theirs) != kind(ours) and kind(theirs) != "value":
        yield f"{path}: a {kind(ours)} and not a {kind(theirs)}"
    elif inspect.isfunction(theirs):
        yield from _compare_functions(path, theirs, ours)
    elif inspect.isclass(theirs):
        yield from _compare_classes(path, theirs, ours)
    elif path.rpartition(".")[2].isupper() and isinstance(theirs, (int, str, bytes)) and theirs != ours:  # fmt: skip
        yield f"{path}: {ours!r} and not {theirs!r}"


def _compare_functions(path: str, theirs: Any, ours: Any) -> Iterator[str]:
    expected, found = _parameters(theirs), _parameters(ours)
    if expected != found:
        yield f"{path}: the parameters are {found} and not {expected}"
    if inspect.iscoroutinefunction(theirs) != inspect.iscoroutinefunction(ours):
        yield f"{path}: one is a coroutine function, the other is not"


def _parameters(function: Any) -> Any:
    """Names, kinds and defaults; annotations may differ."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return "not known"
    return [(p.name, p.kind.name, repr(p.default) if p.default is not p.empty else "required") for p in found]  # fmt: skip


def _compare_classes(path: str, theirs: Any, ours: Any) -> Iterator[str]:
    if issubclass(theirs, enum.Enum):
        if [(m.name, m.value) for m in theirs] != [(m.name, m.value) for m in ours]:
            yield f"{path}: the members differ"
        return
    descriptor = getattr(theirs, "DESCRIPTOR", None)
    if descriptor is not None and hasattr(descriptor, "full_name"):
        if ours.DESCRIPTOR.full_name != descriptor.full_name:
            yield f"{path}: another message"
        return
    lost = [base.__name__ for base in _public_bases(theirs) if not _has_base(ours, base)]
    if lost:
        yield f"{path}: not derived from {lost}"
    abstract = set(getattr(theirs, "__abstractmethods__", ()))
    if set(getattr(ours, "__abstractmethods__", ())) != abstract:
        yield f"{path}: the abstract methods are not {sorted(abstract)}"
    for member in members(theirs):
        full = f"{path}.{member}"
        if full in ABSENT or full in DIFFERENT:
            continue
        if not hasattr(ours, member):
            yield f"{full}: missing"
            continue
        mine, original = getattr(ours, member), getattr(theirs, member)
        # A native method shows no parameters; its tests do.
        if inspect.isfunction(original) and inspect.isfunction(mine):
            yield from _compare_functions(full, original, mine)


def _public_bases(thing: Any) -> list[Any]:
    """The bases that a program may name: of the package, or an exception of the language."""
    package = thing.__module__.partition(".")[0]
    return [
        base
        for base in thing.__mro__[1:]
        if (base.__module__ == "builtins" and issubclass(base, BaseException))
        or (base.__module__.partition(".")[0] == package and _is_named(base))
    ]


def _is_named(base: Any) -> bool:
    """Whether a public module has a class."""
    package = base.__module__.partition(".")[0]
    return not base.__name__.startswith("_") and any(
        getattr(sys.modules.get(name), base.__name__, None) is base
        for name in list(sys.modules)
        if name.partition(".")[0] == package and not _is_private(name)
    )


def _has_base(ours: Any, base: Any) -> bool:
    """Whether a class of Russet is a subclass of what Russet has for a base of the original."""
    if base.__module__ == "builtins":
        return issubclass(ours, base)
    if base.__name__ in {cls.__name__ for cls in ours.__mro__}:
        return True
    try:
        home = importlib.import_module(russet_module(base.__module__))
    except ModuleNotFoundError:
        return False
    return hasattr(home, base.__name__) and issubclass(ours, getattr(home, base.__name__))
