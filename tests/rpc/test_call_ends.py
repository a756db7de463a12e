"""When a synchronous call is over, and what its caller can rely on then: callbacks, `next` after `cancel`, a call without a response, errors that are made again."""

from __future__ import annotations

import threading
from typing import Any

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

ALL = {"Echo": ECHO, "Repeat": REPEAT, "Concatenate": CONCATENATE, "EchoEach": ECHO_EACH}
# How often something is tried that must never go wrong.
TRIES = 50

REQUESTS = {
    "unary_stream": ("Repeat", lambda: b"3"),
    "stream_stream": ("EchoEach", lambda: iter([b"0", b"1", b"2"])),
}


def stream(channel: Any, kind: str, **options: Any) -> Any:
    method, requests = REQUESTS[kind]
    return getattr(channel, kind)(path(method))(requests(), timeout=WAIT, **options)


class PassOn:
    """Mixed with an interceptor's class: hands every call on as it is."""

    def _pass_on(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(details, request)

    intercept_unary_unary = intercept_unary_stream = _pass_on
    intercept_stream_unary = intercept_stream_stream = _pass_on


def intercepted(grpc: Any, channel: Any) -> Any:
    kinds = (
        grpc.UnaryUnaryClientInterceptor,
        grpc.UnaryStreamClientInterceptor,
        grpc.StreamUnaryClientInterceptor,
        grpc.StreamStreamClientInterceptor,
    )
    return grpc.intercept_channel(channel, type("Interceptor", (PassOn, *kinds), {})())


@pytest.mark.parametrize("through", [False, True], ids=["plain", "intercepted"])
@pytest.mark.parametrize("kind", ["unary_unary", "stream_unary"])
def test_callbacks_have_run_when_a_future_gives_its_result(grpc, kind, through):
    with connected(grpc, **ALL) as channel:
        channel = intercepted(grpc, channel) if through else channel
        for way in ("result", "exception", "traceback"):
            for _ in range(TRIES):
                ran: list[Any] = []
                if kind == "unary_unary":
                    call = channel.unary_unary(path("Echo")).future(b"x", timeout=WAIT)
                else:
                    call = channel.stream_unary(path("Concatenate")).future(
                        iter([b"x"]), timeout=WAIT
                    )
                call.add_done_callback(ran.append)
                getattr(call, way)()
                assert ran == [call]


@pytest.mark.parametrize("through", [False, True], ids=["plain", "intercepted"])
@pytest.mark.parametrize("kind", REQUESTS)
def test_callbacks_have_run_when_an_iteration_ends(grpc, kind, through):
    with connected(grpc, **ALL) as channel:
        channel = intercepted(grpc, channel) if through else channel
        for _ in range(TRIES):
            ran: list[Any] = []
            call = stream(channel, kind)
            call.add_done_callback(ran.append)
            call.add_callback(lambda ran=ran: ran.append("callback"))
            assert list(call) == [b"0", b"1", b"2"]
            assert ran == [call, "callback"]


def test_callbacks_have_run_when_an_iteration_fails(grpc):
    with connected(grpc, **ALL) as channel:
        for _ in range(TRIES):
            ran: list[Any] = []
            call = channel.unary_stream(path("Repeat"))(b"no number", timeout=WAIT)
            call.add_done_callback(ran.append)
            rpc_error(grpc, list, call)
            assert ran == [call]


def test_callbacks_run_on_a_thread_of_the_library(grpc):
    """So that a caller may hold a lock that a callback wants."""
    with connected(grpc, **ALL) as channel:
        threads: list[Any] = []
        call = channel.unary_unary(path("Echo")).future(b"x", timeout=WAIT)
        call.add_done_callback(lambda call: threads.append(threading.get_ident()))
        call.result()
        assert threads
        assert threading.get_ident() not in threads


def test_a_callback_may_ask_for_the_result(grpc):
    with connected(grpc, **ALL) as channel:
        results: list[Any] = []
        call = channel.unary_unary(path("Echo")).future(b"x", timeout=WAIT)
        call.add_done_callback(lambda call: results.append(call.result()))
        assert call.result() == b"x"
        assert results == [b"x"]


def test_a_callback_that_raises_does_not_keep_the_result(grpc):
    with connected(grpc, **ALL) as channel:
        ran = threading.Event()

        def fails(call: Any) -> None:
            ran.set()
            raise ValueError("of the callback")

        call = channel.unary_unary(path("Echo")).future(b"x", timeout=WAIT)
        call.add_done_callback(fails)
        assert call.result() == b"x"
        assert happened(ran)


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_stream_is_over_when_its_messages_are_read(grpc, kind):
    """However early they have come."""
    with connected(grpc, **ALL) as channel:
        called = threading.Event()
        call = stream(channel, kind)
        call.add_callback(called.set)
        for expected in (b"0", b"1"):
            assert next(call) == expected
            assert (call.is_active(), call.running(), call.done()) == (True, True, False)
            assert not called.is_set()
        assert next(call) == b"2"
        assert happened(called)
        with pytest.raises(StopIteration):
            next(call)
        assert (call.is_active(), call.running(), call.done()) == (False, False, True)
        assert not call.add_callback(lambda: None)


@pytest.mark.parametrize("through", [False, True], ids=["plain", "intercepted"])
@pytest.mark.parametrize("kind", REQUESTS)
def test_nothing_is_read_after_cancel(grpc, kind, through):
    """Whether the messages that follow have come by then or not."""
    with connected(grpc, **ALL) as channel:
        channel = intercepted(grpc, channel) if through else channel
        # A later call's answer shows that those of the calls before it are there.
        echo = channel.unary_unary(path("Echo"))
        for wait in (False, True) * (TRIES // 2):
            ended = threading.Event()
            call = stream(channel, kind)
            call.add_callback(ended.set)
            assert next(call) == b"0"
            if wait:
                echo(b"x", timeout=WAIT)
            assert call.cancel()
            assert rpc_error(grpc, next, call).code() is grpc.StatusCode.CANCELLED
            assert call.code() is grpc.StatusCode.CANCELLED
            assert call.cancelled()
            assert call.details() == "Locally cancelled by application!"
            assert happened(ended)
            assert not call.cancel()
            with pytest.raises(grpc.FutureCancelledError):
                call.result(timeout=WAIT)


def test_cancel_after_the_last_message_is_too_late(grpc):
    with connected(grpc, **ALL) as channel:
        call = channel.unary_stream(path("Repeat"))(b"2", timeout=WAIT)
        assert list(call) == [b"0", b"1"]
        assert not call.cancel()
        assert call.code() is grpc.StatusCode.OK
        assert not call.cancelled()


def test_messages_before_an_error_are_read_first(pair):
    server, client = pair

    def fails(request: bytes, context: Any) -> Any:
        yield b"1"
        yield b"2"
        context.abort(server.StatusCode.DATA_LOSS, "no more")

    with connected(client, server=server, Fails=("unary_stream", fails)) as channel:
        call = channel.unary_stream(path("Fails"))(b"", timeout=WAIT)
        assert [next(call), next(call)] == [b"1", b"2"]
        assert rpc_error(client, next, call).code() is client.StatusCode.DATA_LOSS


def test_the_error_of_a_call_that_ended_well_says_nothing(grpc):
    with connected(grpc, **ALL) as channel:
        _, unary = channel.unary_unary(path("Echo")).with_call(b"x", timeout=WAIT)
        _, collected = channel.stream_unary(path("Concatenate")).with_call(
            iter([b"x"]), timeout=WAIT
        )
        future = channel.unary_unary(path("Echo")).future(b"x", timeout=WAIT)
        future.result()
        streams = [stream(channel, kind) for kind in REQUESTS]
        for call in streams:
            list(call)
        for call in (unary, collected, future, *streams):
            assert call.debug_error_string() == ""


@pytest.mark.parametrize("deserializer", [None, bytes.decode], ids=["bytes", "text"])
def test_ok_without_a_response_gives_none(grpc, deserializer):
    with connected(
        grpc,
        Nothing=("unary_stream", lambda request, context: iter(())),
        Nothings=("stream_stream", lambda requests, context: iter(())),
    ) as channel:
        unary = channel.unary_unary(path("Nothing"), response_deserializer=deserializer)
        assert unary(b"", timeout=WAIT) is None
        response, call = unary.with_call(b"", timeout=WAIT)
        assert (response, call.code()) == (None, grpc.StatusCode.OK)
        future = unary.future(b"", timeout=WAIT)
        assert future.result() is None
        assert future.exception() is None
        stream_unary = channel.stream_unary(path("Nothings"), response_deserializer=deserializer)
        assert stream_unary(iter([b""]), timeout=WAIT) is None
        response, call = stream_unary.with_call(iter([b""]), timeout=WAIT)
        assert (response, call.code()) == (None, grpc.StatusCode.OK)
        assert stream_unary.future(iter([b""]), timeout=WAIT).result() is None


def no_iterator() -> Any:
    return object()


def raises_when_it_is_asked_for() -> Any:
    class Requests:
        def __iter__(self) -> Any:
            raise RuntimeError("no iterator")

    return Requests()


@pytest.mark.parametrize("requests", [no_iterator, raises_when_it_is_asked_for])
@pytest.mark.parametrize("through", [False, True], ids=["plain", "intercepted"])
def test_requests_that_cannot_be_iterated_end_the_call(grpc, requests, through):
    with connected(grpc, **ALL) as channel:
        channel = intercepted(grpc, channel) if through else channel
        stream_unary = channel.stream_unary(path("Concatenate"))
        call = channel.stream_stream(path("EchoEach"))(requests(), timeout=WAIT)
        for function in (
            lambda: stream_unary(requests(), timeout=WAIT),
            lambda: stream_unary.with_call(requests(), timeout=WAIT),
            lambda: stream_unary.future(requests(), timeout=WAIT).result(),
            lambda: next(call),
        ):
            error = rpc_error(grpc, function)
            assert error.code() is grpc.StatusCode.UNKNOWN
            assert error.details() == "Exception iterating requests!"


def test_an_error_is_made_again_of_its_text(grpc):
    """As multiprocessing and others do in the process that hears of it."""
    with connected(grpc, **ALL) as channel:
        unary = rpc_error(grpc, channel.unary_unary(path("Nope")), b"", timeout=WAIT)
        collected = rpc_error(grpc, channel.stream_unary(path("Nope")), iter([b""]), timeout=WAIT)
    for error in (unary, collected):
        again = type(error)("Caught in worker 0")
        assert isinstance(again, grpc.RpcError)
        assert again.code() is grpc.StatusCode.INTERNAL
        assert "Caught in worker 0" in again.details()
        assert "Caught in worker 0" in str(again)
        assert again.args == ("Caught in worker 0",)
        assert (again.initial_metadata(), again.trailing_metadata()) == ((), ())
        with pytest.raises(type(error)):
            raise again
