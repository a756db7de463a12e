"""connectrpc among the peers: its client on a Rust HTTP library, its server as an ASGI application under hypercorn; both speak gRPC."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pyqwest
from connectrpc.client import ResponseMetadata
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.protocol import ProtocolType
from hypercorn.asyncio import serve
from hypercorn.config import Config

from .peer import FAILURE, WAIT, Answer, CallFailed, Client, Peer


def failed(error: ConnectError, texts: tuple[str, ...] = ()) -> CallFailed:
    return CallFailed(error.code.name, error.message, texts)


class Connectrpc(Peer):
    def __init__(self, module: Any) -> None:
        self.module = module

    def service(self) -> Any:
        m = self.module

        class Echo(m.Echo):  # type: ignore[misc, name-defined]
            async def unary(self, request: Any, context: Any) -> Any:
                text = request.text
                if text == "fail":
                    raise ConnectError(Code[FAILURE[0]], FAILURE[1])
                if text == "wait":
                    await asyncio.sleep(WAIT)
                if text == "metadata":
                    text = context.request_headers["x-given"]
                    context.response_trailers["x-trailing"] = text
                return m.Pong(text=text)

            async def server_stream(self, request: Any, context: Any) -> AsyncIterator[Any]:
                for _ in range(request.count):
                    yield m.Pong(text=request.text)
                if request.text == "fail":
                    raise ConnectError(Code[FAILURE[0]], FAILURE[1])

            async def client_stream(self, requests: Any, context: Any) -> Any:
                texts = [request.text async for request in requests]
                return m.Pong(text=texts[-1], count=len(texts))

            async def bidirectional(self, requests: Any, context: Any) -> AsyncIterator[Any]:
                async for request in requests:
                    yield m.Pong(text=request.text)

        return Echo()

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[int]:
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        config = Config()
        # The socket is hypercorn's from now on.
        config.bind = [f"fd://{listening.detach()}"]
        config.accesslog = config.errorlog = None
        # hypercorn waits for its connections' end for so long, in seconds.
        config.graceful_timeout = 0
        ended = asyncio.Event()
        application = self.module.EchoASGIApplication(self.service())
        server = asyncio.ensure_future(
            serve(application, config, shutdown_trigger=ended.wait)  # type: ignore[arg-type]
        )
        yield port
        ended.set()
        await asyncio.wait_for(server, WAIT)

    @contextlib.asynccontextmanager
    async def connect(self, port: int) -> AsyncIterator[Client]:
        transport = pyqwest.HTTPTransport(http_version=pyqwest.HTTPVersion.HTTP2)
        client = self.module.EchoClient(
            f"http://127.0.0.1:{port}",
            protocol=ProtocolType.GRPC,
            send_compression=None,
            http_client=pyqwest.Client(transport),
        )
        yield Caller(self.module, client)


class Caller(Client):
    def __init__(self, module: Any, client: Any) -> None:
        self.m, self.client = module, client

    async def unary(self, text: str, given: str = "nothing", timeout: float = WAIT) -> Answer:
        request, headers = self.m.Ping(text=text), {"x-given": given}
        try:
            with ResponseMetadata() as metadata:
                response = await self.client.unary(
                    request, headers=headers, timeout_ms=int(timeout * 1000)
                )
        except ConnectError as error:
            raise failed(error) from error
        return Answer(response.text, trailing=metadata.trailers.get("x-trailing"))

    async def server_stream(self, text: str, count: int) -> list[str]:
        texts: list[str] = []
        try:
            request = self.m.Ping(text=text, count=count)
            async for pong in self.client.server_stream(request, timeout_ms=int(WAIT * 1000)):
                texts.append(pong.text)  # noqa: PERF401 (those before a failure count)
        except ConnectError as error:
            raise failed(error, tuple(texts)) from error
        return texts

    async def client_stream(self, texts: list[str]) -> Answer:
        async def requests() -> AsyncIterator[Any]:
            for text in texts:
                yield self.m.Ping(text=text)

        response = await self.client.client_stream(requests(), timeout_ms=int(WAIT * 1000))
        return Answer(response.text, response.count)

    async def bidirectional(self, texts: list[str]) -> list[str]:
        turn = asyncio.Semaphore(1)

        async def requests() -> AsyncIterator[Any]:
            for text in texts:
                await asyncio.wait_for(turn.acquire(), WAIT)
                yield self.m.Ping(text=text)

        answers = []
        async for pong in self.client.bidirectional(requests(), timeout_ms=int(WAIT * 1000)):
            answers.append(pong.text)
            turn.release()
        return answers
