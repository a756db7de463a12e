"""When an asyncio call is over, and what its caller can rely on then: callbacks, reading after `cancel`, writing to a call that failed, connections, calls without a response."""

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
from support.rpc import WAIT, path, refused_address

ALL = {"Echo": ECHO, "Repeat": REPEAT, "Concatenate": CONCATENATE, "EchoEach": ECHO_EACH}
STREAMS = ("unary_stream", "stream_stream")
KINDS = ("unary_unary", "stream_unary", *STREAMS)
# How often something is tried that must never go wrong.
TRIES = 10


def start(channel, kind, **options):
    method, request = {
        "unary_unary": ("Echo", b"012"),
        "unary_stream": ("Repeat", b"3"),
        "stream_unary": ("Concatenate", aiter_of(b"0", b"1", b"2")),
        "stream_stream": ("EchoEach", aiter_of(b"0", b"1", b"2")),
    }[kind]
    return getattr(channel, kind)(path(method))(request, timeout=WAIT, **options)


async def read_all(call):
    """By `read`."""
    return [response async for response in _reads(call)]


async def _reads(call):
    while True:
        response = await call.read()
        if not isinstance(response, bytes):
            return
        yield response


def interceptors(grpc, *, iterators=False):
    """One of each kind that hands calls on; those of streams may give iterators in place of calls."""

    async def hand_on(self, continuation, details, request):
        return await continuation(details, request)

    async def iterator(self, continuation, details, request):
        call = await continuation(details, request)

        async def responses():
            async for response in call:
                yield response

        return responses()

    aio = grpc.aio
    made = []
    for kind, base in zip(
        KINDS,
        (
            aio.UnaryUnaryClientInterceptor,
            aio.StreamUnaryClientInterceptor,
            aio.UnaryStreamClientInterceptor,
            aio.StreamStreamClientInterceptor,
        ),
    ):
        method = iterator if iterators and kind in STREAMS else hand_on
        made.append(type(kind, (base,), {f"intercept_{kind}": method})())
    return made


async def given(grpc, through):
    if through == "plain":
        return None
    return interceptors(grpc, iterators=through == "iterators")


WAYS = ("plain", "intercepted", "iterators")


@pytest.mark.parametrize("through", ["plain", "intercepted"])
@pytest.mark.parametrize("kind", KINDS)
async def test_callbacks_have_run_when_the_caller_learns_of_the_end(grpc, kind, through):
    async with connected(grpc, channel_interceptors=await given(grpc, through), **ALL) as channel:
        for way in (collect, read_all) if kind in STREAMS else (lambda call: call,):
            for _ in range(TRIES):
                ran = []
                call = start(channel, kind)
                call.add_done_callback(ran.append)
                response = await way(call)
                assert b"".join(response) if kind in STREAMS else response == b"012"
                assert ran == [call]
                assert call.done()


async def test_callbacks_run_when_a_call_is_cancelled(grpc):
    async with connected(grpc, **ALL) as channel:
        for kind in KINDS:
            ran = []
            call = start(channel, kind)
            call.add_done_callback(ran.append)
            assert call.cancel()
            assert ran == [call]
            assert not call.cancel()
            assert call.cancelled()
            assert ran == [call]


@pytest.mark.parametrize("kind", STREAMS)
async def test_a_stream_is_over_when_its_messages_are_read(grpc, kind):
    """However early they have come."""
    async with connected(grpc, **ALL) as channel:
        ran = []
        call = start(channel, kind)
        call.add_done_callback(ran.append)
        for expected in (b"0", b"1"):
            assert await call.read() == expected
            # An answer of a later call shows that all of this one's are there.
            await start(channel, "unary_unary")
            assert (call.done(), ran) == (False, [])
        assert await call.read() == b"2"
        assert await call.read() is grpc.aio.EOF
        assert (call.done(), ran) == (True, [call])
        assert await call.code() is grpc.StatusCode.OK


@pytest.mark.parametrize("through", WAYS)
@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("wait", [False, True], ids=["at once", "when all has come"])
async def test_nothing_is_read_after_cancel(grpc, kind, through, wait):
    async with connected(grpc, channel_interceptors=await given(grpc, through), **ALL) as channel:
        for _ in range(TRIES):
            call = start(channel, kind)
            read = []
            with pytest.raises(asyncio.CancelledError):
                async for response in call:
                    read.append(response)
                    if wait:
                        await start(channel, "unary_unary")
                    assert call.cancel()
            assert read == [b"0"]
            assert call.cancelled()
            assert await call.code() is grpc.StatusCode.CANCELLED


async def test_reading_after_cancel(grpc):
    async with connected(grpc, **ALL) as channel:
        for kind in STREAMS:
            call = start(channel, kind)
            assert await call.read() == b"0"
            await start(channel, "unary_unary")
            assert call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call.read()


@pytest.mark.parametrize("kind", ["stream_unary", "stream_stream"])
async def test_the_first_write_of_a_call_that_cannot_connect_says_why(grpc, kind):
    async with grpc.aio.insecure_channel(refused_address()) as channel:
        call = getattr(channel, kind)(path("EchoEach"))(timeout=WAIT)
        error = await rpc_error(grpc, call.write(b"x"))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(asyncio.InvalidStateError, match="already finished"):
            await call.write(b"x")
        await call.done_writing()


@pytest.mark.parametrize("kind", ["stream_unary", "stream_stream"])
async def test_the_first_write_of_a_call_that_fails_at_once_says_why(grpc, kind):
    """The channel has given up for a while before the call begins."""
    failed = grpc.ChannelConnectivity.TRANSIENT_FAILURE
    async with grpc.aio.insecure_channel(refused_address()) as channel:
        state = channel.get_state(try_to_connect=True)
        while state is not failed:
            await channel.wait_for_state_change(state)
            state = channel.get_state(try_to_connect=True)
        call = getattr(channel, kind)(path("EchoEach"))(timeout=WAIT)
        error = await rpc_error(grpc, call.write(b"x"))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(asyncio.InvalidStateError, match="already finished"):
            await call.write(b"x")


async def test_a_write_after_the_end_was_seen(grpc):
    async with grpc.aio.insecure_channel(refused_address()) as channel:
        call = channel.stream_stream(path("EchoEach"))(timeout=WAIT)
        assert await call.code() is grpc.StatusCode.UNAVAILABLE
        await asyncio.sleep(0)
        with pytest.raises(asyncio.InvalidStateError, match="already finished"):
            await call.write(b"x")


@pytest.mark.parametrize("through", ["plain", "intercepted"])
@pytest.mark.parametrize("kind", KINDS)
async def test_the_call_that_makes_the_connection_hears_of_it(grpc, kind, through):
    """Before anything is written to the stream: the server says nothing until then."""
    async with connected(grpc, channel_interceptors=await given(grpc, through), **ALL) as channel:
        if kind.startswith("unary"):
            call = start(channel, kind)
            await asyncio.wait_for(call.wait_for_connection(), WAIT)
            assert await (call if kind == "unary_unary" else collect(call))
            return
        method = "Concatenate" if kind == "stream_unary" else "EchoEach"
        call = getattr(channel, kind)(path(method))(timeout=WAIT)
        await asyncio.wait_for(call.wait_for_connection(), WAIT)
        for request in (b"0", b"1"):
            await call.write(request)
        await call.done_writing()
        assert b"".join(await collect(call) if kind == "stream_stream" else [await call]) == b"01"


@pytest.mark.parametrize("through", ["plain", "intercepted"])
async def test_the_error_of_a_call_that_ended_well_says_nothing(grpc, through):
    async with connected(grpc, channel_interceptors=await given(grpc, through), **ALL) as channel:
        for kind in KINDS:
            call = start(channel, kind)
            await (collect(call) if kind in STREAMS else call)
            assert await call.debug_error_string() == ""


@pytest.mark.parametrize("deserializer", [None, bytes.decode], ids=["bytes", "text"])
async def test_ok_without_a_response_gives_none(grpc, deserializer):
    async def nothing(request, context):
        return
        yield

    async with connected(
        grpc,
        Nothing=("unary_stream", nothing),
        Nothings=("stream_stream", nothing),
    ) as channel:
        call = channel.unary_unary(path("Nothing"), response_deserializer=deserializer)(b"")
        assert await call is None
        assert await call.code() is grpc.StatusCode.OK
        requests = aiter_of(b"")
        call = channel.stream_unary(path("Nothings"), response_deserializer=deserializer)(requests)
        assert await call is None
        assert await call.code() is grpc.StatusCode.OK


@pytest.mark.parametrize("kind", KINDS)
async def test_call_credentials_on_a_channel_that_anybody_can_read(grpc, kind):
    async with connected(grpc, **ALL) as channel:
        with pytest.raises(grpc.aio.UsageError, match="only valid on secure channels"):
            start(channel, kind, credentials=grpc.access_token_call_credentials("secret"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("through", ["plain", "intercepted"])
async def test_a_deserializer_that_raises_ends_the_call(russet, kind, through):
    """grpcio gives None for the response, and the call goes on."""
    ended = asyncio.Event()

    async def endless(request, context):
        try:
            while True:
                yield b"x"
                await asyncio.sleep(0)
        finally:
            ended.set()

    async def once(request, context):
        return b"x"

    def fails(message):
        raise ValueError("bad bytes")

    method = (kind, endless if kind in STREAMS else once)
    given_interceptors = await given(russet, through)
    async with connected(russet, channel_interceptors=given_interceptors, Method=method) as channel:
        request = b"" if kind.startswith("unary") else aiter_of(b"")
        call = getattr(channel, kind)(path("Method"), response_deserializer=fails)(
            request, timeout=WAIT
        )
        error = await rpc_error(russet, collect(call) if kind in STREAMS else call)
        assert error.code() is russet.StatusCode.INTERNAL
        assert error.details() == "Exception deserializing response!"
        assert call.done()
        if kind in STREAMS:
            assert await call.code() is russet.StatusCode.INTERNAL
            await asyncio.wait_for(ended.wait(), WAIT)


@pytest.mark.parametrize("kind", KINDS)
async def test_interceptors_are_appended_to_the_channel_s_lists(grpc, kind):
    """Every asynchronous client of Google does."""
    async with connected(grpc, **ALL) as channel:
        method = {
            "unary_unary": "Echo",
            "unary_stream": "Repeat",
            "stream_unary": "Concatenate",
            "stream_stream": "EchoEach",
        }[kind]
        before = getattr(channel, kind)(path(method))
        seen = []

        async def intercept(self, continuation, details, request):
            seen.append(self)
            return await continuation(details, request)

        position = KINDS.index(kind)
        base = type(interceptors(grpc)[position]).__mro__[1]
        one, other = (
            type("Interceptor", (base,), {f"intercept_{kind}": intercept})() for _ in range(2)
        )
        added = getattr(channel, f"_{kind}_interceptors")
        assert added == []
        added.append(one)
        added.insert(0, other)
        after = getattr(channel, kind)(path(method))
        for multi_callable in (before, after):
            call = multi_callable(
                b"1" if kind.startswith("unary") else aiter_of(b"1"), timeout=WAIT
            )
            await (collect(call) if kind in STREAMS else call)
            assert seen == [other, one]
            seen.clear()
        added.clear()
        call = after(b"1" if kind.startswith("unary") else aiter_of(b"1"), timeout=WAIT)
        await (collect(call) if kind in STREAMS else call)
        assert seen == []


async def test_a_channel_s_lists_are_its_own(grpc):
    kinds = interceptors(grpc)
    async with (
        grpc.aio.insecure_channel("localhost:1", interceptors=kinds) as channel,
        grpc.aio.insecure_channel("localhost:1", interceptors=kinds) as other,
    ):
        for kind, interceptor in zip(KINDS, kinds):
            name = f"_{kind}_interceptors"
            assert getattr(channel, name) == [interceptor]
            getattr(channel, name).append(interceptor)
            assert getattr(other, name) == [interceptor]


async def test_waiting_for_the_state_of_a_closed_channel(grpc):
    states = grpc.ChannelConnectivity
    channel = grpc.aio.insecure_channel(refused_address())
    waiting = asyncio.ensure_future(channel.wait_for_state_change(states.IDLE))
    await asyncio.sleep(0)
    await channel.close()
    await asyncio.wait_for(waiting, WAIT)
    for try_to_connect in (False, True):
        assert channel.get_state(try_to_connect) is states.SHUTDOWN
    for state in (states.SHUTDOWN, states.IDLE):
        with pytest.raises(grpc.aio.UsageError, match="closed"):
            await asyncio.wait_for(channel.wait_for_state_change(state), WAIT)


@pytest.mark.parametrize("kind", ["stream_unary", "stream_stream"])
async def test_what_an_interceptor_raises_reaches_the_writer(grpc, kind):
    class Failure(Exception):
        pass

    async def fails(self, continuation, details, request):
        raise Failure

    base = {
        "stream_unary": grpc.aio.StreamUnaryClientInterceptor,
        "stream_stream": grpc.aio.StreamStreamClientInterceptor,
    }[kind]
    failing = type("Failing", (base,), {f"intercept_{kind}": fails})()
    async with connected(grpc, channel_interceptors=[failing], **ALL) as channel:
        call = getattr(channel, kind)(path("EchoEach"))(timeout=WAIT)
        for _ in range(2):
            with pytest.raises(Failure):
                await call.write(b"x")
        with pytest.raises(Failure):
            await (call.read() if kind == "stream_stream" else call)


async def test_a_response_that_an_interceptor_made_has_no_metadata(grpc):
    class Answers(grpc.aio.UnaryUnaryClientInterceptor):
        async def intercept_unary_unary(self, continuation, details, request):
            return b"made"

    async with connected(grpc, channel_interceptors=[Answers()], **ALL) as channel:
        call = channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        assert await call == b"made"
        assert (call.done(), call.cancel(), call.cancelled()) == (True, False, False)
        assert await call.code() is grpc.StatusCode.OK
        assert await call.details() == ""
        assert await call.initial_metadata() is None
        assert await call.trailing_metadata() is None
        assert await call.debug_error_string() is None
