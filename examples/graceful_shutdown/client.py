"""Calls a server that takes its time, so that it can be stopped meanwhile."""

from __future__ import annotations

import argparse

import greeter_pb2
import greeter_pb2_grpc
from russet import grpc


def run(port: int, thinking: float) -> None:
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        stub = greeter_pb2_grpc.GreeterStub(channel)
        request = greeter_pb2.HelloRequest(name="patience", thinking=thinking)
        print(stub.SayHello(request, timeout=thinking + 10).message)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    parser.add_argument("--thinking", type=float, default=3, help="seconds")
    arguments = parser.parse_args()
    run(arguments.port, arguments.thinking)
