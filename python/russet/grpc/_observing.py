"""Who observes the channels and servers of this process: at most one, and those that are made while it is registered. `russet.opentelemetry` registers itself here; this module knows nothing of it."""

from __future__ import annotations

from threading import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from .. import _core
    from ._base_server import ServerInterceptor
    from .aio import ServerInterceptor as AioServerInterceptor

    class Observer(Protocol):
        """What channels and servers ask of their observer."""

        @property
        def observations(self) -> _core.Observations:
            """What the core tells."""
            ...

        @property
        def server_interceptors(self) -> tuple[ServerInterceptor, ...]:
            """Those that come before a synchronous server's own."""
            ...

        @property
        def aio_server_interceptors(self) -> tuple[AioServerInterceptor, ...]:
            """Those that come before an asyncio server's own."""
            ...

        def add_method(self, path: str, served: bool) -> None:
            """Know a method that generated code has named, on a server or on a channel."""
            ...


_lock = Lock()
_observer: Observer | None = None


def register(observer: Observer) -> None:
    """Have `observer` observe what is made from now on. Raises RuntimeError if somebody does."""
    global _observer
    with _lock:
        if _observer is not None:
            raise RuntimeError("gRPC Python observability was already initialized!")
        _observer = observer


def deregister() -> None:
    """Undo `register`. Raises RuntimeError if nobody is registered."""
    global _observer
    with _lock:
        if _observer is None:
            raise RuntimeError(
                "Trying to end gRPC Python observability without initializing first!"
            )
        _observer = None


def observe(settings: dict[str, Any]) -> Observer | None:
    """Put the present observer, if there is one, into a channel's or a server's settings."""
    observer = _observer
    if observer is not None:
        settings["observations"] = observer.observations
    return observer
