"""A server as it is written for grpcio: nothing here knows of Russet."""

from __future__ import annotations

import argparse
import logging
from concurrent import futures

import grpc
from google.protobuf import json_format

helloworld_pb2, helloworld_pb2_grpc = grpc.protos_and_services("helloworld.proto")


class Greeter(helloworld_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        print("asked with", json_format.MessageToJson(request, indent=None), flush=True)
        return helloworld_pb2.HelloReply(message=f"Hello, {request.name}!")

    def SayHelloStreamReply(self, request, context):
        for number in range(1, 4):
            yield helloworld_pb2.HelloReply(message=f"Hello number {number}, {request.name}!")


def serve(port):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    helloworld_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
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
