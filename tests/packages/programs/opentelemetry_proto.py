"""opentelemetry-proto: a request of the OTLP exporter."""

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2

request = trace_service_pb2.ExportTraceServiceRequest()
span = request.resource_spans.add().scope_spans.add().spans.add(name="n", trace_id=b"1" * 16)
span.kind = trace_pb2.Span.SPAN_KIND_CLIENT
span.attributes.add(key="k").value.int_value = 4
print(json_format.MessageToJson(request))
print(request.SerializeToString().hex())
assert type(request).FromString(request.SerializeToString()) == request
print(trace_service_pb2_grpc.TraceServiceStub.__name__)
