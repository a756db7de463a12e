"""The streams of reports of a synchronous server: one thread sends to all of them, as long as there are any."""

from __future__ import annotations

import heapq
import threading
from time import monotonic

from ..grpc._logging import logger
from ..grpc._threads import start_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Stream:
    """One of them, until `end`."""

    __slots__ = ("due", "ended", "period", "send")

    def __init__(self, period: float, send: Callable[[], None]) -> None:
        self.period = period
        self.send = send
        self.due = monotonic() + period
        self.ended = False

    def __lt__(self, other: Stream) -> bool:
        return self.due < other.due


class Streams:
    """All of a servicer's. Safe to use from several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # Those that go on by when they are due, and some that have ended.
        self._waiting: list[Stream] = []
        self._ended = 0
        self._running = False

    def add(self, period: float, send: Callable[[], None]) -> Stream:
        """Have `send()` called each `period` seconds from now on, until the stream is removed."""
        stream = Stream(period, send)
        with self._changed:
            heapq.heappush(self._waiting, stream)
            if not self._running:
                start_thread("russet-load-reports", self._run)
                self._running = True
            elif self._waiting[0] is stream:
                self._changed.notify()
        return stream

    def remove(self, stream: Stream) -> None:
        """Send no more."""
        with self._changed:
            if stream.ended:
                return
            stream.ended = True
            self._ended += 1
            if 2 * self._ended > len(self._waiting):
                # One that is due in an hour would wait here as long.
                self._waiting = [one for one in self._waiting if not one.ended]
                heapq.heapify(self._waiting)
                self._ended = 0
                self._changed.notify()

    def __len__(self) -> int:
        with self._changed:
            return len(self._waiting) - self._ended

    def _next(self) -> Stream | None:
        """Wait for the next stream that is due; None where there are none."""
        with self._changed:
            while self._waiting:
                stream = self._waiting[0]
                if stream.ended:
                    heapq.heappop(self._waiting)
                    self._ended -= 1
                    continue
                remaining = stream.due - monotonic()
                if remaining <= 0:
                    stream.due = monotonic() + stream.period
                    heapq.heapreplace(self._waiting, stream)
                    return stream
                self._changed.wait(min(remaining, threading.TIMEOUT_MAX))
            self._running = False
            return None

    def _run(self) -> None:
        while True:
            stream = self._next()
            if stream is None:
                return
            try:
                stream.send()
            except BaseException:
                logger("orca").exception("a load report was not sent")
                self.remove(stream)
