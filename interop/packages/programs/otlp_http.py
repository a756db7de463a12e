"""OpenTelemetry's OTLP exporter over HTTP: what it writes, read back."""

import gzip
import http.server
import threading

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = gzip.decompress(self.rfile.read(int(self.headers["content-length"])))
        request = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
        for span in request.resource_spans[0].scope_spans[0].spans:
            print(
                self.path,
                self.headers["content-type"],
                span.name,
                [(pair.key, str(pair.value).strip()) for pair in span.attributes],
            )
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever).start()
provider = TracerProvider()
provider.add_span_processor(
    SimpleSpanProcessor(
        OTLPSpanExporter(
            f"http://127.0.0.1:{server.server_port}/v1/traces", compression=Compression.Gzip
        )
    )
)
with provider.get_tracer("t").start_as_current_span("one") as span:
    span.set_attribute("list", [1, 2])
provider.shutdown()
server.shutdown()
