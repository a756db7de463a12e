"""Fresh virtual environments, and Russet's wheel to install there."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Seconds; far beyond what one command takes.
LIMIT = 280


def tool(name: str) -> str:
    """A command of the environment that the tests run in."""
    return str(Path(sys.executable).with_name(name))


def build_wheel(folder: Path) -> Path:
    """Russet's wheel, of what `make build` has compiled."""
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(
        [tool("maturin"), "build", "--release", "--quiet", "--interpreter", sys.executable, "--out", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PATH": search},
        check=True,
        timeout=LIMIT,
        capture_output=True,
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    return wheel


@dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    folder: Path

    @classmethod
    def create(cls, folder: Path, *packages: str | Path) -> Environment:
        """Make one, with packages and nothing else."""
        uv("venv", "--quiet", "--python", sys.executable, folder)
        made = cls(folder)
        if packages:
            made.install(*packages)
        return made

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Where its packages are."""
        (found,) = (self.folder / "lib").glob("python3*/site-packages")
        return found

    def install(self, *arguments: str | Path) -> None:
        """Install by uv, which takes a moment where pip takes seconds."""
        uv("pip", "install", "--quiet", "--python", self.python, *arguments)

    def run(self, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run its Python; the variables stand in for the tests' own `RUSSET_INSTALL` and so on."""
        hidden = ("RUSSET_INSTALL", "PYTHONPATH", "VIRTUAL_ENV")
        outer = {name: value for name, value in os.environ.items() if name not in hidden}
        return subprocess.run(
            [self.python, *arguments],
            env={**outer, **variables},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    def says(self, *arguments: str | Path, **variables: str) -> str:
        """What its Python prints; it must end well and have nothing to complain about."""
        done = self.run(*arguments, **variables)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout


def uv(*arguments: str | Path) -> str:
    """Run uv; it must end well. Files are copies, not links into its cache, since tests change them."""
    done = subprocess.run([tool("uv"), *map(str, arguments)], env={**os.environ, "UV_LINK_MODE": "copy"}, capture_output=True, text=True, timeout=LIMIT, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
