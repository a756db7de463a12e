"""The Greeter in Python."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent import futures

import polyglot_pb2
import polyglot_pb2_grpc
from russet import grpc


class Greeter(polyglot_pb2_grpc.GreeterServicer):
    def Greet(
        self, request: polyglot_pb2.Person, context: grpc.ServicerContext
    ) -> polyglot_pb2.Greeting:
        caller = dict(context.invocation_metadata())["caller"]
        if not request.name:
            context.set_trailing_metadata((("refused", caller),))
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a name is needed")
        context.send_initial_metadata((("served-by", f"python for {caller}"),))
        return polyglot_pb2.Greeting(text=f"Hello, {request.name}!")

    def GreetOften(
        self, request: polyglot_pb2.Often, context: grpc.ServicerContext
    ) -> Iterator[polyglot_pb2.Greeting]:
        for number in range(1, request.times + 1):
            yield polyglot_pb2.Greeting(text=f"Hello, {request.name}, {number}!")

    def GreetAll(
        self, request_iterator: Iterator[polyglot_pb2.Person], context: grpc.ServicerContext
    ) -> polyglot_pb2.Greeting:
        names = " and ".join(person.name for person in request_iterator)
        return polyglot_pb2.Greeting(text=f"Hello, {names}!")

    def Chat(
        self, request_iterator: Iterator[polyglot_pb2.Person], context: grpc.ServicerContext
    ) -> Iterator[polyglot_pb2.Greeting]:
        for person in request_iterator:
            yield polyglot_pb2.Greeting(text=f"Hello, {person.name}!")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    server = grpc.server(futures.ThreadPoolExecutor())
    polyglot_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    port = server.add_insecure_port(f"127.0.0.1:{parser.parse_args().port}")
    server.start()
    try:
        print(f"Server started, listening on {port}", flush=True)
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(grace=1).wait()


if __name__ == "__main__":
    main()
