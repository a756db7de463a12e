"""Asyncio handlers: how they end their RPCs, what they learn from the context, and how cancellation reaches them."""

from __future__ import annotations

import asyncio
import contextvars
import logging

import pytest
from support.aio import ECHO, REPEAT, aiter_of, collect, connected, rpc_error
from support.rpc import WAIT, path


async def call(grpc, channel, method):
    """Call a unary method that must fail; (code's name, details)."""
    error = await rpc_error(grpc, channel.unary_unary(path(method))(b"", timeout=WAIT))
    return error.code().name, error.details()


# Ending with an error


@pytest.mark.parametrize(
    "code", ["CANCELLED", "UNKNOWN", "NOT_FOUND", "RESOURCE_EXHAUSTED", "UNAUTHENTICATED"]
)
async def test_abort(pair, code):
    server, client = pair
    after = []

    async def abort(request, context):
        await context.abort(server.StatusCode[code], "ünïcödé ☃ 50%\n")
        after.append("abort returned")

    async with connected(client, server=server, Abort=("unary_unary", abort)) as channel:
        if code == "CANCELLED":
            finished = channel.unary_unary(path("Abort"))(b"", timeout=WAIT)
            assert (await finished.code()).name == code
        else:
            assert await call(client, channel, "Abort") == (code, "ünïcödé ☃ 50%\n")
    assert after == []


async def test_abort_raises_abort_error(grpc):
    raised = []

    async def abort(request, context):
        try:
            await context.abort(grpc.StatusCode.NOT_FOUND, "gone")
        except grpc.aio.AbortError as error:
            raised.append(error)
            raise

    async with connected(grpc, Abort=("unary_unary", abort)) as channel:
        assert await call(grpc, channel, "Abort") == ("NOT_FOUND", "gone")
    assert len(raised) == 1
    assert isinstance(raised[0], grpc.aio.BaseError)


async def test_abort_with_ok_is_a_usage_error(russet):
    """With grpcio the handler gets the error too, but its RPC is never answered."""
    raised = []

    async def abort(request, context):
        try:
            await context.abort(russet.StatusCode.OK, "fine")
        except russet.aio.UsageError as error:
            raised.append(error)
        return b"x"

    async with connected(russet, Abort=("unary_unary", abort)) as channel:
        await channel.unary_unary(path("Abort"))(b"", timeout=WAIT)
    assert len(raised) == 1


async def test_abort_twice_is_a_usage_error(grpc):
    raised = []

    async def abort(request, context):
        try:
            await context.abort(grpc.StatusCode.NOT_FOUND, "first")
        except grpc.aio.AbortError:
            pass
        try:
            await context.abort(grpc.StatusCode.INTERNAL, "second")
        except grpc.aio.UsageError as error:
            raised.append(error)
            raise

    async with connected(grpc, Abort=("unary_unary", abort)) as channel:
        assert await call(grpc, channel, "Abort") == ("NOT_FOUND", "first")
    assert len(raised) == 1


async def test_abort_with_status(pair):
    server, client = pair

    class Rich(server.Status):
        code = server.StatusCode.FAILED_PRECONDITION
        details = "not so"
        trailing_metadata = (("why-bin", b"\x00"),)

    async def abort(request, context):
        await context.abort_with_status(Rich())

    async with connected(client, server=server, Abort=("unary_unary", abort)) as channel:
        error = await rpc_error(client, channel.unary_unary(path("Abort"))(b"", timeout=WAIT))
        assert (error.code(), error.details()) == (client.StatusCode.FAILED_PRECONDITION, "not so")
        assert error.trailing_metadata()["why-bin"] == b"\x00"


async def test_set_code_and_details(pair):
    server, client = pair

    async def set_status(request, context):
        context.set_code(server.StatusCode.NOT_FOUND)
        context.set_details("nope")
        return b"a response nobody gets"

    async def set_status_in_a_stream(request, context):
        yield b"1"
        context.set_code(server.StatusCode.OUT_OF_RANGE)
        context.set_details("that was all")

    async with connected(
        client,
        server=server,
        Set=("unary_unary", set_status),
        Stream=("unary_stream", set_status_in_a_stream),
    ) as channel:
        assert await call(client, channel, "Set") == ("NOT_FOUND", "nope")
        stream = channel.unary_stream(path("Stream"))(b"", timeout=WAIT)
        assert await stream.read() == b"1"
        error = await rpc_error(client, stream.read())
        assert (error.code().name, error.details()) == ("OUT_OF_RANGE", "that was all")


def errors_logged(caplog):
    return [
        record
        for record in caplog.records
        if record.levelno >= logging.ERROR and record.name.startswith("grpc")
    ]


async def test_an_exception_is_unknown_and_logged(pair, caplog):
    server, client = pair

    async def fail(request, context):
        raise ValueError("boom")

    with caplog.at_level(logging.ERROR):
        async with connected(
            client, server=server, Fail=("unary_unary", fail), Echo=ECHO
        ) as channel:
            assert await call(client, channel, "Fail") == (
                "UNKNOWN",
                "Unexpected <class 'ValueError'>: boom",
            )
            assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
    (record,) = errors_logged(caplog)
    assert record.exc_info is not None
    assert record.exc_info[0] is ValueError


async def test_an_exception_between_responses(pair):
    server, client = pair

    async def one_and_fail(request, context):
        yield b"1"
        raise ValueError("boom")

    async with connected(client, server=server, Fail=("unary_stream", one_and_fail)) as channel:
        stream = channel.unary_stream(path("Fail"))(b"", timeout=WAIT)
        assert await stream.read() == b"1"
        error = await rpc_error(client, stream.read())
        assert (error.code().name, error.details()) == (
            "UNKNOWN",
            "Unexpected <class 'ValueError'>: boom",
        )


async def test_an_exception_of_a_plain_function(grpc):
    def fail(request, context):
        raise ValueError("boom")

    async with connected(grpc, Fail=("unary_unary", fail)) as channel:
        code, details = await call(grpc, channel, "Fail")
        assert code == "UNKNOWN"
        assert details.endswith("boom")


async def test_an_exception_after_set_code_keeps_the_code(grpc):
    async def fail(request, context):
        context.set_code(grpc.StatusCode.NOT_FOUND)
        context.set_details("nope")
        raise NotImplementedError("Method not implemented!")

    async with connected(grpc, Fail=("unary_unary", fail)) as channel:
        code, _ = await call(grpc, channel, "Fail")
        assert code == "NOT_FOUND"


async def test_unknown_method(pair):
    server, client = pair
    async with connected(client, server=server, Echo=ECHO) as channel:
        assert await call(client, channel, "Nope") == ("UNIMPLEMENTED", "Method not found!")


async def test_returning_none(pair):
    """The RPC ends, whatever the outcome: grpcio sends an empty message."""
    server, client = pair

    async def nothing(request, context):
        return None

    async with connected(
        client, server=server, Nothing=("unary_unary", nothing), Echo=ECHO
    ) as channel:
        finished = channel.unary_unary(path("Nothing"))(b"", timeout=WAIT)
        assert await finished.code() is not client.StatusCode.DEADLINE_EXCEEDED
        assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


async def test_mixing_yield_and_write(grpc):
    async def mixed(request, context):
        await context.write(b"1")
        yield b"2"
        await context.write(b"3")

    async with connected(grpc, Mixed=("unary_stream", mixed)) as channel:
        stream = channel.unary_stream(path("Mixed"))(b"", timeout=WAIT)
        assert await collect(stream) == [b"1", b"2", b"3"]


async def test_mixing_read_and_iteration(grpc):
    async def read(requests, context):
        read = [await context.read()]
        async for request in requests:
            read.append(request)
            break
        read.append(await context.read())
        read.extend([request async for request in requests])
        assert await context.read() is grpc.aio.EOF
        return b",".join(read)

    async def answer(requests, context):
        yield await read(requests, context)

    async with connected(
        grpc, Read=("stream_unary", read), Answer=("stream_stream", answer)
    ) as channel:
        messages = [b"1", b"2", b"3", b"4", b"5"]
        method = channel.stream_unary(path("Read"))
        assert await method(aiter_of(*messages), timeout=WAIT) == b"1,2,3,4,5"
        method = channel.stream_stream(path("Answer"))
        assert await collect(method(aiter_of(*messages), timeout=WAIT)) == [b"1,2,3,4,5"]


# The context


async def inside(grpc, check, **options):
    """Run `await check(context)` in a handler and return its result."""
    results = []

    async def handler(request, context):
        results.append(await check(context))
        return b""

    async with connected(grpc, Method=("unary_unary", handler)) as channel:
        assert await channel.unary_unary(path("Method"))(b"", timeout=WAIT, **options) == b""
    return results[0]


async def test_context_values(grpc):
    async def check(context):
        return (
            context.peer(),
            context.peer_identities(),
            context.peer_identity_key(),
            dict(context.auth_context()),
            context.cancelled(),
            context.done(),
            context.time_remaining(),
        )

    peer, identities, key, auth_context, cancelled, done, remaining = await inside(grpc, check)
    assert peer.startswith("ipv4:127.0.0.1:")
    assert identities is None
    assert key is None
    assert isinstance(auth_context, dict)
    assert (cancelled, done) == (False, False)
    assert 0 < remaining < WAIT + 2


async def test_status_as_it_was_set(grpc):
    async def check(context):
        context.set_code(grpc.StatusCode.OK)
        context.set_details("details")
        context.set_trailing_metadata((("k", "v"),))
        return context.code(), context.details(), tuple(context.trailing_metadata())

    code, details, metadata = await inside(grpc, check)
    assert code is grpc.StatusCode.OK
    assert details == "details"
    assert metadata == (("k", "v"),)


@pytest.mark.newest_grpcio
async def test_status_that_is_not_set(grpc):
    async def check(context):
        return context.code(), context.details(), context.trailing_metadata()

    assert await inside(grpc, check) == (None, "", ())


@pytest.mark.parametrize(
    ("code", "arrives"),
    [(5, "NOT_FOUND"), (15, "DATA_LOSS"), (17, "UNKNOWN"), (-1, "UNKNOWN"), ("x", "UNKNOWN")],
)
@pytest.mark.newest_grpcio
async def test_codes_by_number(grpc, code, arrives):
    seen = []

    async def give(request, context):
        context.set_code(code)
        seen.append(context.code())
        return request

    async with connected(grpc, Give=("unary_unary", give)) as channel:
        assert await call(grpc, channel, "Give") == (arrives, "")
    assert seen == [code]


async def test_an_error_code_needs_no_response(grpc):
    async def give(request, context):
        context.set_code(grpc.StatusCode.NOT_FOUND)
        context.set_details("gone")
        return object()

    async with connected(grpc, Give=("unary_unary", give)) as channel:
        assert await call(grpc, channel, "Give") == ("NOT_FOUND", "gone")


@pytest.mark.newest_grpcio
async def test_what_callbacks_see_of_the_end(grpc):
    """The code and details that the handler set, not what its exception became."""
    seen = asyncio.Queue()

    async def end(request, context):
        context.add_done_callback(
            lambda context: seen.put_nowait((request, context.code(), context.details()))
        )
        if request == b"abort":
            await context.abort(grpc.StatusCode.ABORTED, "x")
        if request == b"raise":
            raise ValueError("v")
        context.set_code(3)
        context.set_details("d")
        return request

    async with connected(grpc, End=("unary_unary", end)) as channel:
        for request, code, details in (
            (b"abort", grpc.StatusCode.ABORTED, "x"),
            (b"raise", None, ""),
            (b"set", 3, "d"),
        ):
            await rpc_error(grpc, channel.unary_unary(path("End"))(request, timeout=WAIT))
            assert await seen.get() == (request, code, details)


async def test_an_abort_reaches_the_client_while_the_handler_goes_on(grpc):
    released, seen = asyncio.Event(), []

    async def abort(request, context):
        context.set_details("set before")
        context.set_trailing_metadata((("k", "v"),))
        try:
            await context.abort(grpc.StatusCode.NOT_FOUND)
        finally:
            seen.append(context.done())
            context.set_code(grpc.StatusCode.INTERNAL)
            for step in (context.read, lambda: context.write(b"")):
                with pytest.raises(grpc.aio.AbortError):
                    await step()
            await released.wait()

    async with connected(grpc, Abort=("unary_stream", abort)) as channel:
        stream = channel.unary_stream(path("Abort"))(b"", timeout=WAIT)
        assert await stream.code() is grpc.StatusCode.NOT_FOUND
        assert await stream.details() == "set before"
        assert ("k", "v") in [tuple(pair) for pair in await stream.trailing_metadata()]
        released.set()
    assert seen == [True]


async def test_an_abort_that_another_error_replaces_counts(russet):
    async def abort(request, context):
        try:
            await context.abort(russet.StatusCode.NOT_FOUND, "gone")
        except russet.aio.AbortError:
            raise ValueError("replaced") from None

    async def raised(request, context):
        raise russet.aio.AbortError("own")

    async with connected(
        russet, Abort=("unary_unary", abort), Raised=("unary_unary", raised)
    ) as channel:
        assert await call(russet, channel, "Abort") == ("NOT_FOUND", "gone")
        # One that no abort has raised is an error as any other.
        assert (await call(russet, channel, "Raised"))[0] == "UNKNOWN"


@pytest.mark.parametrize(
    "metadata",
    [
        {"error": ("a", "b")},
        {},
        (("k", 1),),
        ("abc",),
        7,
        (("k", None),),
        None,
        ((b"k", "v"),),
        "ab",
    ],
)
@pytest.mark.newest_grpcio
async def test_trailing_metadata_of_a_wrong_type(grpc, metadata):
    async def give(request, context):
        context.set_trailing_metadata(metadata)
        return request

    async with connected(grpc, Give=("unary_unary", give)) as channel:
        assert await call(grpc, channel, "Give") == (
            "UNKNOWN",
            "Unexpected <class 'TypeError'>: Invalid trailing metadata type, expected"
            f" Tuple[Tuple[str, Union[str, bytes]]...]: {metadata}",
        )


@pytest.mark.parametrize("metadata", [(("K", "v"),), (("k", "a\nb"),)])
@pytest.mark.newest_grpcio
async def test_trailing_metadata_that_cannot_be_sent(grpc, metadata):
    async def give(request, context):
        context.set_trailing_metadata(metadata)
        return request

    async with connected(grpc, Give=("unary_unary", give)) as channel:
        assert await call(grpc, channel, "Give") == ("INTERNAL", "Invalid metadata")


async def test_initial_metadata_only_once(grpc):
    async def check(context):
        await context.send_initial_metadata((("k", "v"),))
        with pytest.raises(grpc.aio.UsageError):
            await context.send_initial_metadata((("k", "w"),))

    await inside(grpc, check)


async def test_compression_methods(grpc):
    async def check(context):
        context.set_compression(grpc.Compression.Gzip)
        context.disable_next_message_compression()

    await inside(grpc, check)


async def test_done_callback_of_the_context(grpc):
    done = asyncio.Event()
    seen = []

    async def check(context):
        context.add_done_callback(
            lambda ended: (seen.append((ended.done(), ended.cancelled())), done.set())
        )

    await inside(grpc, check)
    await asyncio.wait_for(done.wait(), WAIT)
    assert seen == [(True, False)]


async def test_cancellation_reaches_the_handler(pair):
    server, client = pair
    entered, cancelled, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def wait(request, context):
        context.add_done_callback(lambda _: done.set())
        entered.set()
        try:
            await asyncio.sleep(WAIT)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with connected(client, server=server, Wait=("unary_unary", wait), Echo=ECHO) as channel:
        running = channel.unary_unary(path("Wait"))(b"", timeout=WAIT)
        await asyncio.wait_for(entered.wait(), WAIT)
        running.cancel()
        await asyncio.wait_for(cancelled.wait(), WAIT)
        await asyncio.wait_for(done.wait(), WAIT)
        assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


# A handler is a task


async def test_handlers_have_a_task_and_contextvars(russet):
    """Each RPC its own context; what one sets another does not see."""
    variable = contextvars.ContextVar("variable", default="unset")
    seen = []

    async def handler(request, context):
        before = variable.get()
        variable.set(request)
        await asyncio.sleep(0)
        seen.append((before, variable.get(), asyncio.current_task() is not None))
        return b""

    async with connected(russet, Handler=("unary_unary", handler)) as channel:
        method = channel.unary_unary(path("Handler"))
        await asyncio.gather(*(method(b"%d" % number, timeout=WAIT) for number in range(5)))
    assert sorted(seen) == [("unset", b"%d" % number, True) for number in range(5)]


async def test_timeouts_inside_a_handler(grpc):
    async def handler(request, context):
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.05)
        except asyncio.TimeoutError:
            return b"timed out"

    async with connected(grpc, Handler=("unary_unary", handler)) as channel:
        assert await channel.unary_unary(path("Handler"))(b"", timeout=WAIT) == b"timed out"


async def test_handlers_run_concurrently(grpc):
    """Ten handlers that wait for each other."""
    arrived = asyncio.Event()
    count = 0

    async def meet(request, context):
        nonlocal count
        count += 1
        if count == 10:
            arrived.set()
        await asyncio.wait_for(arrived.wait(), WAIT)
        return b"met"

    async with connected(grpc, Meet=("unary_unary", meet)) as channel:
        method = channel.unary_unary(path("Meet"))
        assert (
            await asyncio.gather(*(method(b"", timeout=WAIT) for _ in range(10))) == [b"met"] * 10
        )


async def test_a_handler_calls_its_own_server(grpc):
    async def outer(request, context):
        return b"<" + await channel.unary_unary(path("Echo"))(request, timeout=WAIT) + b">"

    async with connected(grpc, Outer=("unary_unary", outer), Echo=ECHO) as channel:
        assert await channel.unary_unary(path("Outer"))(b"x", timeout=WAIT) == b"<x>"


async def test_maximum_concurrent_rpcs(pair):
    server, client = pair
    release = asyncio.Event()
    entered = asyncio.Semaphore(0)

    async def block(request, context):
        entered.release()
        await asyncio.wait_for(release.wait(), WAIT)
        return request

    async with connected(
        client, server=server, maximum_concurrent_rpcs=2, Block=("unary_unary", block)
    ) as channel:
        method = channel.unary_unary(path("Block"))
        running = [
            asyncio.ensure_future(consume(method(b"%d" % n, timeout=WAIT))) for n in range(2)
        ]
        for _ in running:
            await asyncio.wait_for(entered.acquire(), WAIT)
        error = await rpc_error(client, method(b"", timeout=WAIT))
        assert (error.code().name, error.details()) == (
            "RESOURCE_EXHAUSTED",
            "Concurrent RPC limit exceeded!",
        )
        release.set()
        assert await asyncio.gather(*running) == [b"0", b"1"]


async def consume(call):
    return await call


async def test_requests_left_unread(pair):
    """A handler that answers without reading all requests."""
    server, client = pair

    async def first(requests, context):
        return await requests.__anext__()

    async with connected(
        client, server=server, First=("stream_unary", first), Repeat=REPEAT
    ) as channel:
        assert (
            await channel.stream_unary(path("First"))(aiter_of(b"1", b"2", b"3"), timeout=WAIT)
            == b"1"
        )
        assert await collect(channel.unary_stream(path("Repeat"))(b"1", timeout=WAIT)) == [b"0"]
