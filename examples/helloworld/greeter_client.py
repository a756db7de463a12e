"""A Greeter client."""

from __future__ import annotations

import argparse
import logging

import helloworld_pb2
import helloworld_pb2_grpc
from russet import grpc


def run(port: int) -> None:
    print("Will try to greet world ...")
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        stub = helloworld_pb2_grpc.GreeterStub(channel)
        response = stub.SayHello(helloworld_pb2.HelloRequest(name="you"))
    print(f"Greeter client received: {response.message}")


if __name__ == "__main__":
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    run(parser.parse_args().port)
