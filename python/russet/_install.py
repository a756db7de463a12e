"""`russet.install()`: modules of the originals' names that are Russet's own modules.

A module exists once: `google.protobuf.message` and `russet.protobuf.message` are the same object, whichever is imported first. What Russet does not have is not there, even where the original is installed, since two runtimes in one program do not know each other's messages.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from importlib.metadata import Distribution, DistributionFinder
    from types import ModuleType
    from typing import Any

# This module is imported as Python starts, also in programs that never import grpc: what only an alias needs is imported when the first is asked for.

# Modules that are private or deprecated in grpcio, and that Russet has for such programs alone.
_PRIVATE = (
    "grpc._auth",
    "grpc._common",
    "grpc._cython",
    "grpc._grpcio_metadata",
    "grpc._observability",
    "grpc._plugin_wrapping",
    "grpc._simple_stubs",
    "grpc.aio._typing",
    "grpc.aio._utils",
    "grpc.framework",
)
# What each name means; so do the names below it, but for those that stand here themselves.
_ALIASES = {
    "google.protobuf": "russet.protobuf",
    "google._upb._message": "russet._core",
    "grpc": "russet.grpc",
    **{name: name.replace("grpc", "russet.grpc._compat", 1) for name in _PRIVATE},
    "grpc_tools": "russet.grpc_tools",
    "grpc_tools.protoc": "russet.protoc",
    "grpc_tools.command": "russet.protoc.command",
    "grpc_admin": "russet.admin",
    "grpc_channelz": "russet.channelz",
    "grpc_csds": "russet.csds",
    "grpc_health": "russet.health",
    "grpc_observability": "russet.opentelemetry",
    "grpc_reflection": "russet.reflection",
    "grpc_status": "russet.status",
    "grpc_testing": "russet.testing",
    # What a status holds: one set of classes, whoever imports them.
    "google.rpc.code_pb2": "russet.rpc.code_pb2",
    "google.rpc.error_details_pb2": "russet.rpc.error_details_pb2",
    "google.rpc.status_pb2": "russet.rpc.status_pb2",
    # `from grpc_tools import protoc` asks by the package's own name.
    "russet.grpc_tools.protoc": "russet.protoc",
    "russet.grpc_tools.command": "russet.protoc.command",
}
# Packages that others put modules into as well. Where nothing is installed that has them, they are made.
_SHARED = ("google", "google._upb", "google.rpc")
# Modules of other distributions that run on whichever `google.protobuf` there is; `russet.rpc` takes over those that were imported before.
_BUILT_ON_PROTOBUF = (
    "google.rpc.code_pb2",
    "google.rpc.error_details_pb2",
    "google.rpc.status_pb2",
)
# What asks a loader about the module of a name.
_ABOUT_A_NAME = ("get_code", "get_filename", "get_resource_reader", "get_source", "is_package")


def _root(name: str) -> str:
    return name.partition(".")[0]


def _import(name: str) -> ModuleType:
    __import__(name)
    return sys.modules[name]


class _AliasLoader:
    """Gives a module under another name, without a second copy."""

    def __init__(self, target: str, loader: Loader | None) -> None:
        self._target = target
        self._loader = loader
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = _import(self._target)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # It ran under its own name; the import system has put the alias's spec in the place of its own.
        alias, module.__spec__ = module.__spec__, self._spec
        if alias is not None and not isinstance(alias.loader, _AliasLoader):
            # Agents that wait for an import put a loader of theirs around this one, and go by the module's name.
            module.__name__ = alias.name

    def __getattr__(self, name: str) -> Any:
        """What runpy (`python -m grpc_tools.protoc`), inspect and pkgutil ask for, of the module's own loader under its own name."""
        found = getattr(self._loader, name)
        if name not in _ABOUT_A_NAME:
            return found
        ask: Callable[[str], Any] = found
        target = self._target
        return lambda _alias=target: ask(target)


class _SharedPath:
    """The search path of a package that is made: the folders of its name on the path above it, as they are at the time."""

    def __init__(self, fullname: str) -> None:
        self._parent, _, self._name = fullname.rpartition(".")

    def __iter__(self) -> Iterator[str]:
        from pathlib import Path

        above = sys.modules[self._parent].__path__ if self._parent else sys.path
        for entry in list(above):
            folder = Path(entry, self._name)
            if folder.is_dir():
                yield str(folder)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, index: int) -> str:
        return list(self)[index]


class _SharedLoader:
    """Makes an empty package."""

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        module.__path__ = _SharedPath(module.__name__)  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]


class _Finder:
    """Comes before all finders that find anything by themselves. It knows the names that were given to it: all by `russet.install()`, a wheel's by each of `russet shims`."""

    def __init__(self) -> None:
        self._aliases: dict[str, str] = {}
        self._roots: frozenset[str] = frozenset()

    def give(self, names: dict[str, str]) -> None:
        """Take over names."""
        self._aliases.update(names)
        self._roots = frozenset(map(_root, self._aliases))
        if self not in sys.meta_path:
            # Before Python's own finders, and behind the hooks by which agents hear of imports: those ask the others.
            places = (at for at, finder in enumerate(sys.meta_path) if _is_python_s_own(finder))
            sys.meta_path.insert(next(places, 0), self)

    def has(self, names: dict[str, str]) -> bool:
        """Whether names are taken over."""
        return self in sys.meta_path and names.keys() <= self._aliases.keys()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        # Whatever a program imports comes by here.
        if _root(fullname) not in self._roots:
            return None
        if fullname in _SHARED:
            from importlib.machinery import ModuleSpec, PathFinder

            found = PathFinder.find_spec(fullname, path)
            return found or ModuleSpec(fullname, _SharedLoader(), is_package=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        name = _target(fullname, self._aliases)
        return None if name is None else _alias_spec(fullname, name)

    def find_distributions(self, context: DistributionFinder.Context) -> Iterator[Distribution]:
        """The versions that programs ask for by `importlib.metadata`: of what they run on, not of what else is installed."""
        from . import _distributions

        yield from _distributions.find(context.name, self._roots)


def _is_python_s_own(finder: object) -> bool:
    return getattr(finder, "__module__", "").startswith("_frozen_importlib")


_FINDER = _Finder()


def _target(fullname: str, aliases: dict[str, str]) -> str | None:
    """The name of Russet's module."""
    prefix = fullname
    while prefix:
        found = aliases.get(prefix)
        if found is not None:
            return found + fullname[len(prefix) :]
        prefix = prefix.rpartition(".")[0]
    return None


def _alias_spec(fullname: str, name: str) -> ModuleSpec:
    from importlib.machinery import ModuleSpec
    from importlib.util import find_spec

    original = find_spec(name)
    if original is None:
        raise ModuleNotFoundError(f"No module named {fullname!r} (russet.install() is in effect, and there is no {name!r})", name=fullname)  # fmt: skip
    spec = ModuleSpec(
        fullname,
        _AliasLoader(name, original.loader),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        origin=original.origin,
        is_package=original.submodule_search_locations is not None,
    )
    if spec.submodule_search_locations is not None:
        spec.submodule_search_locations.extend(original.submodule_search_locations or ())
    return spec


def _refuse_originals(aliases: dict[str, str], but: str = "") -> None:
    """An original that is imported already stays what it is for those who have it."""
    for name, module in list(sys.modules.items()):
        if name == but or name in _BUILT_ON_PROTOBUF:
            continue
        target = _target(name, aliases)
        if target is not None and module is not sys.modules.get(target):
            origin = getattr(module, "__file__", None) or "unknown place"
            raise RuntimeError(
                f"russet.install(): {name} is already imported, from {origin}; "
                "call install() before anything imports grpc or google.protobuf, or start the program by `russet run`"
            )


def install() -> None:
    """See `russet.install`."""
    if not _FINDER.has(_ALIASES):
        _refuse_originals(_ALIASES)
        _FINDER.give(_ALIASES)


def _forwarding(module: ModuleType) -> type[ModuleType]:
    """A class of modules that read and write another's names."""

    class Forwarding(type(module)):  # type: ignore[misc]
        def __getattribute__(self, name: str) -> Any:
            own = name in ("__class__", "__name__", "__spec__", "__loader__")
            return super().__getattribute__(name) if own else getattr(module, name)

        def __setattr__(self, name: str, value: Any) -> None:
            setattr(module, name, value)

    return Forwarding


def stand_in(name: str) -> None:
    """Put Russet's module in the place of one that `russet shims` made and that is being imported, and take over the names that go with it."""
    root = _root(name)
    aliases = {key: value for key, value in _ALIASES.items() if _root(key) in (root, "russet")}
    if not _FINDER.has(aliases):
        _refuse_originals(aliases, name)
        _FINDER.give(aliases)
    target = _target(name, aliases)
    if target is not None:
        # Agents that wait for this import are handed the module that began it.
        began, module = sys.modules[name], _import(target)
        began.__class__ = _forwarding(module)
        sys.modules[name] = module
