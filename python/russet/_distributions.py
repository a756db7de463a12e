"""The distributions that `russet.install()` stands in for, as `importlib.metadata` shows them."""

from __future__ import annotations

import re
from importlib import metadata

from . import _versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterator
    from typing import Any

# By name: the root of what it has, and the version whose API it is.
_KNOWN = {
    "grpcio": ("grpc", _versions.GRPCIO),
    "grpcio-admin": ("grpc_admin", _versions.GRPCIO),
    "grpcio-channelz": ("grpc_channelz", _versions.GRPCIO),
    "grpcio-csds": ("grpc_csds", _versions.GRPCIO),
    "grpcio-health-checking": ("grpc_health", _versions.GRPCIO),
    "grpcio-observability": ("grpc_observability", _versions.GRPCIO),
    "grpcio-reflection": ("grpc_reflection", _versions.GRPCIO),
    "grpcio-status": ("grpc_status", _versions.GRPCIO),
    "grpcio-testing": ("grpc_testing", _versions.GRPCIO),
    "grpcio-tools": ("grpc_tools", _versions.GRPCIO),
    "protobuf": ("google", _versions.PROTOBUF),
}


class _Distribution(metadata.Distribution):
    """Name and version of a package whose API is Russet's; it has no files of its own."""

    def __init__(self, name: str, version: str) -> None:
        self._text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: str | os.PathLike[str]) -> Any:
        raise FileNotFoundError(f"{path}: russet.install() stands in for this distribution")


def find(name: str | None, roots: Collection[str]) -> Iterator[metadata.Distribution]:
    """The distribution of a name; nothing where all are asked for, since that is what is installed, a wheel of `russet shims` among it."""
    key = re.sub(r"[-_.]+", "-", name or "").lower()
    root, version = _KNOWN.get(key, (None, ""))
    if root in roots and _versions.shim(key) is None:
        yield _Distribution(key, version)
