"""What holds for all tests."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.pages import INSTALL, ROOT, blocks

# A process that is started in the background may be told to ignore SIGINT, and hands that on to its children; the programs that the tests start and interrupt must not inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What the programs of the pages and examples need besides Russet.
PACKAGES = ["argon2-cffi", "googleapis-common-protos", "numpy", "pytest", "trustme"]
# The releases that `make lock` wrote down.
LOCKED = [ROOT / "requirements" / "locked" / f"{name}.txt" for name in ("build", "test")]


def constraints() -> str:
    """Pins for pip, without the hashes, with which it would refuse to install a folder."""
    lines = "".join(path.read_text("utf-8") for path in LOCKED).splitlines()
    return "\n".join(line.rstrip(" \\") for line in lines if re.match(r"\w", line))


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that has Russet, made by the README's lines on installing, but in another folder."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    lines = next(block.code for block in blocks(ROOT / "README.md") if INSTALL in block.code)
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    pins = folder.with_name("constraints.txt")
    pins.write_text(constraints())
    # For what the README's lines install, maturin among it, and for the packages below.
    environment = {**os.environ, "PATH": search, "PIP_CONSTRAINT": str(pins)}
    shell = shutil.which("sh")
    assert shell
    done = subprocess.run(
        [shell, "-ec", lines.replace(".venv", str(folder))],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pip = [str(folder / "bin" / "pip"), "--disable-pip-version-check"]
    listed = subprocess.run(
        [*pip, "list", "--format=freeze"], capture_output=True, text=True, check=True
    )
    brought = {re.split("[= ]", line)[0] for line in listed.stdout.splitlines()}
    assert brought <= {"pip", "setuptools", "wheel", "russet"}, "Russet needs no other package"
    subprocess.run([*pip, "install", "--quiet", *PACKAGES], env=environment, check=True)
    return folder
