"""Calls in task groups, context variables of callers, and several event loops in several threads. On both libraries with the same outcome, but where it says so."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from types import ModuleType

import pytest
from support.aio import ECHO, connected, rpc_error, serving
from support.rpc import WAIT, path

LOOPS = 3
CALLS = 20


async def sleep(request, context):
    await asyncio.sleep(WAIT)


async def awaited(call):
    return await call


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.TaskGroup is of Python 3.11")
async def test_a_task_group_of_calls(grpc: ModuleType) -> None:
    async with connected(grpc, Echo=ECHO) as channel:
        echo = channel.unary_unary(path("Echo"))
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(awaited(echo(b"%d" % number, timeout=WAIT)))
                for number in range(CALLS)
            ]
    assert [task.result() for task in tasks] == [b"%d" % number for number in range(CALLS)]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.TaskGroup is of Python 3.11")
async def test_a_call_that_fails_ends_its_task_group(grpc: ModuleType) -> None:
    async def fail(request, context):
        await context.abort(grpc.StatusCode.NOT_FOUND, "no figs")

    calls = []
    async with connected(grpc, Fail=("unary_unary", fail), Sleep=("unary_unary", sleep)) as channel:
        with pytest.raises(BaseExceptionGroup) as raised:  # noqa: F821 (of Python 3.11)
            async with asyncio.TaskGroup() as group:
                for _ in range(5):
                    calls.append(channel.unary_unary(path("Sleep"))(b"", timeout=WAIT))
                    group.create_task(awaited(calls[-1]))
                group.create_task(awaited(channel.unary_unary(path("Fail"))(b"", timeout=WAIT)))
        (error,) = raised.value.exceptions
        assert isinstance(error, grpc.aio.AioRpcError)
        assert error.code() is grpc.StatusCode.NOT_FOUND
        # A task that is cancelled cancels the call that it waits for.
        assert [call.cancelled() for call in calls] == [True] * 5


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout is of Python 3.11")
async def test_a_timeout_of_asyncio_cancels_the_call(grpc: ModuleType) -> None:
    async with connected(grpc, Sleep=("unary_unary", sleep)) as channel:
        call = channel.unary_unary(path("Sleep"))(b"", timeout=WAIT)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await call
        assert call.cancelled()


async def test_interceptors_see_the_callers_context(grpc: ModuleType) -> None:
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")
    seen = []

    class Looking(grpc.aio.UnaryUnaryClientInterceptor):
        async def intercept_unary_unary(self, continuation, details, request):
            seen.append(who.get())
            return await continuation(details, request)

    async def call_as(name: str, channel) -> None:
        who.set(name)
        await channel.unary_unary(path("Echo"))(b"", timeout=WAIT)

    async with connected(grpc, Echo=ECHO, channel_interceptors=[Looking()]) as channel:
        await asyncio.gather(*(call_as(name, channel) for name in ("ann", "bob", "cid")))
    assert sorted(seen) == ["ann", "bob", "cid"]


async def test_request_iterators_see_the_callers_context(grpc: ModuleType) -> None:
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")

    async def concatenate(requests, context):
        return b"".join([request async for request in requests])

    async def requests():
        yield who.get().encode()

    async with connected(grpc, Join=("stream_unary", concatenate)) as channel:
        who.set("ann")
        assert await channel.stream_unary(path("Join"))(requests(), timeout=WAIT) == b"ann"


def test_each_loop_has_its_own_channels(russet: ModuleType) -> None:
    """grpcio has one poller for all loops of a process, and its tests of this hang now and then."""
    met = threading.Barrier(LOOPS)
    results: list[object] = [None] * LOOPS

    async def work() -> list[bytes]:
        async with connected(russet, Echo=ECHO) as channel:
            echo = channel.unary_unary(path("Echo"))
            await asyncio.get_running_loop().run_in_executor(None, met.wait, WAIT)
            calls = [echo(b"%d" % number, timeout=WAIT) for number in range(CALLS)]
            return list(await asyncio.gather(*map(awaited, calls)))

    def run(number: int) -> None:
        results[number] = asyncio.run(work())

    threads = [threading.Thread(target=run, args=(number,)) for number in range(LOOPS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * WAIT)
    assert results == [[b"%d" % number for number in range(CALLS)]] * LOOPS


def test_loops_one_after_the_other(grpc: ModuleType) -> None:
    async def work() -> bytes:
        async with connected(grpc, Echo=ECHO) as channel:
            return await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)

    assert [asyncio.run(work()) for _ in range(LOOPS)] == [b"x"] * LOOPS


def test_a_server_and_its_callers_on_different_loops(russet: ModuleType) -> None:
    address: list[str] = []
    serves, done = threading.Event(), threading.Event()

    async def serve() -> None:
        async with serving(russet, Echo=ECHO) as at:
            address.append(at)
            serves.set()
            await asyncio.get_running_loop().run_in_executor(None, done.wait, WAIT)

    async def call() -> bytes:
        async with russet.aio.insecure_channel(address[0]) as channel:
            return await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)

    server = threading.Thread(target=lambda: asyncio.run(serve()))
    server.start()
    try:
        assert serves.wait(WAIT)
        assert asyncio.run(call()) == b"x"
    finally:
        done.set()
        server.join(WAIT)
    error = asyncio.run(rpc_error_of(russet, address[0]))
    assert error.code() is russet.StatusCode.UNAVAILABLE


async def rpc_error_of(grpc: ModuleType, address: str) -> object:
    async with grpc.aio.insecure_channel(address) as channel:
        return await rpc_error(grpc, channel.unary_unary(path("Echo"))(b"x", timeout=WAIT))
