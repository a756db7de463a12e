"""Every code block of README and docs runs, as it stands there, in a fresh virtual environment that the README's own lines make."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .pages import INSTALL, ROOT, Block, Reader, blocks

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# What the examples of the pages need besides Russet.
PACKAGES = ["trustme", "pytest", "googleapis-common-protos"]


def install_lines() -> Block:
    """The first block of the README's section on installing."""
    return next(block for block in blocks(ROOT / "README.md") if INSTALL in block.code)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that has Russet, made as the README says, but in another folder."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    code = install_lines().code.replace(".venv", str(folder))
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    shell = shutil.which("sh")
    assert shell
    done = subprocess.run(
        [shell, "-ec", code], cwd=ROOT, env={**os.environ, "PATH": search}, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    pip = [str(folder / "bin" / "pip"), "--disable-pip-version-check"]
    listed = subprocess.run([*pip, "list", "--format=freeze"], capture_output=True, text=True, check=True)  # fmt: skip
    brought = {re.split("[= ]", line)[0] for line in listed.stdout.splitlines()}
    assert brought <= {"pip", "setuptools", "wheel", "russet"}, "Russet needs no other package"
    subprocess.run([*pip, "install", "--quiet", *PACKAGES], check=True)
    return folder


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_every_block_of_a_page(page: Path, environment: Path, tmp_path: Path) -> None:
    Reader(tmp_path, environment).follow(page)


def test_the_readme_s_service_has_twenty_lines() -> None:
    section = (ROOT / "README.md").read_text("utf-8").split("## A service in twenty lines\n")[1]
    (program,) = re.findall(r"^```python\n(.*?)^```$", section.split("\n## ")[0], re.MULTILINE | re.DOTALL)  # fmt: skip
    assert len([line for line in program.splitlines() if line.strip()]) <= 20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```python\nprint(1)\n```\n```text output\n2\n```\n", "page.md:4: it printed '1\\n'"),
        ("```python\n1 / 0\n```\n", "page.md:1: code 1: .*ZeroDivisionError"),
        ("```sh\nfalse\n```\n", "page.md:1: code 1"),
        ("```sh\nmake no-such-target\n```\n", "page.md:1: no such target of make"),
        ("```sh server\npython -c 'raise SystemExit(3)'\n```\n", "page.md:1: "),
        ("<!-- before:\nx = 4\n-->\n```python\nassert x == 5\n```\n", "page.md:4: code 1"),
    ],
)
def test_a_page_that_is_wrong_is_found(
    text: str, message: str, environment: Path, tmp_path: Path
) -> None:
    (tmp_path / "page.md").write_text(text)
    with pytest.raises(AssertionError, match=f"(?s){message}"):
        Reader(tmp_path, environment).follow(tmp_path / "page.md")
