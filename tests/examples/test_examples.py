"""The examples run as their READMEs say, sync and asyncio, in every combination."""

from __future__ import annotations

import json
import re
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from russet import grpc

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("client", ["greeter_client.py", "async_greeter_client.py"])
@pytest.mark.parametrize("server", ["greeter_server.py", "async_greeter_server.py"])
def test_helloworld(server: str, client: str, example: Any) -> None:
    with example("helloworld").server(server) as port:
        printed = example("helloworld").client(client, port)
    assert printed == "Will try to greet world ...\nGreeter client received: Hello, you!\n"


@pytest.mark.parametrize("client", ["route_guide_client.py", "async_route_guide_client.py"])
@pytest.mark.parametrize("server", ["route_guide_server.py", "async_route_guide_server.py"])
def test_route_guide(server: str, client: str, example: Any) -> None:
    with example("route_guide").server(server) as port:
        printed = example("route_guide").client(client, port)
    assert "  Eiffel Tower, Paris, France\n  What" not in printed
    assert "?\n  Eiffel Tower, Paris, France\n" in printed
    assert "?\n  No place is known there.\n" in printed
    assert "  Matterhorn, Switzerland and Italy at 45.9763, 7.6586\n" in printed
    assert re.search(r"  10 points, 10 of them known places, [\d,]+ km in \d+ s\n", printed)
    assert re.findall(r'received "(\w+) message"', printed) == ["First", "Third", "First", "Fourth"]
    assert "silence for 0.2 s:\n  DEADLINE_EXCEEDED\n" in printed
    assert printed.endswith('until the first answer:\n  received "Is anybody here?"\n  CANCELLED\n')


@pytest.mark.parametrize("client", ["users_client.py", "async_users_client.py"])
@pytest.mark.parametrize("server", ["users_server.py", "async_users_server.py"])
def test_users(server: str, client: str, example: Any) -> None:
    with example("users").server(server) as port:
        printed = example("users").client(client, port)
    assert "users: ada, grace, hedy\ntrailing metadata: users-sent = 3\n" in printed
    assert "a wrong sign-up: INVALID_ARGUMENT, " in printed
    assert "\n  password must have at least 10 characters\n" in printed
    assert printed.endswith("after 0.2 s: DEADLINE_EXCEEDED, Deadline Exceeded\n")
    if client == "users_client.py":
        assert "ada is user 1 with the address ada@example.com\n" in printed
        assert "without a token: UNAUTHENTICATED, a token of a user is needed\n" in printed


def test_users_are_kept(example: Any, tmp_path: Path) -> None:
    """A second server on the same database knows who signed up with the first, and does not take them twice."""
    database = f"--database={tmp_path / 'users.db'}"
    for server, again in (("users_server.py", False), ("async_users_server.py", True)):
        with example("users").server(server, database) as port:
            if again:
                error = example("users").failing_client("users_client.py", port)
                assert "ALREADY_EXISTS" in error
                assert "ada is taken" in error
            else:
                assert "signed up hedy\n" in example("users").client("users_client.py", port)


SERVERS = ["dispatcher_server.py", "async_dispatcher_server.py"]


@pytest.mark.parametrize("server", SERVERS)
def test_tyk_dispatcher(server: str, example: Any) -> None:
    with example("tyk_dispatcher").server(server) as port:
        printed = example("tyk_dispatcher").client("gateway.py", port)
    assert printed == (
        'to the upstream: ada, {"owner": "ada", "payload": {"color": "red"}}\n'
        "to the client: 200, X-Served-By: russet\n"
        "without a key: 401, this key is not known\n"
        "a hook that is not there: UNIMPLEMENTED, there is no hook 'no_such_hook'\n"
        "two events are told\n"
    )


@pytest.mark.parametrize("server", SERVERS)
def test_what_a_newer_gateway_sends_goes_back(server: str, example: Any) -> None:
    # hook_name "sign_response", and a field 1000 of an Object that no file here declares.
    newer = b"\x12\x0dsign_response" + b"\xc2\x3e\x05newer"
    with (
        example("tyk_dispatcher").server(server) as port,
        grpc.insecure_channel(f"localhost:{port}") as channel,
    ):
        answer = channel.unary_unary("/coprocess.Dispatcher/Dispatch")(newer, timeout=20)
    assert b"\xc2\x3e\x05newer" in answer
    assert b"X-Served-By" in answer


def test_no_generated_code(example: Any) -> None:
    found = example("no_generated_code")
    with found.server("server.py") as port:
        assert found.client("client.py", port) == 'Hello, stub!\n{"message": "Hello, JSON!"}\n'


def test_health_and_reflection(example: Any) -> None:
    found = example("health_and_reflection")
    with found.server("server.py") as port:
        printed = found.client("client.py", port)
    assert printed == (
        "greeter.Greeter: SERVING\n"
        "services: greeter.Greeter, grpc.health.v1.Health, grpc.reflection.v1.ServerReflection\n"
        "Hello, reflection!\n"
    )


def test_interceptors(example: Any) -> None:
    found = example("interceptors")
    with found.server("server.py") as port:
        printed = found.client("client.py", port)
    assert printed == (
        "without a token: UNAUTHENTICATED, the token is missing or wrong\nHello, interceptor!\n"
    )


def test_retry_and_hedging(example: Any) -> None:
    found = example("retry_and_hedging")
    with found.server("server.py") as port:
        printed = found.client("client.py", port)
    assert printed == "Hello, client, after 2 failures!\nHello, client, in time!\n"


def test_load_balancing(example: Any) -> None:
    found = example("load_balancing")
    with found.server("server.py") as ports:
        printed = found.client("client.py", f"--ports={ports}")
    assert printed.splitlines() == [
        f"3 times: Hello, client, I am {name}!" for name in ("Ada", "Grace", "Mary")
    ]


def test_polyglot(tmp_path: Path) -> None:
    """The pair in Python; `make polyglot` builds the other languages and calls all of them."""
    script = EXAMPLES / "polyglot" / "run.py"
    command = [sys.executable, str(script), f"--work={tmp_path}", "python"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("1 of 1 pairs are right\n")


def test_numpy_stream(example: Any) -> None:
    found = example("numpy_stream")
    with found.server("server.py") as port:
        printed = found.client("client.py", port)
    assert printed == "1000000 samples, mean power 0.500, highest 1.000\n"


def test_auth_token(example: Any) -> None:
    found = example("auth_token")
    with found.server("server.py") as port:
        printed = found.client("client.py", port)
    assert printed.splitlines()[1:] == [
        "ada has more than 3 notes: True",
        "tokens used: 3",
        "with a wrong password: UNAVAILABLE",
    ]


def test_tls_without_the_client_s_certificate(example: Any, tmp_path: Path) -> None:
    found = example("tls")
    subprocess.run([sys.executable, found.folder / "certificates.py"], cwd=tmp_path, check=True)
    folder = f"--certificates={tmp_path}"
    with found.server("server.py", folder, "--mutual") as port:
        assert found.client("client.py", port, folder, "--mutual").endswith("You are Ada.\n")
        assert "StatusCode.UNAVAILABLE" in found.failing_client("client.py", port, folder)


@pytest.mark.parametrize("server", [[], ["-m", "russet", "run"]], ids=["grpcio", "russet"])
@pytest.mark.parametrize("client", [[], ["-m", "russet", "run"]], ids=["grpcio", "russet"])
def test_drop_in(server: list[str], client: list[str]) -> None:
    """The same two files on either implementation, in every pair."""
    folder = EXAMPLES / "drop_in"
    serving = subprocess.Popen(
        [sys.executable, *server, "server.py", "--port=0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert serving.stdout
        port = serving.stdout.readline().split()[-1]
        printed = subprocess.run(
            [sys.executable, *client, "client.py", f"--port={port}"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=50,
        ).stdout
        assert printed.splitlines() == [
            "Hello, you!",
            *(f"Hello number {number}, you!" for number in (1, 2, 3)),
        ]
        assert serving.stdout.readline() == 'asked with {"name": "you"}\n'
    finally:
        serving.send_signal(signal.SIGINT)
        serving.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_graceful_shutdown(number: signal.Signals, example: Any) -> None:
    found = example("graceful_shutdown")
    with found.process("server.py") as (server, port):
        address = f"localhost:{port}"
        request = b"\x0a\x01x\x11" + struct.pack("<d", 1.0)
        with grpc.insecure_channel(address) as channel:
            answer = channel.unary_unary("/greeter.Greeter/SayHello").future(request, timeout=30)
            statuses = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=30)
            assert next(statuses) == b"\x08\x01"
            assert server.stdout.readline() == "thinking\n"
            server.send_signal(number)
            assert next(statuses) == b"\x08\x02", "NOT_SERVING"
            assert server.stdout.readline() == "draining\n"
            assert answer.result(timeout=30) == b"\x0a\x09Hello, x!"
            statuses.cancel()
        assert server.wait(timeout=30) == 0


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
