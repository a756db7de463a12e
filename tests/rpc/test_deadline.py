"""Deadlines: `timeout=` on the client, `time_remaining` and the end of the RPC on the server."""

from __future__ import annotations

import threading

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
    rpc_error,
)


def test_client_sees_deadline_exceeded_and_server_sees_the_end(pair):
    server, client = pair
    ended = threading.Event()
    seen = {}

    def block(request, context):
        seen["remaining"] = context.time_remaining()
        seen["active before"] = context.is_active()
        assert context.add_callback(ended.set)
        assert happened(ended), "the callback was not called"
        seen["active after"] = context.is_active()
        seen["late callback"] = context.add_callback(lambda: None)
        finished.set()
        return b""

    finished = threading.Event()
    with connected(client, server=server, Block=("unary_unary", block)) as channel:
        error = rpc_error(client, channel.unary_unary(path("Block")), b"", timeout=0.3)
        assert error.code() is client.StatusCode.DEADLINE_EXCEEDED
        assert error.details() == "Deadline Exceeded"
        assert happened(finished)
    assert 0 < seen["remaining"] < 1
    assert seen["active before"] is True
    assert seen["active after"] is False
    assert seen["late callback"] is False


def test_no_deadline_is_no_time_remaining(pair):
    server, client = pair
    seen = []

    def note(request, context):
        seen.append(context.time_remaining())
        return b""

    with connected(client, server=server, Note=("unary_unary", note)) as channel:
        channel.unary_unary(path("Note"))(b"")
        channel.unary_unary(path("Note"))(b"", timeout=1000)
    unlimited, limited = seen
    # grpcio's server gives a very long time where there is no deadline.
    assert unlimited is None or unlimited > 1e6
    # The time is rounded when it is sent; a core of grpcio rounds it up to a multiple of 10.
    assert 900 < limited < 1100


def all_kinds(channel, timeout):
    """The code of a call of each kind, and of a future."""
    for method, request in (
        (channel.unary_unary(path("Echo")), b""),
        (channel.unary_unary(path("Echo")).future, b""),
        (channel.stream_unary(path("Concatenate")), iter([b""])),
        (channel.unary_stream(path("Repeat")), b"1"),
        (channel.stream_stream(path("EchoEach")), iter([b""])),
    ):
        try:
            call = method(request, timeout=timeout)
            assert isinstance(call, bytes) or call.code() is not None
            yield None if isinstance(call, bytes) else call.code()
        except Exception as error:
            yield error.code()


# On an old channel nothing is under way that would notice the call's end in passing.
CONNECTED = pytest.mark.parametrize("is_connected", [False, True], ids=["new", "connected"])
KINDS = {"Echo": ECHO, "Concatenate": CONCATENATE, "Repeat": REPEAT, "EchoEach": ECHO_EACH}


@CONNECTED
def test_a_timeout_that_has_passed_already(grpc, is_connected):
    with connected(grpc, **KINDS) as channel:
        if is_connected:
            channel.unary_unary(path("Echo"))(b"", timeout=WAIT)
        codes = list(all_kinds(channel, -1))
        assert codes == [grpc.StatusCode.DEADLINE_EXCEEDED] * 5


@CONNECTED
@pytest.mark.parametrize("timeout", [0, 1e-9])
def test_a_timeout_of_zero_leaves_no_time(russet, is_connected, timeout):
    """With grpcio the call may succeed all the same."""
    with connected(russet, **KINDS) as channel:
        if is_connected:
            channel.unary_unary(path("Echo"))(b"", timeout=WAIT)
        codes = list(all_kinds(channel, timeout))
        assert codes == [russet.StatusCode.DEADLINE_EXCEEDED] * 5


def test_timeouts_of_microseconds_end_too(russet):
    """The time may pass between any two steps of the start."""
    with connected(russet, Echo=ECHO) as channel:
        call = channel.unary_unary(path("Echo"))
        for nanoseconds in range(0, 20_000, 20):
            error = call.future(b"", timeout=nanoseconds * 1e-9).exception(timeout=WAIT)
            assert error is None or error.code() is russet.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.parametrize("timeout", [float("inf"), 1e12, 1e300])
def test_a_timeout_beyond_what_the_wire_can_say_is_none(russet, timeout):
    """With grpcio such a call ends with DEADLINE_EXCEEDED at once."""
    with connected(russet, Echo=ECHO) as channel:
        assert channel.unary_unary(path("Echo"))(b"x", timeout=timeout) == b"x"


def test_a_timeout_that_is_no_number_is_refused(grpc):
    with connected(grpc, Echo=ECHO) as channel, pytest.raises(TypeError):
        channel.unary_unary(path("Echo"))(b"", timeout="soon")


def test_huge_timeout_is_as_good_as_none(pair):
    server, client = pair
    with connected(client, server=server, Echo=ECHO) as channel:
        assert channel.unary_unary(path("Echo"))(b"x", timeout=1e8) == b"x"


def test_deadline_ends_a_response_stream(pair):
    server, client = pair
    ended = threading.Event()

    def one_and_wait(request, context):
        context.add_callback(ended.set)
        yield b"first"
        happened(ended)

    with connected(client, server=server, One=("unary_stream", one_and_wait)) as channel:
        responses = channel.unary_stream(path("One"))(b"", timeout=1)
        assert next(responses) == b"first"
        error = rpc_error(client, next, responses)
        assert error.code() is client.StatusCode.DEADLINE_EXCEEDED
        assert error is responses
        assert happened(ended)


def test_deadline_ends_a_call_whose_requests_never_end(pair):
    server, client = pair
    release = threading.Event()

    def requests():
        yield b"first"
        happened(release)

    with connected(client, server=server, EchoEach=ECHO_EACH) as channel:
        responses = channel.stream_stream(path("EchoEach"))(requests(), timeout=1)
        assert next(responses) == b"first"
        error = rpc_error(client, next, responses)
        assert error.code() is client.StatusCode.DEADLINE_EXCEEDED
        release.set()


def test_deadline_of_a_future(grpc):
    ended = threading.Event()

    def block(request, context):
        context.add_callback(ended.set)
        happened(ended)
        return b""

    with connected(grpc, Block=("unary_unary", block)) as channel:
        future = channel.unary_unary(path("Block")).future(b"", timeout=0.3)
        assert 0 < future.time_remaining() < 1
        error = future.exception(WAIT)
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert future.time_remaining() == 0
        assert happened(ended)


def test_server_aborts_at_its_own_will_before_the_deadline(grpc):
    def abort(request, context):
        context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "upstream was too slow")

    with connected(grpc, Abort=("unary_unary", abort)) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Abort")), b"", timeout=WAIT)
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert error.details() == "upstream was too slow"
