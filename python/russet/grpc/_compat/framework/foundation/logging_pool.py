"""A pool of threads that logs what its tasks raise."""

from __future__ import annotations

import functools
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

_LOGGER = logging.getLogger("grpc.framework.foundation.logging_pool")


def _logged(behavior: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return behavior(*args, **kwargs)
    except Exception:
        _LOGGER.exception("Unexpected exception from %s executed in logging pool!", behavior)
        raise


class _LoggingPool:
    """What `pool` makes. Used as a context it is shut down at the end."""

    def __init__(self, backing_pool: ThreadPoolExecutor) -> None:
        self._backing_pool = backing_pool

    def __enter__(self) -> _LoggingPool:
        return self

    def __exit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        self._backing_pool.shutdown(wait=True)

    def submit(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        """As `Executor.submit`."""
        return self._backing_pool.submit(_logged, fn, *args, **kwargs)

    def map(
        self, func: Callable[..., Any], *iterables: Iterable[Any], **kwargs: Any
    ) -> Iterator[Any]:
        """As `Executor.map`; its only keyword is `timeout`."""
        logged = functools.partial(_logged, func)
        return self._backing_pool.map(logged, *iterables, timeout=kwargs.get("timeout"))

    def shutdown(self, wait: bool = True) -> None:
        """As `Executor.shutdown`."""
        self._backing_pool.shutdown(wait=wait)


def pool(max_workers: int) -> _LoggingPool:
    """A pool of at most `max_workers` threads; what a task raises is logged, and raised by its future too."""
    return _LoggingPool(ThreadPoolExecutor(max_workers))
