"""The collectors of a registry, and the record of one RPC. Knows nothing of interceptors."""

from __future__ import annotations

import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
except ImportError as error:
    raise ImportError(
        "russet.prometheus needs the package prometheus-client: pip install 'russet[prometheus]'"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .. import grpc
    from ..interceptors import ClientCall, ServerCall

_LABELS = ("grpc_type", "grpc_service", "grpc_method")
_TYPES = {
    (False, False): "UNARY",
    (True, False): "CLIENT_STREAMING",
    (False, True): "SERVER_STREAMING",
    (True, True): "BIDI_STREAMING",
}


# How many methods of a side get labels of their own, and how long their names may be: servers that take calls of any name let their clients make them up. All others are "other".
MAX_METHODS = 1000
_LONGEST_NAME = 256
_OTHER = "other"


class Metrics:
    """The five collectors of one side, "server" or "client"."""

    def __init__(self, side: str, registry: CollectorRegistry, buckets: tuple[float, ...]) -> None:
        self.buckets = buckets
        self._methods: set[tuple[str, str]] = set()

        def counter(name: str, text: str, labels: tuple[str, ...] = _LABELS) -> Counter:
            return Counter(f"grpc_{side}_{name}", text, labels, registry=registry)

        self.started = counter("started", f"RPCs that began on the {side}.")
        self.handled = counter(
            "handled", f"RPCs that ended on the {side}, by code.", (*_LABELS, "grpc_code")
        )
        self.received = counter("msg_received", f"Messages that the {side} received.")
        self.sent = counter("msg_sent", f"Messages that the {side} sent.")
        self.seconds = Histogram(
            f"grpc_{side}_handling_seconds",
            f"Seconds from an RPC's begin to its end on the {side}.",
            _LABELS,
            registry=registry,
            buckets=buckets,
        )

    def name(self, service: str, method: str) -> tuple[str, str]:
        """The labels of a method, which are "other" where there are too many."""
        named = service, method
        if named in self._methods:
            return named
        # Threads that come at once may make it a few more.
        if len(self._methods) >= MAX_METHODS or len(service) + len(method) > _LONGEST_NAME:
            return _OTHER, _OTHER
        self._methods.add(named)
        return named


_lock = threading.Lock()
# A registry takes each name once, so that its interceptors share the collectors.
_known: weakref.WeakKeyDictionary[CollectorRegistry, dict[str, Metrics]] = (
    weakref.WeakKeyDictionary()
)


def metrics_of(
    side: str, registry: CollectorRegistry | None, buckets: Sequence[float] | None
) -> Metrics:
    """The metrics of a side in a registry, prometheus-client's own if it is None. Raises ValueError if they are there with other buckets, or made by somebody else."""
    registry = REGISTRY if registry is None else registry
    wanted = tuple(Histogram.DEFAULT_BUCKETS if buckets is None else buckets)
    with _lock:
        sides = _known.setdefault(registry, {})
        if side not in sides:
            sides[side] = Metrics(side, registry, wanted)
        metrics = sides[side]
    if metrics.buckets != wanted:
        raise ValueError(
            f"this registry has grpc_{side}_handling_seconds with the buckets {metrics.buckets}, not {wanted}: give all interceptors of a registry the same"
        )
    return metrics


class Record:
    """One RPC, from its making to `end`."""

    __slots__ = ("_begin", "_labels", "_lock", "_metrics", "received", "sent")

    def __init__(self, metrics: Metrics, call: ServerCall | ClientCall) -> None:
        self._labels = (
            _TYPES[call.request_streaming, call.response_streaming],
            *metrics.name(call.service, call.name),
        )
        self._metrics: Metrics | None = metrics
        self._lock = threading.Lock()
        self.received = metrics.received.labels(*self._labels)
        self.sent = metrics.sent.labels(*self._labels)
        metrics.started.labels(*self._labels).inc()
        self._begin = time.perf_counter()

    def end(self, code: grpc.StatusCode) -> None:
        """Count the RPC's end. Only the first time does something."""
        with self._lock:
            metrics, self._metrics = self._metrics, None
        if metrics is not None:
            metrics.handled.labels(*self._labels, code.name).inc()
            metrics.seconds.labels(*self._labels).observe(time.perf_counter() - self._begin)

    def receive(self, message: Any) -> Any:
        """Count a message that came."""
        self.received.inc()
        return message

    def send(self, message: Any) -> Any:
        """Count a message that goes."""
        self.sent.inc()
        return message
