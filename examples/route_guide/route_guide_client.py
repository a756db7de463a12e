"""A RouteGuide client: all four kinds of call."""

from __future__ import annotations

import argparse
import logging
import random
import threading
from collections.abc import Iterator

import route_guide_pb2
import route_guide_pb2_grpc
import route_guide_resources
from russet import grpc

EIFFEL_TOWER = route_guide_pb2.Point(latitude=488583700, longitude=22944800)
LOUVRE = route_guide_pb2.Point(latitude=488606000, longitude=23376000)
NOTRE_DAME = route_guide_pb2.Point(latitude=488530000, longitude=23499000)
NOWHERE = route_guide_pb2.Point(latitude=0, longitude=0)

# From the Ligurian Sea to the Danube.
ALPS = route_guide_pb2.Rectangle(
    lo=route_guide_pb2.Point(latitude=440000000, longitude=60000000),
    hi=route_guide_pb2.Point(latitude=482000000, longitude=140000000),
)


def format_point(point: route_guide_pb2.Point) -> str:
    factor = route_guide_resources.COORD_FACTOR
    return f"{point.latitude / factor:.4f}, {point.longitude / factor:.4f}"


def make_notes() -> list[route_guide_pb2.RouteNote]:
    """Notes on a walk through Paris that comes back twice to where it started."""
    stops = [
        ("First message", EIFFEL_TOWER),
        ("Second message", LOUVRE),
        ("Third message", NOTRE_DAME),
        ("Fourth message", EIFFEL_TOWER),
        ("Fifth message", NOTRE_DAME),
        ("Sixth message", EIFFEL_TOWER),
    ]
    return [
        route_guide_pb2.RouteNote(message=message, location=location) for message, location in stops
    ]


def guide_get_feature(
    stub: route_guide_pb2_grpc.RouteGuideStub, point: route_guide_pb2.Point
) -> route_guide_pb2.Feature:
    print(f"What is at {format_point(point)}?")
    feature = stub.GetFeature(point)
    print(f"  {feature.name}" if feature.name else "  No place is known there.")
    return feature


def guide_list_features(
    stub: route_guide_pb2_grpc.RouteGuideStub, rectangle: route_guide_pb2.Rectangle
) -> list[route_guide_pb2.Feature]:
    print(
        f"Which places are between {format_point(rectangle.lo)} and {format_point(rectangle.hi)}?"
    )
    features = []
    for feature in stub.ListFeatures(rectangle):
        print(f"  {feature.name} at {format_point(feature.location)}")
        features.append(feature)
    return features


def guide_record_route(
    stub: route_guide_pb2_grpc.RouteGuideStub, route: list[route_guide_pb2.Feature]
) -> route_guide_pb2.RouteSummary:
    def points() -> Iterator[route_guide_pb2.Point]:
        for feature in route:
            print(f"  visiting {feature.name}")
            yield feature.location

    print(f"Recording a route of {len(route)} points:")
    summary = stub.RecordRoute(points())
    print(
        f"  {summary.point_count} points, {summary.feature_count} of them known places, "
        f"{summary.distance / 1000:,.0f} km in {summary.elapsed_time} s"
    )
    return summary


def guide_route_chat(
    stub: route_guide_pb2_grpc.RouteGuideStub, notes: list[route_guide_pb2.RouteNote]
) -> list[route_guide_pb2.RouteNote]:
    def sent() -> Iterator[route_guide_pb2.RouteNote]:
        for note in notes:
            print(f'  sent     "{note.message}" from {format_point(note.location)}')
            yield note

    print("Chatting about the route:")
    received = []
    for note in stub.RouteChat(sent()):
        print(f'  received "{note.message}" left at {format_point(note.location)}')
        received.append(note)
    return received


def guide_with_deadline(stub: route_guide_pb2_grpc.RouteGuideStub, seconds: float) -> None:
    """A chat in which nobody says anything: without a deadline it would never end."""
    over = threading.Event()

    def silence() -> Iterator[route_guide_pb2.RouteNote]:
        over.wait()
        yield from ()

    print(f"Chatting in silence for {seconds} s:")
    try:
        for note in stub.RouteChat(silence(), timeout=seconds):
            print(f'  received "{note.message}"')
    except grpc.RpcError as error:
        print(f"  {error.code().name}")
    finally:
        over.set()


def guide_with_cancellation(stub: route_guide_pb2_grpc.RouteGuideStub) -> None:
    """A chat that has said enough with its first answer, though both sides could go on."""
    over = threading.Event()

    def two_notes_and_silence() -> Iterator[route_guide_pb2.RouteNote]:
        for message in ("Is anybody here?", "Only me."):
            yield route_guide_pb2.RouteNote(message=message, location=LOUVRE)
        over.wait()

    print("Chatting until the first answer:")
    chat = stub.RouteChat(two_notes_and_silence())
    print(f'  received "{next(chat).message}"')
    chat.cancel()
    print(f"  {chat.code().name}")
    over.set()


def run(port: int) -> None:
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        stub = route_guide_pb2_grpc.RouteGuideStub(channel)
        print("-------------- GetFeature --------------")
        guide_get_feature(stub, EIFFEL_TOWER)
        guide_get_feature(stub, NOWHERE)
        print("-------------- ListFeatures --------------")
        guide_list_features(stub, ALPS)
        print("-------------- RecordRoute --------------")
        places = route_guide_resources.read_route_guide_database()
        guide_record_route(stub, random.sample(places, 10))
        print("-------------- RouteChat --------------")
        guide_route_chat(stub, make_notes())
        print("-------------- Deadline and cancellation --------------")
        guide_with_deadline(stub, seconds=0.2)
        guide_with_cancellation(stub)


if __name__ == "__main__":
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    run(parser.parse_args().port)
