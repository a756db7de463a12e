"""Starting, stopping and waiting for an asyncio server."""

from __future__ import annotations

import asyncio
import socket

import pytest
from support.aio import ECHO, connected
from support.rpc import WAIT, handlers, path, refused_address


class Running:
    def __init__(self, server_module, client_module):
        self.entered, self.release, self.cancelled = (
            asyncio.Event(),
            asyncio.Event(),
            asyncio.Event(),
        )
        methods = {"Block": ("unary_unary", self.block), "Echo": ECHO}
        self.server = server_module.aio.server(handlers=[handlers(server_module, methods)])
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.client = client_module

    async def block(self, request, context):
        self.entered.set()
        try:
            await asyncio.wait_for(self.release.wait(), WAIT)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return request

    async def __aenter__(self):
        await self.server.start()
        self.channel = self.client.aio.insecure_channel(self.address)
        return self

    async def __aexit__(self, *_):
        self.release.set()
        await self.channel.close()
        await self.server.stop(None)

    async def blocked_call(self):
        call = self.channel.unary_unary(path("Block"))(b"x", timeout=WAIT)
        await asyncio.wait_for(self.entered.wait(), WAIT)
        return call


async def test_stop_without_calls(grpc):
    async with Running(grpc, grpc) as running:
        assert await running.server.stop(None) is None
        await running.server.stop(5)


async def test_stop_with_none_cancels_at_once(pair):
    _, client = pair
    async with Running(*pair) as running:
        call = await running.blocked_call()
        await asyncio.wait_for(running.server.stop(None), WAIT)
        await asyncio.wait_for(running.cancelled.wait(), WAIT)
        assert await call.code() in (client.StatusCode.UNAVAILABLE, client.StatusCode.CANCELLED)


async def test_stop_with_grace_lets_calls_end(pair):
    _, client = pair
    async with Running(*pair) as running:
        call = await running.blocked_call()
        stopping = asyncio.ensure_future(running.server.stop(WAIT))
        # When exactly the port closes is open, but it does while the call goes on.
        with pytest.raises(client.aio.AioRpcError) as raised:
            while True:
                async with client.aio.insecure_channel(running.address) as other:
                    await other.unary_unary(path("Echo"))(b"", timeout=WAIT)
        # CANCELLED if the call came just before.
        assert raised.value.code() in (client.StatusCode.UNAVAILABLE, client.StatusCode.CANCELLED)
        assert not stopping.done()
        running.release.set()
        assert await call == b"x"
        await asyncio.wait_for(stopping, WAIT)


async def test_grace_that_runs_out_cancels(pair):
    _, client = pair
    async with Running(*pair) as running:
        call = await running.blocked_call()
        await asyncio.wait_for(running.server.stop(0.2), WAIT)
        await asyncio.wait_for(running.cancelled.wait(), WAIT)
        assert await call.code() in (client.StatusCode.UNAVAILABLE, client.StatusCode.CANCELLED)


async def test_a_second_stop_shortens_the_grace(grpc):
    async with Running(grpc, grpc) as running:
        await running.blocked_call()
        first = asyncio.ensure_future(running.server.stop(1000))
        await asyncio.sleep(0)
        await asyncio.wait_for(running.server.stop(None), WAIT)
        await asyncio.wait_for(first, WAIT)


async def test_wait_for_termination(grpc):
    async with Running(grpc, grpc) as running:
        assert await running.server.wait_for_termination(timeout=0.01) is True
        waiting = asyncio.ensure_future(running.server.wait_for_termination())
        await asyncio.sleep(0)
        await running.server.stop(None)
        assert await asyncio.wait_for(waiting, WAIT) is False
        assert await running.server.wait_for_termination(timeout=WAIT) is False


async def test_a_port_that_is_taken(grpc):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = grpc.aio.server()
        with pytest.raises(RuntimeError, match="Failed to bind to address"):
            server.add_insecure_port(f"127.0.0.1:{taken.getsockname()[1]}")


async def test_stopping_frees_the_port(grpc):
    address = refused_address()
    for _ in range(3):
        server = grpc.aio.server(handlers=[handlers(grpc, {"Echo": ECHO})])
        server.add_insecure_port(address)
        await server.start()
        async with grpc.aio.insecure_channel(address) as channel:
            assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        await server.stop(None)


async def test_what_is_no_interceptor_is_refused(grpc):
    with pytest.raises(ValueError, match="ServerInterceptor"):
        grpc.aio.server(interceptors=[object()])


async def test_a_unix_socket(pair, tmp_path):
    server_module, client = pair
    target = f"unix:{tmp_path / 'socket'}"
    server = server_module.aio.server(handlers=[handlers(server_module, {"Echo": ECHO})])
    server.add_insecure_port(target)
    await server.start()
    async with client.aio.insecure_channel(target) as channel:
        assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
    await server.stop(None)


def test_one_loop_after_another(grpc):
    """Each `asyncio.run` its own server and channel."""

    async def main():
        async with Running(grpc, grpc) as running:
            return await running.channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)

    for _ in range(3):
        assert asyncio.run(main()) == b"x"


def test_loops_in_several_threads(russet):
    from concurrent import futures

    async def main(number):
        async with Running(russet, russet) as running:
            echo = running.channel.unary_unary(path("Echo"))
            return [await echo(b"%d:%d" % (number, n), timeout=WAIT) for n in range(20)]

    with futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda number: asyncio.run(main(number)), range(4)))
    assert results == [[b"%d:%d" % (number, n) for n in range(20)] for number in range(4)]


async def test_a_second_start_does_nothing_and_one_after_the_end_is_refused(grpc):
    server = grpc.aio.server()
    # Too early to mean anything.
    await server.stop(None)
    await server.start()
    await server.start()
    await server.stop(None)
    with pytest.raises(grpc.aio.UsageError):
        await server.start()
    await server.stop(None)


@pytest.mark.parametrize("maximum", [0, -1])
async def test_there_must_be_room_for_a_call(grpc, maximum):
    with pytest.raises(ValueError, match="maximum_concurrent_rpcs should be a positive integer"):
        grpc.aio.server(maximum_concurrent_rpcs=maximum)


@pytest.mark.parametrize("name", ["Plain", "/Plain", "a/b", "/a/b/c", "//"])
async def test_any_method_name_reaches_the_generic_handlers(grpc, name):
    asked = []

    async def echo(request, context):
        return request

    class Everything(grpc.GenericRpcHandler):
        def service(self, handler_call_details):
            asked.append(handler_call_details.method)
            return grpc.unary_unary_rpc_method_handler(echo)

    server = grpc.aio.server(handlers=(Everything(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert await channel.unary_unary(name)(b"x", timeout=WAIT) == b"x"
    await server.stop(None)
    assert asked == [name]


async def test_a_plain_handler_s_callback(grpc):
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def plain(request, context):
        context.add_callback(lambda: loop.call_soon_threadsafe(ended.set))
        return request

    async with connected(grpc, Plain=("unary_unary", plain)) as channel:
        assert await channel.unary_unary(path("Plain"))(b"x", timeout=WAIT) == b"x"
        await asyncio.wait_for(ended.wait(), WAIT)
