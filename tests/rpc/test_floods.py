"""Floods against a running server: what they cost is bounded, and the calls of others go on. Floods within one connection stand with the engine's own tests."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import ssl
import threading
from types import ModuleType
from typing import Any

import pytest
from support import tls
from support.process import Program
from support.rpc import ECHO, WAIT, handlers, path, serving
from support.wire import RawClient, grpc_message


def connection(address: str) -> socket.socket:
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=WAIT)


def is_closed(peer: socket.socket) -> bool:
    """Wait for the server to close a connection. Whether it did, not how."""
    with contextlib.suppress(ConnectionResetError):
        while peer.recv(10_000):
            pass
    return True


def test_clients_that_say_nothing_are_let_go(russet: ModuleType) -> None:
    options = (("grpc.server_handshake_timeout_ms", 300),)
    with (
        serving(russet, Echo=ECHO, options=options) as address,
        russet.insecure_channel(address) as channel,
    ):
        echo = channel.unary_unary(path("Echo"))
        assert echo(b"x", timeout=WAIT) == b"x"
        silent = [connection(address) for _ in range(200)]
        for number, peer in enumerate(silent):
            # Some begin the preface and never end it; on a slow machine their time may be over already.
            with contextlib.suppress(ConnectionError):
                peer.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[: number % 24])
        assert echo(b"x", timeout=WAIT) == b"x"
        assert all(is_closed(peer) for peer in silent)
        assert echo(b"x", timeout=WAIT) == b"x"
        for peer in silent:
            peer.close()


def test_a_server_takes_no_more_connections_than_it_was_told(russet: ModuleType) -> None:
    options = (("grpc.max_allowed_incoming_connections", 2),)
    with serving(russet, Echo=ECHO, options=options) as address:
        with russet.insecure_channel(address) as one, russet.insecure_channel(address) as two:
            for channel in (one, two):
                assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
            for _ in range(50):
                with connection(address) as peer:
                    assert is_closed(peer)
            for channel in (one, two):
                assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        # There is room again as soon as the server has seen that they are gone.
        with russet.insecure_channel(address) as three:
            echo = three.unary_unary(path("Echo"))
            assert echo(b"x", timeout=WAIT, wait_for_ready=True) == b"x"


def test_a_server_out_of_descriptors_goes_on(russet: ModuleType) -> None:
    with Program(
        russet,
        """
        import resource
        server, address = serve(handlers)
        say(address)
        open_files = len(os.listdir("/proc/self/fd"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (open_files + 20, open_files + 20))
        say("limited")
        sys.stdin.read()
        """,
    ) as program:
        address = program.read_line()
        with russet.insecure_channel(address) as channel:
            echo = channel.unary_unary("/s/echo")
            assert echo(b"x", timeout=WAIT) == b"x"
            program.expect("limited")
            crowd = [connection(address) for _ in range(100)]
            for _ in range(10):
                assert echo(b"x", timeout=WAIT) == b"x"
            for peer in crowd:
                peer.close()
            with russet.insecure_channel(address) as late:
                call = late.unary_unary("/s/echo")
                assert call(b"x", timeout=WAIT, wait_for_ready=True) == b"x"


def test_a_bomb_ends_its_call_alone(russet: ModuleType) -> None:
    """Fifty megabytes in fifty kilobytes, within what a client may send ahead."""
    bomb = grpc_message(gzip.compress(bytes(50_000_000), 9), flag=1)
    assert len(bomb) < 60_000
    with (
        serving(russet, Echo=ECHO) as address,
        russet.insecure_channel(address) as channel,
        RawClient(address) as raw,
    ):
        stream = raw.call("Echo", ("grpc-encoding", "gzip"))
        for start in range(0, len(bomb), 16_000):
            end = start + 16_000
            raw.send(stream, bomb[start:end], end_stream=end >= len(bomb))
        outcome = raw.outcome(stream)
        assert outcome["grpc-status"] == "8"
        assert "4194304" in outcome["grpc-message"]
        # Its connection and the others go on.
        stream = raw.call("Echo")
        raw.send(stream, grpc_message(b"x"), end_stream=True)
        assert raw.outcome(stream)["grpc-status"] == "0"
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_messages_that_never_end_hold_bounded_memory(russet: ModuleType) -> None:
    """Sixty megabytes of a thousand unfinished messages, of which a connection may hold four."""
    with Program(
        russet,
        """
        options = [("russet.max_connection_memory", 4 << 20)]
        server, address = serve(handlers, options=options)
        say(address)
        sys.stdin.read()
        """,
    ) as program:
        address = program.read_line()
        with russet.insecure_channel(address) as channel, RawClient(address) as raw:
            echo = channel.unary_unary("/s/echo")
            assert echo(b"x", timeout=WAIT) == b"x"
            before = program.peak_memory()
            beginning = grpc_message(bytes(60_000), length=4_000_000)
            streams = []
            method = (":path", "/s/echo")
            for _ in range(1000):
                stream = raw.call("echo", method)
                streams.append(stream)
                raw.send_with_credit(stream, beginning)
            assert echo(b"x", timeout=WAIT) == b"x"
            # The refusals that have not been read yet come.
            while sum(raw.status_so_far(stream) == "8" for stream in streams) < 800:
                raw.read()
            assert program.peak_memory() - before < 30 << 20
            # What is small is not refused.
            whole = raw.call("echo", method)
            raw.send(whole, grpc_message(b"x"), end_stream=True)
            assert raw.outcome(whole)["grpc-status"] == "0"


def test_answers_that_nobody_reads_hold_bounded_memory(russet: ModuleType) -> None:
    """A client without a window asks for a megabyte again and again."""
    options = (("russet.max_connection_memory", 8 << 20),)
    big = bytes(1 << 20)
    big_answer = ("unary_unary", lambda request, context: big)
    with (
        serving(russet, Big=big_answer, Echo=ECHO, options=options) as address,
        russet.insecure_channel(address) as channel,
        RawClient(address, window=0) as raw,
    ):
        statuses = []
        while "8" not in statuses:
            stream = raw.call("Big")
            raw.send(stream, grpc_message(b""), end_stream=True)
            # The beginning of an answer, or a refusal.
            statuses.append(raw.first_status(stream))
        # Seven, with their prefixes, are what fits.
        assert statuses[:7] == [None] * 7
        assert len(statuses) < 20
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


@pytest.mark.parametrize("intercepted", [False, True])
def test_requests_that_never_end_keep_no_worker(russet: ModuleType, intercepted: bool) -> None:
    class PassOn(russet.ServerInterceptor):  # type: ignore[misc, name-defined]
        def intercept_service(self, continuation: Any, details: Any) -> Any:
            return continuation(details)

    interceptors = (PassOn(),) if intercepted else ()
    with (
        serving(russet, Echo=ECHO, workers=2, interceptors=interceptors) as address,
        russet.insecure_channel(address) as channel,
        RawClient(address) as raw,
    ):
        streams = [raw.call("Echo") for _ in range(10)]
        for stream in streams:
            raw.send(stream, grpc_message(b"x", length=5))
        echo = channel.unary_unary(path("Echo"))
        assert echo(b"y", timeout=WAIT) == b"y"
        for stream in streams:
            raw.send(stream, b"xxxx", end_stream=True)
        assert all(raw.outcome(stream)["grpc-status"] == "0" for stream in streams)


def test_connections_take_turns_at_the_workers(russet: ModuleType) -> None:
    """Fifty calls of one connection do not keep that of another waiting."""
    served: list[bytes] = []
    may_go = threading.Event()

    def note(request: bytes, context: Any) -> bytes:
        assert may_go.wait(WAIT)
        served.append(request)
        return b""

    with (
        serving(russet, Note=("unary_unary", note), workers=1) as address,
        RawClient(address) as crowd,
        RawClient(address) as lonely,
    ):
        streams = []
        for client, text, count in ((crowd, b"crowd", 50), (lonely, b"lonely", 1)):
            for _ in range(count):
                streams.append((client, client.call("Note")))
                client.send(streams[-1][1], grpc_message(text), end_stream=True)
            client.settle()
        may_go.set()
        for client, stream in streams:
            assert client.outcome(stream)["grpc-status"] == "0"
        # Behind the call that ran, and one of the crowd whose turn it may have been.
        assert served.index(b"lonely") <= 2


def test_a_bomb_that_nobody_takes_is_never_made(russet: ModuleType) -> None:
    """A thousand calls whose message would be four megabytes, to a method that is not there and to a handler that takes none."""
    bomb = grpc_message(gzip.compress(bytes(4_000_000), 9), flag=1)
    with Program(
        russet,
        """
        def never(requests, context):
            yield b""
        handlers["never"] = grpc.stream_stream_rpc_method_handler(never)
        server, address = serve(handlers)
        say(address)
        sys.stdin.read()
        """,
    ) as program:
        address = program.read_line()
        with RawClient(address) as raw:
            before = program.peak_memory()
            for method, status in ((":path", "/no/method"), "12"), ((":path", "/s/never"), "0"):
                streams = []
                for _ in range(500):
                    stream = raw.call("x", method, ("grpc-encoding", "gzip"))
                    raw.send_with_credit(stream, bomb)
                    if raw.status_so_far(stream) is None:
                        raw.send(stream, b"", end_stream=True)
                    streams.append(stream)
                assert {raw.outcome(stream)["grpc-status"] for stream in streams} == {status}
            assert program.peak_memory() - before < 30 << 20


def test_what_calls_hold_decompressed_is_bounded_in_a_loop(russet: ModuleType) -> None:
    """Two hundred calls with four megabytes each, of which handlers hold sixteen at once."""
    with Program(
        russet,
        """
        import asyncio
        from russet.grpc import aio
        async def hold(request, context):
            # As long as a look at a database takes.
            await asyncio.sleep(0.01)
            return str(len(request)).encode()
        async def main():
            server = aio.server(options=[("russet.max_connection_memory", 16 << 20)])
            method = grpc.unary_unary_rpc_method_handler(hold)
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s", {"hold": method}),))
            say(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
            await server.start()
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        asyncio.run(main())
        """,
    ) as program:
        address = program.read_line()
        bomb = grpc_message(gzip.compress(bytes(4_000_000), 9), flag=1)
        with RawClient(address) as raw:
            before = program.peak_memory()
            streams = []
            for _ in range(200):
                stream = raw.call("x", (":path", "/s/hold"), ("grpc-encoding", "gzip"))
                raw.send_with_credit(stream, bomb)
                raw.send(stream, b"", end_stream=True)
                streams.append(stream)
            # All of them are served, one after the other.
            assert {raw.outcome(stream)["grpc-status"] for stream in streams} == {"0"}
            assert program.peak_memory() - before < 60 << 20


def hello() -> bytes:
    """The first words of a client that speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["h2"])
    words = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), words, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return words.read()


def begin_handshakes(address: str, count: int) -> list[socket.socket]:
    peers = [connection(address) for _ in range(count)]
    for peer in peers:
        # Its time may be over already.
        with contextlib.suppress(ConnectionError):
            peer.sendall(hello())
    return peers


def test_handshakes_that_never_end_are_let_go_and_harm_no_call(russet: ModuleType) -> None:
    options = (("grpc.server_handshake_timeout_ms", 1000),)
    credentials = russet.ssl_server_credentials([tls.pair("localhost")])
    roots = russet.ssl_channel_credentials(tls.root())
    with (
        tls.serving(russet, credentials, options=options, Echo=ECHO) as address,
        russet.secure_channel(address, roots) as channel,
    ):
        echo = channel.unary_unary(path("Echo"))
        assert echo(b"x", timeout=WAIT) == b"x"
        peers = begin_handshakes(address, 200)
        # Some leave at once.
        for peer in peers[::2]:
            peer.close()
        assert echo(b"x", timeout=WAIT) == b"x"
        # A new client gets through beside them.
        with russet.secure_channel(address, roots) as other:
            assert other.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        assert all(is_closed(peer) for peer in peers[1::2])
        assert echo(b"x", timeout=WAIT) == b"x"
        for peer in peers[1::2]:
            peer.close()


def test_handshakes_do_not_keep_an_event_loop(russet: ModuleType) -> None:
    credentials = russet.ssl_server_credentials([tls.pair("localhost")])

    async def echo(request: bytes, context: Any) -> bytes:
        return request

    async def run() -> None:
        server = russet.aio.server(options=(("grpc.server_handshake_timeout_ms", 1000),))
        server.add_generic_rpc_handlers((handlers(russet, {"Echo": ("unary_unary", echo)}),))
        port = server.add_secure_port("localhost:0", credentials)
        await server.start()
        roots = russet.ssl_channel_credentials(tls.root())
        async with russet.aio.secure_channel(f"localhost:{port}", roots) as channel:
            call = channel.unary_unary(path("Echo"))
            assert await call(b"x", timeout=WAIT) == b"x"
            loop = asyncio.get_running_loop()
            address = f"localhost:{port}"
            peers = await loop.run_in_executor(None, begin_handshakes, address, 200)
            assert await call(b"x", timeout=WAIT) == b"x"
            closed = [loop.run_in_executor(None, is_closed, peer) for peer in peers]
            assert all(await asyncio.gather(*closed))
            assert await call(b"x", timeout=WAIT) == b"x"
            for peer in peers:
                peer.close()
        await server.stop(None)

    asyncio.run(run())
