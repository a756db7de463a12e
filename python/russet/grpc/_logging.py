"""Loggers of the library, under the names that grpcio's have, so that a program's logging set-up keeps its effect.

`logging` is imported when something is logged for the first time, since it costs as much as all the rest of this package.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger


def logger(module: str) -> Logger:
    """The logger of a module, for example `logger("_server")` is "grpc._server".

    A program that does not configure logging gets no output, as with grpcio.
    """
    import logging

    root = logging.getLogger("grpc")
    if not root.handlers:
        root.addHandler(logging.NullHandler())
    return root.getChild(module)
