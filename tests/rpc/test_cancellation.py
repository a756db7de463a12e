"""Cancellation both ways, as the other side sees it."""

from __future__ import annotations

import queue
import threading

import pytest
from support.rpc import ECHO, WAIT, connected, happened, path, rpc_error, serving


class Watched:
    """Handlers of each kind that report how far they came, and notice that the client has gone."""

    def __init__(self):
        self.entered = threading.Event()
        self.ended = threading.Event()
        self.inactive = threading.Event()
        self.requests_over = threading.Event()

    def _enter(self, context):
        def end():
            if not context.is_active():
                self.inactive.set()
            self.ended.set()

        assert context.add_callback(end)
        self.entered.set()

    def unary_unary(self, request, context):
        self._enter(context)
        assert happened(self.ended)
        return b""

    def unary_stream(self, request, context):
        self._enter(context)
        yield b"first"
        assert happened(self.ended)

    def stream_unary(self, requests, context):
        self._enter(context)
        try:
            for _ in requests:
                pass
        finally:
            # With an exception, or as if the client had sent all: which of the two is a race in grpcio.
            self.requests_over.set()
        return b""

    def stream_stream(self, requests, context):
        self._enter(context)
        try:
            yield from requests
        finally:
            # With an exception, or as if the client had sent all: which of the two is a race in grpcio.
            self.requests_over.set()


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream", "stream_unary", "stream_stream"])
def test_client_cancels(pair, kind):
    server, client = pair
    watched = Watched()
    requests: queue.Queue = queue.Queue()
    with connected(
        client, server=server, Watched=(kind, getattr(watched, kind)), Echo=ECHO
    ) as channel:
        method = getattr(channel, kind)(path("Watched"))
        request = iter(requests.get, None) if kind.startswith("stream") else b""
        call = (
            method.future(request, timeout=WAIT)
            if kind.endswith("unary")
            else method(request, timeout=WAIT)
        )
        assert happened(watched.entered)
        call.cancel()
        assert call.code() is client.StatusCode.CANCELLED
        assert call.details() == "Locally cancelled by application!"
        assert happened(watched.ended), "the server was not told"
        assert happened(watched.inactive)
        if kind.startswith("stream"):
            assert happened(watched.requests_over), "the request iterator did not end"
        requests.put(None)
        # The connection lives on.
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_cancel_before_the_connection_is_made(grpc):
    from support.rpc import refused_address

    with grpc.insecure_channel(refused_address()) as channel:
        future = channel.unary_unary(path("Echo")).future(b"", wait_for_ready=True, timeout=WAIT)
        assert future.cancel() is True
        assert future.cancelled() is True
        assert future.code() is grpc.StatusCode.CANCELLED


def test_cancel_twice(grpc):
    watched = Watched()
    with connected(grpc, Watched=("unary_stream", watched.unary_stream)) as channel:
        call = channel.unary_stream(path("Watched"))(b"", timeout=WAIT)
        assert next(call) == b"first"
        call.cancel()
        call.cancel()
        assert call.code() is grpc.StatusCode.CANCELLED


def test_a_generator_handler_is_closed_when_the_client_goes(pair):
    """A handler that is between two responses does not go on for nobody."""
    server, client = pair
    closed = threading.Event()

    def endless(request, context):
        try:
            while True:
                yield b"x" * 1000
        finally:
            closed.set()

    with connected(client, server=server, Endless=("unary_stream", endless)) as channel:
        call = channel.unary_stream(path("Endless"))(b"", timeout=WAIT)
        next(call)
        call.cancel()
        assert happened(closed)


def test_server_cancels_a_stream(pair):
    server, client = pair

    def cancel(request, context):
        yield b"1"
        context.cancel()
        yield b"2"

    with connected(client, server=server, Cancel=("unary_stream", cancel), Echo=ECHO) as channel:
        call = channel.unary_stream(path("Cancel"))(b"", timeout=WAIT)
        error = rpc_error(client, list, call)
        assert error.code() is client.StatusCode.CANCELLED
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_a_handler_ends_while_the_client_still_sends(pair):
    server, client = pair
    sending = threading.Event()
    stopped = threading.Event()

    def one(requests, context):
        yield next(requests)

    def requests():
        try:
            yield b"1"
            sending.set()
            while True:
                yield b"more"
                if stopped.wait(0.001):
                    return
        finally:
            stopped.set()

    with connected(client, server=server, One=("stream_stream", one)) as channel:
        call = channel.stream_stream(path("One"))(requests(), timeout=WAIT)
        assert list(call) == [b"1"]
        assert call.code() is client.StatusCode.OK
        stopped.set()


def test_many_cancelled_calls_leave_room(grpc):
    """Cancelled calls give back their place among the concurrent streams of the connection."""
    watched = Watched()
    with connected(
        grpc, workers=4, Watched=("unary_stream", watched.unary_stream), Echo=ECHO
    ) as channel:
        for _ in range(300):
            channel.unary_stream(path("Watched"))(b"", timeout=WAIT).cancel()
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_callbacks_of_calls_that_end_while_they_are_added(grpc):
    """However near the end of the call is to `add_callback`: the callback runs, or it is refused."""
    waited = []

    def behavior(request, context):
        ended = threading.Event()
        if context.add_callback(ended.set):
            waited.append(ended.wait(WAIT))
        return b""

    with connected(grpc, workers=2, Block=("unary_unary", behavior)) as channel:
        for _ in range(300):
            channel.unary_unary(path("Block")).future(b"").cancel()
        assert channel.unary_unary(path("Block")).future(b"", timeout=0.001).exception() is not None
    assert all(waited)


def test_a_handler_that_outlives_its_connection_takes_nothing_from_the_next(russet):
    """The next connection has the place of the one that ended, and its call the same number; it must still be told of its end."""
    entered, ended, go_on, done = (
        queue.SimpleQueue(),
        queue.SimpleQueue(),
        threading.Event(),
        queue.SimpleQueue(),
    )

    def behavior(request, context):
        over = threading.Event()
        assert context.add_callback(over.set)
        entered.put(request)
        assert over.wait(WAIT)
        ended.put(request)
        if request == b"first":
            assert go_on.wait(WAIT)
        done.put(request)
        return b""

    def call(request):
        channel = russet.insecure_channel(address)
        channel.unary_unary(path("Block")).future(request)
        assert entered.get(timeout=WAIT) == request
        return channel

    with serving(russet, Block=("unary_unary", behavior)) as address:
        call(b"first").close()
        assert ended.get(timeout=WAIT) == b"first"
        second = call(b"second")
        go_on.set()
        assert done.get(timeout=WAIT) == b"first"
        # By its answer, the server has seen that the first handler is done.
        third = call(b"third")
        second.close()
        assert ended.get(timeout=WAIT) == b"second"
        third.close()
        assert ended.get(timeout=WAIT) == b"third"
