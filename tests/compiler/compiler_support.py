"""What the compiler's tests share: how to run ours and protoc, and where the corpora are."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
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
        self.command = [sys.executable, "-m", module]

    def __call__(
        self,
        *args: str,
        cwd: Path | None = None,
        environment: dict[str, str] | None = None,
        stdin: bytes = b"",
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*self.command, *args],
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            input=stdin,
            capture_output=True,
            check=False,
        )

    def good(
        self, *args: str, cwd: Path | None = None, environment: dict[str, str] | None = None
    ) -> None:
        result = self(*args, cwd=cwd, environment=environment)
        assert result.returncode == 0, result.stderr.decode()


class Protoc(Tool):
    """The official protoc, of the newest release."""

    def __init__(self) -> None:
        scripts = Path(sys.executable).parent
        self.path = shutil.which("protoc", path=str(scripts)) or "protoc"
        self.command = [self.path]
        # Its own copies of the bundled files.
        self.include = scripts.parent / "include"

    def is_there(self) -> bool:
        return Path(self.path).is_absolute()


PROTOC = Protoc()

needs_protoc = pytest.mark.skipif(
    not PROTOC.is_there(), reason="the official protoc is not installed here"
)


def scripts_on_path() -> str:
    """A PATH that has the scripts of the tests' environment first."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


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


CORPORA = corpora()
