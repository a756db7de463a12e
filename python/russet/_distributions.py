"""The distributions that `russet.install()` stands in for, as `importlib.metadata` shows them."""

from __future__ import annotations

import re
from importlib import metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from typing import Any


class _Distribution(metadata.Distribution):
    """Name and version of a package whose API is Russet's; it has no files of its own."""

    def __init__(self, name: str, version: str) -> None:
        self._text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: str | os.PathLike[str]) -> Any:
        raise FileNotFoundError(f"{path}: russet.install() stands in for this distribution")


def find(name: str | None) -> Iterator[metadata.Distribution]:
    """The distribution of a name; nothing where all are asked for, since that is what is installed."""
    from russet import grpc, protobuf

    versions = {
        "grpcio": grpc.__version__,
        "grpcio-admin": grpc.__version__,
        "grpcio-channelz": grpc.__version__,
        "grpcio-csds": grpc.__version__,
        "grpcio-health-checking": grpc.__version__,
        "grpcio-observability": grpc.__version__,
        "grpcio-reflection": grpc.__version__,
        "grpcio-status": grpc.__version__,
        "grpcio-testing": grpc.__version__,
        "grpcio-tools": grpc.__version__,
        "protobuf": protobuf.__version__,
    }
    key = re.sub(r"[-_.]+", "-", name or "").lower()
    if key in versions:
        yield _Distribution(key, versions[key])
