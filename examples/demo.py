"""RouteGuide end to end: compiles the service, starts the server, calls it in all four ways and checks every answer.

Exits with 0 only if everything was right.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import russet.protoc
from russet import grpc

ROUTE_GUIDE = Path(__file__).parent / "route_guide"

# How long the server may take to start, and to stop, in seconds.
PATIENCE = 30

# The route that is recorded, and how long it is by a table of great-circle distances, in km.
ROUTE = [
    "Eiffel Tower, Paris, France",
    "Colosseum, Rome, Italy",
    "Great Pyramid of Giza, Egypt",
    "Taj Mahal, Agra, India",
    "Sydney Opera House, Australia",
]
ROUTE_LENGTH = 1109 + 2142 + 4462 + 10348
ROUTE_TOLERANCE = 0.01


class WrongAnswerError(Exception):
    """The server answered, but not what it should have."""


def expect(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise WrongAnswerError(f"{what}: expected {expected!r}, found {found!r}")
    print(f"    ok: {what}")


def heading(text: str) -> None:
    print(f"\n== {text}")


def compile_service(out: Path) -> None:
    heading("Compiling route_guide.proto")
    argv = [
        "russet.protoc",
        f"--proto_path={ROUTE_GUIDE}",
        f"--python_out={out}",
        f"--pyi_out={out}",
        f"--grpc_python_out={out}",
        str(ROUTE_GUIDE / "route_guide.proto"),
    ]
    print("  " + " ".join(argv))
    expect("protoc's exit code", russet.protoc.main(argv), 0)
    made = sorted(path.name for path in out.iterdir())
    expect(
        "the files it wrote",
        made,
        [
            "route_guide_pb2.py",
            "route_guide_pb2.pyi",
            "route_guide_pb2_grpc.py",
            "route_guide_pb2_grpc.pyi",
        ],
    )


def start_server(out: Path) -> tuple[subprocess.Popen[str], int]:
    heading("Starting the server")
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(out), *filter(None, [environment.get("PYTHONPATH")])]
    )
    # Where this program is told to ignore SIGINT, as in the background, the server must not inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    server = subprocess.Popen(
        [sys.executable, str(ROUTE_GUIDE / "route_guide_server.py"), "--port=0"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    line = server.stdout.readline().strip()
    prefix = "Server started, listening on "
    if not line.startswith(prefix):
        raise WrongAnswerError(f"The server did not start; it said {line!r}.")
    print(f"  {line}")
    return server, int(line[len(prefix) :])


def stop_server(server: subprocess.Popen[str]) -> None:
    heading("Stopping the server")
    server.send_signal(signal.SIGINT)
    expect("the server's exit code", server.wait(PATIENCE), 0)


def call_all(client: ModuleType, resources: ModuleType, stub: object) -> None:
    pb2 = importlib.import_module("route_guide_pb2")
    places = {feature.name: feature for feature in resources.read_route_guide_database()}

    heading("GetFeature: one request, one response")
    feature = client.guide_get_feature(stub, client.EIFFEL_TOWER)
    expect("the place", feature.name, "Eiffel Tower, Paris, France")
    expect("its position", feature.location, client.EIFFEL_TOWER)
    feature = client.guide_get_feature(stub, client.NOWHERE)
    expect("no place", feature, pb2.Feature(location=client.NOWHERE))

    heading("ListFeatures: one request, a stream of responses")
    features = client.guide_list_features(stub, client.ALPS)
    inside = [
        place
        for place in places.values()
        if client.ALPS.lo.latitude <= place.location.latitude <= client.ALPS.hi.latitude
        and client.ALPS.lo.longitude <= place.location.longitude <= client.ALPS.hi.longitude
    ]
    expect("how many places", len(features), len(inside))
    expect("the places, in order", features, inside)
    expect(
        "the Matterhorn is one",
        "Matterhorn, Switzerland and Italy" in {f.name for f in features},
        True,
    )

    heading("RecordRoute: a stream of requests, one response")
    route = [places[name] for name in ROUTE]
    summary = client.guide_record_route(stub, route)
    expect("points", summary.point_count, len(ROUTE))
    expect("known places", summary.feature_count, len(ROUTE))
    difference = abs(summary.distance / 1000 - ROUTE_LENGTH)
    expect(f"about {ROUTE_LENGTH} km", difference < ROUTE_TOLERANCE * ROUTE_LENGTH, True)

    heading("RouteChat: a stream each way")
    received = client.guide_route_chat(stub, client.make_notes())
    expect(
        "the notes received",
        [note.message for note in received],
        ["First message", "Third message", "First message", "Fourth message"],
    )


def run(out: Path) -> None:
    compile_service(out)
    sys.path[:0] = [str(out), str(ROUTE_GUIDE)]
    importlib.invalidate_caches()
    load: Callable[[str], ModuleType] = importlib.import_module
    client, resources = load("route_guide_client"), load("route_guide_resources")
    services = load("route_guide_pb2_grpc")
    server, port = start_server(out)
    try:
        with grpc.insecure_channel(f"localhost:{port}") as channel:
            call_all(client, resources, services.RouteGuideStub(channel))
        stop_server(server)
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="russet-demo-") as folder:
        try:
            run(Path(folder))
        except (WrongAnswerError, grpc.RpcError, OSError) as error:
            print(f"\nFAILED: {error}", file=sys.stderr)
            return 1
    print("\nEvery answer was right.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
