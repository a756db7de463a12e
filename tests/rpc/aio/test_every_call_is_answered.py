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


class NoTextAtAll(Exception):
    def __str__(self) -> str:
        raise Failed


class NoUnicode(Exception):
    def __str__(self) -> str:
        return "\udc80"


PLAIN: list[type[BaseException]] = [
    StopIteration,
    StopAsyncIteration,
    GeneratorExit,
    Failed,
    NoText,
    NoTextAtAll,
    NoUnicode,
    SystemExit,
    KeyboardInterrupt,
    asyncio.CancelledError,
    futures.CancelledError,
]
# asyncio itself ends its loop for the others.
ASYNCHRONOUS = [error for error in PLAIN if not issubclass(error, (SystemExit, KeyboardInterrupt))]
KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]


async def code_of(grpc: Any, channel: Any, kind: str) -> str:
    request = aiter_of(b"") if kind.startswith("stream") else b""
    call = getattr(channel, kind)(path("Fail"))(request, timeout=WAIT)
    error = await rpc_error(grpc, collect(call) if kind.endswith("stream") else call)
    return str(error.code().name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", PLAIN)
async def test_plain_handlers(russet: Any, kind: str, error: type[BaseException]) -> None:
    def single(request: Any, context: Any) -> Any:
        raise error

    def several(request: Any, context: Any) -> Any:
        yield b"first"
        raise error

    # In a generator a StopIteration means something else.
    stream = kind.endswith("stream") and not issubclass(error, StopIteration)
    async with connected(russet, Fail=(kind, several if stream else single)) as channel:
        assert await code_of(russet, channel, kind) == "UNKNOWN"
        assert await code_of(russet, channel, kind) == "UNKNOWN"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", ASYNCHRONOUS)
async def test_asynchronous_handlers(russet: Any, kind: str, error: type[BaseException]) -> None:
    async def single(request: Any, context: Any) -> Any:
        raise error

    async def several(request: Any, context: Any) -> Any:
        yield b"first"
        raise error

    behavior = several if kind.endswith("stream") else single
    async with connected(russet, Fail=(kind, behavior)) as channel:
        assert await code_of(russet, channel, kind) == "UNKNOWN"
        assert await code_of(russet, channel, kind) == "UNKNOWN"


@pytest.mark.parametrize("error", ASYNCHRONOUS)
async def test_interceptors(russet: Any, error: type[BaseException]) -> None:
    class Interceptor(russet.aio.ServerInterceptor):
        async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
            raise error

    async def echo(request: bytes, context: Any) -> bytes:
        return request

    async with connected(
        russet, interceptors=[Interceptor()], Fail=("unary_unary", echo)
    ) as channel:
        assert await code_of(russet, channel, "unary_unary") == "UNKNOWN"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", ASYNCHRONOUS)
@pytest.mark.parametrize("coding", ["request_deserializer", "response_serializer"])
async def test_deserializers_and_serializers(
    russet: Any, kind: str, error: type[BaseException], coding: str
) -> None:
    def fail(_: Any) -> Any:
        raise error

    async def single(request: Any, context: Any) -> bytes:
        if kind == "stream_unary":
            await collect(request)
        return b""

    async def several(request: Any, context: Any) -> Any:
        if kind == "stream_stream":
            await collect(request)
        yield b""

    behavior = several if kind.endswith("stream") else single
    handler = getattr(russet, f"{kind}_rpc_method_handler")(behavior, **{coding: fail})

    class Interceptor(russet.aio.ServerInterceptor):
        async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
            return handler

    async with connected(russet, interceptors=[Interceptor()], Fail=(kind, behavior)) as channel:
        assert await code_of(russet, channel, kind) == "UNKNOWN"


@pytest.mark.parametrize("error", ASYNCHRONOUS)
async def test_callbacks_of_a_server_s_call(russet: Any, error: type[BaseException]) -> None:
    """The others are called, and the server goes on."""
    called = asyncio.Event()

    def fail(_: Any) -> None:
        raise error

    async def handler(request: bytes, context: Any) -> bytes:
        context.add_done_callback(fail)
        context.add_done_callback(lambda _: called.set())
        return request

    async with connected(russet, Call=("unary_unary", handler)) as channel:
        call = channel.unary_unary(path("Call"))
        assert await call(b"x", timeout=WAIT) == b"x"
        await asyncio.wait_for(called.wait(), WAIT)
        assert await call(b"x", timeout=WAIT) == b"x"


async def take_all(requests: Any, context: Any) -> bytes:
    return b"".join([request async for request in requests])


async def echo_each(requests: Any, context: Any) -> Any:
    async for request in requests:
        yield request


class Iterable:
    """Raises when it gives its second item."""

    def __init__(self, error: type[BaseException]) -> None:
        self._error = error
        self._first = True

    def __iter__(self) -> Iterable:
        return self

    def __next__(self) -> bytes:
        if self._first:
            self._first = False
            return b"first"
        raise self._error


class AsyncIterable(Iterable):
    def __aiter__(self) -> AsyncIterable:
        return self

    async def __anext__(self) -> bytes:
        return self.__next__()


@pytest.mark.parametrize("iterable", [Iterable, AsyncIterable])
@pytest.mark.parametrize("error", ASYNCHRONOUS)
async def test_request_iterators(russet: Any, error: type[BaseException], iterable: Any) -> None:
    if issubclass(error, StopIteration if iterable is Iterable else StopAsyncIteration):
        pytest.skip("the end of the iterator")
    async with connected(
        russet, Take=("stream_unary", take_all), Each=("stream_stream", echo_each)
    ) as channel:
        # None has a deadline that could end it.
        taken = channel.stream_unary(path("Take"))(iterable(error))
        assert (await rpc_error(russet, taken)).code().name == "UNKNOWN"
        each = channel.stream_stream(path("Each"))(iterable(error))
        assert (await rpc_error(russet, collect(each))).code().name == "UNKNOWN"


@pytest.mark.parametrize("error", ASYNCHRONOUS)
async def test_serializers_of_requests(russet: Any, error: type[BaseException]) -> None:
    def fail(_: Any) -> bytes:
        raise error

    async with connected(
        russet, Take=("stream_unary", take_all), Each=("stream_stream", echo_each)
    ) as channel:
        take = channel.stream_unary(path("Take"), request_serializer=fail)(aiter_of(b""))
        assert (await rpc_error(russet, take)).code().name == "INTERNAL"
        each = channel.stream_stream(path("Each"), request_serializer=fail)
        assert (await rpc_error(russet, collect(each(aiter_of(b""))))).code().name == "INTERNAL"
        call = each()
        with pytest.raises(BaseException):  # noqa: B017 (a StopIteration comes as a RuntimeError)
            await call.write(b"")
        assert (await call.code()).name == "INTERNAL"


@pytest.mark.parametrize("error", ASYNCHRONOUS)
async def test_callbacks_of_a_client_s_call(russet: Any, error: type[BaseException]) -> None:
    called = asyncio.Event()

    def fail(_: Any) -> None:
        raise error

    async with connected(russet, Each=("stream_stream", echo_each)) as channel:
        call = channel.stream_stream(path("Each"))(aiter_of(b"x"))
        call.add_done_callback(fail)
        call.add_done_callback(lambda _: called.set())
        assert await collect(call) == [b"x"]
        await asyncio.wait_for(called.wait(), WAIT)


@pytest.mark.parametrize("error", PLAIN)
async def test_plain_iterables(russet: Any, error: type[BaseException]) -> None:
    """What a plain handler returns is iterated where the handler ran, from the first step on."""

    class Fails:
        def __iter__(self) -> Any:
            raise error

    def several(request: Any, context: Any) -> Any:
        return Fails()

    async with connected(russet, Fail=("unary_stream", several)) as channel:
        assert await code_of(russet, channel, "unary_stream") == "UNKNOWN"


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
