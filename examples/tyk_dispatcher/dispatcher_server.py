"""A dispatcher: the gateway calls it with each hook and each event."""

from __future__ import annotations

import argparse
import json
import logging
from concurrent import futures

import coprocess_object_pb2
import coprocess_object_pb2_grpc
import hooks
from russet import grpc


class Dispatcher(coprocess_object_pb2_grpc.DispatcherServicer):
    def __init__(self) -> None:
        self.events: list[object] = []

    def Dispatch(
        self, request: coprocess_object_pb2.Object, context: grpc.ServicerContext
    ) -> coprocess_object_pb2.Object:
        try:
            return hooks.run(request)
        except hooks.NoSuchHookError as error:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))

    def DispatchEvent(
        self, request: coprocess_object_pb2.Event, context: grpc.ServicerContext
    ) -> coprocess_object_pb2.EventReply:
        event = json.loads(request.payload)
        self.events.append(event)
        print(f"event {event['Type']} ({len(self.events)} so far)", flush=True)
        return coprocess_object_pb2.EventReply()


def serve(port: int) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    coprocess_object_pb2_grpc.add_DispatcherServicer_to_server(Dispatcher(), server)
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
    parser.add_argument("--port", type=int, default=5555)
    serve(parser.parse_args().port)
