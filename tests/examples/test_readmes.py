"""The README of each example holds: its commands are run in their order, in a copy of the folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.pages import ROOT, Reader

READMES = sorted((ROOT / "examples").glob("*/README.md"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("readme", READMES, ids=[readme.parent.name for readme in READMES])
def test_a_readme(readme: Path, installed: Path, tmp_path: Path) -> None:
    reader = Reader(tmp_path, installed)
    reader.copy(readme.parent)
    reader.follow(readme)
