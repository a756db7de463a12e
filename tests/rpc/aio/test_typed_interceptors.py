"""`russet.interceptors.aio`: asyncio servers and channels whose interceptors see and change the messages of all four kinds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from russet import grpc
from russet.interceptors.aio import ServerInterceptor
from support.aio import CONCATENATE, ECHO, ECHO_EACH, aiter_of, collect, connected, rpc_error
from support.rpc import WAIT, path


class Marking(ServerInterceptor):
    """Puts its letter before every request and after every response."""

    def __init__(self, letter: bytes) -> None:
        self.letter = letter
        self.calls: list[Any] = []

    async def intercept(self, call, request, context):
        self.calls.append(call)
        if call.request_streaming:
            marked = (self.letter + message async for message in request)
        else:
            marked = self.letter + request
        response = await call(marked, context)
        if call.response_streaming:
            return (message + self.letter async for message in response)
        return response + self.letter


async def echo_twice(request, context):
    yield request
    yield request


async def write_twice(request, context):
    await context.write(request)
    await context.write(request)


async def read_and_write(requests, context):
    while (request := await context.read()) is not grpc.aio.EOF:
        await context.write(request)


async def read_all(requests, context):
    messages = []
    while (request := await context.read()) is not grpc.aio.EOF:
        messages.append(request)
    return b"".join(messages)


class Yielding:
    """A callable object that yields."""

    async def __call__(self, request, context):
        yield request
        yield request


@pytest.mark.parametrize("twice", [echo_twice, write_twice, Yielding()])
async def test_streams_of_responses_however_they_are_written(twice: Any) -> None:
    marks = [Marking(b"a"), Marking(b"b")]
    async with connected(grpc, Twice=("unary_stream", twice), interceptors=marks) as channel:
        twice = channel.unary_stream(path("Twice"))
        assert await collect(twice(b"1", timeout=WAIT)) == [b"ba1ba"] * 2


@pytest.mark.parametrize("each", [ECHO_EACH[1], read_and_write])
@pytest.mark.parametrize("concatenate", [CONCATENATE[1], read_all])
async def test_streams_of_requests_however_they_are_read(each: Any, concatenate: Any) -> None:
    marks = [Marking(b"a"), Marking(b"b")]
    async with connected(
        grpc,
        EchoEach=("stream_stream", each),
        Concatenate=("stream_unary", concatenate),
        interceptors=marks,
    ) as channel:
        call = channel.stream_stream(path("EchoEach"))(aiter_of(b"1", b"2"), timeout=WAIT)
        assert await collect(call) == [b"ba1ba", b"ba2ba"]
        call = channel.stream_unary(path("Concatenate"))(aiter_of(b"1", b"2"), timeout=WAIT)
        assert await call == b"ba1ba2ba"


async def test_one_message_each_way_and_what_the_call_says() -> None:
    marking = Marking(b"a")
    async with connected(grpc, Echo=ECHO, interceptors=[marking]) as channel:
        echo = channel.unary_unary(path("Echo"))
        assert await echo(b"1", metadata=(("k", "v"),), timeout=WAIT) == b"a1a"
    (call,) = marking.calls
    assert (call.method, call.service, call.name) == (
        path("Echo"),
        "russet.test.Service",
        "Echo",
    )
    assert ("k", "v") in tuple(call.metadata)
    assert not call.request_streaming and not call.response_streaming


async def test_it_refuses_and_it_answers_in_the_handler_s_place() -> None:
    class Guard(ServerInterceptor):
        async def intercept(self, call, request, context):
            if request == b"bad":
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "that is bad")
            if request == b"cached":
                return b"from the cache"
            return await call(request, context)

    async with connected(
        grpc, Echo=ECHO, Twice=("unary_stream", write_twice), interceptors=[Guard()]
    ) as channel:
        echo = channel.unary_unary(path("Echo"))
        error = await rpc_error(grpc, echo(b"bad", timeout=WAIT))
        assert (error.code(), error.details()) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "that is bad",
        )
        assert await echo(b"cached", timeout=WAIT) == b"from the cache"
        twice = channel.unary_stream(path("Twice"))
        error = await rpc_error(grpc, collect(twice(b"bad", timeout=WAIT)))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("written", [False, True])
async def test_exceptions_of_a_stream_s_handler_become_a_status(written: bool) -> None:
    class Missing(Exception):
        pass

    class Translating(ServerInterceptor):
        async def intercept(self, call, request, context):
            return self.stream(await call(request, context), context)

        async def stream(self, responses, context):
            try:
                async for response in responses:
                    yield response
            except Missing as error:
                await context.abort(grpc.StatusCode.NOT_FOUND, f"no {error}")

    async def yields(request, context):
        yield b"first"
        raise Missing("figs")

    async def writes(request, context):
        await context.write(b"first")
        raise Missing("figs")

    handler = writes if written else yields
    async with connected(
        grpc, M=("unary_stream", handler), interceptors=[Translating()]
    ) as channel:
        call = channel.unary_stream(path("M"))(b"", timeout=WAIT)
        assert await call.read() == b"first"
        error = await rpc_error(grpc, call.read())
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no figs")


@pytest.mark.parametrize("written", [False, True])
async def test_a_call_that_is_cancelled_cancels_its_handler(written: bool) -> None:
    ended = asyncio.Event()

    async def yields(request, context):
        try:
            yield b"first"
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def writes(request, context):
        try:
            await context.write(b"first")
            await asyncio.Event().wait()
        finally:
            ended.set()

    handler = writes if written else yields
    async with connected(
        grpc, M=("unary_stream", handler), interceptors=[Marking(b"a"), ServerInterceptor()]
    ) as channel:
        call = channel.unary_stream(path("M"))(b"", timeout=WAIT)
        assert await call.read() == b"firsta"
        call.cancel()
        await asyncio.wait_for(ended.wait(), WAIT)


async def test_a_plain_function_is_refused_not_passed_by() -> None:
    reached = []

    def plain(request, context):
        reached.append(request)
        return request

    async with connected(
        grpc, M=("unary_unary", plain), interceptors=[ServerInterceptor()]
    ) as channel:
        error = await rpc_error(grpc, channel.unary_unary(path("M"))(b"", timeout=WAIT))
        assert error.code() is grpc.StatusCode.UNKNOWN
        assert "is a plain function" in error.details()
        error = await rpc_error(grpc, channel.unary_unary(path("Nobody"))(b"", timeout=WAIT))
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert not reached
