"""A Greeter server on asyncio."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging

import helloworld_pb2
import helloworld_pb2_grpc
from russet import grpc


class Greeter(helloworld_pb2_grpc.GreeterServicer):
    async def SayHello(
        self, request: helloworld_pb2.HelloRequest, context: grpc.aio.ServicerContext
    ) -> helloworld_pb2.HelloReply:
        return helloworld_pb2.HelloReply(message=f"Hello, {request.name}!")


async def serve(port: int) -> None:
    server = grpc.aio.server()
    helloworld_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    port = server.add_insecure_port(f"[::]:{port}")
    await server.start()
    print(f"Server started, listening on {port}", flush=True)
    try:
        await server.wait_for_termination()
    finally:
        # Ctrl-C cancels the wait; calls that run get two seconds to end.
        await server.stop(grace=2)


if __name__ == "__main__":
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051, help="0 lets the system choose")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().port))
