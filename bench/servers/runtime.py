"""Chooses whose gRPC and whose messages a benchmark server runs on."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any, NamedTuple


class Runtime(NamedTuple):
    """The modules that a server is written against. `grpc.aio` is an attribute of `grpc` on both sides; Russet imports it, and asyncio, when it is first asked for."""

    grpc: Any
    messages: Any
    stubs: Any


def load(description: str) -> tuple[Runtime, argparse.Namespace]:
    """Reads the command line and imports what it names."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rpc", choices=["grpcio", "russet"], required=True)
    parser.add_argument("--messages", choices=["google", "russet"], required=True)
    parser.add_argument(
        "--generated",
        type=Path,
        required=True,
        help="folder with bench_pb2.py and bench_pb2_grpc.py",
    )
    parser.add_argument("--uvloop", action="store_true")
    parser.add_argument("--threads", type=int, default=10, help="of the synchronous server")
    parser.add_argument("--sleep-ms", type=float, default=0, help="in each unary handler of it")
    arguments = parser.parse_args()
    if arguments.rpc == "russet":
        grpc = importlib.import_module("russet.grpc")
        if arguments.messages == "google":
            # The stubs that grpcio's compiler wrote say `import grpc`.
            sys.modules["grpc"] = grpc
            for name in ["_utilities", "experimental"]:
                sys.modules[f"grpc.{name}"] = importlib.import_module(f"russet.grpc.{name}")
    else:
        grpc = importlib.import_module("grpc")
    sys.path.insert(0, str(arguments.generated))
    messages = importlib.import_module("bench_pb2")
    stubs = importlib.import_module("bench_pb2_grpc")
    return Runtime(grpc, messages, stubs), arguments
