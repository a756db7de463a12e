"""Calls whose exceptions are logged and told, not raised."""

from __future__ import annotations

import functools
import logging
from abc import ABC
from enum import Enum, auto, unique
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_LOGGER = logging.getLogger("grpc.framework.foundation.callable_util")


class Outcome(ABC):  # noqa: B024 (as in grpcio)
    """How a call ended: with `return_value`, or with `exception`; `kind` says which."""

    @unique
    class Kind(Enum):
        """Whether a call returned or raised."""

        RETURNED = auto()
        RAISED = auto()


class _Fields(NamedTuple):
    kind: Outcome.Kind
    return_value: Any
    exception: Exception | None


class _Outcome(_Fields, Outcome):
    __slots__ = ()


def call_logging_exceptions(
    behavior: Callable[..., Any], message: str, *args: Any, **kwargs: Any
) -> Outcome:
    """Call `behavior` with the further arguments. An exception is logged with `message`, and is in the outcome."""
    try:
        return _Outcome(Outcome.Kind.RETURNED, behavior(*args, **kwargs), None)
    except Exception as error:
        _LOGGER.exception(message)
        return _Outcome(Outcome.Kind.RAISED, None, error)


def with_exceptions_logged(behavior: Callable[..., Any], message: str) -> Callable[..., Outcome]:
    """A callable with `behavior`'s arguments that calls it by `call_logging_exceptions`."""

    @functools.wraps(behavior)
    def wrapped(*args: Any, **kwargs: Any) -> Outcome:
        return call_logging_exceptions(behavior, message, *args, **kwargs)

    return wrapped
