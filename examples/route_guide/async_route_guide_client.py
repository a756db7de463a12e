"""A RouteGuide client on asyncio: all four kinds of call."""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
from collections.abc import AsyncIterator

import route_guide_pb2
import route_guide_pb2_grpc
import route_guide_resources
from route_guide_client import ALPS, EIFFEL_TOWER, LOUVRE, NOWHERE, format_point, make_notes
from russet import grpc


async def guide_get_feature(
    stub: route_guide_pb2_grpc.RouteGuideStub, point: route_guide_pb2.Point
) -> None:
    print(f"What is at {format_point(point)}?")
    feature = await stub.GetFeature(point)
    print(f"  {feature.name}" if feature.name else "  No place is known there.")


async def guide_list_features(
    stub: route_guide_pb2_grpc.RouteGuideStub, rectangle: route_guide_pb2.Rectangle
) -> None:
    print(
        f"Which places are between {format_point(rectangle.lo)} and {format_point(rectangle.hi)}?"
    )
    async for feature in stub.ListFeatures(rectangle):
        print(f"  {feature.name} at {format_point(feature.location)}")


async def guide_record_route(
    stub: route_guide_pb2_grpc.RouteGuideStub, route: list[route_guide_pb2.Feature]
) -> None:
    async def points() -> AsyncIterator[route_guide_pb2.Point]:
        for feature in route:
            print(f"  visiting {feature.name}")
            yield feature.location

    print(f"Recording a route of {len(route)} points:")
    summary = await stub.RecordRoute(points())
    print(
        f"  {summary.point_count} points, {summary.feature_count} of them known places, "
        f"{summary.distance / 1000:,.0f} km in {summary.elapsed_time} s"
    )


async def guide_route_chat(
    stub: route_guide_pb2_grpc.RouteGuideStub, notes: list[route_guide_pb2.RouteNote]
) -> None:
    async def sent() -> AsyncIterator[route_guide_pb2.RouteNote]:
        for note in notes:
            print(f'  sent     "{note.message}" from {format_point(note.location)}')
            yield note

    print("Chatting about the route:")
    async for note in stub.RouteChat(sent()):
        print(f'  received "{note.message}" left at {format_point(note.location)}')


async def guide_with_deadline(stub: route_guide_pb2_grpc.RouteGuideStub, seconds: float) -> None:
    """A chat in which nobody says anything: without a deadline it would never end."""
    print(f"Chatting in silence for {seconds} s:")
    chat = stub.RouteChat(timeout=seconds)
    try:
        await chat.read()
    except grpc.aio.AioRpcError as error:
        print(f"  {error.code().name}")


async def guide_with_cancellation(stub: route_guide_pb2_grpc.RouteGuideStub) -> None:
    """A chat that has said enough with its first answer, though both sides could go on."""
    print("Chatting until the first answer:")
    chat = stub.RouteChat()
    for message in ("Is anybody here?", "Only me."):
        await chat.write(route_guide_pb2.RouteNote(message=message, location=LOUVRE))
    print(f'  received "{(await chat.read()).message}"')
    chat.cancel()
    print(f"  {(await chat.code()).name}")


async def run(port: int) -> None:
    async with grpc.aio.insecure_channel(f"localhost:{port}") as channel:
        stub = route_guide_pb2_grpc.RouteGuideStub(channel)
        print("-------------- GetFeature --------------")
        await guide_get_feature(stub, EIFFEL_TOWER)
        await guide_get_feature(stub, NOWHERE)
        print("-------------- ListFeatures --------------")
        await guide_list_features(stub, ALPS)
        print("-------------- RecordRoute --------------")
        places = route_guide_resources.read_route_guide_database()
        await guide_record_route(stub, random.sample(places, 10))
        print("-------------- RouteChat --------------")
        await guide_route_chat(stub, make_notes())
        print("-------------- Deadline and cancellation --------------")
        await guide_with_deadline(stub, seconds=0.2)
        await guide_with_cancellation(stub)


if __name__ == "__main__":
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    asyncio.run(run(parser.parse_args().port))
