"""Starting, stopping and waiting for a server; its ports."""

from __future__ import annotations

import socket
import threading
from concurrent import futures

import pytest
from support.rpc import ECHO, REPEAT, WAIT, handlers, happened, path, refused_address, rpc_error


class Running:
    """A server with a handler that waits, one that streams until it is told to end, and one that echoes."""

    def __init__(self, server_module, client_module):
        self.entered = threading.Event()
        self.release = threading.Event()
        self.ended = threading.Event()
        self.pool = futures.ThreadPoolExecutor(4)
        methods = {
            "Block": ("unary_unary", self.block),
            "Stream": ("unary_stream", self.stream),
            "Echo": ECHO,
        }
        self.server = server_module.server(self.pool, handlers=[handlers(server_module, methods)])
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()
        self.channel = client_module.insecure_channel(self.address)

    def block(self, request, context):
        context.add_callback(self.ended.set)
        self.entered.set()
        assert happened(self.release)
        return request

    def stream(self, request, context):
        context.add_callback(self.ended.set)
        yield b"first"
        self.entered.set()
        assert happened(self.release)
        yield b"second"

    def close(self):
        self.release.set()
        self.channel.close()
        assert happened(self.server.stop(None))
        self.pool.shutdown(wait=False)


@pytest.fixture
def running(pair):
    running = Running(*pair)
    yield running
    running.close()


def test_stop_without_calls(grpc):
    running = Running(grpc, grpc)
    stopped = running.server.stop(None)
    assert isinstance(stopped, threading.Event)
    assert happened(stopped)
    assert happened(running.server.stop(None))
    assert happened(running.server.stop(5))
    running.channel.close()


def test_stop_without_start(grpc):
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_insecure_port("127.0.0.1:0")
    assert happened(server.stop(None))


def test_stop_with_none_cancels_at_once(running, pair):
    _, client = pair
    call = running.channel.unary_unary(path("Block")).future(b"x", timeout=WAIT)
    assert happened(running.entered)
    stopped = running.server.stop(None)
    assert happened(running.ended)
    error = call.exception(WAIT)
    assert error.code() in (client.StatusCode.CANCELLED, client.StatusCode.UNAVAILABLE)
    running.release.set()
    assert happened(stopped)


def test_stop_with_grace_lets_calls_end(running, pair):
    _, client = pair
    call = running.channel.unary_unary(path("Block")).future(b"x", timeout=WAIT)
    assert happened(running.entered)
    stopped = running.server.stop(WAIT)
    assert not stopped.is_set()
    # New calls are refused meanwhile. On the connection that grpcio's channels share, one may come before the client hears of the end, and is served.
    apart = (("grpc.use_local_subchannel_pool", 1),)
    with client.insecure_channel(running.address, options=apart) as other:
        error = rpc_error(client, other.unary_unary(path("Echo")), b"", timeout=WAIT)
        assert error.code() is client.StatusCode.UNAVAILABLE
    assert not stopped.is_set()
    running.release.set()
    assert call.result(WAIT) == b"x"
    assert happened(stopped)


def test_stop_with_grace_lets_streams_end(running):
    call = running.channel.unary_stream(path("Stream"))(b"", timeout=WAIT)
    assert next(call) == b"first"
    stopped = running.server.stop(WAIT)
    running.release.set()
    assert list(call) == [b"second"]
    assert happened(stopped)


def test_grace_that_runs_out_cancels(running, pair):
    _, client = pair
    call = running.channel.unary_unary(path("Block")).future(b"x", timeout=WAIT)
    assert happened(running.entered)
    stopped = running.server.stop(0.2)
    error = call.exception(WAIT)
    assert error.code() in (client.StatusCode.CANCELLED, client.StatusCode.UNAVAILABLE)
    assert happened(running.ended)
    running.release.set()
    assert happened(stopped)


def test_a_second_stop_shortens_the_grace(running, pair):
    _, client = pair
    call = running.channel.unary_unary(path("Block")).future(b"x", timeout=WAIT)
    assert happened(running.entered)
    first = running.server.stop(1000)
    second = running.server.stop(None)
    assert call.exception(WAIT).code() in (
        client.StatusCode.CANCELLED,
        client.StatusCode.UNAVAILABLE,
    )
    running.release.set()
    assert happened(first)
    assert happened(second)


def test_wait_for_termination(grpc):
    running = Running(grpc, grpc)
    assert running.server.wait_for_termination(timeout=0.01) is True
    waiting = threading.Event()
    results = []

    def wait():
        waiting.set()
        results.append(running.server.wait_for_termination())

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    assert happened(waiting)
    assert happened(running.server.stop(None))
    thread.join(WAIT)
    assert results == [False]
    assert running.server.wait_for_termination() is False
    assert running.server.wait_for_termination(timeout=WAIT) is False
    running.channel.close()


def test_start_twice_is_refused(grpc):
    running = Running(grpc, grpc)
    with pytest.raises(ValueError):
        running.server.start()
    running.close()


def test_port_zero_gives_a_free_port(grpc):
    server = grpc.server(futures.ThreadPoolExecutor(1))
    first = server.add_insecure_port("127.0.0.1:0")
    second = server.add_insecure_port("127.0.0.1:0")
    assert first != second
    assert 0 < first < 65536
    server.start()
    for port in (first, second):
        with socket.create_connection(("127.0.0.1", port), timeout=WAIT):
            pass
    assert happened(server.stop(None))


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0", "[::]"])
def test_hosts(grpc, host):
    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[handlers(grpc, {"Echo": ECHO})])
    port = server.add_insecure_port(f"{host}:0")
    server.start()
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
    assert happened(server.stop(None))


def test_a_port_that_is_taken(grpc):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = grpc.server(futures.ThreadPoolExecutor(1))
        with pytest.raises(RuntimeError, match="Failed to bind to address"):
            server.add_insecure_port(f"127.0.0.1:{taken.getsockname()[1]}")
        assert happened(server.stop(None))


@pytest.mark.parametrize("address", ["no-such-host.invalid:1", "not an address"])
def test_an_address_that_cannot_be_bound(grpc, address):
    server = grpc.server(futures.ThreadPoolExecutor(1))
    with pytest.raises(RuntimeError):
        server.add_insecure_port(address)
    assert happened(server.stop(None))


@pytest.mark.parametrize("address", ["127.0.0.1:99999", "127.0.0.1:-1", "", "127.0.0.1:port"])
def test_a_port_that_cannot_exist(russet, address):
    """grpcio takes some of these and listens on a port of its own choice."""
    server = russet.server(futures.ThreadPoolExecutor(1))
    with pytest.raises(RuntimeError):
        server.add_insecure_port(address)
    assert happened(server.stop(None))


def test_stopping_frees_the_port(grpc):
    address = refused_address()
    for _ in range(3):
        server = grpc.server(
            futures.ThreadPoolExecutor(2), handlers=[handlers(grpc, {"Echo": ECHO})]
        )
        server.add_insecure_port(address)
        server.start()
        with grpc.insecure_channel(address) as channel:
            assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        assert happened(server.stop(None))


def test_handlers_can_be_added_before_the_start(grpc):
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((handlers(grpc, {"Echo": ECHO}),))
    server.add_registered_method_handlers(
        "test.Other", {"Repeat": grpc.unary_stream_rpc_method_handler(REPEAT[1])}
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        assert list(channel.unary_stream("/test.Other/Repeat")(b"2", timeout=WAIT)) == [b"0", b"1"]
    assert happened(server.stop(None))


def test_what_is_no_generic_handler_is_refused(grpc):
    with pytest.raises(AttributeError, match="service"):
        grpc.server(futures.ThreadPoolExecutor(1), handlers=[object()])
    server = grpc.server(futures.ThreadPoolExecutor(1))
    with pytest.raises(AttributeError, match="service"):
        server.add_generic_rpc_handlers([object()])
    assert happened(server.stop(None))


def test_a_server_that_is_dropped_stops(grpc):
    import gc

    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[handlers(grpc, {"Echo": ECHO})])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        ready, lost = threading.Event(), threading.Event()

        def watch(state):
            (ready if state is grpc.ChannelConnectivity.READY else lost).set()

        channel.subscribe(watch)
        assert happened(ready)
        lost.clear()
        del server
        gc.collect()
        assert happened(lost)


def test_two_servers_in_one_process(pair):
    first, second = pair
    one, two = Running(first, second), Running(second, first)
    assert one.channel.unary_unary(path("Echo"))(b"1", timeout=WAIT) == b"1"
    assert two.channel.unary_unary(path("Echo"))(b"2", timeout=WAIT) == b"2"
    one.close()
    assert two.channel.unary_unary(path("Echo"))(b"3", timeout=WAIT) == b"3"
    two.close()


def waiting(server):
    """An event for the end of `wait_for_termination`, which a thread waits in."""
    ended = threading.Event()

    def wait():
        server.wait_for_termination()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    return ended


def test_the_end_of_the_object_ends_the_waiting(grpc):
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.start()
    ended = waiting(server)
    server.__del__()
    assert happened(ended)


def test_a_call_of_a_server_that_is_dropped_ends(grpc):
    entered, release = threading.Event(), threading.Event()

    def block(request, context):
        entered.set()
        assert happened(release)
        return request

    methods = handlers(grpc, {"Block": ("unary_unary", block)})
    server = grpc.server(futures.ThreadPoolExecutor(1), handlers=[methods])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(path("Block")).future(b"x", timeout=WAIT)
        assert happened(entered)
        del server
        release.set()
        assert call.result() == b"x"


def test_a_server_can_start_after_a_stop_that_came_too_early(grpc):
    server = grpc.server(futures.ThreadPoolExecutor(1), handlers=[handlers(grpc, {"Echo": ECHO})])
    port = server.add_insecure_port("127.0.0.1:0")
    assert server.stop(None).wait(WAIT)
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
    assert server.stop(None).wait(WAIT)
    assert server.wait_for_termination(WAIT) is False


def test_methods_are_registered_before_the_start(grpc, caplog):
    server = grpc.server(futures.ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    handler = grpc.unary_unary_rpc_method_handler(lambda request, context: request)
    server.add_registered_method_handlers("s", {"m": handler})
    assert "once server has started" in caplog.text
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        error = rpc_error(grpc, channel.unary_unary("/s/m"), b"", timeout=WAIT)
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    server.stop(None).wait(WAIT)
