"""Server interceptors: order, replacing handlers, refusing calls, errors."""

from __future__ import annotations

import pytest
from support.rpc import ECHO, REPEAT, WAIT, connected, path, rpc_error


def make(grpc, intercept):
    class Interceptor(grpc.ServerInterceptor):
        def intercept_service(self, continuation, handler_call_details):
            return intercept(continuation, handler_call_details)

    return Interceptor()


def test_order_and_details(pair):
    server, client = pair
    seen = []

    def named(name):
        def intercept(continuation, details):
            seen.append((name, "in", details.method, ("k", "v") in details.invocation_metadata))
            handler = continuation(details)
            seen.append((name, "out"))
            return handler

        return make(server, intercept)

    with connected(
        client, server=server, interceptors=[named("first"), named("second")], Echo=ECHO
    ) as channel:
        assert channel.unary_unary(path("Echo"))(b"x", metadata=(("k", "v"),), timeout=WAIT) == b"x"
    assert seen == [
        ("first", "in", path("Echo"), True),
        ("second", "in", path("Echo"), True),
        ("second", "out"),
        ("first", "out"),
    ]


def test_the_handler_has_its_attributes(grpc):
    handlers = []

    def intercept(continuation, details):
        handlers.append(continuation(details))
        return handlers[-1]

    with connected(grpc, interceptors=[make(grpc, intercept)], Echo=ECHO, Repeat=REPEAT) as channel:
        channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        list(channel.unary_stream(path("Repeat"))(b"1", timeout=WAIT))
    echo, repeat = handlers
    assert isinstance(echo, grpc.RpcMethodHandler)
    assert (echo.request_streaming, echo.response_streaming) == (False, False)
    assert (repeat.request_streaming, repeat.response_streaming) == (False, True)
    assert echo.unary_unary is ECHO[1]
    assert repeat.unary_stream is REPEAT[1]
    for name in (
        "unary_stream",
        "stream_unary",
        "stream_stream",
        "request_deserializer",
        "response_serializer",
    ):
        assert getattr(echo, name) is None


def test_wrapping_the_behavior(grpc):
    def intercept(continuation, details):
        handler = continuation(details)
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: b"<" + handler.unary_unary(request, context) + b">",
            handler.request_deserializer,
            handler.response_serializer,
        )

    with connected(grpc, interceptors=[make(grpc, intercept)], Echo=ECHO) as channel:
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"<x>"


def test_wrapping_with_the_experimental_helper(grpc):
    from importlib import import_module

    experimental = import_module(f"{grpc.__name__}.experimental")

    def intercept(continuation, details):
        def wrapper(behavior):
            return lambda request, context: (part.upper() for part in behavior(request, context))

        return experimental.wrap_server_method_handler(wrapper, continuation(details))

    def letters(request, context):
        yield b"a"
        yield b"b"

    with connected(
        grpc, interceptors=[make(grpc, intercept)], Letters=("unary_stream", letters)
    ) as channel:
        assert list(channel.unary_stream(path("Letters"))(b"", timeout=WAIT)) == [b"A", b"B"]
        error = rpc_error(grpc, channel.unary_unary(path("Nope")), b"", timeout=WAIT)
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED


def test_replacing_with_replace(grpc):
    def intercept(continuation, details):
        return continuation(details)._replace(unary_unary=lambda request, context: b"replaced")

    with connected(grpc, interceptors=[make(grpc, intercept)], Echo=ECHO) as channel:
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"replaced"


def test_refusing_calls(pair):
    server, client = pair

    def refuse(request, context):
        context.abort(server.StatusCode.UNAUTHENTICATED, "who are you?")

    def intercept(continuation, details):
        if ("token", "secret") in details.invocation_metadata:
            return continuation(details)
        return server.unary_unary_rpc_method_handler(refuse)

    with connected(
        client, server=server, interceptors=[make(server, intercept)], Echo=ECHO
    ) as channel:
        echo = channel.unary_unary(path("Echo"))
        assert echo(b"x", metadata=[("token", "secret")], timeout=WAIT) == b"x"
        error = rpc_error(client, echo, b"x", timeout=WAIT)
        assert (error.code(), error.details()) == (
            client.StatusCode.UNAUTHENTICATED,
            "who are you?",
        )


def test_none_is_unimplemented(grpc):
    with connected(
        grpc, interceptors=[make(grpc, lambda continuation, details: None)], Echo=ECHO
    ) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Echo")), b"", timeout=WAIT)
        assert (error.code().name, error.details()) == ("UNIMPLEMENTED", "Method not found!")


def test_unknown_methods_reach_the_interceptor(grpc):
    seen = []

    def intercept(continuation, details):
        seen.append((details.method, continuation(details)))
        return grpc.unary_unary_rpc_method_handler(lambda request, context: b"served")

    with connected(grpc, interceptors=[make(grpc, intercept)], Echo=ECHO) as channel:
        assert channel.unary_unary("/any/thing")(b"", timeout=WAIT) == b"served"
    assert seen == [("/any/thing", None)]


def test_an_interceptor_that_raises(grpc):
    def intercept(continuation, details):
        if details.method == path("Repeat"):
            return continuation(details)
        raise ValueError("interceptor")

    with connected(grpc, interceptors=[make(grpc, intercept)], Echo=ECHO, Repeat=REPEAT) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Echo")), b"", timeout=WAIT)
        assert (error.code().name, error.details()) == ("UNKNOWN", "Error in service handler!")
        assert list(channel.unary_stream(path("Repeat"))(b"1", timeout=WAIT)) == [b"0"]


def test_changing_the_method(grpc):
    """What the continuation is given decides which handler is found."""

    class Details(grpc.HandlerCallDetails):
        def __init__(self, method, invocation_metadata):
            self.method, self.invocation_metadata = method, invocation_metadata

    def intercept(continuation, details):
        return continuation(Details(path("Echo"), details.invocation_metadata))

    with connected(grpc, interceptors=[make(grpc, intercept)], Echo=ECHO) as channel:
        assert channel.unary_unary("/renamed/Method")(b"x", timeout=WAIT) == b"x"


@pytest.mark.parametrize("interceptors", [None, [], ()])
def test_no_interceptors(grpc, interceptors):
    with connected(grpc, interceptors=interceptors, Echo=ECHO) as channel:
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
