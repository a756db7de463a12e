"""A RouteGuide server on asyncio."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterable, AsyncIterator

import route_guide_pb2
import route_guide_pb2_grpc
import route_guide_resources
from russet import grpc


class RouteGuideServicer(route_guide_pb2_grpc.RouteGuideServicer):
    def __init__(self) -> None:
        self.features = route_guide_resources.read_route_guide_database()

    def _feature_at(self, point: route_guide_pb2.Point) -> route_guide_pb2.Feature | None:
        return next((feature for feature in self.features if feature.location == point), None)

    async def GetFeature(
        self, request: route_guide_pb2.Point, context: grpc.aio.ServicerContext
    ) -> route_guide_pb2.Feature:
        feature = self._feature_at(request)
        return feature or route_guide_pb2.Feature(name="", location=request)

    async def ListFeatures(
        self, request: route_guide_pb2.Rectangle, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[route_guide_pb2.Feature]:
        for feature in self.features:
            if route_guide_resources.contains(request, feature.location):
                yield feature

    async def RecordRoute(
        self,
        request_iterator: AsyncIterable[route_guide_pb2.Point],
        context: grpc.aio.ServicerContext,
    ) -> route_guide_pb2.RouteSummary:
        point_count = 0
        feature_count = 0
        distance = 0.0
        previous = None
        start = time.monotonic()
        async for point in request_iterator:
            point_count += 1
            if self._feature_at(point):
                feature_count += 1
            if previous is not None:
                distance += route_guide_resources.get_distance(previous, point)
            previous = point
        return route_guide_pb2.RouteSummary(
            point_count=point_count,
            feature_count=feature_count,
            distance=int(distance),
            elapsed_time=int(time.monotonic() - start),
        )

    async def RouteChat(
        self,
        request_iterator: AsyncIterable[route_guide_pb2.RouteNote],
        context: grpc.aio.ServicerContext,
    ) -> AsyncIterator[route_guide_pb2.RouteNote]:
        earlier: list[route_guide_pb2.RouteNote] = []
        async for note in request_iterator:
            for other in earlier:
                if other.location == note.location:
                    yield other
            earlier.append(note)


async def serve(port: int) -> None:
    server = grpc.aio.server()
    route_guide_pb2_grpc.add_RouteGuideServicer_to_server(RouteGuideServicer(), server)
    port = server.add_insecure_port(f"[::]:{port}")
    await server.start()
    print(f"Server started, listening on {port}", flush=True)
    try:
        await server.wait_for_termination()
    finally:
        # Ctrl-C cancels the wait; calls that run get two seconds to end.
        await server.stop(grace=2)


if __name__ == "__main__":
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051, help="0 lets the system choose")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().port))
