"""The releases of the originals that Russet stands for: those whose API it has, or those that `russet shims` was asked for."""

from __future__ import annotations

import os

GRPCIO = "1.85.3"
PROTOBUF = "7.36.2"


def shim(distribution: str) -> str | None:
    """The version that a wheel of `russet shims` has for a distribution, without its `+russet`; `None` where none is installed.

    Each such wheel has a module of one constant, since the metadata of distributions is slow to read.
    """
    name = f"russet_shims.{distribution.replace('-', '_')}"
    try:
        module = __import__(name, fromlist=["VERSION"])
    except ImportError:
        return None
    version: str = module.VERSION
    return version


def grpcio() -> str:
    """The version of grpcio that programs are shown."""
    return shim("grpcio") or GRPCIO


def protobuf() -> str:
    """The version of protobuf that programs are shown, and whose major version's rules hold: that of `RUSSET_PROTOBUF_VERSION`, of a shim, or the newest that is known."""
    return os.environ.get("RUSSET_PROTOBUF_VERSION") or shim("protobuf") or PROTOBUF


def protobuf_major() -> int:
    """The number before the first dot."""
    text = protobuf().partition(".")[0]
    try:
        return int(text)
    except ValueError:
        raise ValueError(
            f"RUSSET_PROTOBUF_VERSION is a version of protobuf such as 6.33.0, not {protobuf()!r}"
        ) from None
