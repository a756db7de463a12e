"""`GRPC_VERBOSITY` and `GRPC_TRACE`: what the library does, in lines of Python's logging.

`GRPC_TRACE` lists tracers with commas between them: `call`, `connectivity_state`, `dns_resolver`, `health_check_client`, `http`, `outlier_detection_lb`, `retry`, `server_channel`, `subchannel`; `all` for all, `-name` without this one. Their lines have the level DEBUG and the logger `grpc.trace.<tracer>`. `GRPC_VERBOSITY` (DEBUG, INFO, ERROR or NONE) is the level of the logger `grpc`; where the program has not set logging up, what passes it is written to stderr.
"""

from __future__ import annotations

import os

from . import _logging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def set_up(environment: Mapping[str, str] = os.environ) -> None:
    """Do what the environment asks for. Without the two variables this says nothing and imports nothing."""
    _logging.set_up()
    verbosity = environment.get("GRPC_VERBOSITY", "").upper()
    tracers = environment.get("GRPC_TRACE", "")
    if verbosity:
        _set_level(verbosity)
    if tracers:
        _trace(tracers)


def _set_level(verbosity: str) -> None:
    import logging

    levels = {
        "DEBUG": logging.DEBUG,
        "INFO": logging.INFO,
        "ERROR": logging.ERROR,
        "NONE": logging.CRITICAL + 1,
    }
    logger = logging.getLogger("grpc")

    class Stderr(logging.StreamHandler):  # type: ignore[type-arg]
        """Writes where the program has no handlers of its own."""

        def emit(self, record: logging.LogRecord) -> None:
            if not logging.getLogger().handlers:
                super().emit(record)

    handler = Stderr()
    handler.setFormatter(logging.Formatter("%(levelname).1s %(asctime)s %(name)s] %(message)s"))
    logger.addHandler(handler)
    if verbosity in levels:
        logger.setLevel(levels[verbosity])
    else:
        logger.error("GRPC_VERBOSITY is %r: use DEBUG, INFO, ERROR or NONE", verbosity)


def _trace(tracers: str) -> None:
    import atexit

    from .. import _core

    logger = _logging.logger

    def sink(tracer: str, line: str) -> None:
        logger("trace").getChild(tracer).debug("%s", line)

    unknown = _core.trace(tracers, sink)
    if unknown:
        logger("trace").error("GRPC_TRACE names no tracer of this library: %s", ", ".join(unknown))
    atexit.register(_core.stop_trace)
