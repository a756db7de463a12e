"""TLS and call credentials on an event loop, in all four pairs of server and client."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

from support import tls
from support.aio import ECHO, ECHO_EACH, aiter_of, collect, rpc_error
from support.rpc import WAIT, handlers, path
from support.tls import root

Pair = tuple[ModuleType, ModuleType]


@contextlib.asynccontextmanager
async def serving(grpc: Any, credentials: Any, **methods: Any) -> AsyncIterator[str]:
    server = grpc.aio.server(handlers=(handlers(grpc, methods),))
    port = server.add_secure_port("localhost:0", credentials)
    await server.start()
    try:
        yield f"localhost:{port}"
    finally:
        await server.stop(None)


async def describe_peer(request: bytes, context: Any) -> bytes:
    return tls.describe_peer(request, context)


async def metadata_of(request: bytes, context: Any) -> bytes:
    metadata = [tuple(item) for item in context.invocation_metadata() if item[0] != "user-agent"]
    return repr(metadata).encode()


def one_pair(grpc: Any) -> Any:
    return grpc.ssl_server_credentials([tls.pair("localhost")])


async def test_calls(pair: Pair) -> None:
    server, client = pair
    async with (
        serving(server, one_pair(server), Echo=ECHO, EchoEach=ECHO_EACH) as address,
        client.aio.secure_channel(address, client.ssl_channel_credentials(root())) as channel,
    ):
        echo = channel.unary_unary(path("Echo"))
        for size in (0, 1, 16_385, 1_000_000):
            assert await echo(b"x" * size, timeout=WAIT) == b"x" * size
        calls = [echo(b"%d" % number * 1000, timeout=WAIT) for number in range(100)]
        assert await asyncio.gather(*calls) == [b"%d" % number * 1000 for number in range(100)]
        messages = [b"%d" % number * number for number in range(0, 2000, 7)]
        call = channel.stream_stream(path("EchoEach"))(aiter_of(*messages), timeout=WAIT)
        assert await collect(call) == messages


async def test_the_server_knows_its_client(pair: Pair) -> None:
    server, client = pair
    credentials = server.ssl_server_credentials([tls.pair("localhost")], root(), True)
    async with serving(server, credentials, Who=("unary_unary", describe_peer)) as address:
        identity = tls.pair("client.example", common_name="The Client")
        async with client.aio.secure_channel(
            address, client.ssl_channel_credentials(root(), *identity)
        ) as channel:
            answer = await channel.unary_unary(path("Who"))(b"", timeout=WAIT)
        known, identities, key = ast.literal_eval(answer.decode())
        assert identities == [b"client.example"]
        assert key == "x509_subject_alternative_name"
        assert known["x509_common_name"] == [b"The Client"]
        async with client.aio.secure_channel(
            address, client.ssl_channel_credentials(root())
        ) as channel:
            error = await rpc_error(client, channel.unary_unary(path("Who"))(b"", timeout=WAIT))
            assert error.code() is client.StatusCode.UNAVAILABLE


async def test_a_stranger_is_not_believed(pair: Pair) -> None:
    server, client = pair
    credentials = client.ssl_channel_credentials(root("stranger"))
    async with (
        serving(server, one_pair(server), Echo=ECHO) as address,
        client.aio.secure_channel(address, credentials) as channel,
    ):
        error = await rpc_error(client, channel.unary_unary(path("Echo"))(b"", timeout=WAIT))
        assert error.code() is client.StatusCode.UNAVAILABLE


async def test_certificates_can_change(pair: Pair) -> None:
    server, client = pair

    def configuration(ca: str) -> Any:
        return server.ssl_server_certificate_configuration([tls.pair("localhost", ca=ca)])

    answers = [None, configuration("second")]
    credentials = server.dynamic_ssl_server_credentials(
        configuration("first"), lambda: answers.pop(0) if answers else None
    )
    async with serving(server, credentials, Echo=ECHO) as address:
        for ca in ("first", "second", "second"):
            async with client.aio.secure_channel(
                address, client.ssl_channel_credentials(root(ca))
            ) as channel:
                assert await channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


async def test_call_credentials(grpc: ModuleType) -> None:
    class Slow(grpc.AuthMetadataPlugin):
        def __call__(self, context: Any, callback: Any) -> None:
            threading.Thread(target=callback, args=((("slow", context.method_name),), None)).start()

    token = grpc.access_token_call_credentials("secret")
    slow = grpc.metadata_call_credentials(Slow())
    credentials = grpc.composite_channel_credentials(grpc.ssl_channel_credentials(root()), token)
    async with (
        serving(grpc, one_pair(grpc), Metadata=("unary_unary", metadata_of)) as address,
        grpc.aio.secure_channel(address, credentials) as channel,
    ):
        call = channel.unary_unary(path("Metadata"))
        answer = await call(b"", timeout=WAIT, credentials=slow)
        assert ast.literal_eval(answer.decode()) == [
            ("authorization", "Bearer secret"),
            ("slow", "Metadata"),
        ]


async def test_a_plugin_that_fails_or_never_answers(grpc: ModuleType) -> None:
    class Failing(grpc.AuthMetadataPlugin):
        def __call__(self, context: Any, callback: Any) -> None:
            raise ValueError("boom")

    class Silent(grpc.AuthMetadataPlugin):
        def __call__(self, context: Any, callback: Any) -> None:
            pass

    async with (
        serving(grpc, one_pair(grpc), Metadata=("unary_unary", metadata_of)) as address,
        grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(root())) as channel,
    ):
        call = channel.unary_unary(path("Metadata"))
        failing = grpc.metadata_call_credentials(Failing())
        error = await rpc_error(grpc, call(b"", timeout=WAIT, credentials=failing))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert error.details() == "Getting metadata from plugin failed with error: boom"
        silent = grpc.metadata_call_credentials(Silent())
        error = await rpc_error(grpc, call(b"", timeout=0.2, credentials=silent))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
