"""`OpenTelemetryPlugin`: what it observes with, and the thread that hands over what was observed."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any

try:
    from opentelemetry import propagate
except ImportError as error:
    raise ImportError(
        "russet.opentelemetry needs the package opentelemetry-api: pip install 'russet[opentelemetry]'"
    ) from error

from .. import _core
from ..grpc import _observing
from ._metrics import Metrics
from ._server import AioServerInterceptor, ServerInterceptor
from ._traces import Traces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.propagators.textmap import TextMapPropagator
    from opentelemetry.trace import TracerProvider

    from .. import grpc
    from ..grpc import aio

_LOGGER = logging.getLogger(__name__)

# Seconds between two times that what was observed is handed over.
_INTERVAL = 0.5


class OpenTelemetryPlugin:
    """Observes RPCs with OpenTelemetry, while it is registered or in a `with` statement: the calls of channels, and those to servers, that are made meanwhile.

    `meter_provider` makes the metrics of gRFC A66, `tracer_provider` the spans of gRFC A72; without one, none of its sort are made. `text_map_propagator` says how spans travel, by default as OpenTelemetry's global one does.

    `generic_method_attribute_filter(method)` says whether a method stands in the metrics by its name that no generated code has named; without it none does, so that clients cannot make up labels, and stands there as "other". `target_attribute_filter(target)` says the same of targets; without it all do. Methods are "package.Service/Method".
    """

    def __init__(
        self,
        *,
        plugin_options: Iterable[Any] | None = None,
        meter_provider: MeterProvider | None = None,
        target_attribute_filter: Callable[[str], bool] | None = None,
        generic_method_attribute_filter: Callable[[str], bool] | None = None,
        tracer_provider: TracerProvider | None = None,
        text_map_propagator: TextMapPropagator | None = None,
    ) -> None:
        """Raises NotImplementedError for `plugin_options`, which are for service meshes."""
        if plugin_options is not None and list(plugin_options):
            raise NotImplementedError(
                "plugin_options are for service meshes (CSM), which Russet does not support: see docs/limits.md"
            )
        self._metrics: Metrics | None = None
        if meter_provider is not None:
            self._metrics = Metrics(
                meter_provider,
                target_attribute_filter or (lambda _: True),
                generic_method_attribute_filter or (lambda _: False),
            )
        self._traces: Traces | None = None
        if tracer_provider is not None:
            propagator = text_map_propagator or propagate.get_global_textmap()
            self._traces = Traces(tracer_provider, propagator)
        self._collector: _Collector | None = None

    def register_global(self) -> None:
        """Observe what is made from now on. Raises RuntimeError if a plugin does so already."""
        collector = _Collector(self._metrics, self._traces)
        _observing.register(collector)
        self._collector = collector
        collector.start()

    def deregister_global(self) -> None:
        """Observe no more; what happened until now is handed over. Raises RuntimeError if no plugin observes."""
        _observing.deregister()
        collector, self._collector = self._collector, None
        if collector is not None:
            collector.stop()

    def force_flush(self) -> None:
        """Hand over at once what has happened until now. Providers' own `force_flush` comes after it."""
        if self._collector is not None:
            self._collector.flush()

    def __enter__(self) -> None:
        self.register_global()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.deregister_global()


class _Collector:
    """What the core is given, and the thread that takes from it."""

    def __init__(self, metrics: Metrics | None, traces: Traces | None) -> None:
        self._metrics = metrics
        self._traces = traces
        self.observations = _core.Observations(
            traces is not None, None if traces is None else traces.call_begins
        )
        self.server_interceptors: tuple[grpc.ServerInterceptor, ...] = ()
        self.aio_server_interceptors: tuple[aio.ServerInterceptor, ...] = ()
        if traces is not None:
            self.server_interceptors = (ServerInterceptor(traces),)
            self.aio_server_interceptors = (AioServerInterceptor(traces),)
        # The paths that generated code has named: of channels and of servers.
        self._called: set[str] = set()
        self._served: set[str] = set()
        self._stopped = threading.Event()
        self._flushing = threading.Lock()

    def add_method(self, path: str, served: bool) -> None:
        (self._served if served else self._called).add(path)

    def start(self) -> None:
        _started.add(self)
        self._start_thread()
        # Before a provider's own hook, which was made before.
        atexit.register(self.flush)

    def _start_thread(self) -> None:
        threading.Thread(target=self._run, name="russet-opentelemetry", daemon=True).start()

    def restart(self) -> None:
        """Go on in the child of a fork, which has none of its parent's threads, and whose parent hands over what was observed before."""
        self._flushing = threading.Lock()
        self.observations.take()
        self._start_thread()

    def stop(self) -> None:
        _started.discard(self)
        atexit.unregister(self.flush)
        self._stopped.set()
        self.observations.stop()
        self.flush()

    def _run(self) -> None:
        while not self._stopped.wait(_INTERVAL):
            self.flush()

    def flush(self) -> None:
        with self._flushing:
            observed, dropped, lost_calls, lost_served = self.observations.take()
            for one in observed:
                try:
                    self._hand_over(one)
                except Exception:
                    _LOGGER.exception("OpenTelemetry refused an observation")
            if self._traces is not None:
                self._traces.lost(lost_calls, lost_served)
            if dropped:
                _LOGGER.warning("%d observations were dropped: more came than were taken", dropped)

    def _hand_over(self, observed: _core._Observed) -> None:
        metrics, traces = self._metrics, self._traces
        if observed[0] == "attempt":
            if metrics:
                metrics.attempt_started(observed[1], observed[2], observed[2] in self._called)
        elif observed[0] == "call":
            _, target, path, token, started, ended, code, details, attempts = observed
            if metrics:
                registered = path in self._called
                metrics.call_ended(target, path, registered, ended - started, code, attempts)
            if traces and token:
                traces.call_ended(token, path, ended, code, details, attempts)
        elif observed[0] == "accepted":
            if metrics:
                metrics.accepted(observed[1], observed[1] in self._served)
        else:
            _, number, path, started, ended, code, details, metadata, messages = observed
            if metrics:
                metrics.served(path, path in self._served, ended - started, code, messages)
            if traces:
                traces.served(number, path, started, ended, code, details, metadata, messages)


_started: weakref.WeakSet[_Collector] = weakref.WeakSet()


def _after_fork() -> None:
    for collector in list(_started):
        collector.restart()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
