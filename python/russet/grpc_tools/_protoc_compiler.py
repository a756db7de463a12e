"""The original's extension module under its private name, for programs that call it; `grpc_tools.protoc` and `russet.protoc` are the public way."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from russet import protoc


class ProtocError(Exception):
    """Files could not be compiled."""


def run_main(args: list[bytes]) -> int:
    """Runs the compiler with a command line, the program's name first; gives the exit code."""
    return protoc.main([os.fsdecode(arg) for arg in args])


def _generate(
    kind: str, protobuf_path: bytes, include_paths: list[bytes]
) -> list[tuple[bytes, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        roots = [b"-I" + path for path in include_paths]
        out = os.fsencode(f"--{kind}_out={folder}")
        if run_main([b"protoc", *roots, out, protobuf_path]) != 0:
            raise ProtocError(f"{os.fsdecode(protobuf_path)} could not be compiled")
        made = sorted(path for path in Path(folder).rglob("*.py") if path.is_file())
        return [(os.fsencode(path.relative_to(folder)), path.read_bytes()) for path in made]


def get_protos(protobuf_path: bytes, include_paths: list[bytes]) -> list[tuple[bytes, bytes]]:
    """The modules of a file's messages: their paths and their code."""
    return _generate("python", protobuf_path, include_paths)


def get_services(protobuf_path: bytes, include_paths: list[bytes]) -> list[tuple[bytes, bytes]]:
    """The modules of a file's services: their paths and their code."""
    return _generate("grpc_python", protobuf_path, include_paths)
