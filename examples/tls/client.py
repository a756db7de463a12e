"""A client that checks the server's certificate, and shows its own with --mutual."""

from __future__ import annotations

import argparse
from pathlib import Path

import greeter_pb2
import greeter_pb2_grpc
from russet import grpc


def credentials(folder: Path, mutual: bool) -> grpc.ChannelCredentials:
    authority = (folder / "authority.pem").read_bytes()
    if not mutual:
        return grpc.ssl_channel_credentials(authority)
    key = (folder / "client-key.pem").read_bytes()
    chain = (folder / "client-chain.pem").read_bytes()
    return grpc.ssl_channel_credentials(authority, key, chain)


def run(port: int, folder: Path, mutual: bool) -> None:
    with grpc.secure_channel(f"localhost:{port}", credentials(folder, mutual)) as channel:
        stub = greeter_pb2_grpc.GreeterStub(channel)
        reply = stub.SayHello(greeter_pb2.HelloRequest(name="you"), timeout=10)
        print(f"{reply.message} You are {reply.caller or 'nobody that I know'}.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    parser.add_argument("--certificates", type=Path, default=Path(), help="the folder")
    parser.add_argument("--mutual", action="store_true", help="show a certificate")
    arguments = parser.parse_args()
    run(arguments.port, arguments.certificates, arguments.mutual)
