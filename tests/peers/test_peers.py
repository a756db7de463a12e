"""grpclib and connectrpc, and gRPC's own program for Python, call Russet and are called by it: every kind of call, failures, deadlines and metadata."""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from .peer import FAILURE, Answer, CallFailed, Client, Peer

PROTO = Path(__file__).with_name("echo.proto")
HAS_CONNECTRPC = sys.version_info >= (3, 11)
OURS = ("Synchronous", "Asyncio")
THEIRS = ("grpclib", "connectrpc") if HAS_CONNECTRPC else ("grpclib",)

Scenario = Callable[[Client], Awaitable[None]]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A package with what each library's compiler wrote."""
    folder = tmp_path_factory.mktemp("peers") / "generated_of_peers"
    beside = Path(sys.executable).parent
    outputs = {"grpclib": ["python", "grpclib_python"]}
    if HAS_CONNECTRPC:
        outputs["connectrpc"] = ["py", "connectrpc"]
    for name, kinds in outputs.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").touch()
        plugins = [
            f"--plugin=protoc-gen-{kind}={beside / f'protoc-gen-{kind}'}"
            for kind in kinds
            if kind != "python"
        ]
        written = [f"--{kind}_out={folder / name}" for kind in kinds]
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO.parent}", *plugins]
        subprocess.run([*command, *written, PROTO.name], check=True, timeout=60)
    sys.path.insert(0, str(folder.parent))
    # grpclib's module imports its messages from the path.
    sys.path.insert(0, str(folder / "grpclib"))
    yield folder.name
    sys.path.remove(str(folder.parent))
    sys.path.remove(str(folder / "grpclib"))


def peer(name: str, generated: str) -> Peer:
    if name in OURS:
        from russet import grpc

        from . import of_russet

        messages, stubs = grpc.protos_and_services("peers/echo.proto")
        made: Peer = getattr(of_russet, name)(messages, stubs)
        return made
    if name == "grpclib":
        from .of_grpclib import Grpclib

        return Grpclib(*map(importlib.import_module, ("echo_pb2", "echo_grpc")))
    from .of_connectrpc import Connectrpc

    return Connectrpc(importlib.import_module(f"{generated}.connectrpc.echo_connect"))


async def a_unary_call(client: Client) -> None:
    assert await client.unary("hello") == Answer("hello")
    long = "long " * 100_000
    assert (await client.unary(long)).text == long


async def many_unary_calls_at_once(client: Client) -> None:
    texts = [f"text {number}" for number in range(200)]
    answers = await asyncio.gather(*(client.unary(text) for text in texts))
    assert [answer.text for answer in answers] == texts


async def metadata(client: Client) -> None:
    answer = await client.unary("metadata", given="something")
    assert (answer.text, answer.trailing) == ("something", "something")


async def a_failure(client: Client) -> None:
    with pytest.raises(CallFailed) as raised:
        await client.unary("fail")
    assert (raised.value.code, raised.value.words) == FAILURE


async def a_deadline(client: Client) -> None:
    with pytest.raises(CallFailed) as raised:
        await client.unary("wait", timeout=0.2)
    assert raised.value.code == "DEADLINE_EXCEEDED"


async def a_server_stream(client: Client) -> None:
    assert await client.server_stream("again", 5000) == ["again"] * 5000


async def a_server_stream_that_fails(client: Client) -> None:
    with pytest.raises(CallFailed) as raised:
        await client.server_stream("fail", 3)
    assert (raised.value.code, raised.value.words) == FAILURE
    assert raised.value.texts == ("fail",) * 3


async def a_client_stream(client: Client) -> None:
    texts = [str(number) for number in range(5000)]
    assert await client.client_stream(texts) == Answer("4999", 5000)


async def a_bidirectional_stream(client: Client) -> None:
    texts = [f"{number} of them" for number in range(100)]
    assert await client.bidirectional(texts) == texts


SCENARIOS = (
    a_unary_call,
    many_unary_calls_at_once,
    metadata,
    a_failure,
    a_deadline,
    a_server_stream,
    a_server_stream_that_fails,
    a_client_stream,
    a_bidirectional_stream,
)
PAIRS = [(one, other) for ours in OURS for theirs in THEIRS for one, other in ((ours, theirs), (theirs, ours))]  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.__name__))
@pytest.mark.parametrize("pair", PAIRS, ids=" serves ".join)
def test_peers_understand_each_other(
    pair: tuple[str, str], scenario: Scenario, generated: str
) -> None:
    async def run() -> None:
        server, client = (peer(name, generated) for name in pair)
        async with server.serve() as port, client.connect(port) as calls:
            await scenario(calls)

    asyncio.run(run())
