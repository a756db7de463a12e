"""Every code block of README and docs runs, as it stands there, in a fresh virtual environment that the README's own lines make."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.pages import ROOT, Reader

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_every_block_of_a_page(page: Path, installed: Path, tmp_path: Path) -> None:
    Reader(tmp_path, installed).follow(page)


def test_the_readme_s_service_has_twenty_lines() -> None:
    section = (ROOT / "README.md").read_text("utf-8").split("## A service in twenty lines\n")[1]
    (program,) = re.findall(r"^```python\n(.*?)^```$", section.split("\n## ")[0], re.MULTILINE | re.DOTALL)  # fmt: skip
    assert len([line for line in program.splitlines() if line.strip()]) <= 20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```python\nprint(1)\n```\n```text output\n2\n```\n", "page.md:4: it printed '1\\\\n'"),
        ("```python\n1 / 0\n```\n", "page.md:1: code 1: .*ZeroDivisionError"),
        ("```sh\nfalse\n```\n", "page.md:1: code 1"),
        ("```sh\nmake no-such-target\n```\n", "page.md:1: no such target of make"),
        (
            "```sh server\npython -c 'raise SystemExit(3)'\n```\n",
            "page.md:1: the server did not start, code 3",
        ),
        ("<!-- before:\nx = 4\n-->\n```python\nassert x == 5\n```\n", "page.md:4: code 1"),
    ],
)
def test_a_page_that_is_wrong_is_found(
    text: str, message: str, installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "page.md").write_text(text)
    with pytest.raises(AssertionError, match=f"(?s){message}"):
        Reader(tmp_path, installed).follow(tmp_path / "page.md")
