"""The places of the route guide, and how far apart they are."""

from __future__ import annotations

import json
import math
from pathlib import Path

import route_guide_pb2

DATABASE = Path(__file__).with_name("route_guide_db.json")

# Positions are in E7: degrees times this.
COORD_FACTOR = 10_000_000

# The mean radius of the earth, in meters.
EARTH_RADIUS = 6_371_000


def read_route_guide_database() -> list[route_guide_pb2.Feature]:
    """All places, in the order of the file."""
    return [
        route_guide_pb2.Feature(
            name=item["name"],
            location=route_guide_pb2.Point(
                latitude=item["location"]["latitude"], longitude=item["location"]["longitude"]
            ),
        )
        for item in json.loads(DATABASE.read_text(encoding="utf-8"))
    ]


def get_distance(start: route_guide_pb2.Point, end: route_guide_pb2.Point) -> float:
    """The distance between two points on the sphere, in meters, by the haversine formula."""
    start_lat = math.radians(start.latitude / COORD_FACTOR)
    end_lat = math.radians(end.latitude / COORD_FACTOR)
    delta_lat = end_lat - start_lat
    delta_lon = math.radians((end.longitude - start.longitude) / COORD_FACTOR)
    half_chord = (
        math.sin(delta_lat / 2) ** 2
        + math.cos(start_lat) * math.cos(end_lat) * math.sin(delta_lon / 2) ** 2
    )
    return 2 * EARTH_RADIUS * math.atan2(math.sqrt(half_chord), math.sqrt(1 - half_chord))


def contains(rectangle: route_guide_pb2.Rectangle, point: route_guide_pb2.Point) -> bool:
    """Whether a point lies within a rectangle, whichever its corners are."""
    latitudes = sorted((rectangle.lo.latitude, rectangle.hi.latitude))
    longitudes = sorted((rectangle.lo.longitude, rectangle.hi.longitude))
    return (
        latitudes[0] <= point.latitude <= latitudes[1]
        and longitudes[0] <= point.longitude <= longitudes[1]
    )
