"""The two clocks: the system's, and one that the test sets."""

from __future__ import annotations

import concurrent.futures
import heapq
import itertools
import threading
import time as _time
from typing import TYPE_CHECKING, Any

from .. import grpc
from ..grpc._logging import logger
from . import Time

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class _Scheduled(grpc.Future[Any]):
    """Something to be called once, unless it is cancelled before."""

    def __init__(self, behavior: Callable[[], Any]) -> None:
        self._behavior = behavior
        self._outcome: concurrent.futures.Future[Any] = concurrent.futures.Future()

    def run(self) -> None:
        """Calls it. What it raises is logged, and is the future's."""
        if not self._outcome.set_running_or_notify_cancel():
            return
        try:
            result = self._behavior()
        except Exception as error:
            logger("testing").exception("%r, which was to be called at a time, raised", self._behavior)  # fmt: skip
            self._outcome.set_exception(error)
        else:
            self._outcome.set_result(result)

    def cancel(self) -> bool:
        return self._outcome.cancel()

    def cancelled(self) -> bool:
        return self._outcome.cancelled()

    def running(self) -> bool:
        return self._outcome.running()

    def done(self) -> bool:
        return self._outcome.done()

    def result(self, timeout: float | None = None) -> Any:
        error = self.exception(timeout)
        if error is not None:
            raise error
        return self._outcome.result()

    def exception(self, timeout: float | None = None) -> BaseException | None:
        try:
            return self._outcome.exception(timeout)
        except concurrent.futures.TimeoutError:
            raise grpc.FutureTimeoutError from None
        except concurrent.futures.CancelledError:
            raise grpc.FutureCancelledError from None

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        error = self.exception(timeout)
        return None if error is None else error.__traceback__

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        self._outcome.add_done_callback(lambda _: fn(self))


class _Schedule:
    """What is to be called, by time and then in the order in which it came. Its users lock it."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, _Scheduled]] = []
        self._numbers = itertools.count()

    def add(self, time: float, scheduled: _Scheduled) -> None:
        heapq.heappush(self._entries, (time, next(self._numbers), scheduled))

    def first_time(self) -> float | None:
        """When the first call is due; None where there is nothing to call."""
        while self._entries and self._entries[0][2].cancelled():
            heapq.heappop(self._entries)
        return self._entries[0][0] if self._entries else None

    def pop(self) -> _Scheduled:
        """Takes the first, after `first_time` gave its time."""
        return heapq.heappop(self._entries)[2]


class StrictRealTime(Time):
    """The system's time. A thread calls what is due; it lives as long as there is something to call."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._schedule = _Schedule()
        self._has_thread = False
        # The time of what is being called.
        self._calling: float | None = None

    def time(self) -> float:
        return _time.time()

    def call_in(self, behavior: Callable[[], Any], delay: float) -> grpc.Future[Any]:
        return self.call_at(behavior, _time.time() + delay)

    def call_at(self, behavior: Callable[[], Any], time: float) -> grpc.Future[Any]:
        scheduled = _Scheduled(behavior)
        with self._changed:
            self._schedule.add(time, scheduled)
            self._changed.notify_all()
            if not self._has_thread:
                self._has_thread = True
                threading.Thread(target=self._run, daemon=True).start()
        scheduled.add_done_callback(self._wake)
        return scheduled

    def sleep_for(self, duration: float) -> None:
        self.sleep_until(_time.time() + duration)

    def sleep_until(self, time: float) -> None:
        _time.sleep(max(0.0, time - _time.time()))
        with self._changed:
            while self._is_behind(time):
                self._changed.wait()

    def _is_behind(self, time: float) -> bool:
        """Whether something that was due before a time is not called yet."""
        first = self._schedule.first_time()
        return (first is not None and first < time) or (
            self._calling is not None and self._calling < time
        )

    def _wake(self, _: Any) -> None:
        with self._changed:
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._calling = None
                self._changed.notify_all()
                while True:
                    first = self._schedule.first_time()
                    if first is None:
                        self._has_thread = False
                        return
                    remaining = first - _time.time()
                    if remaining <= 0:
                        break
                    self._changed.wait(remaining)
                self._calling = first
                scheduled = self._schedule.pop()
            scheduled.run()


class StrictFakeTime(Time):
    """A time that the test sets by sleeping. What is due is called meanwhile, at its own time, in a thread that is waited for."""

    def __init__(self, now: float) -> None:
        self._lock = threading.Lock()
        # Held while time passes, so that two threads that sleep do so one after the other.
        self._passing = threading.RLock()
        self._schedule = _Schedule()
        self._now = now

    def time(self) -> float:
        with self._lock:
            return self._now

    def call_in(self, behavior: Callable[[], Any], delay: float) -> grpc.Future[Any]:
        return self.call_at(behavior, self.time() + delay)

    def call_at(self, behavior: Callable[[], Any], time: float) -> grpc.Future[Any]:
        scheduled = _Scheduled(behavior)
        with self._lock:
            is_due = time <= self._now
            if not is_due:
                self._schedule.add(time, scheduled)
        if is_due:
            _run_in_thread(scheduled)
        return scheduled

    def sleep_for(self, duration: float) -> None:
        if duration > 0:
            with self._passing:
                self.sleep_until(self.time() + duration)

    def sleep_until(self, time: float) -> None:
        with self._passing:
            while True:
                with self._lock:
                    first = self._schedule.first_time()
                    if first is None or first > time:
                        self._now = max(self._now, time)
                        return
                    self._now = first
                    scheduled = self._schedule.pop()
                _run_in_thread(scheduled)


def _run_in_thread(scheduled: _Scheduled) -> None:
    thread = threading.Thread(target=scheduled.run)
    thread.start()
    thread.join()
