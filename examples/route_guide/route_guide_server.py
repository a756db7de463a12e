"""A RouteGuide server."""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterable, Iterator
from concurrent import futures

import route_guide_pb2
import route_guide_pb2_grpc
import route_guide_resources
from russet import grpc


class RouteGuideServicer(route_guide_pb2_grpc.RouteGuideServicer):
    def __init__(self) -> None:
        self.features = route_guide_resources.read_route_guide_database()

    def _feature_at(self, point: route_guide_pb2.Point) -> route_guide_pb2.Feature | None:
        return next((feature for feature in self.features if feature.location == point), None)

    def GetFeature(
        self, request: route_guide_pb2.Point, context: grpc.ServicerContext
    ) -> route_guide_pb2.Feature:
        feature = self._feature_at(request)
        return feature or route_guide_pb2.Feature(name="", location=request)

    def ListFeatures(
        self, request: route_guide_pb2.Rectangle, context: grpc.ServicerContext
    ) -> Iterator[route_guide_pb2.Feature]:
        for feature in self.features:
            if route_guide_resources.contains(request, feature.location):
                yield feature

    def RecordRoute(
        self, request_iterator: Iterable[route_guide_pb2.Point], context: grpc.ServicerContext
    ) -> route_guide_pb2.RouteSummary:
        point_count = 0
        feature_count = 0
        distance = 0.0
        previous = None
        start = time.monotonic()
        for point in request_iterator:
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

    def RouteChat(
        self, request_iterator: Iterable[route_guide_pb2.RouteNote], context: grpc.ServicerContext
    ) -> Iterator[route_guide_pb2.RouteNote]:
        earlier: list[route_guide_pb2.RouteNote] = []
        for note in request_iterator:
            for other in earlier:
                if other.location == note.location:
                    yield other
            earlier.append(note)


def serve(port: int) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    route_guide_pb2_grpc.add_RouteGuideServicer_to_server(RouteGuideServicer(), server)
    port = server.add_insecure_port(f"[::]:{port}")
    server.start()
    try:
        print(f"Server started, listening on {port}", flush=True)
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(grace=2).wait()


if __name__ == "__main__":
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051, help="0 lets the system choose")
    serve(parser.parse_args().port)
