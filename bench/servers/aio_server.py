"""The benchmark's service with the asyncio API. Prints `listening on <port>`."""

from __future__ import annotations

import asyncio

import runtime

modules, arguments = runtime.load(__doc__)
Pong = modules.messages.Pong


class Echo(modules.stubs.EchoServicer):
    async def Unary(self, request, context):
        return Pong(text=request.text)

    async def ServerStream(self, request, context):
        for _ in range(request.count):
            yield Pong(text=request.text)

    async def ClientStream(self, request_iterator, context):
        text, count = "", 0
        async for request in request_iterator:
            text = request.text
            count += 1
        return Pong(text=text, count=count)

    async def Bidirectional(self, request_iterator, context):
        async for request in request_iterator:
            yield Pong(text=request.text)


async def main() -> None:
    server = modules.grpc.aio.server()
    modules.stubs.add_EchoServicer_to_server(Echo(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print("listening on", port, flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    if arguments.uvloop:
        import uvloop

        uvloop.install()
    asyncio.run(main())
