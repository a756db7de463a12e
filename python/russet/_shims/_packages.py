"""The distributions that shims stand for, and what is in each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from russet import _versions
from russet._install import _ALIASES as ALIASES

from . import _stubs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOM = Path(__file__).parent.parent


@dataclass(frozen=True)
class Package:
    """A distribution of the original, and the modules that a program imports first of it."""

    name: str
    modules: tuple[str, ...]
    # What it needs besides Russet, as the original does: programs count on that.
    needs: tuple[str, ...] = ("grpcio", "protobuf")
    version: str = _versions.GRPCIO
    # More lines of METADATA.
    metadata: tuple[str, ...] = ()
    scripts: str = ""


_KNOWN = (
    Package(
        "grpcio",
        ("grpc",),
        needs=(),
        metadata=("Provides-Extra: protobuf", 'Requires-Dist: grpcio-tools; extra == "protobuf"'),
    ),
    Package("grpcio-admin", ("grpc_admin",), needs=("grpcio-channelz", "grpcio-csds")),
    Package("grpcio-channelz", ("grpc_channelz",)),
    Package("grpcio-csds", ("grpc_csds",)),
    Package("grpcio-health-checking", ("grpc_health",)),
    Package("grpcio-observability", ("grpc_observability",), needs=("grpcio", "opentelemetry-api")),
    Package("grpcio-reflection", ("grpc_reflection",)),
    Package(
        "grpcio-status", ("grpc_status",), needs=("grpcio", "googleapis-common-protos", "protobuf")
    ),
    Package("grpcio-testing", ("grpc_testing",)),
    Package(
        "grpcio-tools",
        ("grpc_tools",),
        needs=("grpcio", "protobuf", "setuptools"),
        scripts="[console_scripts]\npython-grpc-tools-protoc = grpc_tools.protoc:entrypoint\n",
    ),
    Package(
        "protobuf",
        ("google.protobuf", "google._upb._message"),
        needs=(),
        version=_versions.PROTOBUF,
    ),
)
PACKAGES = {package.name: package for package in _KNOWN}

_MODULE = '''\
"""`import {name}` gives Russet's module `{target}`. Made by `russet shims`; bugs go to Russet."""

from russet import _install

_install.stand_in(__name__)
'''


def files(package: Package, version: str) -> Iterator[tuple[str, str]]:
    """What a shim installs, by path: its modules, their types, and the version that Russet shows for it."""
    for name in package.modules:
        for alias, target in _modules(name).items():
            source = _source(target)
            path = alias.replace(".", "/") + ("/__init__" if source.stem == "__init__" else "")
            yield f"{path}.pyi", _stubs.stub(target, source)
            if alias == name:
                yield f"{path.rpartition('/')[0]}/py.typed", ""
            # Only the first one runs, since the names below it are Russet's from then on. The other files tell type checkers and packagers that there are such modules.
            if alias == name or "._" not in alias:
                yield f"{path}.py", _MODULE.format(name=alias, target=target)
    yield f"russet_shims/{package.name.replace('-', '_')}.py", f'"""Read by Russet."""\n\nVERSION = "{version}"\n'  # fmt: skip


def _modules(name: str) -> dict[str, str]:
    """Every module under a name, with Russet's name for it."""
    keys = [key for key in ALIASES if key == name or key.startswith(name + ".")]
    found: dict[str, str] = {}
    # Shorter names first: a longer one says where a part of it is, instead.
    for key in sorted(keys):
        target = ALIASES[key]
        source = _source(target)
        if source.stem != "__init__":
            found[key] = target
            continue
        for path in sorted(source.parent.rglob("*.py*")):
            parts = path.relative_to(source.parent).with_suffix("").parts
            if path.suffix in (".py", ".pyi") and parts[-1] != "__main__":
                tail = parts[:-1] if parts[-1] == "__init__" else parts
                found[".".join((key, *tail))] = ".".join((target, *tail))
    return found


def _source(target: str) -> Path:
    """The file that has a module's types."""
    base = _ROOM.joinpath(*target.split(".")[1:])
    for path in (base / "__init__.pyi", base / "__init__.py", base.with_name(f"{base.name}.pyi"), base.with_name(f"{base.name}.py")):  # fmt: skip
        if path.exists():
            return path
    raise LookupError(f"{target} has no source in {_ROOM}")
