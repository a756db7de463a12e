"""The client's asyncio calls: status and metadata, reading and writing, mixing styles, cancellation, deadlines."""

from __future__ import annotations

import asyncio
import pickle

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
    serving,
)
from support.rpc import WAIT, path, refused_address

METADATA = (("first", "1"), ("same", "a"), ("data-bin", bytes(range(256))), ("same", "b"))


class Gate:
    """Handlers that wait until the test lets them go on, and notice when their RPC is cancelled."""

    def __init__(self):
        self.entered = asyncio.Event()
        self.release = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def _wait(self):
        self.entered.set()
        try:
            await asyncio.wait_for(self.release.wait(), WAIT)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def unary(self, request, context):
        await self._wait()
        return request

    async def stream(self, request, context):
        yield b"first"
        await self._wait()
        yield b"second"

    async def requests(self, requests, context):
        self.entered.set()
        try:
            return b"".join([request async for request in requests])
        finally:
            # With CancelledError, or as if the client had sent all: grpcio does the latter.
            self.cancelled.set()


async def soon(event):
    await asyncio.wait_for(event.wait(), WAIT)


# Status and metadata


async def test_a_successful_unary_call(pair):
    server, client = pair

    async def answer(request, context):
        await context.send_initial_metadata(METADATA)
        context.set_trailing_metadata(METADATA[::-1])
        return request

    async with connected(client, server=server, Answer=("unary_unary", answer)) as channel:
        call = channel.unary_unary(path("Answer"))(b"x", timeout=WAIT)
        assert isinstance(call, client.aio.UnaryUnaryCall)
        assert isinstance(call, client.aio.Call)
        assert call.done() is False
        assert call.cancelled() is False
        assert 0 < call.time_remaining() < WAIT + 1
        initial = await call.initial_metadata()
        assert isinstance(initial, client.aio.Metadata)
        assert initial.get_all("same") == ["a", "b"]
        assert initial["data-bin"] == bytes(range(256))
        assert await call == b"x"
        assert await call == b"x"
        trailing = await call.trailing_metadata()
        assert isinstance(trailing, client.aio.Metadata)
        assert trailing.get_all("same") == ["b", "a"]
        assert await call.code() is client.StatusCode.OK
        assert await call.details() == ""
        assert call.done() is True
        assert call.cancel() is False


@pytest.mark.parametrize("way", ["tuple", "Metadata"])
async def test_invocation_metadata(pair, way):
    server, client = pair
    seen = []

    async def note(request, context):
        seen.append(context.invocation_metadata())
        return b""

    metadata = METADATA if way == "tuple" else client.aio.Metadata(*METADATA)
    async with connected(client, server=server, Note=("unary_unary", note)) as channel:
        await channel.unary_unary(path("Note"))(b"", metadata=metadata, timeout=WAIT)
    received = [(key, value) for key, value in seen[0] if key in ("first", "same", "data-bin")]
    if way == "tuple" and client.__name__ == "russet.grpc":
        assert received == list(METADATA)
    else:
        # As a multi-map, keys come together.
        assert sorted(received, key=repr) == sorted(METADATA, key=repr)
        assert [value for key, value in received if key == "same"] == ["a", "b"]


async def test_error(pair):
    server, client = pair

    async def fail(request, context):
        await context.send_initial_metadata((("initial", "i"),))
        await context.abort(
            server.StatusCode.NOT_FOUND, "gone", (("trailing", "t"), ("t-bin", b"\x00"))
        )

    async with connected(client, server=server, Fail=("unary_unary", fail)) as channel:
        call = channel.unary_unary(path("Fail"))(b"", timeout=WAIT)
        error = await rpc_error(client, call)
        assert isinstance(error, client.RpcError)
        assert error.code() is client.StatusCode.NOT_FOUND
        assert error.details() == "gone"
        assert error.initial_metadata()["initial"] == "i"
        assert error.trailing_metadata()["trailing"] == "t"
        assert error.trailing_metadata()["t-bin"] == b"\x00"
        assert isinstance(error.debug_error_string(), str)
        assert await call.code() is client.StatusCode.NOT_FOUND
        assert await call.details() == "gone"
        assert (await call.trailing_metadata())["trailing"] == "t"
        assert call.done() is True
        copy = pickle.loads(pickle.dumps(error))
        assert (copy.code(), copy.details()) == (error.code(), error.details())
        assert copy.trailing_metadata() == error.trailing_metadata()
        # Again, the same.
        assert (await rpc_error(client, call)).code() is client.StatusCode.NOT_FOUND


async def test_error_in_the_middle_of_a_stream(pair):
    server, client = pair

    async def two_and_abort(request, context):
        yield b"1"
        yield b"2"
        await context.abort(server.StatusCode.DATA_LOSS, "no more")

    async with connected(client, server=server, Two=("unary_stream", two_and_abort)) as channel:
        call = channel.unary_stream(path("Two"))(b"", timeout=WAIT)
        received = []
        with pytest.raises(client.aio.AioRpcError) as raised:
            async for response in call:
                received.append(response)  # noqa: PERF401 (kept when the iteration raises)
        assert received == [b"1", b"2"]
        assert (raised.value.code(), raised.value.details()) == (
            client.StatusCode.DATA_LOSS,
            "no more",
        )
        call = channel.unary_stream(path("Two"))(b"", timeout=WAIT)
        assert [await call.read(), await call.read()] == [b"1", b"2"]
        assert (await rpc_error(client, call.read())).code() is client.StatusCode.DATA_LOSS


async def test_metadata_and_status_of_a_stream(pair):
    server, client = pair

    async def answer(request, context):
        await context.send_initial_metadata((("initial", "i"),))
        yield b"x"
        context.set_trailing_metadata((("trailing", "t"),))

    async with connected(client, server=server, Answer=("unary_stream", answer)) as channel:
        call = channel.unary_stream(path("Answer"))(b"", timeout=WAIT)
        assert isinstance(call, client.aio.UnaryStreamCall)
        assert (await call.initial_metadata())["initial"] == "i"
        assert await collect(call) == [b"x"]
        assert (await call.trailing_metadata())["trailing"] == "t"
        assert await call.code() is client.StatusCode.OK


async def test_types_of_the_calls(grpc):
    async with connected(grpc, Concatenate=CONCATENATE, EchoEach=ECHO_EACH) as channel:
        call = channel.stream_unary(path("Concatenate"))(aiter_of(b"x"), timeout=WAIT)
        assert isinstance(call, grpc.aio.StreamUnaryCall)
        assert await call == b"x"
        call = channel.stream_stream(path("EchoEach"))(aiter_of(b"x"), timeout=WAIT)
        assert isinstance(call, grpc.aio.StreamStreamCall)
        assert await collect(call) == [b"x"]


# Connections


async def test_refused_connection(grpc):
    async with grpc.aio.insecure_channel(refused_address()) as channel:
        error = await rpc_error(grpc, channel.unary_unary(path("Echo"))(b"", timeout=WAIT))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert "refused" in error.details()
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await collect(channel.unary_stream(path("Echo"))(b"", timeout=WAIT))
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_wait_for_connection(grpc):
    async with connected(grpc, Echo=ECHO, Repeat=REPEAT) as channel:
        call = channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        await call.wait_for_connection()
        assert await call == b"x"
        call = channel.unary_stream(path("Repeat"))(b"1", timeout=WAIT)
        await call.wait_for_connection()
        assert await collect(call) == [b"0"]


async def test_wait_for_connection_that_fails(grpc):
    async with grpc.aio.insecure_channel(refused_address()) as channel:
        call = channel.unary_stream(path("Repeat"))(b"1", timeout=WAIT)
        assert (
            await rpc_error(grpc, call.wait_for_connection())
        ).code() is grpc.StatusCode.UNAVAILABLE


async def test_wait_for_ready(pair):
    from support.rpc import handlers

    server_module, client = pair
    address = refused_address()
    options = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 50)]
    async with client.aio.insecure_channel(address, options=options) as channel:
        call = channel.unary_unary(path("Echo"))(b"x", wait_for_ready=True, timeout=WAIT)
        state = channel.get_state(try_to_connect=True)
        while state is not client.ChannelConnectivity.TRANSIENT_FAILURE:
            await asyncio.wait_for(channel.wait_for_state_change(state), WAIT)
            state = channel.get_state()
        assert call.done() is False
        server = server_module.aio.server(handlers=[handlers(server_module, {"Echo": ECHO})])
        server.add_insecure_port(address)
        await server.start()
        assert await call == b"x"
        await channel.channel_ready()
        await server.stop(None)


async def test_channel_states(grpc):
    state = grpc.ChannelConnectivity
    async with serving(grpc, Echo=ECHO) as address:
        channel = grpc.aio.insecure_channel(address)
        assert channel.get_state() is state.IDLE
        await asyncio.wait_for(channel.channel_ready(), WAIT)
        assert channel.get_state() is state.READY
        # Returns at once, since it is another already.
        await asyncio.wait_for(channel.wait_for_state_change(state.IDLE), WAIT)
        await channel.close()
        assert channel.get_state() is state.SHUTDOWN


# Deadlines


async def test_deadline(pair):
    server, client = pair
    gate = Gate()
    async with connected(
        client,
        server=server,
        Gate=("unary_unary", gate.unary),
        Stream=("unary_stream", gate.stream),
    ) as channel:
        error = await rpc_error(client, channel.unary_unary(path("Gate"))(b"", timeout=1))
        assert (error.code().name, error.details()) == ("DEADLINE_EXCEEDED", "Deadline Exceeded")
        await soon(gate.cancelled)
        call = channel.unary_stream(path("Stream"))(b"", timeout=0.3)
        with pytest.raises(client.aio.AioRpcError) as raised:
            await collect(call)
        assert raised.value.code() is client.StatusCode.DEADLINE_EXCEEDED
        assert await call.code() is client.StatusCode.DEADLINE_EXCEEDED


async def test_a_timeout_that_has_passed_already(grpc):
    async with connected(grpc, Echo=ECHO) as channel:
        call = channel.unary_unary(path("Echo"))
        for _ in range(2):
            error = await rpc_error(grpc, call(b"", timeout=-1))
            assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            # The next time on a connection that stands.
            await call(b"", timeout=WAIT)


async def test_time_remaining(pair):
    server, client = pair
    seen = []

    async def note(request, context):
        seen.append(context.time_remaining())
        return b""

    async with connected(client, server=server, Note=("unary_unary", note)) as channel:
        call = channel.unary_unary(path("Note"))(b"")
        assert call.time_remaining() is None
        await call
        await channel.unary_unary(path("Note"))(b"", timeout=1000)
    assert seen[0] is None or seen[0] > 1e6
    assert 900 < seen[1] < 1100


# Cancellation


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream", "stream_unary", "stream_stream"])
async def test_cancel(pair, kind):
    server, client = pair
    gate = Gate()

    async def stream_stream(requests, context):
        yield await gate.requests(requests, context)

    behavior = {
        "unary_unary": gate.unary,
        "unary_stream": gate.stream,
        "stream_unary": gate.requests,
        "stream_stream": stream_stream,
    }[kind]
    async with connected(client, server=server, Gate=(kind, behavior), Echo=ECHO) as channel:
        method = getattr(channel, kind)(path("Gate"))
        call = method(timeout=WAIT) if kind.startswith("stream") else method(b"", timeout=WAIT)
        if kind == "unary_stream":
            assert await call.read() == b"first"
        await soon(gate.entered)
        assert call.cancel() is True
        assert call.cancelled() is True
        assert call.done() is True
        assert call.cancel() is False
        assert await call.code() is client.StatusCode.CANCELLED
        assert await call.details() == "Locally cancelled by application!"
        with pytest.raises(asyncio.CancelledError):
            if kind.endswith("unary"):
                await call
            else:
                await call.read()
        await soon(gate.cancelled)
        assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


async def test_cancelling_the_task_cancels_the_call(pair):
    server, client = pair
    gate = Gate()
    async with connected(client, server=server, Gate=("unary_unary", gate.unary)) as channel:
        call = channel.unary_unary(path("Gate"))(b"", timeout=WAIT)

        async def wait():
            return await call

        task = asyncio.ensure_future(wait())
        await soon(gate.entered)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await soon(gate.cancelled)
        assert await call.code() is client.StatusCode.CANCELLED


async def test_cancelling_the_reading_task_cancels_the_call(pair):
    server, client = pair
    gate = Gate()
    async with connected(client, server=server, Gate=("unary_stream", gate.stream)) as channel:
        call = channel.unary_stream(path("Gate"))(b"", timeout=WAIT)
        waiting = asyncio.Event()

        async def read():
            # Only a read that waits is cancelled with its task: grpcio's client may still be busy with sending.
            assert await call.read() == b"first"
            waiting.set()
            await call.read()

        task = asyncio.ensure_future(read())
        await soon(gate.entered)
        await soon(waiting)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await soon(gate.cancelled)
        assert await call.code() is client.StatusCode.CANCELLED


async def test_wait_for_with_a_timeout_cancels(pair):
    server, client = pair
    gate = Gate()
    async with connected(client, server=server, Gate=("unary_unary", gate.unary)) as channel:
        call = channel.unary_unary(path("Gate"))(b"")
        await soon(gate.entered)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(call, 0.05)
        await soon(gate.cancelled)


async def test_an_abandoned_call_is_cancelled(russet):
    """grpcio keeps it until its deadline."""
    gate = Gate()
    async with connected(russet, Gate=("unary_stream", gate.stream)) as channel:
        call = channel.unary_stream(path("Gate"))(b"")
        assert await call.read() == b"first"
        await soon(gate.entered)
        del call
        import gc

        gc.collect()
        await soon(gate.cancelled)


async def test_done_callbacks(grpc):
    gate = Gate()
    async with connected(grpc, Gate=("unary_unary", gate.unary), Repeat=REPEAT) as channel:
        call = channel.unary_unary(path("Gate"))(b"x", timeout=WAIT)
        called = []
        done = asyncio.Event()
        call.add_done_callback(lambda ended: (called.append((ended, ended.done())), done.set()))
        await soon(gate.entered)
        assert called == []
        gate.release.set()
        assert await call == b"x"
        await soon(done)
        assert called == [(call, True)]
        late = asyncio.Event()
        call.add_done_callback(lambda ended: late.set())
        await soon(late)
        stream = channel.unary_stream(path("Repeat"))(b"2", timeout=WAIT)
        ended = asyncio.Event()
        stream.add_done_callback(lambda _: ended.set())
        assert await collect(stream) == [b"0", b"1"]
        await soon(ended)


async def test_server_cancels_by_ending(russet):
    """A handler's own CancelledError ends the RPC with an error; with grpcio it is never answered."""

    async def cancel(request, context):
        raise asyncio.CancelledError

    async with connected(russet, Cancel=("unary_unary", cancel), Echo=ECHO) as channel:
        error = await rpc_error(russet, channel.unary_unary(path("Cancel"))(b"", timeout=WAIT))
        assert error.code() in (russet.StatusCode.CANCELLED, russet.StatusCode.UNKNOWN)
        assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


# Styles


async def test_mixing_read_and_async_for(grpc):
    async with connected(grpc, Repeat=REPEAT) as channel:
        call = channel.unary_stream(path("Repeat"))(b"3", timeout=WAIT)
        assert await call.read() == b"0"
        with pytest.raises(grpc.aio.UsageError):
            async for _ in call:
                pass
        call.cancel()
        call = channel.unary_stream(path("Repeat"))(b"3", timeout=WAIT)
        async for _ in call:
            break
        with pytest.raises(grpc.aio.UsageError):
            await call.read()
        call.cancel()


async def test_mixing_a_request_iterator_and_write(grpc):
    async with connected(grpc, Concatenate=CONCATENATE, EchoEach=ECHO_EACH) as channel:
        for call in (
            channel.stream_unary(path("Concatenate"))(aiter_of(b"x"), timeout=WAIT),
            channel.stream_stream(path("EchoEach"))(aiter_of(b"x"), timeout=WAIT),
        ):
            with pytest.raises(grpc.aio.UsageError):
                await call.write(b"y")
            with pytest.raises(grpc.aio.UsageError):
                await call.done_writing()
            call.cancel()


async def test_write_after_done_writing(grpc):
    async with connected(grpc, Concatenate=CONCATENATE) as channel:
        call = channel.stream_unary(path("Concatenate"))(timeout=WAIT)
        await call.write(b"x")
        await call.done_writing()
        await call.done_writing()
        with pytest.raises(asyncio.InvalidStateError, match="half closed"):
            await call.write(b"y")
        assert await call == b"x"
        with pytest.raises(asyncio.InvalidStateError, match="finished"):
            await call.write(b"z")


async def test_write_after_the_server_has_ended(pair):
    server, client = pair

    async def refuse(requests, context):
        await context.abort(server.StatusCode.PERMISSION_DENIED, "no")

    async with connected(client, server=server, Refuse=("stream_unary", refuse)) as channel:
        call = channel.stream_unary(path("Refuse"))(timeout=WAIT)
        assert await call.code() is client.StatusCode.PERMISSION_DENIED
        with pytest.raises((asyncio.InvalidStateError, client.aio.AioRpcError)):
            await call.write(b"x")
        assert (await rpc_error(client, call)).details() == "no"


async def test_write_after_cancel(grpc):
    gate = Gate()
    async with connected(grpc, Gate=("stream_unary", gate.requests)) as channel:
        call = channel.stream_unary(path("Gate"))(timeout=WAIT)
        await call.write(b"x")
        call.cancel()
        with pytest.raises((asyncio.InvalidStateError, asyncio.CancelledError)):
            await call.write(b"y")


async def test_reading_after_the_end(grpc):
    async with connected(grpc, Repeat=REPEAT) as channel:
        call = channel.unary_stream(path("Repeat"))(b"1", timeout=WAIT)
        assert await call.read() == b"0"
        for _ in range(3):
            assert await call.read() is grpc.aio.EOF
        assert bool(grpc.aio.EOF) is False


async def test_two_tasks_read_and_write(pair):
    server, client = pair
    async with connected(client, server=server, EchoEach=ECHO_EACH) as channel:
        call = channel.stream_stream(path("EchoEach"))(timeout=WAIT)

        async def write():
            for number in range(100):
                await call.write(b"%d" % number)
            await call.done_writing()

        _, received = await asyncio.gather(write(), collect(call))
        assert received == [b"%d" % number for number in range(100)]


async def test_a_request_iterator_that_raises(grpc):
    async def fails():
        yield b"1"
        raise ValueError("requests")

    async with connected(grpc, Concatenate=CONCATENATE, Echo=ECHO) as channel:
        call = channel.stream_unary(path("Concatenate"))(fails(), timeout=WAIT)
        with pytest.raises((asyncio.CancelledError, grpc.aio.AioRpcError)):
            await call
        assert await call.code() in (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN)
        assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


async def test_a_request_serializer_that_raises(russet):
    """With grpcio the call hangs until its deadline."""

    def fail(message):
        raise ValueError("cannot")

    async with connected(russet, Echo=ECHO) as channel:
        with pytest.raises((ValueError, russet.aio.AioRpcError)) as raised:
            await channel.unary_unary(path("Echo"), request_serializer=fail)(b"x", timeout=WAIT)
        if isinstance(raised.value, russet.aio.AioRpcError):
            assert raised.value.code() is russet.StatusCode.INTERNAL
        assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


async def test_a_response_deserializer_that_raises(russet):
    """With grpcio the response is None and the status OK."""

    def fail(message):
        raise ValueError("cannot")

    async with connected(russet, Echo=ECHO, Repeat=REPEAT) as channel:
        call = channel.unary_unary(path("Echo"), response_deserializer=fail)(b"x", timeout=WAIT)
        error = await rpc_error(russet, call)
        assert (error.code().name, error.details()) == (
            "INTERNAL",
            "Exception deserializing response!",
        )
        assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


# Limits and bad arguments


async def test_messages_over_the_limit(pair):
    server, client = pair
    over = bytes(4 * 1024 * 1024 + 1)

    async def large(request, context):
        return over

    async with connected(client, server=server, Echo=ECHO, Large=("unary_unary", large)) as channel:
        for call in (
            channel.unary_unary(path("Echo"))(over, timeout=WAIT),
            channel.unary_unary(path("Large"))(b"", timeout=WAIT),
        ):
            error = await rpc_error(client, call)
            assert error.code() is client.StatusCode.RESOURCE_EXHAUSTED
            assert str(len(over)) in error.details()
        assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
    unlimited = [("grpc.max_receive_message_length", -1)]
    async with connected(
        client, server=server, options=unlimited, channel_options=unlimited, Echo=ECHO
    ) as channel:
        assert await channel.unary_unary(path("Echo"))(over, timeout=WAIT) == over


@pytest.mark.parametrize(
    "metadata", [(("Upper-Case", "value"),), (("key", "new\nline"),), (("key", 5),)], ids=repr
)
async def test_invalid_metadata(grpc, metadata):
    async with connected(grpc, Echo=ECHO) as channel:
        with pytest.raises(
            (
                ValueError,
                TypeError,
                AttributeError,
                grpc.aio.AioRpcError,
                grpc.aio.InternalError,
                grpc.aio.BaseError,
            )
        ):
            await channel.unary_unary(path("Echo"))(b"", metadata=metadata, timeout=WAIT)
        assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


# Closing


async def test_close_cancels_calls(grpc):
    gate = Gate()
    async with serving(grpc, Gate=("unary_unary", gate.unary)) as address:
        channel = grpc.aio.insecure_channel(address)
        call = channel.unary_unary(path("Gate"))(b"", timeout=WAIT)
        await soon(gate.entered)
        await channel.close()
        await channel.close()
        assert call.cancelled() is True
        assert await call.code() is grpc.StatusCode.CANCELLED
        await soon(gate.cancelled)
        with pytest.raises(grpc.aio.UsageError, match="closed"):
            await channel.unary_unary(path("Gate"))(b"", timeout=WAIT)


async def test_close_with_grace_lets_calls_end(grpc):
    gate = Gate()
    async with serving(grpc, Gate=("unary_unary", gate.unary)) as address:
        channel = grpc.aio.insecure_channel(address)
        call = channel.unary_unary(path("Gate"))(b"x", timeout=WAIT)
        await soon(gate.entered)
        closing = asyncio.ensure_future(channel.close(WAIT))
        await asyncio.sleep(0)
        gate.release.set()
        await asyncio.wait_for(closing, WAIT)
        assert await call == b"x"


async def test_leaving_the_block_closes(grpc):
    async with serving(grpc, Echo=ECHO) as address:
        async with grpc.aio.insecure_channel(address) as channel:
            assert isinstance(channel, grpc.aio.Channel)
            assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        with pytest.raises(grpc.aio.UsageError):
            await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
