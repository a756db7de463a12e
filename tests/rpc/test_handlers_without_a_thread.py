"""Handlers that leave the server's threads alone, as grpcio's health service asks: those that answer later, from any thread, and those with a thread pool of their own."""

from __future__ import annotations

import threading
from concurrent import futures
from typing import Any

import grpc as grpcio
import pytest
from russet import grpc as russet

PATH = "/test.Later/Watch"
TIMEOUT = 30


class Later:
    """A service whose answers are sent by the test."""

    def __init__(self) -> None:
        self.calls: dict[bytes, Any] = {}
        self.threads: list[str] = []
        self.ended: list[bytes] = []
        self.changed = threading.Condition()

    def watch(self, request: bytes, context: Any, send: Any) -> None:
        def end() -> None:
            with self.changed:
                self.ended.append(request)
                self.changed.notify_all()
            send(None)

        assert context.add_callback(end)
        if request == b"fail":
            raise ValueError("no such thing")
        with self.changed:
            self.threads.append(threading.current_thread().name)
            self.calls[request] = send
            self.changed.notify_all()

    def wait(self, condition: Any) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, TIMEOUT)


def serve(grpc: Any, handler: Any, threads: int = 1) -> tuple[Any, Any, Any]:
    server = grpc.server(futures.ThreadPoolExecutor(threads, thread_name_prefix="server"))
    handlers = {"Watch": grpc.unary_stream_rpc_method_handler(handler)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Later", handlers),))
    port = server.add_insecure_port("localhost:0")
    server.start()
    channel = grpc.insecure_channel(f"localhost:{port}")
    return server, channel, channel.unary_stream(PATH)


LIBRARIES = pytest.mark.parametrize("grpc", [grpcio, russet], ids=["grpcio", "russet"])


def attributes(function: Any, **values: Any) -> Any:
    for name, value in values.items():
        setattr(function, name, value)
    return function


@LIBRARIES
def test_calls_stay_open_without_a_thread(grpc: Any) -> None:
    service = Later()

    def watch(request: bytes, context: Any, send: Any) -> None:
        service.watch(request, context, send)

    server, channel, method = serve(grpc, attributes(watch, experimental_non_blocking=True))
    # One thread holds them all.
    calls = {name: method(name, timeout=TIMEOUT) for name in (b"a", b"b", b"c", b"d")}
    service.wait(lambda: len(service.calls) == 4)
    for number in range(3):
        for name, send in service.calls.items():
            send(name + b"%d" % number)
    service.calls[b"a"](None)
    assert list(calls[b"a"]) == [b"a0", b"a1", b"a2"]
    assert calls[b"a"].code() == grpc.StatusCode.OK
    assert [next(calls[b"b"]) for _ in range(3)] == [b"b0", b"b1", b"b2"]
    calls[b"b"].cancel()
    service.wait(lambda: {b"a", b"b"} <= set(service.ended))
    # What is sent after the end is lost without a word.
    service.calls[b"a"](b"late")
    service.calls[b"a"](None)
    server.stop(None).wait()
    with pytest.raises(grpc.RpcError):
        list(calls[b"c"])
    service.wait(lambda: set(service.ended) == {b"a", b"b", b"c", b"d"})
    assert len(service.ended) == 4
    channel.close()


@LIBRARIES
def test_a_handler_that_raises_ends_its_call(grpc: Any) -> None:
    service = Later()

    def watch(request: bytes, context: Any, send: Any) -> None:
        service.watch(request, context, send)

    server, channel, method = serve(grpc, attributes(watch, experimental_non_blocking=True))
    with pytest.raises(grpc.RpcError) as caught:
        list(method(b"fail", timeout=TIMEOUT))
    assert caught.value.code() == grpc.StatusCode.UNKNOWN
    assert "no such thing" in caught.value.details()
    service.wait(lambda: service.ended == [b"fail"])
    channel.close()
    server.stop(None).wait()


@LIBRARIES
@pytest.mark.parametrize("non_blocking", [False, True])
def test_a_handler_runs_on_its_own_pool(grpc: Any, non_blocking: bool) -> None:
    names: list[str] = []

    def blocking(request: bytes, context: Any) -> Any:
        names.append(threading.current_thread().name)
        yield request

    def answering(request: bytes, context: Any, send: Any) -> None:
        names.append(threading.current_thread().name)
        send(request)
        send(None)

    handler = answering if non_blocking else blocking
    with futures.ThreadPoolExecutor(1, thread_name_prefix="own") as pool:
        server, channel, method = serve(
            grpc,
            attributes(
                handler, experimental_non_blocking=non_blocking, experimental_thread_pool=pool
            ),
        )
        assert list(method(b"x", timeout=TIMEOUT)) == [b"x"]
        assert names[0].startswith("own")
        channel.close()
        server.stop(None).wait()


def test_a_pool_that_was_shut_down_ends_the_call() -> None:
    def handler(request: bytes, context: Any) -> Any:
        yield request

    pool = futures.ThreadPoolExecutor(1)
    pool.shutdown()
    server, channel, method = serve(russet, attributes(handler, experimental_thread_pool=pool))
    with pytest.raises(russet.RpcError) as caught:
        list(method(b"x", timeout=TIMEOUT))
    assert caught.value.code() == russet.StatusCode.UNAVAILABLE
    channel.close()
    server.stop(None).wait()
