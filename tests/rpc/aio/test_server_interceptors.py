"""Asyncio server interceptors: order, replacing handlers, refusing calls, errors."""

from __future__ import annotations

import asyncio

from support import rpc as sync
from support.aio import ECHO, REPEAT, collect, connected, rpc_error
from support.rpc import WAIT, path


def make(grpc, intercept):
    class Interceptor(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation, handler_call_details):
            return await intercept(continuation, handler_call_details)

    return Interceptor()


async def test_order_and_details(pair):
    server, client = pair
    seen = []

    def named(name):
        async def intercept(continuation, details):
            seen.append(
                (name, "in", details.method, ("k", "v") in tuple(details.invocation_metadata))
            )
            handler = await continuation(details)
            seen.append((name, "out"))
            return handler

        return make(server, intercept)

    interceptors = [named("first"), named("second")]
    async with connected(client, server=server, interceptors=interceptors, Echo=ECHO) as channel:
        assert (
            await channel.unary_unary(path("Echo"))(b"x", metadata=(("k", "v"),), timeout=WAIT)
            == b"x"
        )
    assert seen == [
        ("first", "in", path("Echo"), True),
        ("second", "in", path("Echo"), True),
        ("second", "out"),
        ("first", "out"),
    ]


async def test_wrapping_the_behavior(grpc):
    async def intercept(continuation, details):
        handler = await continuation(details)

        async def wrapped(request, context):
            await asyncio.sleep(0)
            return b"<" + await handler.unary_unary(request, context) + b">"

        return grpc.unary_unary_rpc_method_handler(
            wrapped, handler.request_deserializer, handler.response_serializer
        )

    async with connected(grpc, interceptors=[make(grpc, intercept)], Echo=ECHO) as channel:
        assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"<x>"


async def test_refusing_calls(pair):
    server, client = pair

    async def refuse(request, context):
        await context.abort(server.StatusCode.UNAUTHENTICATED, "who are you?")

    async def intercept(continuation, details):
        if ("token", "secret") in tuple(details.invocation_metadata):
            return await continuation(details)
        return server.unary_unary_rpc_method_handler(refuse)

    async with connected(
        client, server=server, interceptors=[make(server, intercept)], Echo=ECHO
    ) as channel:
        echo = channel.unary_unary(path("Echo"))
        assert await echo(b"x", metadata=[("token", "secret")], timeout=WAIT) == b"x"
        error = await rpc_error(client, echo(b"x", timeout=WAIT))
        assert (error.code(), error.details()) == (
            client.StatusCode.UNAUTHENTICATED,
            "who are you?",
        )


async def test_none_is_unimplemented(grpc):
    async def intercept(continuation, details):
        return None

    async with connected(grpc, interceptors=[make(grpc, intercept)], Echo=ECHO) as channel:
        error = await rpc_error(grpc, channel.unary_unary(path("Echo"))(b"", timeout=WAIT))
        assert (error.code().name, error.details()) == ("UNIMPLEMENTED", "Method not found!")


async def test_an_interceptor_that_raises(russet):
    """With grpcio the call is never answered."""

    async def intercept(continuation, details):
        if details.method == path("Repeat"):
            return await continuation(details)
        raise ValueError("interceptor")

    async with connected(
        russet, interceptors=[make(russet, intercept)], Echo=ECHO, Repeat=REPEAT
    ) as channel:
        error = await rpc_error(russet, channel.unary_unary(path("Echo"))(b"", timeout=WAIT))
        assert error.code() is russet.StatusCode.UNKNOWN
        assert await collect(channel.unary_stream(path("Repeat"))(b"1", timeout=WAIT)) == [b"0"]


async def test_plain_handlers_behind_an_interceptor(grpc):
    async def intercept(continuation, details):
        return await continuation(details)

    async with connected(
        grpc, interceptors=[make(grpc, intercept)], Echo=sync.ECHO, Repeat=sync.REPEAT
    ) as channel:
        assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        assert await collect(channel.unary_stream(path("Repeat"))(b"2", timeout=WAIT)) == [
            b"0",
            b"1",
        ]
