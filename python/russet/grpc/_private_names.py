"""What grpcio has under a private name and Russet needs for such programs alone: it is loaded from `_compat` when it is asked for."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def private_names(module: str) -> Callable[[str], Any]:
    """A `__getattr__` for `module`, whose further names are in the module of the same name in `_compat`."""
    companion = module.replace("russet.grpc", "russet.grpc._compat")

    def get(name: str) -> Any:
        # The import system asks for names such as `__path__`, before all that the companion needs is there.
        if not name.startswith("__"):
            from importlib import import_module

            found = import_module(companion)
            if hasattr(found, name):
                return getattr(found, name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return get


def private_modules(package: str) -> Callable[[str], Any]:
    """A `__getattr__` for `package`, whose private modules that it lacks are in the package of the same name in `_compat`."""
    companion = package.replace("russet.grpc", "russet.grpc._compat")

    def get(name: str) -> Any:
        if name.startswith("_") and not name.startswith("__"):
            from importlib import import_module

            module = f"{companion}.{name}"
            try:
                return import_module(module)
            except ModuleNotFoundError as error:
                if error.name != module:
                    raise
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get


def import_as_grpcio_does(*modules: str) -> None:
    """Import modules of Russet's under grpcio's names as well, where grpcio first imports them: agents may wait for those names.

    It does nothing unless the program knows Russet by the name `grpc`.
    """
    if modules[-1] in sys.modules or sys.modules.get("grpc") is not sys.modules["russet.grpc"]:
        return
    # A program may also have put the package there by itself, without the names below it.
    if any(type(finder).__module__ == "russet._install" for finder in sys.meta_path):
        from importlib import import_module

        for module in modules:
            import_module(module)
