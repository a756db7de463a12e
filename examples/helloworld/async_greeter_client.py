"""A Greeter client on asyncio."""

from __future__ import annotations

import argparse
import asyncio
import logging

import helloworld_pb2
import helloworld_pb2_grpc
from russet import grpc


async def run(port: int) -> None:
    print("Will try to greet world ...")
    async with grpc.aio.insecure_channel(f"localhost:{port}") as channel:
        stub = helloworld_pb2_grpc.GreeterStub(channel)
        response = await stub.SayHello(helloworld_pb2.HelloRequest(name="you"))
    print(f"Greeter client received: {response.message}")


if __name__ == "__main__":
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    asyncio.run(run(parser.parse_args().port))
