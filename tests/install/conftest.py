"""Russet's wheel, for tests in fresh environments."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import environments


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    return environments.build_wheel(tmp_path_factory.mktemp("wheel"))
