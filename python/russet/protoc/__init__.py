"""The protobuf compiler, with protoc's command line: `python -m russet.protoc`, or `main` in process."""

from collections.abc import Sequence

from russet._core import protoc_main

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run protoc with `argv`, the program's name first, as `sys.argv` has it.

    Messages go to standard error; the exit code is returned. The well-known types need no `-I`: they are built in.
    """
    return protoc_main([str(argument) for argument in argv])
