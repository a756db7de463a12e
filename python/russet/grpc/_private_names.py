"""Gives a module the further names that grpcio's module of the same name has, from `_compat`, when they are asked for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def private_names(module: str, companion: str) -> Callable[[str], Any]:
    """A `__getattr__` for `module`, whose other names are in `_compat`'s module `companion`."""

    def get(name: str) -> Any:
        # The import system asks for names such as `__path__`, before all that the companion needs is there.
        if not name.startswith("__"):
            from importlib import import_module

            found = import_module(f"russet.grpc._compat.{companion}")
            if hasattr(found, name):
                return getattr(found, name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return get
