"""A client that does not notice the server's bad days: its service config has one method retried and the other hedged."""

from __future__ import annotations

import argparse
import json

import greeter_pb2
import greeter_pb2_grpc
from russet import grpc

SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [{"service": "greeter.Greeter", "method": "SayHello"}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.05s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        },
        {
            "name": [{"service": "greeter.Greeter", "method": "SayHelloLate"}],
            "hedgingPolicy": {"maxAttempts": 3, "hedgingDelay": "0.05s"},
        },
    ]
}


def run(port: int) -> None:
    options = [("grpc.service_config", json.dumps(SERVICE_CONFIG))]
    with grpc.insecure_channel(f"localhost:{port}", options=options) as channel:
        stub = greeter_pb2_grpc.GreeterStub(channel)
        request = greeter_pb2.HelloRequest(name="client")
        print(stub.SayHello(request, timeout=10).message)
        print(stub.SayHelloLate(request, timeout=10).message)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    run(parser.parse_args().port)
