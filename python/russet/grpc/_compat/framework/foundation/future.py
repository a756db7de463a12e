"""The interface of a future, and its two exceptions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class TimeoutError(Exception):
    """A future was not done in the time that its caller gave."""


class CancelledError(Exception):
    """A future was cancelled before it had an outcome."""


class Future(ABC):
    """A value that comes later, or the exception in its place."""

    @abstractmethod
    def cancel(self) -> bool:
        """Try to cancel it. Whether it could be."""
        raise NotImplementedError

    @abstractmethod
    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        raise NotImplementedError

    @abstractmethod
    def running(self) -> bool:
        """Whether it is neither done nor cancelled."""
        raise NotImplementedError

    @abstractmethod
    def done(self) -> bool:
        """Whether it has a value or an exception, or was cancelled."""
        raise NotImplementedError

    @abstractmethod
    def result(self, timeout: float | None = None) -> Any:
        """Wait for the value, for `timeout` seconds at most; raises the exception, `TimeoutError` or `CancelledError`."""
        raise NotImplementedError

    @abstractmethod
    def exception(self, timeout: float | None = None) -> Any:
        """Wait for the exception, or None where there is a value; raises `TimeoutError` or `CancelledError`."""
        raise NotImplementedError

    @abstractmethod
    def traceback(self, timeout: float | None = None) -> Any:
        """Wait for the exception's traceback; as `exception`."""
        raise NotImplementedError

    @abstractmethod
    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        """Call `fn` with this future once it is done, or now if it is."""
        raise NotImplementedError
