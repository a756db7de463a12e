"""grpclib, an implementation of gRPC in Python alone, as client and as server: all four kinds of method, metadata both ways, and errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent import futures
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from grpclib.client import (
    Channel,
    StreamStreamMethod,
    StreamUnaryMethod,
    UnaryStreamMethod,
    UnaryUnaryMethod,
)
from grpclib.client import ServiceMethod as Method
from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.server import Server
from russet import grpc
from russet.protobuf import wrappers_pb2

Text = wrappers_pb2.StringValue
TIMEOUT = 30
TEXTS = ["a", "", "é" * 20_000]

METHODS: dict[str, type[Method[Any, Any]]] = {
    "unary_unary": UnaryUnaryMethod,
    "unary_stream": UnaryStreamMethod,
    "stream_unary": StreamUnaryMethod,
    "stream_stream": StreamStreamMethod,
}


def unary_unary(request: Text, context: grpc.ServicerContext) -> Text:
    if request.value == "refuse":
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "not this one, 😈")
    caller = dict(context.invocation_metadata())["caller"]
    context.send_initial_metadata((("served-by", f"russet for {caller}"),))
    context.set_trailing_metadata((("sizes-bin", bytes([len(request.value)])),))
    return request


def unary_stream(request: Text, context: grpc.ServicerContext) -> Iterator[Text]:
    for text in TEXTS:
        yield Text(value=request.value + text)


def stream_unary(requests: Iterator[Text], context: grpc.ServicerContext) -> Text:
    return Text(value="".join(request.value for request in requests))


def stream_stream(requests: Iterator[Text], context: grpc.ServicerContext) -> Iterator[Text]:
    yield from requests


@contextmanager
def russet_server() -> Iterator[int]:
    methods = {
        kind: getattr(grpc, f"{kind}_rpc_method_handler")(
            globals()[kind], Text.FromString, Text.SerializeToString
        )
        for kind in METHODS
    }
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s", methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


def test_grpclib_as_client() -> None:
    async def call(port: int) -> None:
        async with Channel("127.0.0.1", port) as channel:
            made = {
                kind: method(channel, f"/s/{kind}", Text, Text) for kind, method in METHODS.items()
            }
            many = [Text(value=text) for text in TEXTS]
            metadata = {"caller": "grpclib"}
            async with made["unary_unary"].open(timeout=TIMEOUT, metadata=metadata) as stream:
                await stream.send_message(Text(value="x"), end=True)
                answer = await stream.recv_message()
                await stream.recv_trailing_metadata()
            assert answer == Text(value="x")
            assert stream.initial_metadata["served-by"] == "russet for grpclib"
            assert stream.trailing_metadata["sizes-bin"] == b"\x01"
            assert await made["unary_stream"](Text(value="y"), timeout=TIMEOUT) == [
                Text(value="y" + text) for text in TEXTS
            ]
            assert await made["stream_unary"](many, timeout=TIMEOUT) == Text(value="".join(TEXTS))
            assert await made["stream_stream"](many, timeout=TIMEOUT) == many
            with pytest.raises(GRPCError) as refused:
                await made["unary_unary"](Text(value="refuse"), timeout=TIMEOUT)
            assert refused.value.status is Status.PERMISSION_DENIED
            assert refused.value.message == "not this one, 😈"

    with russet_server() as port:
        asyncio.run(call(port))


class Service:
    """The same methods on grpclib."""

    async def unary_unary(self, stream: Any) -> None:
        request = await stream.recv_message()
        if request.value == "refuse":
            raise GRPCError(Status.PERMISSION_DENIED, "not this one, 😈")
        await stream.send_initial_metadata(
            metadata={"served-by": f"grpclib for {stream.metadata['caller']}"}
        )
        await stream.send_message(request)
        await stream.send_trailing_metadata(metadata={"sizes-bin": bytes([len(request.value)])})

    async def unary_stream(self, stream: Any) -> None:
        request = await stream.recv_message()
        for text in TEXTS:
            await stream.send_message(Text(value=request.value + text))

    async def stream_unary(self, stream: Any) -> None:
        texts = [request.value async for request in stream]
        await stream.send_message(Text(value="".join(texts)))

    async def stream_stream(self, stream: Any) -> None:
        async for request in stream:
            await stream.send_message(request)

    def __mapping__(self) -> dict[str, Handler]:
        return {
            f"/s/{kind}": Handler(getattr(self, kind), Cardinality[kind.upper()], Text, Text)
            for kind in METHODS
        }


@asynccontextmanager
async def grpclib_server() -> AsyncIterator[str]:
    server = Server([Service()])
    await server.start("127.0.0.1", 0)
    (socket,) = server._server.sockets
    try:
        yield f"127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


def call_synchronously(target: str) -> None:
    with grpc.insecure_channel(target) as channel:
        made = {
            kind: getattr(channel, kind)(f"/s/{kind}", Text.SerializeToString, Text.FromString)
            for kind in METHODS
        }
        many = [Text(value=text) for text in TEXTS]
        caller = (("caller", "russet"),)
        unary = made["unary_unary"]
        answer, call = unary.with_call(Text(value="x"), timeout=TIMEOUT, metadata=caller)
        assert answer == Text(value="x")
        assert dict(call.initial_metadata())["served-by"] == "grpclib for russet"
        assert dict(call.trailing_metadata())["sizes-bin"] == b"\x01"
        answers = list(made["unary_stream"](Text(value="y"), timeout=TIMEOUT))
        assert answers == [Text(value="y" + text) for text in TEXTS]
        assert made["stream_unary"](iter(many), timeout=TIMEOUT) == Text(value="".join(TEXTS))
        assert list(made["stream_stream"](iter(many), timeout=TIMEOUT)) == many
        with pytest.raises(grpc.RpcError) as refused:
            unary(Text(value="refuse"), timeout=TIMEOUT, metadata=caller)
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
        assert refused.value.details() == "not this one, 😈"


async def call_asynchronously(target: str) -> None:
    async with grpc.aio.insecure_channel(target) as channel:
        unary = channel.unary_unary("/s/unary_unary", Text.SerializeToString, Text.FromString)
        call = unary(Text(value="x"), timeout=TIMEOUT, metadata=(("caller", "russet"),))
        assert await call == Text(value="x")
        assert dict(await call.trailing_metadata())["sizes-bin"] == b"\x01"
        both = channel.stream_stream("/s/stream_stream", Text.SerializeToString, Text.FromString)
        many = [Text(value=text) for text in TEXTS]
        assert [answer async for answer in both(iter(many), timeout=TIMEOUT)] == many


def test_grpclib_as_server() -> None:
    async def serve() -> None:
        async with grpclib_server() as target:
            await asyncio.to_thread(call_synchronously, target)
            await call_asynchronously(target)

    asyncio.run(serve())
