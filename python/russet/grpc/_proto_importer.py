"""Imports `.proto` files as Python modules: `a/b.proto` on `sys.path` is `a.b_pb2`, and its services are `a.b_pb2_grpc`.

Generated files that are on `sys.path` come first: the finder here is asked last. Nothing is written but a temporary folder.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

# The end of a module's name, and the option that makes its source.
MESSAGES = "_pb2"
SERVICES = "_pb2_grpc"
_OPTIONS = {MESSAGES: "--python_out", SERVICES: "--grpc_python_out"}


def _roots() -> list[Path]:
    """The folders of `sys.path`, in order."""
    return [folder for folder in map(Path, sys.path) if folder.is_dir()]


class _ProtoLoader(Loader):
    """Compiles one `.proto` file and runs what comes out."""

    def __init__(self, proto: str, suffix: str) -> None:
        self._proto = proto
        self._suffix = suffix

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        from ..protoc import main

        with TemporaryDirectory(prefix="russet-protos-") as folder:
            roots = [f"--proto_path={root}" for root in _roots()]
            if main(["protoc", *roots, f"{_OPTIONS[self._suffix]}={folder}", self._proto]) != 0:
                raise ImportError(
                    f"{self._proto} does not compile; the reasons are on standard error",
                    name=module.__name__,
                    path=self._proto,
                )
            (generated,) = Path(folder).rglob("*.py")
            source = generated.read_bytes()
        exec(compile(source, f"<{module.__name__} from {self._proto}>", "exec"), module.__dict__)


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
                if any((root / proto).is_file() for root in _roots()):
                    return ModuleSpec(fullname, _ProtoLoader(proto, suffix), origin=proto)
        return None


_FINDER = _ProtoFinder()


def import_proto(protobuf_path: str, suffix: str) -> ModuleType:
    """The module of a `.proto` file, `suffix` says which. From now on `import` statements find such modules too.

    Raises ModuleNotFoundError if the file is in no folder of `sys.path`, ImportError if it does not compile.
    """
    path = PurePosixPath(protobuf_path.replace("\\", "/"))
    # As protoc names its modules.
    stem = str(path.with_suffix("")).replace("-", "_").replace("/", ".")
    _FINDER.named[stem] = str(path)
    if _FINDER not in sys.meta_path:
        sys.meta_path.append(_FINDER)
    return import_module(stem + suffix)
