"""A dispatcher on asyncio."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging

import coprocess_object_pb2
import coprocess_object_pb2_grpc
import hooks
from russet import grpc


class Dispatcher(coprocess_object_pb2_grpc.DispatcherServicer):
    def __init__(self) -> None:
        self.events: list[object] = []

    async def Dispatch(
        self, request: coprocess_object_pb2.Object, context: grpc.aio.ServicerContext
    ) -> coprocess_object_pb2.Object:
        try:
            return hooks.run(request)
        except hooks.NoSuchHookError as error:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))

    async def DispatchEvent(
        self, request: coprocess_object_pb2.Event, context: grpc.aio.ServicerContext
    ) -> coprocess_object_pb2.EventReply:
        event = json.loads(request.payload)
        self.events.append(event)
        print(f"event {event['Type']} ({len(self.events)} so far)", flush=True)
        return coprocess_object_pb2.EventReply()


async def serve(port: int) -> None:
    server = grpc.aio.server()
    coprocess_object_pb2_grpc.add_DispatcherServicer_to_server(Dispatcher(), server)
    bound = server.add_insecure_port(f"[::]:{port}")
    await server.start()
    print(f"Server started, listening on {bound}", flush=True)
    try:
        await server.wait_for_termination()
    finally:
        await server.stop(grace=1)


if __name__ == "__main__":
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5555)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().port))
