"""A client whose calls take turns at three servers."""

from __future__ import annotations

import argparse
import json
from collections import Counter

import greeter_pb2
import greeter_pb2_grpc
from russet import grpc

SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    # The first calls wait until a server can be reached.
    "methodConfig": [{"name": [{}], "waitForReady": True}],
}


def run(ports: list[int]) -> None:
    # A name with several addresses in DNS does the same.
    target = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)
    options = [("grpc.service_config", json.dumps(SERVICE_CONFIG))]
    with grpc.insecure_channel(target, options=options) as channel:
        stub = greeter_pb2_grpc.GreeterStub(channel)
        request = greeter_pb2.HelloRequest(name="client")
        greeted = Counter[str]()
        # Connections come one after the other; from then on the servers take turns.
        while len(greeted) < len(ports):
            greeted[stub.SayHello(request, timeout=10).message] += 1
        turns = Counter(stub.SayHello(request, timeout=10).message for _ in range(9))
        for message, count in sorted(turns.items()):
            print(f"{count} times: {message}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ports", default="50051,50052,50053")
    run([int(port) for port in parser.parse_args().ports.split(",")])
