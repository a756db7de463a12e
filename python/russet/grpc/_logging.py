"""Loggers of the library, under the names that grpcio's have, so that a program's logging set-up keeps its effect.

`logging` is imported when something is logged for the first time, since it costs as much as all the rest of this package; or the program imports it.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from logging import Logger
    from types import ModuleType
    from typing import Any


def _quieten() -> Logger:
    """The library's logger, with a handler: without one Python would write its records to stderr where a program does not configure logging."""
    import logging

    root = logging.getLogger("grpc")
    if not root.handlers:
        root.addHandler(logging.NullHandler())
    return root


class _OnImportOfLogging:
    """A finder that sees `logging` imported, once, and leaves the finding to the others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "logging":
            return None
        from importlib.util import find_spec

        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is None or spec.loader is None or isinstance(spec.loader, type):
            return spec
        loader: Any = spec.loader
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            _quieten()

        loader.exec_module = exec_module
        return spec


def set_up() -> None:
    """Have the library's logger quiet from the moment when there is logging."""
    if "logging" in sys.modules:
        _quieten()
    else:
        sys.meta_path.insert(0, _OnImportOfLogging())


def logger(module: str) -> Logger:
    """The logger of a module, for example `logger("_server")` is "grpc._server".

    A program that does not configure logging gets no output, as with grpcio.
    """
    return _quieten().getChild(module)
