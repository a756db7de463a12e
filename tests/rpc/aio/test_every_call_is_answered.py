"""Every call of an asyncio server gets an answer, whatever its handler or an interceptor raises, and the event loop goes on. With grpcio many of these wait until their deadline."""

from __future__ import annotations

import asyncio
import threading
from concurrent import futures
from typing import Any

import pytest
from support.aio import aiter_of, collect, connected, rpc_error
from support.rpc import WAIT, handlers, path
from support.rpc import rpc_error as sync_rpc_error


class Failed(BaseException):
    """As the one that `pytest.fail` raises."""


class NoText(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


PLAIN: list[BaseException] = [
    StopIteration(),
    StopAsyncIteration(),
    GeneratorExit(),
    Failed(),
    NoText(),
    SystemExit(3),
    KeyboardInterrupt(),
    asyncio.CancelledError(),
    futures.CancelledError(),
]
# asyncio itself ends its loop for the others.
ASYNCHRONOUS = [error for error in PLAIN if not isinstance(error, (SystemExit, KeyboardInterrupt))]
KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]


async def code_of(grpc: Any, channel: Any, kind: str) -> str:
    request = aiter_of(b"") if kind.startswith("stream") else b""
    call = getattr(channel, kind)(path("Fail"))(request, timeout=WAIT)
    error = await rpc_error(grpc, collect(call) if kind.endswith("stream") else call)
    return str(error.code().name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", PLAIN, ids=lambda error: type(error).__name__)
async def test_plain_handlers(russet: Any, kind: str, error: BaseException) -> None:
    def single(request: Any, context: Any) -> Any:
        raise error

    def several(request: Any, context: Any) -> Any:
        yield b"first"
        raise error

    # In a generator a StopIteration means something else.
    stream = kind.endswith("stream") and not isinstance(error, StopIteration)
    async with connected(russet, Fail=(kind, several if stream else single)) as channel:
        assert await code_of(russet, channel, kind) == "UNKNOWN"
        assert await code_of(russet, channel, kind) == "UNKNOWN"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", ASYNCHRONOUS, ids=lambda error: type(error).__name__)
async def test_asynchronous_handlers(russet: Any, kind: str, error: BaseException) -> None:
    async def single(request: Any, context: Any) -> Any:
        raise error

    async def several(request: Any, context: Any) -> Any:
        yield b"first"
        raise error

    behavior = several if kind.endswith("stream") else single
    async with connected(russet, Fail=(kind, behavior)) as channel:
        assert await code_of(russet, channel, kind) == "UNKNOWN"
        assert await code_of(russet, channel, kind) == "UNKNOWN"


@pytest.mark.parametrize("error", ASYNCHRONOUS, ids=lambda error: type(error).__name__)
async def test_interceptors(russet: Any, error: BaseException) -> None:
    class Interceptor(russet.aio.ServerInterceptor):
        async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
            raise error

    async def echo(request: bytes, context: Any) -> bytes:
        return request

    async with connected(
        russet, interceptors=[Interceptor()], Fail=("unary_unary", echo)
    ) as channel:
        assert await code_of(russet, channel, "unary_unary") == "UNKNOWN"


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_the_caller_is_told_before_the_program_ends(russet: Any, error: Any) -> None:
    """A coroutine that calls `sys.exit` ends the event loop, as everywhere in asyncio."""
    loop = asyncio.new_event_loop()
    ports: futures.Future[int] = futures.Future()
    ended: futures.Future[type[BaseException]] = futures.Future()

    async def leave(request: bytes, context: Any) -> bytes:
        raise error

    async def serve() -> Any:
        methods = {"Leave": ("unary_unary", leave)}
        server = russet.aio.server(handlers=(handlers(russet, methods),))
        ports.set_result(server.add_insecure_port("127.0.0.1:0"))
        await server.start()
        return server

    def run() -> None:
        server = loop.run_until_complete(serve())
        try:
            loop.run_until_complete(server.wait_for_termination())
        except BaseException as raised:
            ended.set_result(type(raised))

    thread = threading.Thread(target=run)
    thread.start()
    with russet.insecure_channel(f"127.0.0.1:{ports.result(WAIT)}") as channel:
        failed = sync_rpc_error(russet, channel.unary_unary(path("Leave")), b"", timeout=WAIT)
        assert failed.code() is russet.StatusCode.UNKNOWN
    assert ended.result(WAIT) is error
    thread.join(WAIT)
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.close()
