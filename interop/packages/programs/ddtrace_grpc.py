"""ddtrace's gRPC integration: spans of clients and servers, synchronous and asyncio."""

import asyncio
import os
from concurrent import futures

os.environ.update(
    DD_TRACE_ENABLED="true",
    DD_INSTRUMENTATION_TELEMETRY_ENABLED="false",
    DD_REMOTE_CONFIGURATION_ENABLED="false",
    DD_TRACE_STARTUP_LOGS="0",
    DD_TRACE_AGENT_URL="http://127.0.0.1:9",
)
import ddtrace

ddtrace.patch(grpc=True)
import grpc  # noqa: E402
from ddtrace.trace import TraceFilter, tracer  # noqa: E402

spans = []


class Keep(TraceFilter):
    def process_trace(self, trace):
        spans.extend(
            (
                span.name,
                span.resource,
                span.error,
                span.get_tag("grpc.method.name"),
                span.get_tag("grpc.status.code"),
                span.get_tag("span.kind"),
            )
            for span in trace
        )


tracer.configure(trace_processors=[Keep()])


def unary(request, context):
    if request == b"fail":
        context.abort(grpc.StatusCode.NOT_FOUND, "none")
    return request


async def aio_unary(request, context):
    return request


def handlers(unary):
    return (
        grpc.method_handlers_generic_handler(
            "pack.Service", {"unary": grpc.unary_unary_rpc_method_handler(unary)}
        ),
    )


server = grpc.server(futures.ThreadPoolExecutor(2))
server.add_generic_rpc_handlers(handlers(unary))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    print(channel.unary_unary("/pack.Service/unary")(b"x"))
    try:
        channel.unary_unary("/pack.Service/unary")(b"fail")
    except grpc.RpcError as error:
        print(error.code(), error.details())
server.stop(None).wait()


async def main():
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(handlers(aio_unary))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        print(await channel.unary_unary("/pack.Service/unary")(b"z"))
    await server.stop(5)


asyncio.run(main())
print(*sorted(map(str, spans)), sep="\n")
