"""grpclib: its client and server with messages and descriptors."""

import asyncio

from google.protobuf import duration_pb2
from grpclib.client import Channel, UnaryUnaryMethod
from grpclib.const import Cardinality, Handler
from grpclib.server import Server


class Service:
    async def double(self, stream):
        request = await stream.recv_message()
        await stream.send_message(duration_pb2.Duration(seconds=2 * request.seconds))

    def __mapping__(self):
        kinds = (Cardinality.UNARY_UNARY, duration_pb2.Duration, duration_pb2.Duration)
        return {"/s/m": Handler(self.double, *kinds)}


async def main():
    server = Server([Service()])
    await server.start("127.0.0.1", 0)
    port = server._server.sockets[0].getsockname()[1]
    async with Channel("127.0.0.1", port) as channel:
        call = UnaryUnaryMethod(channel, "/s/m", duration_pb2.Duration, duration_pb2.Duration)
        print(await call(duration_pb2.Duration(seconds=21)))
    server.close()
    await server.wait_closed()


asyncio.run(main())
