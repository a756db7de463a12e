"""Limits: message sizes both ways, concurrent RPCs."""

from __future__ import annotations

import threading

import pytest
from support.rpc import CONCATENATE, ECHO, ECHO_EACH, WAIT, connected, happened, path, rpc_error

FOUR_MIB = 4 * 1024 * 1024


def over_limit(grpc, error, *numbers):
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    for number in numbers:
        assert str(number) in error.details(), error.details()


def test_a_request_over_the_servers_limit(pair):
    server, client = pair
    with connected(client, server=server, Echo=ECHO, Concatenate=CONCATENATE) as channel:
        error = rpc_error(
            client, channel.unary_unary(path("Echo")), bytes(FOUR_MIB + 1), timeout=WAIT
        )
        over_limit(client, error, FOUR_MIB + 1, FOUR_MIB)
        error = rpc_error(
            client,
            channel.stream_unary(path("Concatenate")),
            iter([b"x", bytes(FOUR_MIB + 1)]),
            timeout=WAIT,
        )
        over_limit(client, error, FOUR_MIB + 1, FOUR_MIB)
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_a_response_over_the_clients_limit(pair):
    server, client = pair
    ended = threading.Event()

    def large(request, context):
        context.add_callback(ended.set)
        return bytes(FOUR_MIB + 1)

    with connected(client, server=server, Large=("unary_unary", large), Echo=ECHO) as channel:
        error = rpc_error(client, channel.unary_unary(path("Large")), b"", timeout=WAIT)
        over_limit(client, error, FOUR_MIB + 1, FOUR_MIB)
        assert happened(ended)
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_a_streamed_response_over_the_clients_limit(pair):
    server, client = pair

    def growing(request, context):
        yield b"x"
        yield bytes(FOUR_MIB + 1)
        yield b"y"

    with connected(client, server=server, Growing=("unary_stream", growing)) as channel:
        responses = channel.unary_stream(path("Growing"))(b"", timeout=WAIT)
        assert next(responses) == b"x"
        over_limit(client, rpc_error(client, next, responses), FOUR_MIB + 1, FOUR_MIB)


def test_receive_limits_can_be_set(pair):
    server, client = pair
    limit = [("grpc.max_receive_message_length", 100)]
    with connected(client, server=server, options=limit, Echo=ECHO) as channel:
        echo = channel.unary_unary(path("Echo"))
        assert echo(bytes(100), timeout=WAIT) == bytes(100)
        over_limit(client, rpc_error(client, echo, bytes(101), timeout=WAIT), 101, 100)
    with connected(client, server=server, channel_options=limit, Echo=ECHO) as channel:
        echo = channel.unary_unary(path("Echo"))
        assert echo(bytes(100), timeout=WAIT) == bytes(100)
        over_limit(client, rpc_error(client, echo, bytes(101), timeout=WAIT), 101, 100)


def test_receive_limits_can_be_lifted(pair):
    server, client = pair
    unlimited = [("grpc.max_receive_message_length", -1)]
    message = bytes(6 * 1024 * 1024)
    with connected(
        client,
        server=server,
        options=unlimited,
        channel_options=unlimited,
        Echo=ECHO,
        Each=ECHO_EACH,
    ) as channel:
        assert channel.unary_unary(path("Echo"))(message, timeout=WAIT) == message
        assert (
            list(channel.stream_stream(path("Each"))(iter([message, message]), timeout=WAIT))
            == [message] * 2
        )


def test_a_request_over_the_clients_send_limit(grpc):
    with connected(
        grpc, channel_options=[("grpc.max_send_message_length", 100)], Echo=ECHO
    ) as channel:
        echo = channel.unary_unary(path("Echo"))
        assert echo(bytes(100), timeout=WAIT) == bytes(100)
        over_limit(grpc, rpc_error(grpc, echo, bytes(101), timeout=WAIT), 101, 100)
        assert echo(b"x", timeout=WAIT) == b"x"


def test_a_response_over_the_servers_send_limit(pair):
    server, client = pair
    with connected(
        client, server=server, options=[("grpc.max_send_message_length", 100)], Echo=ECHO
    ) as channel:
        echo = channel.unary_unary(path("Echo"))
        assert echo(bytes(100), timeout=WAIT) == bytes(100)
        error = rpc_error(client, echo, bytes(101), timeout=WAIT)
        assert error.code() is client.StatusCode.RESOURCE_EXHAUSTED
        assert echo(b"x", timeout=WAIT) == b"x"


def test_maximum_concurrent_rpcs(pair):
    server, client = pair
    entered = threading.Semaphore(0)
    release = threading.Event()

    def block(request, context):
        entered.release()
        assert happened(release)
        return request

    with connected(
        client, server=server, maximum_concurrent_rpcs=2, Block=("unary_unary", block)
    ) as channel:
        method = channel.unary_unary(path("Block"))
        running = [method.future(b"%d" % n, timeout=WAIT) for n in range(2)]
        for _ in running:
            assert entered.acquire(timeout=WAIT)
        error = rpc_error(client, method, b"", timeout=WAIT)
        assert error.code() is client.StatusCode.RESOURCE_EXHAUSTED
        assert error.details() == "Concurrent RPC limit exceeded!"
        release.set()
        assert [call.result(WAIT) for call in running] == [b"0", b"1"]


def test_more_calls_than_workers_wait(grpc):
    with connected(grpc, workers=1, Echo=ECHO) as channel:
        calls = [
            channel.unary_unary(path("Echo")).future(b"%d" % n, timeout=WAIT) for n in range(50)
        ]
        assert [call.result(WAIT) for call in calls] == [b"%d" % n for n in range(50)]


@pytest.mark.parametrize("size", [16 * 1024, 1 << 20])
def test_metadata_over_the_limit(pair, size):
    server, client = pair
    with connected(client, server=server, Echo=ECHO) as channel:
        error = rpc_error(
            client,
            channel.unary_unary(path("Echo")),
            b"",
            metadata=[("large", "v" * size)],
            timeout=WAIT,
        )
        assert error.code() in (
            client.StatusCode.RESOURCE_EXHAUSTED,
            client.StatusCode.INTERNAL,
            client.StatusCode.UNAVAILABLE,
        )
        assert channel.unary_unary(path("Echo"))(b"x", wait_for_ready=True, timeout=WAIT) == b"x"
