"""The protobuf compiler, with protoc's command line: `python -m russet.protoc`, or `main` in process."""

from collections.abc import Sequence

from russet._core import protoc_main
from russet.protoc._runtime import CompileError
from russet.protoc._runtime import protos as _protos
from russet.protoc._runtime import protos_and_services as _protos_and_services
from russet.protoc._runtime import services as _services

__all__ = ["CompileError", "main"]

# Called by `russet.grpc` under these names, as grpcio calls those of its tools.
_ = (_protos, _services, _protos_and_services)


def main(argv: Sequence[str]) -> int:
    """Run protoc with `argv`, the program's name first, as `sys.argv` has it.

    Messages go to standard error; the exit code is returned. The well-known types need no `-I`: they are built in.
    """
    return protoc_main([str(argument) for argument in argv])
