"""Ends spans whose processor sends them by OTLP, compressed; prints the CPU time of the process up to there, then that of all.

sender.py ADDRESS SPANS
"""

import resource
import sys

import grpc
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult

# As many as the batch processor sends at once.
BATCH = 512


class Kept:
    """A span processor that keeps the spans, so that how they were batched does not depend on time."""

    def __init__(self):
        self.spans = []

    def on_start(self, span, parent_context=None):
        pass

    def _on_ending(self, span):
        pass

    def on_end(self, span):
        self.spans.append(span)

    def shutdown(self):
        pass


def used() -> float:
    """Seconds of CPU time, the kernel's and the program's, that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    address, count = sys.argv[1], int(sys.argv[2])
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    kept = Kept()
    provider.add_span_processor(kept)
    tracer = provider.get_tracer("orders")
    for number in range(count):
        with tracer.start_as_current_span(f"item {number % 50}", kind=trace.SpanKind.SERVER) as one:
            one.set_attributes(
                {"n": number, "share": 0.5, "paid": True, "path": f"/items/{number}"}
            )
            one.add_event("packed", {"boxes": number % 7})
    exporter = OTLPSpanExporter(
        endpoint=f"http://{address}", insecure=True, compression=grpc.Compression.Gzip
    )
    before = used()
    for start in range(0, count, BATCH):
        result = exporter.export(kept.spans[start : start + BATCH])
        assert result is SpanExportResult.SUCCESS, result
    exporter.shutdown()
    print(used() - before, used())


if __name__ == "__main__":
    main()
