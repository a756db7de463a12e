"""Modules made from `.proto` files while the program runs: `grpc.protos`, `grpc.services`, `grpc.protos_and_services`.

Import hooks find `x_pb2` and `x_pb2_grpc` where `sys.path` has `x.proto`, so that imports between such modules work too. They are installed by the first call and come last: modules that are there as files win.
"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from russet._core import protoc_module

if TYPE_CHECKING:
    from collections.abc import Sequence

MESSAGES_SUFFIX = "_pb2"
SERVICES_SUFFIX = "_pb2_grpc"


class CompileError(Exception):
    """A `.proto` file is wrong.

    `problems` has the file, the line, the column (from one; zero where the whole file is meant) and the message of each finding.
    """

    def __init__(self, problems: list[tuple[str, int, int, str]]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(self._line, problems)))

    @staticmethod
    def _line(problem: tuple[str, int, int, str]) -> str:
        file, line, column, message = problem
        place = f"{file}:{line}:{column}" if line else file
        return f"{place}: {message}"


def _proto_name(module: str, suffix: str) -> str:
    return module[: -len(suffix)].replace(".", "/") + ".proto"


def _module_name(proto: str, suffix: str) -> str:
    base = proto[: -len(".proto")] if proto.endswith(".proto") else proto
    return base.replace("-", "_").replace("/", ".") + suffix


def _roots() -> list[str]:
    return [entry or "." for entry in sys.path]


class _ProtoLoader(Loader):
    def __init__(self, proto: str, services: bool) -> None:
        self.proto = proto
        self.services = services

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        source, problems = protoc_module(self.proto, _roots(), self.services)
        if source is None:
            raise CompileError(problems)
        exec(compile(source, f"<{self.proto}>", "exec"), module.__dict__)


class _ProtoFinder(MetaPathFinder):
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname.endswith(SERVICES_SUFFIX):
            suffix = SERVICES_SUFFIX
        elif fullname.endswith(MESSAGES_SUFFIX):
            suffix = MESSAGES_SUFFIX
        else:
            return None
        proto = _proto_name(fullname, suffix)
        for root in _roots():
            file = Path(root, proto)
            if file.is_file():
                loader = _ProtoLoader(proto, suffix == SERVICES_SUFFIX)
                return ModuleSpec(fullname, loader, origin=str(file))
        return None


_finder = _ProtoFinder()


def _load(proto: str, suffix: str) -> ModuleType:
    if _finder not in sys.meta_path:
        sys.meta_path.append(_finder)
    return importlib.import_module(_module_name(proto, suffix))


def protos(protobuf_path: str) -> ModuleType:
    """The module that `--python_out` would make of a `.proto` file; the path is relative to an entry of `sys.path`."""
    return _load(protobuf_path, MESSAGES_SUFFIX)


def services(protobuf_path: str) -> ModuleType:
    """The module that `--grpc_python_out` would make of a `.proto` file; the path is relative to an entry of `sys.path`."""
    _load(protobuf_path, MESSAGES_SUFFIX)
    return _load(protobuf_path, SERVICES_SUFFIX)


def protos_and_services(protobuf_path: str) -> tuple[ModuleType, ModuleType]:
    """The pair (`protos(path)`, `services(path)`)."""
    return protos(protobuf_path), services(protobuf_path)
