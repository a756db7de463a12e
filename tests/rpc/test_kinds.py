"""The four kinds of method, between all combinations of implementations."""

from __future__ import annotations

import threading
from concurrent import futures

import pytest
from support.rpc import (
    CONCATENATE,
    ECHO,
    ECHO_EACH,
    REPEAT,
    WAIT,
    connected,
    happened,
    path,
)

FOUR_MIB = 4 * 1024 * 1024


@pytest.fixture
def channel(pair):
    server, client = pair
    with connected(
        client,
        server=server,
        workers=16,
        Echo=ECHO,
        Repeat=REPEAT,
        Concatenate=CONCATENATE,
        EchoEach=ECHO_EACH,
    ) as channel:
        yield channel


@pytest.mark.parametrize("request_", [b"", b"x", b"\x00\xff" * 5000, b"m" * 300_000])
def test_unary_unary(channel, request_):
    assert channel.unary_unary(path("Echo"))(request_, timeout=WAIT) == request_


@pytest.mark.parametrize("count", [0, 1, 3, 1000])
def test_unary_stream(channel, count):
    responses = channel.unary_stream(path("Repeat"))(b"%d" % count, timeout=WAIT)
    assert list(responses) == [b"%d" % number for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, 3, 1000])
def test_stream_unary(channel, count):
    requests = [b"%d," % number for number in range(count)]
    assert channel.stream_unary(path("Concatenate"))(iter(requests), timeout=WAIT) == b"".join(
        requests
    )


@pytest.mark.parametrize("count", [0, 1, 3, 1000])
def test_stream_stream(channel, count):
    requests = [b"%d" % number for number in range(count)]
    assert list(channel.stream_stream(path("EchoEach"))(iter(requests), timeout=WAIT)) == requests


def test_stream_stream_in_lockstep(channel):
    """Each request is sent only after the response to the one before was read, so nothing may wait for more."""
    answered = threading.Semaphore(1)

    def requests():
        for number in range(50):
            assert answered.acquire(timeout=WAIT)
            yield b"%d" % number

    received = []
    for response in channel.stream_stream(path("EchoEach"))(requests(), timeout=WAIT):
        received.append(response)
        answered.release()
    assert received == [b"%d" % number for number in range(50)]


def test_empty_messages_are_messages(channel):
    assert (
        list(channel.stream_stream(path("EchoEach"))(iter([b"", b"", b""]), timeout=WAIT))
        == [b""] * 3
    )


def test_messages_of_four_mib_less_one_byte_pass(channel):
    """The limit for received messages is 4 MiB unless set."""
    message = bytes(FOUR_MIB - 1)
    assert channel.unary_unary(path("Echo"))(message, timeout=WAIT) == message
    message = bytes(FOUR_MIB)
    assert channel.unary_unary(path("Echo"))(message, timeout=WAIT) == message
    assert (
        list(channel.stream_stream(path("EchoEach"))(iter([message] * 3), timeout=WAIT))
        == [message] * 3
    )


def test_serializers_are_used(pair):
    server, client = pair
    generic = server.method_handlers_generic_handler(
        "test.Numbers",
        {
            "Double": server.unary_unary_rpc_method_handler(
                lambda number, context: 2 * number,
                request_deserializer=int,
                response_serializer=lambda number: b"%d" % number,
            )
        },
    )
    with connected(client, server=server, Echo=ECHO) as _:
        pool = futures.ThreadPoolExecutor(1)
        other = server.server(pool, handlers=[generic])
        port = other.add_insecure_port("127.0.0.1:0")
        other.start()
        with client.insecure_channel(f"127.0.0.1:{port}") as channel:
            double = channel.unary_unary(
                "/test.Numbers/Double",
                request_serializer=lambda number: b"%d" % number,
                response_deserializer=int,
            )
            assert double(21, timeout=WAIT) == 42
        assert happened(other.stop(None))


def test_a_hundred_concurrent_unary_calls(channel):
    calls = [channel.unary_unary(path("Echo")).future(b"%d" % n, timeout=WAIT) for n in range(100)]
    assert [call.result(WAIT) for call in calls] == [b"%d" % n for n in range(100)]


def test_concurrent_calls_from_many_threads(channel):
    echo = channel.unary_unary(path("Echo"))
    barrier = threading.Barrier(16)

    def work(worker):
        barrier.wait(WAIT)
        return [echo(b"%d:%d" % (worker, n), timeout=WAIT) for n in range(20)]

    with futures.ThreadPoolExecutor(16) as pool:
        for worker, responses in enumerate(pool.map(work, range(16))):
            assert responses == [b"%d:%d" % (worker, n) for n in range(20)]


def test_streams_and_unary_calls_share_a_connection(channel):
    """Streams held open in the middle must not keep other calls from ending."""
    streams = [channel.unary_stream(path("Repeat"))(b"5", timeout=WAIT) for _ in range(5)]
    assert [next(stream) for stream in streams] == [b"0"] * 5
    assert channel.unary_unary(path("Echo"))(b"between", timeout=WAIT) == b"between"
    for stream in streams:
        assert list(stream) == [b"1", b"2", b"3", b"4"]


def test_registered_method_flag_of_generated_code_changes_nothing(channel):
    echo = channel.unary_unary(path("Echo"), _registered_method=True)
    assert echo(b"x", timeout=WAIT) == b"x"
