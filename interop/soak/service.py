"""The soak's service, on bytes: four methods, one of each kind, and what its clients send."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from russet import grpc

SERVICE = "soak.Echo"
KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")

# Messages of a stream, and their bytes: some fit into a frame, some do not.
STREAMED = 10
SIZES = (0, 100, 20_000, 100_000)


def unary_unary(request: bytes, context: Any) -> bytes:
    return request


def unary_stream(request: bytes, context: Any) -> Iterator[bytes]:
    for _ in range(STREAMED):
        yield request


def stream_unary(requests: Iterator[bytes], context: Any) -> bytes:
    answer = b""
    for request in requests:
        answer = request
    return answer


def stream_stream(requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
    yield from requests


async def async_unary_unary(request: bytes, context: Any) -> bytes:
    return request


async def async_unary_stream(request: bytes, context: Any) -> AsyncIterator[bytes]:
    for _ in range(STREAMED):
        yield request


async def async_stream_unary(requests: AsyncIterator[bytes], context: Any) -> bytes:
    answer = b""
    async for request in requests:
        answer = request
    return answer


async def async_stream_stream(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


def handler(asynchronous: bool) -> grpc.GenericRpcHandler:
    prefix = "async_" if asynchronous else ""
    methods = {
        kind: getattr(grpc, f"{kind}_rpc_method_handler")(globals()[prefix + kind])
        for kind in KINDS
    }
    return grpc.method_handlers_generic_handler(SERVICE, methods)
