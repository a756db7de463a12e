"""Three consumers: one that transforms, one to iterate over, one that hands its values to a pool."""

from __future__ import annotations

import logging
from collections import deque
from threading import Condition, Lock
from typing import TYPE_CHECKING, Any

from .stream import Consumer

if TYPE_CHECKING:
    from collections.abc import Callable

_LOGGER = logging.getLogger("grpc.framework.foundation.stream_util")


class TransformingConsumer(Consumer):
    """Hands `transformation` of each value to `downstream`."""

    def __init__(self, transformation: Callable[[Any], Any], downstream: Consumer) -> None:
        self._transformation = transformation
        self._downstream = downstream

    def consume(self, value: Any) -> None:
        self._downstream.consume(self._transformation(value))

    def terminate(self) -> None:
        self._downstream.terminate()

    def consume_and_terminate(self, value: Any) -> None:
        self._downstream.consume_and_terminate(self._transformation(value))


class IterableConsumer(Consumer):
    """Gives the values to whoever iterates over it, which waits for them."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._values: deque[Any] = deque()
        self._active = True

    def _take(self, values: tuple[Any, ...], last: bool) -> None:
        with self._condition:
            if self._active:
                self._values.extend(values)
                self._active = not last
                self._condition.notify()

    def consume(self, value: Any) -> None:
        self._take((value,), last=False)

    def terminate(self) -> None:
        self._take((), last=True)

    def consume_and_terminate(self, value: Any) -> None:
        self._take((value,), last=True)

    def __iter__(self) -> IterableConsumer:
        return self

    def __next__(self) -> Any:
        with self._condition:
            self._condition.wait_for(lambda: self._values or not self._active)
            if not self._values:
                raise StopIteration
            return self._values.popleft()

    def next(self) -> Any:
        """As `__next__`."""
        return self.__next__()


class ThreadSwitchingConsumer(Consumer):
    """Hands the values to `sink` on a thread of `pool`, one after the other."""

    def __init__(self, sink: Consumer, pool: Any) -> None:
        self._sink = sink
        self._pool = pool
        self._lock = Lock()
        # What `sink` is still to be called with: methods and their arguments.
        self._steps: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._active = True
        self._spinning = False

    def _add(self, step: Callable[..., None], *arguments: Any, last: bool) -> None:
        with self._lock:
            if not self._active:
                return
            self._active = not last
            self._steps.append((step, arguments))
            if not self._spinning:
                self._spinning = True
                self._pool.submit(self._spin)

    def _spin(self) -> None:
        while True:
            with self._lock:
                if not self._steps:
                    self._spinning = False
                    return
                step, arguments = self._steps.popleft()
            try:
                step(*arguments)
            except Exception:
                _LOGGER.exception("A consumer raised.")

    def consume(self, value: Any) -> None:
        self._add(self._sink.consume, value, last=False)

    def terminate(self) -> None:
        self._add(self._sink.terminate, last=True)

    def consume_and_terminate(self, value: Any) -> None:
        self._add(self._sink.consume_and_terminate, value, last=True)
