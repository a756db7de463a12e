"""`russet.install()`: modules of the originals' names that are Russet's own modules.

A module exists once: `google.protobuf.message` and `russet.protobuf.message` are the same object, whichever is imported first. What Russet does not have is not there, even where the original is installed, since two runtimes in one program do not know each other's messages.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.metadata import Distribution, DistributionFinder
    from types import ModuleType

# What each name means; so do the names below it, but for those that stand here themselves.
_ALIASES = {
    "google.protobuf": "russet.protobuf",
    "google._upb._message": "russet._core",
    "grpc": "russet.grpc",
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


def _target(fullname: str) -> str | None:
    """The name of Russet's module."""
    prefix = fullname
    while prefix:
        found = _ALIASES.get(prefix)
        if found is not None:
            return found + fullname[len(prefix) :]
        prefix = prefix.rpartition(".")[0]
    return None


class _AliasLoader:
    """Gives a module under another name, without a second copy."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(self._target)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # It ran under its own name; the import system has put the alias's spec in the place of its own.
        alias, module.__spec__ = module.__spec__, self._spec
        if alias is not None and alias.loader is not self:
            # Agents that wait for an import put a loader of theirs around this one, and go by the module's name.
            module.__name__ = alias.name


class _SharedPath:
    """The search path of a package that is made: the folders of its name on the path above it, as they are at the time."""

    def __init__(self, fullname: str) -> None:
        self._parent, _, self._name = fullname.rpartition(".")

    def __iter__(self) -> Iterator[str]:
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
    """Comes before all finders that find anything by themselves."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname in _SHARED:
            found = PathFinder.find_spec(fullname, path)
            return found or ModuleSpec(fullname, _SharedLoader(), is_package=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        name = _target(fullname)
        if name is None:
            return None
        original = find_spec(name)
        if original is None:
            raise ModuleNotFoundError(f"No module named {fullname!r} (russet.install() is in effect, and there is no {name!r})", name=fullname)  # fmt: skip
        spec = ModuleSpec(
            fullname,
            _AliasLoader(name),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            origin=original.origin,
            is_package=original.submodule_search_locations is not None,
        )
        if spec.submodule_search_locations is not None:
            spec.submodule_search_locations.extend(original.submodule_search_locations or ())
        return spec

    def find_distributions(self, context: DistributionFinder.Context) -> Iterator[Distribution]:
        """The versions that programs ask for by `importlib.metadata`: of what they run on, not of what else is installed."""
        from . import _distributions

        yield from _distributions.find(context.name)


_FINDER = _Finder()
_PYTHONS_OWN = (BuiltinImporter, FrozenImporter, PathFinder)


def install() -> None:
    """See `russet.install`."""
    if _FINDER in sys.meta_path:
        return
    for name, module in list(sys.modules.items()):
        target = _target(name)
        if target is not None and module is not sys.modules.get(target):
            origin = getattr(module, "__file__", None) or "unknown place"
            raise RuntimeError(
                f"russet.install(): {name} is already imported, from {origin}; "
                "call install() before anything imports grpc or google.protobuf, or start the program by `russet run`"
            )
    # Before Python's own finders, and behind the hooks by which agents hear of imports: those ask the others.
    places = (place for place, finder in enumerate(sys.meta_path) if finder in _PYTHONS_OWN)
    sys.meta_path.insert(next(places, 0), _FINDER)

