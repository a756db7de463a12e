"""`protos`, `services` and `protos_and_services`: modules made from a `.proto` file while the program runs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


def _allowed(function: str) -> None:
    import os

    if os.environ.get("GRPC_PYTHON_DISABLE_DYNAMIC_STUBS", "").lower() == "true":
        raise NotImplementedError(
            f"grpc.{function}: turned off by the environment variable GRPC_PYTHON_DISABLE_DYNAMIC_STUBS"
        )


def protos(protobuf_path: str) -> ModuleType:
    """The module that `--python_out` would make of a `.proto` file, as `import` would give it.

    The path is relative to a folder of `sys.path`, and so are the file's own imports. Raises ModuleNotFoundError if there is no such file, `russet.protoc.ProtocErrors`, an ImportError that knows each position, if it does not compile.
    """
    from ..protoc.importer import MESSAGES, import_proto

    _allowed("protos")
    return import_proto(protobuf_path, MESSAGES)


def services(protobuf_path: str) -> ModuleType:
    """The module that `--grpc_python_out` would make of a `.proto` file. Path and errors: see `protos`."""
    from ..protoc.importer import SERVICES, import_proto

    _allowed("services")
    return import_proto(protobuf_path, SERVICES)


def protos_and_services(protobuf_path: str) -> tuple[ModuleType, ModuleType]:
    """The pair (`protos(path)`, `services(path)`)."""
    return protos(protobuf_path), services(protobuf_path)
