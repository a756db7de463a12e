"""A server that shows a certificate, and with --mutual asks clients for theirs."""

from __future__ import annotations

import argparse
import logging
from concurrent import futures
from pathlib import Path

import greeter_pb2
import greeter_pb2_grpc
from russet import grpc


class Greeter(greeter_pb2_grpc.GreeterServicer):
    def SayHello(
        self, request: greeter_pb2.HelloRequest, context: grpc.ServicerContext
    ) -> greeter_pb2.HelloReply:
        # Empty without a client's certificate.
        names = context.auth_context().get("x509_common_name", [])
        caller = b", ".join(names).decode()
        return greeter_pb2.HelloReply(message=f"Hello, {request.name}!", caller=caller)


def credentials(folder: Path, mutual: bool) -> grpc.ServerCredentials:
    pair = (folder / "server-key.pem").read_bytes(), (folder / "server-chain.pem").read_bytes()
    authority = (folder / "authority.pem").read_bytes() if mutual else None
    return grpc.ssl_server_credentials([pair], authority, require_client_auth=mutual)


def serve(port: int, folder: Path, mutual: bool) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    greeter_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    bound = server.add_secure_port(f"localhost:{port}", credentials(folder, mutual))
    server.start()
    try:
        print(f"Server started, listening on {bound}", flush=True)
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(grace=1).wait()


if __name__ == "__main__":
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    parser.add_argument("--certificates", type=Path, default=Path(), help="the folder")
    parser.add_argument("--mutual", action="store_true", help="clients need a certificate")
    arguments = parser.parse_args()
    serve(arguments.port, arguments.certificates, arguments.mutual)
