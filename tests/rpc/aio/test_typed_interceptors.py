"""`russet.interceptors.aio`: asyncio servers and channels whose interceptors see and change the messages of all four kinds."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from russet import grpc
from russet.interceptors.aio import ClientInterceptor, ServerInterceptor
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


async def test_plain_functions_are_wrapped_too() -> None:
    """They run on the pool, and block there for requests and by their context."""

    def single(request, context):
        context.send_initial_metadata((("thread", threading.current_thread().name),))
        return request

    def several(request, context):
        yield request
        yield request

    def gather(requests, context):
        return b"".join(requests)

    def each(requests, context):
        yield from requests

    def refuse(request, context):
        context.abort(grpc.StatusCode.NOT_FOUND, "no figs")

    async with connected(
        grpc,
        Single=("unary_unary", single),
        Several=("unary_stream", several),
        Gather=("stream_unary", gather),
        Each=("stream_stream", each),
        Refuse=("unary_unary", refuse),
        interceptors=[Marking(b"a"), Marking(b"b")],
    ) as channel:
        call = channel.unary_unary(path("Single"))(b"x", timeout=WAIT)
        assert await call == b"baxba"
        assert dict(await call.initial_metadata())["thread"] != threading.current_thread().name
        stream = channel.unary_stream(path("Several"))(b"x", timeout=WAIT)
        assert await collect(stream) == [b"baxba"] * 2
        gathered = channel.stream_unary(path("Gather"))(aiter_of(b"1", b"2"), timeout=WAIT)
        assert await gathered == b"ba1ba2ba"
        both = channel.stream_stream(path("Each"))(aiter_of(b"1", b"2"), timeout=WAIT)
        assert await collect(both) == [b"ba1ba", b"ba2ba"]
        error = await rpc_error(grpc, channel.unary_unary(path("Refuse"))(b"", timeout=WAIT))
        assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no figs")
        error = await rpc_error(grpc, channel.unary_unary(path("Nobody"))(b"", timeout=WAIT))
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED


class ClientMarking(ClientInterceptor):
    """Puts its letter before every request and after every response."""

    def __init__(self, letter: bytes) -> None:
        self.letter = letter

    async def intercept(self, call, request):
        if call.request_streaming:
            marked = (self.letter + message async for message in request)
        else:
            marked = self.letter + request
        response = await call(marked)
        if call.response_streaming:
            return (message + self.letter async for message in response)
        return response + self.letter


async def trailing(request, context):
    context.set_trailing_metadata((("t", "1"),))
    return request


async def test_a_channel_s_messages_of_all_kinds_are_seen_and_changed() -> None:
    async with connected(
        grpc,
        Echo=("unary_unary", trailing),
        Twice=("unary_stream", echo_twice),
        Concatenate=CONCATENATE,
        EchoEach=ECHO_EACH,
        channel_interceptors=[ClientMarking(b"a"), ClientMarking(b"b")],
    ) as channel:
        call = channel.unary_unary(path("Echo"))(b"1", timeout=WAIT)
        assert await call == b"ba1ba"
        assert await call.code() is grpc.StatusCode.OK
        assert ("t", "1") in tuple(await call.trailing_metadata())
        call = channel.unary_stream(path("Twice"))(b"1", timeout=WAIT)
        assert await collect(call) == [b"ba1ba"] * 2
        assert await call.code() is grpc.StatusCode.OK
        concatenate = channel.stream_unary(path("Concatenate"))
        assert await concatenate(aiter_of(b"1", b"2"), timeout=WAIT) == b"ba1ba2ba"
        assert await concatenate([b"1", b"2"], timeout=WAIT) == b"ba1ba2ba"
        each = channel.stream_stream(path("EchoEach"))
        assert await collect(each(aiter_of(b"1", b"2"), timeout=WAIT)) == [b"ba1ba", b"ba2ba"]
        call = each(timeout=WAIT)
        await call.write(b"1")
        assert await call.read() == b"ba1ba"
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF


async def test_a_channel_s_call_says_what_it_is_and_takes_other_metadata() -> None:
    seen = []

    class Token(ClientInterceptor):
        async def intercept(self, call, request):
            seen.append((call.method, call.service, call.name, call.metadata, call.timeout))
            response = await call(request, metadata=(*call.metadata, ("token", "secret")))
            seen.append(await call.running.code())
            return response

    async def handler(request, context):
        sent = context.invocation_metadata()
        return repr([tuple(item) for item in sent if item[0] in ("k", "token")]).encode()

    async with connected(
        grpc, M=("unary_unary", handler), channel_interceptors=[Token()]
    ) as channel:
        method = channel.unary_unary(path("M"))
        sent = await method(b"", metadata=(("k", "v"),), timeout=WAIT)
    assert sent == b"[('k', 'v'), ('token', 'secret')]"
    assert seen == [
        (path("M"), "russet.test.Service", "M", (("k", "v"),), WAIT),
        grpc.StatusCode.OK,
    ]


async def test_a_channel_s_interceptor_answers_by_itself_and_tries_again() -> None:
    class Again(ClientInterceptor):
        async def intercept(self, call, request):
            if call.response_streaming:
                return aiter_of(b"x", b"y")
            try:
                return await call(request)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.NOT_FOUND:
                    raise
                return await call(b"good")

    async def picky(request, context):
        if request != b"good":
            await context.abort(
                grpc.StatusCode.NOT_FOUND if request == b"bad" else grpc.StatusCode.ABORTED, "no"
            )
        return request

    async with connected(
        grpc,
        M=("unary_unary", picky),
        Twice=("unary_stream", echo_twice),
        channel_interceptors=[Again()],
    ) as channel:
        method = channel.unary_unary(path("M"))
        call = method(b"bad", timeout=WAIT)
        assert (await call, await call.code()) == (b"good", grpc.StatusCode.OK)
        call = method(b"worse", timeout=WAIT)
        error = await rpc_error(grpc, call)
        assert error.code() is await call.code() is grpc.StatusCode.ABORTED
        assert await collect(channel.unary_stream(path("Twice"))(b"", timeout=WAIT)) == [b"x", b"y"]


async def test_cancelling_an_intercepted_call_cancels_the_rpc() -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def handler(request, context):
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with connected(
        grpc, M=("unary_unary", handler), channel_interceptors=[ClientMarking(b"")]
    ) as channel:
        call = channel.unary_unary(path("M"))(b"", timeout=WAIT)
        await asyncio.wait_for(started.wait(), WAIT)
        assert call.cancel()
        await asyncio.wait_for(ended.wait(), WAIT)
        assert await call.code() is grpc.StatusCode.CANCELLED
