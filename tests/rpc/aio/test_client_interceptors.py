"""Asyncio client interceptors: order, changing the call, answering in its place, errors, cancellation."""

from __future__ import annotations

import asyncio

import pytest
from support.aio import (
    CONCATENATE,
    ECHO,
    ECHO_EACH,
    REPEAT,
    aiter_of,
    collect,
    connected,
    rpc_error,
)
from support.rpc import WAIT, path

KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]
METHODS = {"Echo": ECHO, "Repeat": REPEAT, "Concatenate": CONCATENATE, "EchoEach": ECHO_EACH}
NAMES = dict(zip(KINDS, METHODS))
RESPONSES = {
    "unary_unary": b"2",
    "unary_stream": [b"0", b"1"],
    "stream_unary": b"2",
    "stream_stream": [b"2"],
}


def make(grpc, intercept, kinds=KINDS):
    """One interceptor for each kind; `await intercept(kind, continuation, details, request)`."""
    aio = grpc.aio

    class UnaryUnary(aio.UnaryUnaryClientInterceptor):
        async def intercept_unary_unary(self, continuation, client_call_details, request):
            return await intercept("unary_unary", continuation, client_call_details, request)

    class UnaryStream(aio.UnaryStreamClientInterceptor):
        async def intercept_unary_stream(self, continuation, client_call_details, request):
            return await intercept("unary_stream", continuation, client_call_details, request)

    class StreamUnary(aio.StreamUnaryClientInterceptor):
        async def intercept_stream_unary(self, continuation, client_call_details, request_iterator):
            return await intercept(
                "stream_unary", continuation, client_call_details, request_iterator
            )

    class StreamStream(aio.StreamStreamClientInterceptor):
        async def intercept_stream_stream(
            self, continuation, client_call_details, request_iterator
        ):
            return await intercept(
                "stream_stream", continuation, client_call_details, request_iterator
            )

    classes = dict(zip(KINDS, (UnaryUnary, UnaryStream, StreamUnary, StreamStream)))
    return [classes[kind]() for kind in kinds]


def start(channel, kind, **options):
    options.setdefault("timeout", WAIT)
    method = getattr(channel, kind)(path(NAMES[kind]))
    return method(aiter_of(b"2") if kind.startswith("stream") else b"2", **options)


async def finish(kind, call):
    return await (collect(call) if kind.endswith("stream") else call)


@pytest.mark.parametrize("kind", KINDS)
async def test_order(grpc, kind):
    order = []

    def named(name):
        async def intercept(kind, continuation, details, request):
            order.append((name, "in"))
            call = await continuation(details, request)
            order.append((name, "out"))
            return call

        return make(grpc, intercept)

    async with connected(
        grpc, channel_interceptors=named("first") + named("second"), **METHODS
    ) as channel:
        call = start(channel, kind)
        assert isinstance(call, grpc.aio.Call)
        assert await finish(kind, call) == RESPONSES[kind]
        assert await call.code() is grpc.StatusCode.OK
        assert await call.details() == ""
        assert isinstance(await call.initial_metadata(), grpc.aio.Metadata)
        assert isinstance(await call.trailing_metadata(), grpc.aio.Metadata)
        assert call.done() is True
        assert call.cancelled() is False
    assert order == [("first", "in"), ("second", "in"), ("second", "out"), ("first", "out")]


@pytest.mark.parametrize("kind", KINDS)
async def test_details(grpc, kind):
    seen = []

    async def intercept(kind, continuation, details, request):
        seen.append(details)
        return await continuation(details, request)

    async with connected(grpc, channel_interceptors=make(grpc, intercept), **METHODS) as channel:
        call = start(channel, kind, timeout=12.5, metadata=(("k", "v"),), wait_for_ready=True)
        assert await finish(kind, call) == RESPONSES[kind]
    (details,) = seen
    assert isinstance(details, grpc.aio.ClientCallDetails)
    assert isinstance(details, grpc.ClientCallDetails)
    # Bytes in grpcio.
    assert details.method == path(NAMES[kind]).encode()
    assert details.timeout == 12.5
    assert ("k", "v") in list(details.metadata)
    assert details.credentials is None
    assert details.wait_for_ready is True


@pytest.mark.parametrize("kind", KINDS)
async def test_changing_metadata(grpc, kind):
    seen = []

    async def intercept(kind, continuation, details, request):
        # The usual way; and details made anew.
        details.metadata.add("added", "yes")
        return await continuation(
            grpc.aio.ClientCallDetails(
                details.method,
                details.timeout,
                details.metadata,
                details.credentials,
                details.wait_for_ready,
            ),
            request,
        )

    def noting(kind, behavior):
        def note(context):
            seen.extend(
                item for item in context.invocation_metadata() if item[0] in ("added", "kept")
            )

        async def unary(request, context):
            note(context)
            return await behavior(request, context)

        async def stream(request, context):
            note(context)
            async for response in behavior(request, context):
                yield response

        return kind, stream if kind.endswith("stream") else unary

    methods = {name: noting(k, behavior) for name, (k, behavior) in METHODS.items()}
    async with connected(grpc, channel_interceptors=make(grpc, intercept), **methods) as channel:
        call = start(channel, kind, metadata=grpc.aio.Metadata(("kept", "too")))
        assert await finish(kind, call) == RESPONSES[kind]
    assert sorted(map(tuple, seen)) == [("added", "yes"), ("kept", "too")]


async def test_replacing_the_method(grpc):
    async def intercept(kind, continuation, details, request):
        method = path("Echo")
        return await continuation(
            details._replace(
                method=method.encode() if isinstance(details.method, bytes) else method
            ),
            request,
        )

    async with connected(grpc, channel_interceptors=make(grpc, intercept), **METHODS) as channel:
        assert await channel.unary_unary(path("Elsewhere"))(b"x", timeout=WAIT) == b"x"


async def test_answering_in_place_of_the_server(grpc):
    async def intercept(kind, continuation, details, request):
        return b"cached"

    async with connected(
        grpc, channel_interceptors=make(grpc, intercept, ["unary_unary"]), **METHODS
    ) as channel:
        call = start(channel, "unary_unary")
        assert await call == b"cached"
        assert await call.code() is grpc.StatusCode.OK
        assert call.done() is True
        assert call.cancel() is False


async def test_answering_a_stream_in_place_of_the_server(russet):
    """With grpcio such a call has responses and nothing else: its other methods raise."""

    async def intercept(kind, continuation, details, request):
        return aiter_of(b"c", b"d")

    kinds = ["unary_stream", "stream_stream"]
    async with connected(
        russet, channel_interceptors=make(russet, intercept, kinds), **METHODS
    ) as channel:
        for kind in kinds:
            call = start(channel, kind)
            assert await collect(call) == [b"c", b"d"]
            assert await call.code() is russet.StatusCode.OK
            assert call.done() is True
            assert call.cancel() is False


async def test_changing_the_responses_of_a_stream(grpc):
    async def intercept(kind, continuation, details, request):
        call = await continuation(details, request)

        async def responses():
            async for response in call:
                yield b"<" + response + b">"

        return responses()

    async with connected(grpc, channel_interceptors=make(grpc, intercept), **METHODS) as channel:
        call = start(channel, "unary_stream")
        assert await collect(call) == [b"<0>", b"<1>"]
        assert await call.code() is grpc.StatusCode.OK
        call = start(channel, "unary_stream")
        assert [await call.read(), await call.read()] == [b"<0>", b"<1>"]
        assert await call.read() is grpc.aio.EOF


async def test_changing_the_requests(grpc):
    async def intercept(kind, continuation, details, request):
        async def requests():
            async for part in request:
                yield b"<" + part + b">"

        return await continuation(details, requests())

    kinds = ["stream_unary", "stream_stream"]
    async with connected(
        grpc, channel_interceptors=make(grpc, intercept, kinds), **METHODS
    ) as channel:
        assert await start(channel, "stream_unary") == b"<2>"
        assert await collect(start(channel, "stream_stream")) == [b"<2>"]
        call = channel.stream_stream(path("EchoEach"))(timeout=WAIT)
        for part in (b"a", b"b"):
            await call.write(part)
            assert await call.read() == b"<" + part + b">"
        await call.done_writing()
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK


async def test_writing_through_interceptors(grpc):
    async def intercept(kind, continuation, details, request):
        return await continuation(details, request)

    async with connected(grpc, channel_interceptors=make(grpc, intercept), **METHODS) as channel:
        call = channel.stream_unary(path("Concatenate"))(timeout=WAIT)
        for part in (b"a", b"b", b"c"):
            await call.write(part)
        await call.done_writing()
        assert await call == b"abc"
        with pytest.raises(asyncio.InvalidStateError):
            await call.write(b"d")
        call = start(channel, "stream_unary")
        with pytest.raises(grpc.aio.UsageError):
            await call.write(b"x")
        with pytest.raises(grpc.aio.UsageError):
            await call.done_writing()
        assert await call == b"2"


async def test_reading_the_response_inside(grpc):
    seen = []

    async def intercept(kind, continuation, details, request):
        call = await continuation(details, request)
        seen.append((await call, await call.code()))
        return call

    async with connected(
        grpc, channel_interceptors=make(grpc, intercept, ["unary_unary"]), **METHODS
    ) as channel:
        assert await start(channel, "unary_unary") == b"2"
    assert seen == [(b"2", grpc.StatusCode.OK)]


async def test_retrying(grpc):
    attempts = []

    async def sometimes(request, context):
        attempts.append(request)
        if len(attempts) < 3:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        return request

    async def intercept(kind, continuation, details, request):
        for _ in range(5):
            call = await continuation(details, request)
            if await call.code() is grpc.StatusCode.OK:
                return call
        return call

    async with connected(
        grpc,
        channel_interceptors=make(grpc, intercept, ["unary_unary"]),
        Echo=("unary_unary", sometimes),
    ) as channel:
        assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
    assert len(attempts) == 3


@pytest.mark.parametrize("kind", KINDS)
async def test_errors_of_the_server(grpc, kind):
    async def unary(request, context):
        await context.abort(grpc.StatusCode.NOT_FOUND, "gone")

    async def stream(request, context):
        await context.abort(grpc.StatusCode.NOT_FOUND, "gone")
        yield

    async def intercept(kind, continuation, details, request):
        return await continuation(details, request)

    methods = {
        name: (k, stream if k.endswith("stream") else unary) for name, (k, _) in METHODS.items()
    }
    async with connected(grpc, channel_interceptors=make(grpc, intercept), **methods) as channel:
        call = start(channel, kind)
        error = await rpc_error(grpc, finish(kind, call))
        assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "gone")
        assert await call.code() is grpc.StatusCode.NOT_FOUND
        assert await call.details() == "gone"
        assert call.done() is True


@pytest.mark.newest_grpcio
async def test_an_interceptor_that_raises(grpc):
    async def intercept(kind, continuation, details, request):
        raise ValueError("interceptor")

    async with connected(grpc, channel_interceptors=make(grpc, intercept), **METHODS) as channel:
        for kind in KINDS:
            with pytest.raises(ValueError, match="interceptor"):
                await finish(kind, start(channel, kind))


async def test_an_interceptor_that_raises_a_status(grpc):
    async def intercept(kind, continuation, details, request):
        raise grpc.aio.AioRpcError(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            grpc.aio.Metadata(),
            grpc.aio.Metadata(("k", "v")),
            details="enough",
        )

    async with connected(grpc, channel_interceptors=make(grpc, intercept), **METHODS) as channel:
        call = start(channel, "unary_unary")
        error = await rpc_error(grpc, call)
        assert (error.code(), error.details()) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "enough")
        assert await call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert await call.details() == "enough"
        assert (await call.trailing_metadata())["k"] == "v"
        assert call.cancelled() is False


async def test_cancelling_while_the_interceptor_waits(grpc):
    waiting, cancelled = asyncio.Event(), asyncio.Event()

    async def intercept(kind, continuation, details, request):
        waiting.set()
        try:
            await asyncio.sleep(WAIT)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with connected(grpc, channel_interceptors=make(grpc, intercept), **METHODS) as channel:
        call = start(channel, "unary_unary")
        await asyncio.wait_for(waiting.wait(), WAIT)
        assert call.done() is False
        assert call.cancelled() is False
        assert call.cancel() is True
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(cancelled.wait(), WAIT)
        assert call.cancelled() is True
        assert call.done() is True
        assert await call.code() is grpc.StatusCode.CANCELLED
        assert await call.details() == "Locally cancelled by application!"
        assert call.cancel() is False


async def test_cancelling_the_rpc_below(grpc):
    entered, cancelled = asyncio.Event(), asyncio.Event()

    async def wait(request, context):
        entered.set()
        try:
            await asyncio.sleep(WAIT)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def intercept(kind, continuation, details, request):
        return await continuation(details, request)

    async with connected(
        grpc, channel_interceptors=make(grpc, intercept), Echo=("unary_unary", wait)
    ) as channel:
        call = channel.unary_unary(path("Echo"))(b"", timeout=WAIT)
        await asyncio.wait_for(entered.wait(), WAIT)
        assert call.cancel() is True
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(cancelled.wait(), WAIT)
        assert await call.code() is grpc.StatusCode.CANCELLED


async def test_done_callbacks(grpc):
    async def intercept(kind, continuation, details, request):
        return await continuation(details, request)

    async with connected(grpc, channel_interceptors=make(grpc, intercept), **METHODS) as channel:
        for kind in KINDS:
            call = start(channel, kind)
            done = asyncio.Event()
            seen = []
            call.add_done_callback(
                lambda ended, seen=seen, done=done: (seen.append(ended), done.set())
            )
            assert await finish(kind, call) == RESPONSES[kind]
            await asyncio.wait_for(done.wait(), WAIT)
            assert seen == [call]


async def test_wait_for_connection(grpc):
    async def intercept(kind, continuation, details, request):
        return await continuation(details, request)

    async with connected(grpc, channel_interceptors=make(grpc, intercept), **METHODS) as channel:
        call = start(channel, "unary_unary")
        await call.wait_for_connection()
        assert await call == b"2"


async def test_only_the_kinds_of_the_interceptor_are_wrapped(grpc):
    count = []

    async def intercept(kind, continuation, details, request):
        count.append(kind)
        return await continuation(details, request)

    async with connected(
        grpc, channel_interceptors=make(grpc, intercept, ["unary_unary"]), **METHODS
    ) as channel:
        for kind in KINDS:
            assert await finish(kind, start(channel, kind)) == RESPONSES[kind]
    assert count == ["unary_unary"]


async def test_an_interceptor_of_several_kinds(russet):
    """grpcio wraps the first kind only."""
    seen = []

    class Both(russet.aio.UnaryUnaryClientInterceptor, russet.aio.UnaryStreamClientInterceptor):
        async def intercept_unary_unary(self, continuation, client_call_details, request):
            seen.append("unary_unary")
            return await continuation(client_call_details, request)

        async def intercept_unary_stream(self, continuation, client_call_details, request):
            seen.append("unary_stream")
            return await continuation(client_call_details, request)

    async with connected(russet, channel_interceptors=[Both()], **METHODS) as channel:
        for kind in KINDS:
            assert await finish(kind, start(channel, kind)) == RESPONSES[kind]
    assert seen == ["unary_unary", "unary_stream"]


async def test_time_remaining(russet):
    """Not there in grpcio."""

    async def intercept(kind, continuation, details, request):
        return await continuation(details, request)

    async with connected(
        russet, channel_interceptors=make(russet, intercept), **METHODS
    ) as channel:
        call = start(channel, "unary_unary", timeout=100)
        # A little more by rounding.
        assert 0 < call.time_remaining() <= 100.001
        assert await call == b"2"


async def test_what_is_no_interceptor_is_refused(grpc):
    with pytest.raises(ValueError, match="must be"):
        grpc.aio.insecure_channel("127.0.0.1:1", interceptors=[object()])
