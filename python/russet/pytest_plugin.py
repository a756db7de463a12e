"""Runs tests on Russet: `pytest -p russet.pytest_plugin`, or that option in `addopts`. It calls `russet.install()` before any test, conftest or other plugin is imported."""

import russet

russet.install()
