"""The examples run as their READMEs say, sync and asyncio, in every combination."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("client", ["greeter_client.py", "async_greeter_client.py"])
@pytest.mark.parametrize("server", ["greeter_server.py", "async_greeter_server.py"])
def test_helloworld(server: str, client: str, helloworld: Any) -> None:
    with helloworld.server(server) as port:
        printed = helloworld.client(client, port)
    assert printed == "Will try to greet world ...\nGreeter client received: Hello, you!\n"


@pytest.mark.parametrize("client", ["route_guide_client.py", "async_route_guide_client.py"])
@pytest.mark.parametrize("server", ["route_guide_server.py", "async_route_guide_server.py"])
def test_route_guide(server: str, client: str, route_guide: Any) -> None:
    with route_guide.server(server) as port:
        printed = route_guide.client(client, port)
    assert "  Eiffel Tower, Paris, France\n  What" not in printed
    assert "?\n  Eiffel Tower, Paris, France\n" in printed
    assert "?\n  No place is known there.\n" in printed
    assert "  Matterhorn, Switzerland and Italy at 45.9763, 7.6586\n" in printed
    assert re.search(r"  10 points, 10 of them known places, [\d,]+ km in \d+ s\n", printed)
    assert re.findall(r'received "(\w+) message"', printed) == ["First", "Third", "First", "Fourth"]


def test_the_places_are_places() -> None:
    places = json.loads((EXAMPLES / "route_guide" / "route_guide_db.json").read_text("utf-8"))
    assert len(places) >= 100
    assert len({place["name"] for place in places}) == len(places)
    for place in places:
        location = place["location"]
        assert abs(location["latitude"]) <= 90 * 10_000_000, place
        assert abs(location["longitude"]) <= 180 * 10_000_000, place
        assert place["name"]


def test_the_demo_passes() -> None:
    result = subprocess.run(
        [sys.executable, str(EXAMPLES / "demo.py")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.endswith("\nEvery answer was right.\n")
