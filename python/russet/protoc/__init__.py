"""The protobuf compiler: protoc's command line (`python -m russet.protoc`, or `main`), and `compile` for programs that compile while they run.

`russet.protoc.importer.install()` lets `import` statements find `.proto` files.
"""

import sys
from collections.abc import Sequence

from russet._core import protoc_main

from ._compile import ProtocError, ProtocErrors, ProtocWarning, compile  # noqa: A004 - used as russet.protoc.compile

__all__ = ["ProtocError", "ProtocErrors", "ProtocWarning", "compile", "entrypoint", "main"]


def main(command_arguments: Sequence[str]) -> int:
    """Run protoc with these arguments, the program's name first, as `sys.argv` has it.

    Messages go to standard error; the exit code is returned. The well-known types need no `-I`: they are built in.
    """
    return protoc_main([str(argument) for argument in command_arguments])


def entrypoint() -> None:
    """Run protoc with the arguments of this process, and end it with protoc's exit code."""
    sys.exit(main(sys.argv))
