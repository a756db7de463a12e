"""Runs tests on Russet: `pytest -p russet.pytest_plugin`, or that option in `addopts`. It calls `russet.install()` before any test, conftest or other plugin is imported, also in the processes that tests start."""

import os

import russet

russet.install()
os.environ["RUSSET_INSTALL"] = "1"
