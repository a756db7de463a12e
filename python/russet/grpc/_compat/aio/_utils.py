"""`grpc.aio._utils`."""

from __future__ import annotations

from time import time


def _timeout_to_deadline(timeout: float | None) -> float | None:  # pyright: ignore[reportUnusedFunction]
    """The time of the clock in `timeout` seconds, or None without a timeout."""
    return None if timeout is None else time() + timeout
