"""sentry-sdk's gRPC integration: transactions and errors of clients and servers, synchronous and asyncio."""

import asyncio
from concurrent import futures

import grpc
import sentry_sdk
from sentry_sdk.integrations.grpc import GRPCIntegration
from sentry_sdk.transport import Transport


class Kept(Transport):
    events = []

    def capture_envelope(self, envelope):
        for item in envelope.items:
            self.events.append(item.payload.json or {})


sentry_sdk.init(
    dsn="http://a@127.0.0.1/1",
    transport=Kept,
    integrations=[GRPCIntegration()],
    traces_sample_rate=1.0,
    default_integrations=False,
)


def unary(request, context):
    if request == b"fail":
        raise ValueError("broken")
    return request


def stream(request, context):
    yield request
    yield request


async def aio_unary(request, context):
    return request


def handlers(**methods):
    return (grpc.method_handlers_generic_handler("pack.Service", methods),)


server = grpc.server(futures.ThreadPoolExecutor(2))
server.add_generic_rpc_handlers(
    handlers(
        unary=grpc.unary_unary_rpc_method_handler(unary),
        stream=grpc.unary_stream_rpc_method_handler(stream),
    )
)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with (
    sentry_sdk.start_transaction(name="mine"),
    grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
):
    print(channel.unary_unary("/pack.Service/unary")(b"x"))
    print(list(channel.unary_stream("/pack.Service/stream")(b"y")))
    try:
        channel.unary_unary("/pack.Service/unary")(b"fail")
    except grpc.RpcError as error:
        print(error.code(), error.details())
server.stop(None).wait()


async def main():
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(handlers(unary=grpc.unary_unary_rpc_method_handler(aio_unary)))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    with sentry_sdk.start_transaction(name="asyncio"):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            print(await channel.unary_unary("/pack.Service/unary")(b"z"))
    await server.stop(5)


asyncio.run(main())
sentry_sdk.flush()
lines = []
for event in Kept.events:
    lines.append(  # noqa: PERF401
        (
            event.get("type"),
            event.get("transaction"),
            sorted(
                (
                    span["op"],
                    span["description"],
                    sorted(
                        (key, value)
                        for key, value in span["data"].items()
                        if not key.startswith(("thread", "sentry"))
                    ),
                )
                for span in event.get("spans", [])
                if isinstance(span, dict)
            ),
            [value["value"] for value in event.get("exception", {}).get("values", [])],
        )
    )
print(*sorted(map(str, lines)), sep="\n")
