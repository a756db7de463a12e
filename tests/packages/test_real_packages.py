"""The quick ones of the packages of `make packages`: on the originals and on Russet's shims, in fresh environments."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.environments import ROOT

# Seconds; far beyond what they take.
LIMIT = 280


@pytest.mark.timeout(LIMIT + 20)
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the packages are pinned for 3.11")
def test_real_packages_on_shims() -> None:
    command = [sys.executable, ROOT / "interop" / "packages" / "run.py", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
