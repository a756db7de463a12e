"""Chooses whose gRPC and whose messages a benchmark client runs on."""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import Any

import timing


def load(description: str | None) -> tuple[Any, Any, argparse.Namespace]:
    """(grpc or grpc.aio's parent, stubs and messages, command line)."""
    parser = timing.arguments(description)
    parser.add_argument("--rpc", choices=["grpcio", "russet"], required=True)
    given = parser.parse_args()
    name = "grpc" if given.rpc == "grpcio" else "russet.grpc"
    grpc = importlib.import_module(name)
    importlib.import_module(f"{name}.aio")
    sys.path.insert(0, str(given.generated))
    return grpc, importlib.import_module("bench_pb2_grpc"), given
