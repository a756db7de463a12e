"""Joins a part of the core that has sockets to an event loop: readiness, timers and batched writes.

The core's sockets are behind one descriptor, so the loop watches that alone. What is written during one turn of the loop goes out together at its end.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ... import _core


def current_loop() -> asyncio.AbstractEventLoop:
    """The running loop, or the one that will run: grpc.aio allows both."""
    return asyncio.get_event_loop()


class Driver:
    """Calls a core's `turn` and `flush` when they are due."""

    __slots__ = (
        "_closed",
        "_core",
        "_descriptor",
        "_flushing",
        "_on_turn",
        "_timer",
        "_timer_at",
        "loop",
    )

    def __init__(
        self,
        core: _core.Channel | _core.AioServer,
        loop: asyncio.AbstractEventLoop,
        on_turn: Callable[[], Any],
    ) -> None:
        """`on_turn` is called when the core has work; it calls the core's `turn`."""
        self._core = core
        self._on_turn = on_turn
        self.loop = loop
        self._descriptor = core.fileno()
        self._closed = False
        self._flushing = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        loop.add_reader(self._descriptor, self.turn)

    def turn(self) -> None:
        """Let the core work on what has arrived, then write what came of it."""
        self._on_turn()
        self.flush()

    def poke(self) -> None:
        """There is something to write: at the end of the loop's turn."""
        if not self._flushing:
            self._flushing = True
            self.loop.call_soon(self.flush)

    def flush(self) -> None:
        """Let the core write what there is, and plan its next turn."""
        self._flushing = False
        due = self._core.flush()
        if due is None or self._closed:
            # A timer would keep the core, and its descriptors, until it is due.
            return
        if due <= 0.0:
            # Work is left over; others on the loop come first.
            self.loop.call_soon(self.turn)
            return
        at = self.loop.time() + due
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        self._timer = self.loop.call_at(at, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self.turn()

    def close(self) -> None:
        """Stop to watch the core."""
        self._closed = True
        if not self.loop.is_closed():
            self.loop.remove_reader(self._descriptor)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
