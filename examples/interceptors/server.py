"""A server that times each call and asks for a token, without a line of it in the service."""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable
from concurrent import futures
from typing import Any

import greeter_pb2
import greeter_pb2_grpc
from russet import grpc

Continuation = Callable[[grpc.HandlerCallDetails], Any]


class Timing(grpc.ServerInterceptor):
    """Prints how long each unary call took."""

    def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        method = handler_call_details.method

        def timed(request: Any, context: grpc.ServicerContext) -> Any:
            start = time.perf_counter()
            try:
                return handler.unary_unary(request, context)
            finally:
                print(f"{method} took {time.perf_counter() - start:.3f} s", flush=True)

        return grpc.unary_unary_rpc_method_handler(
            timed, handler.request_deserializer, handler.response_serializer
        )


class Token(grpc.ServerInterceptor):
    """Lets only calls with the token through to the handlers."""

    def __init__(self, token: str) -> None:
        self._expected = ("authorization", f"Bearer {token}")

        def refuse(request: Any, context: grpc.ServicerContext) -> Any:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "the token is missing or wrong")

        self._refuse = grpc.unary_unary_rpc_method_handler(refuse)

    def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        if self._expected in handler_call_details.invocation_metadata:
            return continuation(handler_call_details)
        return self._refuse


class Greeter(greeter_pb2_grpc.GreeterServicer):
    def SayHello(
        self, request: greeter_pb2.HelloRequest, context: grpc.ServicerContext
    ) -> greeter_pb2.HelloReply:
        return greeter_pb2.HelloReply(message=f"Hello, {request.name}!")


def serve(port: int) -> None:
    # The first interceptor is the outermost: it times refused calls, too.
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=10), interceptors=(Timing(), Token("secret"))
    )
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
