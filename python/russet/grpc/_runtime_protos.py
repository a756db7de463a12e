"""`protos`, `services` and `protos_and_services`: modules made from a `.proto` file while the program runs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def _call(function: str, protobuf_path: str) -> Any:
    from importlib import import_module

    try:
        compile_ = getattr(import_module("russet.protoc"), f"_{function}", None)
    except ModuleNotFoundError as error:
        if error.name != "russet.protoc":
            raise
        compile_ = None
    if compile_ is None:
        raise NotImplementedError(
            f"grpc.{function}({protobuf_path!r}): compiling .proto files at run time is not supported by this version of Russet; "
            "generate the modules with `python -m russet.protoc --python_out=. --grpc_python_out=. ...`"
        )
    return compile_(protobuf_path)


def protos(protobuf_path: str) -> ModuleType:
    """The module that `--python_out` would make of a `.proto` file. The path is relative to an entry of `sys.path`."""
    module: ModuleType = _call("protos", protobuf_path)
    return module


def services(protobuf_path: str) -> ModuleType:
    """The module that `--grpc_python_out` would make of a `.proto` file. The path is relative to an entry of `sys.path`."""
    module: ModuleType = _call("services", protobuf_path)
    return module


def protos_and_services(protobuf_path: str) -> tuple[ModuleType, ModuleType]:
    """The pair (`protos(path)`, `services(path)`)."""
    modules: tuple[ModuleType, ModuleType] = _call("protos_and_services", protobuf_path)
    return modules
