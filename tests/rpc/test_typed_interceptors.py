"""`russet.interceptors` on synchronous servers and channels: they see and change the messages of all four kinds."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest
from russet import grpc
from russet.interceptors import ClientInterceptor, ServerInterceptor, map_response
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


class ClientMarking(ClientInterceptor):
    """Puts its letter before every request and after every response."""

    def __init__(self, letter: bytes) -> None:
        self.letter = letter
        self.calls: list[Any] = []

    def intercept(self, call, request):
        self.calls.append(call)
        if call.request_streaming:
            marked = (self.letter + message for message in request)
        else:
            marked = self.letter + request
        return map_response(call, call(marked), lambda response: response + self.letter)


def trailing(request, context):
    context.set_trailing_metadata((("t", "1"),))
    return request


def test_a_channel_s_messages_of_all_kinds_are_seen_and_changed() -> None:
    first, second = ClientMarking(b"a"), ClientMarking(b"b")
    echo_handler = ("unary_unary", trailing)
    with connected(
        grpc, Echo=echo_handler, Twice=TWICE, Concatenate=CONCATENATE, EchoEach=ECHO_EACH
    ) as plain:
        channel = grpc.intercept_channel(plain, first, second)
        echo = channel.unary_unary(path("Echo"))
        assert echo(b"1", timeout=WAIT) == b"ba1ba"
        response, call = echo.with_call(b"1", timeout=WAIT)
        assert response == b"ba1ba"
        assert (call.code(), call.trailing_metadata()) == (grpc.StatusCode.OK, (("t", "1"),))
        future = echo.future(b"1", timeout=WAIT)
        called = threading.Event()
        future.add_done_callback(lambda given: called.set() if given is future else None)
        assert future.result(WAIT) == future.result(WAIT) == b"ba1ba"
        assert happened(called)
        assert future.exception(WAIT) is None
        responses = channel.unary_stream(path("Twice"))(b"1", timeout=WAIT)
        assert list(responses) == [b"ba1ba"] * 2
        assert responses.code() is grpc.StatusCode.OK
        concatenate = channel.stream_unary(path("Concatenate"))
        assert concatenate(iter([b"1", b"2"]), timeout=WAIT) == b"ba1ba2ba"
        assert concatenate.future(iter([b"1"]), timeout=WAIT).result(WAIT) == b"ba1ba"
        each = channel.stream_stream(path("EchoEach"))
        assert list(each(iter([b"1", b"2"]), timeout=WAIT)) == [b"ba1ba", b"ba2ba"]
    kinds = [(call.request_streaming, call.response_streaming) for call in first.calls]
    assert kinds == [(False, False)] * 3 + [(False, True)] + [(True, False)] * 2 + [(True, True)]


def test_a_channel_s_call_says_what_it_is_and_takes_other_metadata() -> None:
    seen = []

    class Token(ClientInterceptor):
        def intercept(self, call, request):
            seen.append((call.method, call.service, call.name, call.metadata, call.timeout))
            running = call(request, metadata=(*call.metadata, ("token", "secret")))
            assert running is call.running
            return running

    def handler(request, context):
        sent = context.invocation_metadata()
        return repr([tuple(item) for item in sent if item[0] in ("k", "token")]).encode()

    with connected(grpc, M=("unary_unary", handler)) as plain:
        method = grpc.intercept_channel(plain, Token()).unary_unary(path("M"))
        sent = method(b"", metadata=(("k", "v"),), timeout=WAIT)
    assert sent == b"[('k', 'v'), ('token', 'secret')]"
    assert seen == [(path("M"), "russet.test.Service", "M", (("k", "v"),), WAIT)]


def refuse(request, context):
    context.abort(grpc.StatusCode.NOT_FOUND, "no figs")


def refuse_later(request, context):
    yield request
    context.abort(grpc.StatusCode.NOT_FOUND, "no figs")


@pytest.mark.parametrize("waiting", [False, True])
def test_failures_reach_the_caller_with_their_status(waiting: bool) -> None:
    class Waiting(ClientInterceptor):
        def intercept(self, call, request):
            running = call(request)
            return running if call.response_streaming else running.result()

    interceptor = Waiting() if waiting else ClientMarking(b"")
    with connected(grpc, M=("unary_unary", refuse), Later=("unary_stream", refuse_later)) as plain:
        channel = grpc.intercept_channel(plain, ClientMarking(b""), interceptor)
        method = channel.unary_unary(path("M"))
        future = method.future(b"", timeout=WAIT)
        responses = channel.unary_stream(path("Later"))(b"1", timeout=WAIT)
        assert next(responses) == b"1"
        for error in (
            rpc_error(grpc, method, b"", timeout=WAIT),
            rpc_error(grpc, future.result, WAIT),
            future.exception(WAIT),
            future,
            rpc_error(grpc, next, responses),
            responses,
        ):
            assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no figs")


def test_a_channel_s_interceptor_answers_by_itself_and_tries_again() -> None:
    class Cache(ClientInterceptor):
        def intercept(self, call, request):
            return iter([b"x", b"y"]) if call.response_streaming else b"cached"

    class Again(ClientInterceptor):
        def intercept(self, call, request):
            running = call(request)
            return call(b"good") if running.code() is grpc.StatusCode.NOT_FOUND else running

    def picky(request, context):
        if request != b"good":
            refuse(request, context)
        return request

    with connected(grpc, M=("unary_unary", picky), Repeat=REPEAT) as plain:
        cached = grpc.intercept_channel(plain, ClientMarking(b"a"), Cache())
        response, call = cached.unary_unary(path("M")).with_call(b"", timeout=WAIT)
        assert (response, call.code()) == (b"cacheda", grpc.StatusCode.OK)
        assert cached.unary_unary(path("M")).future(b"").result(WAIT) == b"cacheda"
        responses = cached.unary_stream(path("Repeat"))(b"9", timeout=WAIT)
        assert (list(responses), responses.code()) == ([b"xa", b"ya"], grpc.StatusCode.OK)
        again = grpc.intercept_channel(plain, Again()).unary_unary(path("M"))
        assert again(b"bad", timeout=WAIT) == b"good"


def test_a_function_that_fails_is_the_future_s_exception() -> None:
    class Broken(ClientInterceptor):
        def intercept(self, call, request):
            return map_response(call, call(request), lambda response: 1 // 0)

    with connected(grpc, Echo=ECHO) as plain:
        echo = grpc.intercept_channel(plain, Broken()).unary_unary(path("Echo"))
        future = echo.future(b"", timeout=WAIT)
        assert isinstance(future.exception(WAIT), ZeroDivisionError)
        with pytest.raises(ZeroDivisionError):
            future.result(WAIT)


def test_an_intercepted_stream_that_nobody_reads_any_more_is_cancelled() -> None:
    ended = threading.Event()

    def handler(request, context):
        context.add_callback(ended.set)
        yield b""
        assert happened(ended)

    class Same(ClientInterceptor):
        def intercept(self, call, request):
            return map_response(call, call(request), lambda response: response)

    with connected(grpc, M=("unary_stream", handler)) as plain:
        channel = grpc.intercept_channel(plain, Same(), ClientInterceptor())
        gc.disable()
        try:
            responses = channel.unary_stream(path("M"))(b"", timeout=WAIT * 10)
            next(responses)
            assert not ended.is_set()
            del responses
            assert happened(ended)
        finally:
            gc.enable()
