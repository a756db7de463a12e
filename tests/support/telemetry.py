"""What OpenTelemetry was told, read back from memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from support.rpc import WAIT


class _Ends(SpanProcessor):
    """Tells of the ends of spans."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.changed = threading.Condition()

    def on_end(self, span: ReadableSpan) -> None:
        with self.changed:
            self.names.add(span.name)
            self.changed.notify_all()


class Telemetry:
    """Providers, and what came out of them."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.meters = MeterProvider([self._reader])
        self._exporter = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._ends = _Ends()
        self.tracers.add_span_processor(self._ends)

    def has_ended(self, name: str) -> bool:
        """Wait for a span that must end, and be handed over by the plugin's own thread."""
        with self._ends.changed:
            return self._ends.changed.wait_for(lambda: name in self._ends.names, WAIT)

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        """The finished spans by their names, each of which there must be once."""
        spans = self._exporter.get_finished_spans()
        named = {span.name: span for span in spans}
        assert len(named) == len(spans), [span.name for span in spans]
        return named

    @property
    def all_spans(self) -> list[ReadableSpan]:
        """The finished spans in the order of their beginnings."""
        return sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    def points(self) -> Iterator[tuple[Any, Any]]:
        """Each metric with each of its points. A reader gives them once."""
        data = self._reader.get_metrics_data()
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        yield metric, point

    def counts(self) -> dict[tuple[str, ...], Any]:
        """By a metric's name without "grpc.", the method and the status if it has one: a counter's value, how many a histogram of times has, or how many and the sum of one of sizes."""
        counts = {}
        for metric, point in self.points():
            key = [metric.name.removeprefix("grpc."), point.attributes["grpc.method"]]
            if "grpc.status" in point.attributes:
                key.append(point.attributes["grpc.status"])
            if hasattr(point, "value"):
                counts[tuple(key)] = point.value
            elif metric.unit == "s":
                counts[tuple(key)] = point.count
            else:
                counts[tuple(key)] = (point.count, point.sum)
        return counts


def events(span: ReadableSpan) -> list[tuple[str, int, int]]:
    """A span's messages: name, number and size, compressed where the name says so."""
    listed = []
    for event in span.events:
        told = dict(event.attributes or {})
        if "sequence-number" in told:
            size = told.get("message-size", told.get("message-size-compressed"))
            listed.append((event.name, told["sequence-number"], size))
    return listed


def is_child(span: ReadableSpan, parent: ReadableSpan) -> bool:
    """Whether a span is within the other, in the same trace."""
    return (
        span.parent is not None
        and span.parent.span_id == parent.context.span_id
        and span.context.trace_id == parent.context.trace_id
    )
