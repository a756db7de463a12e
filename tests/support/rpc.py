"""A server on a free port and the names of its methods, for tests of the synchronous API. Messages are bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from concurrent import futures
from typing import Any

SERVICE = "russet.test.Service"
# Seconds that a test waits for something that happens at once unless the test fails.
WAIT = 20.0


def path(method: str) -> str:
    """The full name of a method of the test service."""
    return f"/{SERVICE}/{method}"


def handlers(grpc: Any, methods: dict[str, tuple[str, Any]]) -> Any:
    """A generic handler for `{name: (kind, behavior)}`, where kind is for example "unary_stream"."""
    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            name: getattr(grpc, f"{kind}_rpc_method_handler")(behavior)
            for name, (kind, behavior) in methods.items()
        },
    )


@contextlib.contextmanager
def serving(grpc: Any, *, workers: int = 8, **methods_and_options: Any) -> Iterator[str]:
    """Serve `Name=(kind, behavior)` and yield the address. Lower-case keywords go to `grpc.server`."""
    methods = {name: value for name, value in methods_and_options.items() if name[0].isupper()}
    options = {name: value for name, value in methods_and_options.items() if not name[0].isupper()}
    pool = futures.ThreadPoolExecutor(max_workers=workers)
    server = grpc.server(pool, handlers=(handlers(grpc, methods),), **options)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield address
    finally:
        assert server.stop(None).wait(WAIT), "the server did not stop"
        pool.shutdown(wait=False)


@contextlib.contextmanager
def connected(
    client: Any, *, server: Any = None, channel_options: Any = None, **methods_and_options: Any
) -> Iterator[Any]:
    """As `serving`, and yield a channel to it. `server` is the server's module, if it is another than the client's."""
    with (
        serving(server or client, **methods_and_options) as address,
        client.insecure_channel(address, options=channel_options) as channel,
    ):
        yield channel


@contextlib.contextmanager
def serving_handlers(grpc: Any, *handlers: Any, **options: Any) -> Iterator[Any]:
    """Serve generic handlers, and method handlers as "/s/m"; yield a channel."""
    generic = [
        handler
        if isinstance(handler, grpc.GenericRpcHandler)
        else grpc.method_handlers_generic_handler("s", {"m": handler})
        for handler in handlers
    ]
    pool = futures.ThreadPoolExecutor(8)
    server = grpc.server(pool, handlers=generic, **options)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    assert server.stop(None).wait(WAIT), "the server did not stop"
    pool.shutdown(wait=False)


def refused_address() -> str:
    """An address on which nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{bound.getsockname()[1]}"


def rpc_error(grpc: Any, function: Any, *arguments: Any, **options: Any) -> Any:
    """Call a function that must raise `RpcError`, and return the error."""
    try:
        result = function(*arguments, **options)
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"no RpcError was raised, the result is {result!r}")


def happened(event: threading.Event) -> bool:
    """Wait for an event that must come."""
    return event.wait(WAIT)


# Handlers that many tests use.


def echo(request: bytes, context: Any) -> bytes:
    return request


def repeat(request: bytes, context: Any) -> Iterator[bytes]:
    """Answer b"<n>" with the n messages b"0", b"1", ..."""
    for number in range(int(request)):
        yield b"%d" % number


def concatenate(requests: Iterator[bytes], context: Any) -> bytes:
    return b"".join(requests)


def echo_each(requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
    yield from requests


ECHO = ("unary_unary", echo)
REPEAT = ("unary_stream", repeat)
CONCATENATE = ("stream_unary", concatenate)
ECHO_EACH = ("stream_stream", echo_each)
