"""A server that ends well: on SIGTERM it says so to who watches its health, lets calls end, and stops."""

from __future__ import annotations

import argparse
import logging
import signal
import threading
import time
from concurrent import futures

import greeter_pb2
import greeter_pb2_grpc
from russet import grpc
from russet.health.v1 import health, health_pb2_grpc

# How long calls may take to end, in seconds; less than the time after which whoever stops us kills us.
GRACE = 10


class Greeter(greeter_pb2_grpc.GreeterServicer):
    def SayHello(
        self, request: greeter_pb2.HelloRequest, context: grpc.ServicerContext
    ) -> greeter_pb2.HelloReply:
        print("thinking", flush=True)
        time.sleep(request.thinking)
        return greeter_pb2.HelloReply(message=f"Hello, {request.name}!")


def serve(port: int) -> None:
    asked_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked_to_stop.set())
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    greeter_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    healthy = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    bound = server.add_insecure_port(f"[::]:{port}")
    server.start()
    print(f"Server started, listening on {bound}", flush=True)
    asked_to_stop.wait()
    # First, so that load balancers choose another server; then no new calls, and the others end.
    healthy.enter_graceful_shutdown()
    stopped = server.stop(GRACE)
    print("draining", flush=True)
    stopped.wait()
    print("stopped", flush=True)


if __name__ == "__main__":
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    serve(parser.parse_args().port)
