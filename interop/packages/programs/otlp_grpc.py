"""OpenTelemetry's OTLP exporter over gRPC: spans, metrics and logs, compressed, to a receiver of the same generated code."""

from concurrent import futures

import grpc
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as trace_grpc
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


class Traces(trace_grpc.TraceServiceServicer):
    def Export(self, request, context):
        for resource in request.resource_spans:
            print(
                sorted(
                    (pair.key, pair.value.WhichOneof("value"))
                    for pair in resource.resource.attributes
                )
            )
            for scope in resource.scope_spans:
                spans = sorted(
                    (
                        span.name,
                        span.kind,
                        span.status.code,
                        len(span.trace_id),
                        len(span.events),
                        len(span.links),
                        [(pair.key, str(pair.value).strip()) for pair in span.attributes],
                    )
                    for span in scope.spans
                )
                print(scope.scope.name, *spans, sep="\n ")
        print(dict(context.invocation_metadata()).get("authorization"))
        return trace_pb2.ExportTraceServiceResponse()


class Metrics(metrics_grpc.MetricsServiceServicer):
    def Export(self, request, context):
        for metric in request.resource_metrics[0].scope_metrics[0].metrics:
            print(metric.name, metric.WhichOneof("data"), metric.unit)
        return metrics_pb2.ExportMetricsServiceResponse()


server = grpc.server(futures.ThreadPoolExecutor(2))
trace_grpc.add_TraceServiceServicer_to_server(Traces(), server)
metrics_grpc.add_MetricsServiceServicer_to_server(Metrics(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
resource = Resource.create({"service.name": "shop"})
given = {
    "endpoint": f"http://127.0.0.1:{port}",
    "insecure": True,
    "compression": grpc.Compression.Gzip,
}
provider = TracerProvider(resource=resource)
provider.add_span_processor(
    BatchSpanProcessor(OTLPSpanExporter(headers=(("authorization", "Bearer x"),), **given))
)
tracer = provider.get_tracer("orders")
with tracer.start_as_current_span("order", kind=trace.SpanKind.SERVER) as span:
    span.set_attributes({"n": 3, "share": 0.5, "paid": True, "tags": ["a", "b"]})
    span.add_event("packed", {"boxes": 2})
    for number in range(600):
        with tracer.start_as_current_span(f"item {number % 3}"):
            pass
    span.set_status(trace.StatusCode.ERROR, "no")
print(provider.force_flush())
reader = PeriodicExportingMetricReader(
    OTLPMetricExporter(**given), export_interval_millis=float("inf")
)
meters = MeterProvider(metric_readers=[reader], resource=resource)
meter = meters.get_meter("orders")
meter.create_counter("orders", unit="1").add(2, {"kind": "big"})
meter.create_histogram("sizes", unit="By").record(17.5)
print(meters.force_flush())
meters.shutdown()
provider.shutdown()
server.stop(None).wait()
