"""A server made of a .proto file and a function: nothing is generated before."""

from __future__ import annotations

import argparse
import logging
from concurrent import futures

from russet import grpc

messages, services = grpc.protos_and_services("greeter.proto")


class Greeter(services.GreeterServicer):
    def SayHello(self, request, context):
        return messages.HelloReply(message=f"Hello, {request.name}!")


def serve(port: int) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    services.add_GreeterServicer_to_server(Greeter(), server)
    bound = server.add_insecure_port(f"[::]:{port}")
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
    serve(parser.parse_args().port)
