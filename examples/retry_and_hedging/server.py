"""A server with bad days: one method fails twice of three times, the other answers every second call late."""

from __future__ import annotations

import argparse
import itertools
import logging
import threading
from concurrent import futures

import greeter_pb2
import greeter_pb2_grpc
from russet import grpc


class Greeter(greeter_pb2_grpc.GreeterServicer):
    def __init__(self) -> None:
        self._said = itertools.count(1)
        self._said_late = itertools.count(1)

    def SayHello(
        self, request: greeter_pb2.HelloRequest, context: grpc.ServicerContext
    ) -> greeter_pb2.HelloReply:
        if next(self._said) % 3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the greeter is not in the mood")
        attempts = dict(context.invocation_metadata()).get("grpc-previous-rpc-attempts", "0")
        return greeter_pb2.HelloReply(message=f"Hello, {request.name}, after {attempts} failures!")

    def SayHelloLate(
        self, request: greeter_pb2.HelloRequest, context: grpc.ServicerContext
    ) -> greeter_pb2.HelloReply:
        if next(self._said_late) % 2:
            # Until the client has its answer elsewhere and cancels this call.
            ended = threading.Event()
            context.add_callback(ended.set)
            ended.wait(30)
            print("a late answer was not needed any more", flush=True)
        return greeter_pb2.HelloReply(message=f"Hello, {request.name}, in time!")


def serve(port: int) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    greeter_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
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
