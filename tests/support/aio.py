"""A server on a free port, for tests of the asyncio API. Messages are bytes."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from support.rpc import handlers


@contextlib.asynccontextmanager
async def serving(grpc: Any, **methods_and_options: Any) -> AsyncIterator[str]:
    """Serve `Name=(kind, behavior)` and yield the address. Lower-case keywords go to `grpc.aio.server`."""
    methods = {name: value for name, value in methods_and_options.items() if name[0].isupper()}
    options = {name: value for name, value in methods_and_options.items() if not name[0].isupper()}
    server = grpc.aio.server(handlers=(handlers(grpc, methods),), **options)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


@contextlib.asynccontextmanager
async def connected(
    client: Any,
    *,
    server: Any = None,
    channel_options: Any = None,
    channel_interceptors: Any = None,
    **methods_and_options: Any,
) -> AsyncIterator[Any]:
    """As `serving`, and yield a channel to it. `server` is the server's module, if it is another than the client's."""
    async with (
        serving(server or client, **methods_and_options) as address,
        client.aio.insecure_channel(
            address, options=channel_options, interceptors=channel_interceptors
        ) as channel,
    ):
        yield channel


async def rpc_error(grpc: Any, awaitable: Any) -> Any:
    """Await what must raise `AioRpcError`, and return the error."""
    try:
        result = await awaitable
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError(f"no AioRpcError was raised, the result is {result!r}")


async def collect(responses: Any) -> list[Any]:
    """All responses of a call."""
    return [response async for response in responses]


async def aiter_of(*items: Any) -> AsyncIterator[Any]:
    """An asynchronous iterator over these items."""
    for item in items:
        yield item


# Handlers that many tests use.


async def echo(request: bytes, context: Any) -> bytes:
    return request


async def repeat(request: bytes, context: Any) -> AsyncIterator[bytes]:
    """Answer b"<n>" with the n messages b"0", b"1", ..."""
    for number in range(int(request)):
        yield b"%d" % number


async def concatenate(requests: AsyncIterator[bytes], context: Any) -> bytes:
    return b"".join([request async for request in requests])


async def echo_each(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


ECHO = ("unary_unary", echo)
REPEAT = ("unary_stream", repeat)
CONCATENATE = ("stream_unary", concatenate)
ECHO_EACH = ("stream_stream", echo_each)
