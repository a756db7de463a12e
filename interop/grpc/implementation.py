"""Loads Russet or grpcio, and the messages and stubs of the tests with it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

NAMES = ("russet", "grpcio")


def load(name: str) -> tuple[Any, Any, Any]:
    """(grpc, messages, stubs) of an implementation."""
    if name == "russet":
        from russet import grpc
    else:
        import grpc
    sys.path.insert(0, str(Path(__file__).parent))
    messages, stubs = grpc.protos_and_services("interop.proto")
    return grpc, messages, stubs


def parser() -> argparse.ArgumentParser:
    """What client and server have in common; the other names are those of the standard interop programs."""
    made = argparse.ArgumentParser()
    made.add_argument("--implementation", choices=NAMES, default="russet")
    made.add_argument("--use_tls", choices=("true", "false"), default="false")
    return made
