"""An event that a signal's handler cannot disturb."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from time import monotonic

# How long a thread waits, in seconds, before it lets Python look for signals: one that arrives just before the lock's system call does not interrupt it.
_SIGNAL_SLICE = 0.2


class Latch:
    """Set once, for good. Waiting is steps of C alone: what a signal's handler raises comes out of it and leaves nothing behind, where it would leave the locks of a `threading.Event` in disorder ("release unlocked lock")."""

    __slots__ = ("_is_set", "_lock")

    def __init__(self) -> None:
        self._is_set = False
        self._lock = Lock()
        self._lock.acquire()

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        """Let go who waits."""
        if self._is_set:
            return
        self._is_set = True
        # Another thread may have set it at the same time.
        with suppress(RuntimeError):
            self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, at most `timeout` seconds; whether it is."""
        until = None if timeout is None else monotonic() + timeout
        while not self._is_set:
            remaining = _SIGNAL_SLICE if until is None else min(until - monotonic(), _SIGNAL_SLICE)
            if remaining <= 0:
                return False
            if self._lock.acquire(timeout=remaining):
                # For the others who wait. An exception between the two steps costs them no more than a slice.
                self._lock.release()
        return True
