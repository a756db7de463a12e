"""`russet.interceptors` on synchronous servers and channels: they see and change the messages of all four kinds."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from russet import grpc
from russet.interceptors import ServerInterceptor
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


class Marking(ServerInterceptor):
    """Puts its letter before every request and after every response."""

    def __init__(self, letter: bytes) -> None:
        self.letter = letter
        self.calls: list[Any] = []

    def intercept(self, call, request, context):
        self.calls.append(call)
        if call.request_streaming:
            marked = (self.letter + message for message in request)
        else:
            marked = self.letter + request
        response = call(marked, context)
        if call.response_streaming:
            return (message + self.letter for message in response)
        return response + self.letter


def echo_twice(request, context):
    yield request
    yield request


TWICE = ("unary_stream", echo_twice)


def test_messages_of_all_kinds_are_seen_and_changed() -> None:
    first, second = Marking(b"a"), Marking(b"b")
    with connected(
        grpc,
        Echo=ECHO,
        Twice=TWICE,
        Concatenate=CONCATENATE,
        EchoEach=ECHO_EACH,
        interceptors=[first, second],
    ) as channel:
        assert channel.unary_unary(path("Echo"))(b"1", timeout=WAIT) == b"ba1ba"
        assert list(channel.unary_stream(path("Twice"))(b"1", timeout=WAIT)) == [b"ba1ba"] * 2
        concatenate = channel.stream_unary(path("Concatenate"))
        assert concatenate(iter([b"1", b"2"]), timeout=WAIT) == b"ba1ba2ba"
        each = channel.stream_stream(path("EchoEach"))
        assert list(each(iter([b"1", b"2"]), timeout=WAIT)) == [b"ba1ba", b"ba2ba"]
    kinds = [(call.request_streaming, call.response_streaming) for call in first.calls]
    assert kinds == [(False, False), (False, True), (True, False), (True, True)]
    assert len(second.calls) == 4


def test_the_call_says_what_it_is() -> None:
    marking = Marking(b"")
    with connected(grpc, Echo=ECHO, interceptors=[marking]) as channel:
        channel.unary_unary(path("Echo"))(b"", metadata=(("k", "v"),), timeout=WAIT)
    (call,) = marking.calls
    assert call.method == path("Echo")
    assert (call.service, call.name) == ("russet.test.Service", "Echo")
    assert ("k", "v") in call.metadata


def test_one_that_overrides_nothing_changes_nothing() -> None:
    with connected(grpc, Echo=ECHO, Repeat=REPEAT, interceptors=[ServerInterceptor()]) as channel:
        assert channel.unary_unary(path("Echo"))(b"1", timeout=WAIT) == b"1"
        assert list(channel.unary_stream(path("Repeat"))(b"2", timeout=WAIT)) == [b"0", b"1"]


def test_it_refuses_and_it_answers_in_the_handler_s_place() -> None:
    reached = []

    class Guard(ServerInterceptor):
        def intercept(self, call, request, context):
            if request == b"bad":
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "that is bad")
            if request == b"cached":
                return b"from the cache"
            return call(request, context)

    def handler(request, context):
        reached.append(request)
        return request

    with connected(
        grpc, Echo=("unary_unary", handler), Twice=TWICE, interceptors=[Guard()]
    ) as channel:
        echo = channel.unary_unary(path("Echo"))
        error = rpc_error(grpc, echo, b"bad", timeout=WAIT)
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert error.details() == "that is bad"
        assert echo(b"cached", timeout=WAIT) == b"from the cache"
        assert echo(b"good", timeout=WAIT) == b"good"
        error = rpc_error(grpc, list, channel.unary_stream(path("Twice"))(b"bad", timeout=WAIT))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reached == [b"good"]


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream"])
def test_exceptions_of_the_handler_become_a_status(kind: str) -> None:
    class Missing(Exception):
        pass

    class Translating(ServerInterceptor):
        def intercept(self, call, request, context):
            if call.response_streaming:
                return self.stream(call, request, context)
            try:
                return call(request, context)
            except Missing as error:
                context.abort(grpc.StatusCode.NOT_FOUND, f"no {error}")

        def stream(self, call, request, context):
            try:
                yield from call(request, context)
            except Missing as error:
                context.abort(grpc.StatusCode.NOT_FOUND, f"no {error}")

    def single(request, context):
        raise Missing("figs")

    def several(request, context):
        yield b"first"
        raise Missing("figs")

    handler = several if kind == "unary_stream" else single
    with connected(grpc, M=(kind, handler), interceptors=[Translating()]) as channel:
        if kind == "unary_unary":
            error = rpc_error(grpc, channel.unary_unary(path("M")), b"", timeout=WAIT)
        else:
            responses = channel.unary_stream(path("M"))(b"", timeout=WAIT)
            assert next(responses) == b"first"
            error = rpc_error(grpc, next, responses)
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no figs")


def test_it_mixes_with_other_interceptors() -> None:
    class Plain(grpc.ServerInterceptor):
        def intercept_service(self, continuation, handler_call_details):
            seen.append(handler_call_details.method)
            return continuation(handler_call_details)

    seen: list[str] = []
    interceptors = [Marking(b"a"), Plain(), Marking(b"b")]
    with connected(grpc, Echo=ECHO, interceptors=interceptors) as channel:
        assert channel.unary_unary(path("Echo"))(b"1", timeout=WAIT) == b"ba1ba"
        error = rpc_error(grpc, channel.unary_unary(path("Nobody")), b"", timeout=WAIT)
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert seen == [path("Echo"), path("Nobody")]


def test_code_after_the_last_response_runs_when_the_handler_has_ended() -> None:
    ended = threading.Event()
    seen = []

    class Counting(ServerInterceptor):
        def intercept(self, call, request, context):
            return self.count(call(request, context))

        def count(self, responses):
            number = 0
            for response in responses:
                number += 1
                yield response
            seen.append(number)
            ended.set()

    with connected(grpc, Repeat=REPEAT, interceptors=[Counting()]) as channel:
        assert len(list(channel.unary_stream(path("Repeat"))(b"3", timeout=WAIT))) == 3
        assert happened(ended)
    assert seen == [3]
