"""What the compiler's tests share: how to run ours and protoc, and where the corpora are."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

PROTOS = Path(__file__).parent.parent / "protos"

# The release whose text the generators reproduce; another one writes its own version into every file.
ORACLE_RELEASE = (1, 85)


def oracle_release() -> tuple[int, ...]:
    version = importlib.metadata.version("grpcio-tools")
    return tuple(int(part) for part in version.split(".")[:2])


needs_oracle_release = pytest.mark.skipif(
    oracle_release() < ORACLE_RELEASE, reason="older grpcio-tools give other bytes"
)


class Tool:
    """A protoc, run as a process."""

    def __init__(self, module: str) -> None:
        self.module = module

    def __call__(self, *args: str, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", self.module, *args], cwd=cwd, capture_output=True, check=False
        )

    def good(self, *args: str, cwd: Path | None = None) -> None:
        result = self(*args, cwd=cwd)
        assert result.returncode == 0, result.stderr.decode()


def bundled_protos() -> Path:
    """The folder of the `.proto` files that grpcio-tools ships."""
    import grpc_tools

    return Path(grpc_tools.__file__).parent / "_proto"


def corpora() -> dict[str, tuple[list[Path], list[str]]]:
    """Name to import roots and file names."""
    import google.rpc

    site = Path(next(iter(google.rpc.__path__))).parent.parent
    bundled = bundled_protos()

    def names(root: Path, below: str = ".") -> list[str]:
        return sorted(str(path.relative_to(root)) for path in (root / below).rglob("*.proto"))

    found = {
        "bundled": ([bundled], names(bundled)),
        "googleapis": ([site, bundled], names(site, "google")),
    }
    for path in names(PROTOS, "rules"):
        found[path] = ([PROTOS, bundled], [path])
    return found


def roots_flags(roots: Sequence[Path]) -> list[str]:
    return [f"-I{root}" for root in roots]
