"""grpclib among the peers: pure Python, over the h2 package."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from grpclib.client import Channel
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.server import Server

from .peer import FAILURE, WAIT, Answer, CallFailed, Client, Peer


class Grpclib(Peer):
    def __init__(self, messages: Any, stubs: Any) -> None:
        self.m, self.stubs = messages, stubs

    def service(self) -> Any:
        m = self.m

        class Echo(self.stubs.EchoBase):  # type: ignore[misc, name-defined]
            async def Unary(self, stream: Any) -> None:
                request = await stream.recv_message()
                text = request.text
                if text == "fail":
                    raise GRPCError(Status[FAILURE[0]], FAILURE[1])
                if text == "wait":
                    await asyncio.sleep(WAIT)
                if text == "metadata":
                    text = stream.metadata["x-given"]
                    await stream.send_message(m.Pong(text=text))
                    await stream.send_trailing_metadata(metadata={"x-trailing": text})
                else:
                    await stream.send_message(m.Pong(text=text))

            async def ServerStream(self, stream: Any) -> None:
                request = await stream.recv_message()
                for _ in range(request.count):
                    await stream.send_message(m.Pong(text=request.text))
                if request.text == "fail":
                    raise GRPCError(Status[FAILURE[0]], FAILURE[1])

            async def ClientStream(self, stream: Any) -> None:
                texts = [request.text async for request in stream]
                await stream.send_message(m.Pong(text=texts[-1], count=len(texts)))

            async def Bidirectional(self, stream: Any) -> None:
                async for request in stream:
                    await stream.send_message(m.Pong(text=request.text))

        return Echo()

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[int]:
        server = Server([self.service()])
        await server.start("127.0.0.1", 0)
        # The port is told by the sockets of asyncio's server alone.
        assert server._server is not None
        try:
            yield server._server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await server.wait_closed()

    @contextlib.asynccontextmanager
    async def connect(self, port: int) -> AsyncIterator[Client]:
        async with Channel("127.0.0.1", port) as channel:
            yield Caller(self.m, self.stubs.EchoStub(channel))


class Caller(Client):
    def __init__(self, messages: Any, stub: Any) -> None:
        self.m, self.stub = messages, stub

    async def unary(self, text: str, given: str = "nothing", timeout: float = WAIT) -> Answer:
        try:
            async with self.stub.Unary.open(timeout=timeout, metadata={"x-given": given}) as stream:
                await stream.send_message(self.m.Ping(text=text), end=True)
                response = await stream.recv_message()
                await stream.recv_trailing_metadata()
                return Answer(response.text, trailing=stream.trailing_metadata.get("x-trailing"))
        except GRPCError as error:
            raise CallFailed(error.status.name, error.message or "") from error
        except asyncio.TimeoutError as error:
            # grpclib tells of its own deadline as asyncio does.
            raise CallFailed("DEADLINE_EXCEEDED", "") from error

    async def server_stream(self, text: str, count: int) -> list[str]:
        texts: list[str] = []
        try:
            async with self.stub.ServerStream.open(timeout=WAIT) as stream:
                await stream.send_message(self.m.Ping(text=text, count=count), end=True)
                async for pong in stream:
                    texts.append(pong.text)  # noqa: PERF401 (those before a failure count)
        except GRPCError as error:
            raise CallFailed(error.status.name, error.message or "", tuple(texts)) from error
        return texts

    async def client_stream(self, texts: list[str]) -> Answer:
        response = await self.stub.ClientStream(
            [self.m.Ping(text=text) for text in texts], timeout=WAIT
        )
        return Answer(response.text, response.count)

    async def bidirectional(self, texts: list[str]) -> list[str]:
        answers = []
        async with self.stub.Bidirectional.open(timeout=WAIT) as stream:
            for text in texts:
                await stream.send_message(self.m.Ping(text=text))
                answers.append((await stream.recv_message()).text)
            await stream.end()
            assert await stream.recv_message() is None
        return answers
