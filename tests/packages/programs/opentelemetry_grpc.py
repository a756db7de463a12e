"""opentelemetry-instrumentation-grpc: spans of clients and servers, synchronous and asyncio, and a trace that goes through both."""

import asyncio
from concurrent import futures

import grpc
from opentelemetry import trace
from opentelemetry.instrumentation import grpc as instrumentation
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
for instrumentor in (
    instrumentation.GrpcInstrumentorClient(),
    instrumentation.GrpcInstrumentorServer(),
    instrumentation.GrpcAioInstrumentorClient(),
    instrumentation.GrpcAioInstrumentorServer(),
):
    instrumentor.instrument()


def unary(request, context):
    if request == b"refuse":
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "not this one")
    return request


def stream(request, context):
    yield request
    yield request


async def aio_unary(request, context):
    return request


def handlers(**methods):
    return (grpc.method_handlers_generic_handler("pack.Service", methods),)


def show(title):
    spans = exporter.get_finished_spans()
    exporter.clear()
    print(title, "with", len({span.context.trace_id for span in spans}), "traces")
    for span in sorted(spans, key=lambda span: (span.name, span.kind.name)):
        # Without the user agent, which names the implementation.
        told = ("rpc.system", "rpc.service", "rpc.method", "rpc.grpc.status_code")
        attributes = {key: span.attributes.get(key) for key in told}
        print(" ", span.name, span.kind.name, span.status.status_code.name, attributes)


server = grpc.server(futures.ThreadPoolExecutor(2))
server.add_generic_rpc_handlers(
    handlers(
        unary=grpc.unary_unary_rpc_method_handler(unary),
        stream=grpc.unary_stream_rpc_method_handler(stream),
    )
)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    print(channel.unary_unary("/pack.Service/unary")(b"x"))
    print(list(channel.unary_stream("/pack.Service/stream")(b"y")))
    try:
        channel.unary_unary("/pack.Service/unary")(b"refuse")
    except grpc.RpcError as error:
        print(error.code(), error.details())
# A server's span ends after its call: with the server's stop, all have.
server.stop(None).wait()
show("synchronous")


async def main():
    server = grpc.aio.server()
    unary = grpc.unary_unary_rpc_method_handler(aio_unary)
    server.add_generic_rpc_handlers(handlers(unary=unary))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        print(await channel.unary_unary("/pack.Service/unary")(b"z"))
    await server.stop(5)


asyncio.run(main())
show("asyncio")
