"""The four kinds of method on asyncio, between all combinations of implementations."""

from __future__ import annotations

import asyncio

import pytest
from support import rpc as sync
from support.aio import (
    CONCATENATE,
    ECHO,
    ECHO_EACH,
    REPEAT,
    aiter_of,
    collect,
    connected,
)
from support.rpc import WAIT, path

METHODS = {"Echo": ECHO, "Repeat": REPEAT, "Concatenate": CONCATENATE, "EchoEach": ECHO_EACH}


@pytest.mark.parametrize("message", [b"", b"x", b"m" * 300_000, bytes(4 * 1024 * 1024)], ids=len)
async def test_unary_unary(pair, message):
    server, client = pair
    async with connected(client, server=server, **METHODS) as channel:
        assert await channel.unary_unary(path("Echo"))(message, timeout=WAIT) == message


@pytest.mark.parametrize("count", [0, 1, 3, 500])
async def test_unary_stream(pair, count):
    server, client = pair
    expected = [b"%d" % number for number in range(count)]
    async with connected(client, server=server, **METHODS) as channel:
        assert (
            await collect(channel.unary_stream(path("Repeat"))(b"%d" % count, timeout=WAIT))
            == expected
        )
        call = channel.unary_stream(path("Repeat"))(b"%d" % count, timeout=WAIT)
        received = []
        while (response := await call.read()) is not client.aio.EOF:
            received.append(response)
        assert received == expected
        assert await call.read() is client.aio.EOF


@pytest.mark.parametrize("count", [0, 1, 3, 500])
async def test_stream_unary(pair, count):
    server, client = pair
    requests = [b"%d," % number for number in range(count)]
    async with connected(client, server=server, **METHODS) as channel:
        method = channel.stream_unary(path("Concatenate"))
        assert await method(aiter_of(*requests), timeout=WAIT) == b"".join(requests)
        assert await method(requests, timeout=WAIT) == b"".join(requests)
        call = method(timeout=WAIT)
        for request in requests:
            await call.write(request)
        await call.done_writing()
        assert await call == b"".join(requests)


@pytest.mark.parametrize("count", [0, 1, 3, 500])
async def test_stream_stream(pair, count):
    server, client = pair
    requests = [b"%d" % number for number in range(count)]
    async with connected(client, server=server, **METHODS) as channel:
        method = channel.stream_stream(path("EchoEach"))
        assert await collect(method(aiter_of(*requests), timeout=WAIT)) == requests
        assert await collect(method(iter(requests), timeout=WAIT)) == requests
        call = method(timeout=WAIT)
        for request in requests:
            await call.write(request)
            assert await call.read() == request
        await call.done_writing()
        assert await call.read() is client.aio.EOF
        assert await call.code() is client.StatusCode.OK


@pytest.mark.parametrize("count", [0, 1, 3, 100])
async def test_handlers_that_read_and_write(pair, count):
    """Handlers without iterators: `context.read` and `context.write`."""
    server, client = pair

    async def read_all(_, context):
        parts = []
        while (request := await context.read()) is not server.aio.EOF:
            parts.append(request)
        return b"".join(parts)

    async def write_all(request, context):
        for number in range(int(request)):
            await context.write(b"%d" % number)

    async def read_and_write(_, context):
        while (request := await context.read()) is not server.aio.EOF:
            await context.write(request)

    requests = [b"%d" % number for number in range(count)]
    async with connected(
        client,
        server=server,
        ReadAll=("stream_unary", read_all),
        WriteAll=("unary_stream", write_all),
        Both=("stream_stream", read_and_write),
    ) as channel:
        assert await channel.stream_unary(path("ReadAll"))(
            aiter_of(*requests), timeout=WAIT
        ) == b"".join(requests)
        assert (
            await collect(channel.unary_stream(path("WriteAll"))(b"%d" % count, timeout=WAIT))
            == requests
        )
        assert (
            await collect(channel.stream_stream(path("Both"))(aiter_of(*requests), timeout=WAIT))
            == requests
        )


async def test_plain_functions_as_handlers(pair):
    """They run in the thread pool, with the synchronous context."""
    import threading

    server, client = pair
    threads = set()
    loop_thread = threading.get_ident()

    def noting(behavior):
        def note(request, context):
            threads.add(threading.get_ident())
            return behavior(request, context)

        return note

    methods = {
        "Echo": ("unary_unary", noting(sync.echo)),
        "Repeat": sync.REPEAT,
        "Concatenate": ("stream_unary", noting(sync.concatenate)),
        "EchoEach": sync.ECHO_EACH,
    }
    async with connected(client, server=server, **methods) as channel:
        assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        assert await collect(channel.unary_stream(path("Repeat"))(b"3", timeout=WAIT)) == [
            b"0",
            b"1",
            b"2",
        ]
        assert (
            await channel.stream_unary(path("Concatenate"))(aiter_of(b"a", b"b"), timeout=WAIT)
            == b"ab"
        )
        assert await collect(
            channel.stream_stream(path("EchoEach"))(aiter_of(b"a", b"b"), timeout=WAIT)
        ) == [b"a", b"b"]
    assert loop_thread not in threads


async def test_plain_functions_use_the_pool_that_was_given(grpc):
    import threading
    from concurrent import futures

    names = []

    def note(request, context):
        names.append(threading.current_thread().name)
        return b""

    with futures.ThreadPoolExecutor(1, thread_name_prefix="my-pool") as pool:
        async with connected(
            grpc, migration_thread_pool=pool, Note=("unary_unary", note)
        ) as channel:
            await channel.unary_unary(path("Note"))(b"", timeout=WAIT)
    assert names[0].startswith("my-pool")


async def test_a_hundred_concurrent_calls(pair):
    server, client = pair
    async with connected(client, server=server, **METHODS) as channel:
        echo = channel.unary_unary(path("Echo"))
        calls = [echo(b"%d" % number, timeout=WAIT) for number in range(100)]
        assert await asyncio.gather(*calls) == [b"%d" % number for number in range(100)]


async def test_concurrent_streams(pair):
    server, client = pair
    async with connected(client, server=server, **METHODS) as channel:
        method = channel.stream_stream(path("EchoEach"))
        requests = [[b"%d:%d" % (stream, number) for number in range(50)] for stream in range(20)]
        assert (
            await asyncio.gather(
                *(collect(method(aiter_of(*part), timeout=WAIT)) for part in requests)
            )
            == requests
        )


async def test_serializers_are_used(grpc):
    from support.rpc import SERVICE

    async def double(number, context):
        return 2 * number

    handler = grpc.unary_unary_rpc_method_handler(double, int, lambda number: b"%d" % number)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {"Double": handler}),)
    )
    server.add_registered_method_handlers(SERVICE, {"Double": handler})
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        method = channel.unary_unary(
            path("Double"), lambda number: b"%d" % number, int, _registered_method=True
        )
        assert await method(21, timeout=WAIT) == 42
    await server.stop(None)


async def test_asynchronous_client_and_synchronous_server(pair):
    server, client = pair
    with sync.serving(server, Echo=sync.ECHO, EchoEach=sync.ECHO_EACH) as address:
        async with client.aio.insecure_channel(address) as channel:
            assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
            assert await collect(
                channel.stream_stream(path("EchoEach"))(aiter_of(b"a", b"b"), timeout=WAIT)
            ) == [b"a", b"b"]


async def test_synchronous_client_and_asynchronous_server(pair):
    from support.aio import serving

    server, client = pair
    async with serving(server, Echo=ECHO, EchoEach=ECHO_EACH) as address:

        def call():
            with client.insecure_channel(address) as channel:
                return (
                    channel.unary_unary(path("Echo"))(b"x", timeout=WAIT),
                    list(channel.stream_stream(path("EchoEach"))(iter([b"a", b"b"]), timeout=WAIT)),
                )

        assert await asyncio.get_running_loop().run_in_executor(None, call) == (b"x", [b"a", b"b"])


async def test_large_streams_both_ways(pair):
    server, client = pair
    block = bytes(256 * 1024)
    async with connected(client, server=server, **METHODS) as channel:
        method = channel.stream_stream(path("EchoEach"))
        assert await collect(method((block for _ in range(40)), timeout=WAIT)) == [block] * 40
