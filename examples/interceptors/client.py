"""A client whose interceptor adds the token to each call."""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple

import greeter_pb2
import greeter_pb2_grpc
from russet import grpc


class Details(NamedTuple):
    """What of a call an interceptor may change."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: Any
    compression: Any


class WithToken(grpc.UnaryUnaryClientInterceptor):
    def __init__(self, token: str) -> None:
        self._metadata = ("authorization", f"Bearer {token}")

    def intercept_unary_unary(
        self, continuation: Any, client_call_details: grpc.ClientCallDetails, request: Any
    ) -> Any:
        details = Details(
            client_call_details.method,
            client_call_details.timeout,
            (*(client_call_details.metadata or ()), self._metadata),
            client_call_details.credentials,
            client_call_details.wait_for_ready,
            client_call_details.compression,
        )
        return continuation(details, request)


def run(port: int) -> None:
    with grpc.insecure_channel(f"localhost:{port}") as plain:
        request = greeter_pb2.HelloRequest(name="interceptor")
        try:
            greeter_pb2_grpc.GreeterStub(plain).SayHello(request, timeout=5)
        except grpc.RpcError as error:
            print(f"without a token: {error.code().name}, {error.details()}")
        channel = grpc.intercept_channel(plain, WithToken("secret"))
        print(greeter_pb2_grpc.GreeterStub(channel).SayHello(request, timeout=5).message)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    run(parser.parse_args().port)
