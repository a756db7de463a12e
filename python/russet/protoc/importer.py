"""Imports `.proto` files as Python modules: `a/b.proto` on `sys.path` is `a.b_pb2`, and its services are `a.b_pb2_grpc`.

Generated files that are on `sys.path` come first: the finder here is asked last. What was compiled once is kept (see `_cache`), so that a program starts quickly again.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path, PurePosixPath

from russet._core import protoc_module

from . import _cache
from ._compile import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

# The ends of modules' names.
MESSAGES = "_pb2"
SERVICES = "_pb2_grpc"

# The module whose finder does the same for the original's messages.
_ORIGINAL = "grpc_tools.protoc"


def _roots() -> list[str]:
    """The folders of `sys.path`, in order."""
    return [folder or "." for folder in sys.path if Path(folder or ".").is_dir()]


class _ProtoLoader(Loader):
    """Compiles one `.proto` file and runs what comes out."""

    def __init__(self, proto: str, suffix: str) -> None:
        self._proto = proto
        self._suffix = suffix

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        roots = _roots()
        code = _cache.load(self._proto, self._suffix, roots)
        if code is None:
            started = time.time()
            is_services = self._suffix == SERVICES
            made, findings = protoc_module(self._proto, [("", root) for root in roots], is_services)
            check(findings)
            if made is None:
                raise ImportError(f"{self._proto}: nothing was made of it", name=module.__name__)
            source, files = made
            code = compile(source, f"<{module.__name__} from {self._proto}>", "exec")
            # A file with a warning is compiled again, so that the warning is given again.
            if not findings:
                _cache.save(self._proto, self._suffix, roots, files, code, started)
        exec(code, module.__dict__)


class _ProtoFinder(MetaPathFinder):
    """Finds the `.proto` file of a module name. Files whose name is no module's, as "a-b.proto", are found once they were named."""

    def __init__(self) -> None:
        self.named: dict[str, str] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        for suffix in (SERVICES, MESSAGES):
            if fullname.endswith(suffix):
                stem = fullname[: -len(suffix)]
                proto = self.named.get(stem, stem.replace(".", "/") + ".proto")
                if any(Path(root, proto).is_file() for root in _roots()):
                    return ModuleSpec(fullname, _ProtoLoader(proto, suffix), origin=proto)
        return None


_FINDER = _ProtoFinder()


def install() -> None:
    """From now on `import a.b_pb2` finds `a/b.proto` on `sys.path`, where no generated file is there.

    The import raises `russet.protoc.ProtocErrors` where the file does not compile. Calling this again changes nothing.
    """
    if _FINDER in sys.meta_path:
        return
    # The original's finder, if a program imported grpc_tools too, would make modules of the original's messages.
    index = next(
        (i for i, finder in enumerate(sys.meta_path) if type(finder).__module__ == _ORIGINAL),
        len(sys.meta_path),
    )
    sys.meta_path.insert(index, _FINDER)


def uninstall() -> None:
    """Undo `install`. Modules that were imported stay."""
    if _FINDER in sys.meta_path:
        sys.meta_path.remove(_FINDER)


def import_proto(protobuf_path: str, suffix: str = MESSAGES) -> ModuleType:
    """The module of a `.proto` file on `sys.path`, `suffix` says which. From now on `import` statements find such modules too.

    Raises ModuleNotFoundError if the file is in no folder of `sys.path`, `russet.protoc.ProtocErrors` if it does not compile.
    """
    path = PurePosixPath(protobuf_path.replace("\\", "/"))
    if path.is_absolute():
        raise ModuleNotFoundError(
            f"{protobuf_path}: not relative to a folder of sys.path", path=protobuf_path
        )
    # As protoc names its modules.
    stem = str(path.with_suffix("")).replace("-", "_").replace("/", ".")
    _FINDER.named[stem] = str(path)
    install()
    return import_module(stem + suffix)
