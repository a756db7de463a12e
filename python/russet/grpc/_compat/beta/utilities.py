"""A future of when a channel is connected."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ..framework.foundation import callable_util, future
from . import implementations as implementations
from . import interfaces

if TYPE_CHECKING:
    from collections.abc import Callable

_RAISED = 'Exception calling connectivity future "done" callback!'


class _ChannelReadyFuture(future.Future):
    def __init__(self, channel: implementations.Channel) -> None:
        self._condition = threading.Condition()
        self._channel = channel
        self._matured = False
        self._cancelled = False
        self._done_callbacks: list[Callable[[Any], None]] = []

    def start(self) -> None:
        """Connect."""
        self._channel.subscribe(self._update, try_to_connect=True)

    def _update(self, connectivity: Any) -> None:
        if connectivity is interfaces.ChannelConnectivity.READY:
            self._end(cancelled=False)

    def _end(self, *, cancelled: bool) -> bool:
        with self._condition:
            if self._matured or self._cancelled:
                return self._cancelled
            self._matured, self._cancelled = not cancelled, cancelled
            callbacks, self._done_callbacks = self._done_callbacks, []
            self._condition.notify_all()
        self._channel.unsubscribe(self._update)
        for callback in callbacks:
            callable_util.call_logging_exceptions(callback, _RAISED, self)
        return cancelled

    def _wait(self, timeout: float | None) -> None:
        with self._condition:
            if not self._condition.wait_for(lambda: self._matured or self._cancelled, timeout):
                raise future.TimeoutError
            if self._cancelled:
                raise future.CancelledError

    def cancel(self) -> bool:
        return self._end(cancelled=True)

    def cancelled(self) -> bool:
        with self._condition:
            return self._cancelled

    def running(self) -> bool:
        return not self.done()

    def done(self) -> bool:
        with self._condition:
            return self._matured or self._cancelled

    def result(self, timeout: float | None = None) -> None:
        self._wait(timeout)

    def exception(self, timeout: float | None = None) -> None:
        self._wait(timeout)

    def traceback(self, timeout: float | None = None) -> None:
        self._wait(timeout)

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        with self._condition:
            if not self._matured and not self._cancelled:
                self._done_callbacks.append(fn)
                return
        fn(self)


def channel_ready_future(channel: implementations.Channel) -> future.Future:
    """A future that is done once a channel is connected."""
    made = _ChannelReadyFuture(channel)
    made.start()
    return made
