"""Every public name of the originals is Russet's too, with the same signature, and `docs/compatibility.md` says so."""

from __future__ import annotations

import importlib

import google.protobuf
import grpc
import pytest

from . import matrix, surface
from .exceptions import ABSENT, DIFFERENT

# The releases that the page speaks of. An older interpreter gets older ones.
RELEASES = {"grpc": "1.85", "protobuf": "7.36"}
pytestmark = pytest.mark.skipif(
    not grpc.__version__.startswith(f"{RELEASES['grpc']}.")
    or not google.protobuf.__version__.startswith(f"{RELEASES['protobuf']}."),
    reason="another release of the originals has another surface",
)

MODULES = [
    module
    for package in surface.PACKAGES
    for module in surface.modules(package)
    if not surface.is_absent(module)
]


@pytest.mark.parametrize("module", MODULES)
def test_every_name_of_a_module(module: str) -> None:
    names = [name for name in surface.names(module) if not surface.is_absent(name.path)]
    assert [gap for name in names for gap in surface.differences(name)] == []


@pytest.mark.parametrize("path", [*ABSENT, *DIFFERENT])
def test_every_exception_is_still_one(path: str) -> None:
    """What Russet has by now, or the original has no longer, must leave the lists."""
    known = [m for package in surface.PACKAGES for m in (package, *surface.modules(package))]
    module = max((m for m in known if f"{path}.".startswith(f"{m}.")), key=len)
    if path == module:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(surface.russet_module(module))
        return
    theirs, ours = importlib.import_module(module), importlib.import_module(surface.russet_module(module))  # fmt: skip
    *parents, name = path[len(module) + 1 :].split(".")
    for parent in parents:
        theirs, ours = getattr(theirs, parent), getattr(ours, parent)
    assert hasattr(theirs, name)
    assert hasattr(ours, name) is (path in DIFFERENT)


def test_the_page_is_true() -> None:
    """The tables of names; which tests use a name may lag behind until `make compatibility` is run again."""
    assert _without_tests(matrix.PAGE.read_text("utf-8")) == _without_tests(matrix.page())


def _without_tests(page: str) -> list[str]:
    return [line.rpartition(" | ")[0] if line.startswith("| `") else line for line in page.splitlines()]  # fmt: skip
