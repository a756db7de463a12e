"""A server that says whether it is well and what services it has."""

from __future__ import annotations

import argparse
import logging
from concurrent import futures

import greeter_pb2
import greeter_pb2_grpc
from russet import grpc
from russet.health.v1 import health, health_pb2, health_pb2_grpc
from russet.reflection.v1 import reflection

GREETER = greeter_pb2.DESCRIPTOR.services_by_name["Greeter"].full_name


class Greeter(greeter_pb2_grpc.GreeterServicer):
    def SayHello(
        self, request: greeter_pb2.HelloRequest, context: grpc.ServicerContext
    ) -> greeter_pb2.HelloReply:
        return greeter_pb2.HelloReply(message=f"Hello, {request.name}!")


def serve(port: int) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    greeter_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    healthy = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    reflection.enable_server_reflection(
        (GREETER, health.SERVICE_NAME, reflection.SERVICE_NAME), server
    )
    bound = server.add_insecure_port(f"[::]:{port}")
    server.start()
    # What the service depends on would be checked before.
    healthy.set(GREETER, health_pb2.HealthCheckResponse.SERVING)
    try:
        print(f"Server started, listening on {bound}", flush=True)
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(grace=1).wait()


if __name__ == "__main__":
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    serve(parser.parse_args().port)
