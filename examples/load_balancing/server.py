"""Three servers in one process, each on its own port, each with a name."""

from __future__ import annotations

import argparse
import logging
from concurrent import futures

import greeter_pb2
import greeter_pb2_grpc
from russet import grpc

NAMES = ("Ada", "Grace", "Mary")


class Greeter(greeter_pb2_grpc.GreeterServicer):
    def __init__(self, name: str) -> None:
        self._name = name

    def SayHello(
        self, request: greeter_pb2.HelloRequest, context: grpc.ServicerContext
    ) -> greeter_pb2.HelloReply:
        return greeter_pb2.HelloReply(message=f"Hello, {request.name}, I am {self._name}!")


def serve(port: int) -> None:
    servers = []
    bound = []
    for number, name in enumerate(NAMES):
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
        greeter_pb2_grpc.add_GreeterServicer_to_server(Greeter(name), server)
        # Port 0 lets the system choose each; else they follow each other.
        address = f"127.0.0.1:{port + number if port else 0}"
        bound.append(server.add_insecure_port(address))
        server.start()
        servers.append(server)
    try:
        print(f"Server started, listening on {','.join(map(str, bound))}", flush=True)
        servers[0].wait_for_termination()
    except KeyboardInterrupt:
        for stopping in [server.stop(grace=1) for server in servers]:
            stopping.wait()


if __name__ == "__main__":
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    serve(parser.parse_args().port)
