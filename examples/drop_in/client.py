"""A client as it is written for grpc.aio: nothing here knows of Russet."""

from __future__ import annotations

import argparse
import asyncio

import grpc

helloworld_pb2, helloworld_pb2_grpc = grpc.protos_and_services("helloworld.proto")


async def run(port):
    async with grpc.aio.insecure_channel(f"localhost:{port}") as channel:
        stub = helloworld_pb2_grpc.GreeterStub(channel)
        request = helloworld_pb2.HelloRequest(name="you")
        print((await stub.SayHello(request, timeout=10)).message)
        async for reply in stub.SayHelloStreamReply(request, timeout=10):
            print(reply.message)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    asyncio.run(run(parser.parse_args().port))
