"""Russet among the peers, synchronous and asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent import futures
from typing import Any, TypeVar

from russet import grpc

from .peer import FAILURE, WAIT, Answer, CallFailed, Client, Peer

T = TypeVar("T")
NOT_FOUND = getattr(grpc.StatusCode, FAILURE[0])


def given(context: Any) -> str:
    return str(dict(context.invocation_metadata())["x-given"])


class Synchronous(Peer):
    """With `grpc.server` and `grpc.insecure_channel`."""

    def __init__(self, messages: Any, stubs: Any) -> None:
        self.m, self.stubs = messages, stubs

    def servicer(self) -> Any:
        m = self.m

        class Echo(self.stubs.EchoServicer):  # type: ignore[misc, name-defined]
            def Unary(self, request: Any, context: Any) -> Any:
                if request.text == "fail":
                    context.abort(NOT_FOUND, FAILURE[1])
                if request.text == "wait":
                    ended = threading.Event()
                    if context.add_callback(ended.set):
                        ended.wait(WAIT)
                if request.text == "metadata":
                    context.set_trailing_metadata((("x-trailing", given(context)),))
                    return m.Pong(text=given(context))
                return m.Pong(text=request.text)

            def ServerStream(self, request: Any, context: Any) -> Iterator[Any]:
                for _ in range(request.count):
                    yield m.Pong(text=request.text)
                if request.text == "fail":
                    context.abort(NOT_FOUND, FAILURE[1])

            def ClientStream(self, requests: Any, context: Any) -> Any:
                texts = [request.text for request in requests]
                return m.Pong(text=texts[-1], count=len(texts))

            def Bidirectional(self, requests: Any, context: Any) -> Iterator[Any]:
                for request in requests:
                    yield m.Pong(text=request.text)

        return Echo()

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[int]:
        server = grpc.server(futures.ThreadPoolExecutor(8))
        self.stubs.add_EchoServicer_to_server(self.servicer(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield port
        finally:
            assert await asyncio.to_thread(server.stop(None).wait, WAIT)

    @contextlib.asynccontextmanager
    async def connect(self, port: int) -> AsyncIterator[Client]:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Threaded(self.m, self.stubs.EchoStub(channel))


class Threaded(Client):
    """The synchronous client; each call is made in a thread."""

    def __init__(self, messages: Any, stub: Any) -> None:
        self.m, self.stub = messages, stub

    async def _run(self, function: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(function)
        except grpc.RpcError as error:
            raise CallFailed(error.code().name, error.details()) from error

    async def unary(self, text: str, given: str = "nothing", timeout: float = WAIT) -> Answer:
        def call() -> Answer:
            request, metadata = self.m.Ping(text=text), (("x-given", given),)
            response, done = self.stub.Unary.with_call(request, timeout=timeout, metadata=metadata)
            trailing = dict(done.trailing_metadata()).get("x-trailing")
            return Answer(response.text, trailing=trailing)

        return await self._run(call)

    async def server_stream(self, text: str, count: int) -> list[str]:
        texts: list[str] = []

        def call() -> None:
            request = self.m.Ping(text=text, count=count)
            texts.extend(pong.text for pong in self.stub.ServerStream(request, timeout=WAIT))

        try:
            await self._run(call)
        except CallFailed as failed:
            raise CallFailed(failed.code, failed.words, tuple(texts)) from failed
        return texts

    async def client_stream(self, texts: list[str]) -> Answer:
        def call() -> Answer:
            requests = (self.m.Ping(text=text) for text in texts)
            response = self.stub.ClientStream(requests, timeout=WAIT)
            return Answer(response.text, response.count)

        return await self._run(call)

    async def bidirectional(self, texts: list[str]) -> list[str]:
        def call() -> list[str]:
            turn = threading.Semaphore(1)

            def requests() -> Iterator[Any]:
                for text in texts:
                    assert turn.acquire(timeout=WAIT)
                    yield self.m.Ping(text=text)

            answers = []
            for pong in self.stub.Bidirectional(requests(), timeout=WAIT):
                answers.append(pong.text)
                turn.release()
            return answers

        return await self._run(call)


class Asyncio(Synchronous):
    """With `grpc.aio`; the handlers are coroutines."""

    def servicer(self) -> Any:
        m = self.m

        class Echo(self.stubs.EchoServicer):  # type: ignore[misc, name-defined]
            async def Unary(self, request: Any, context: Any) -> Any:
                if request.text == "fail":
                    await context.abort(NOT_FOUND, FAILURE[1])
                if request.text == "wait":
                    await asyncio.sleep(WAIT)
                if request.text == "metadata":
                    context.set_trailing_metadata((("x-trailing", given(context)),))
                    return m.Pong(text=given(context))
                return m.Pong(text=request.text)

            async def ServerStream(self, request: Any, context: Any) -> AsyncIterator[Any]:
                for _ in range(request.count):
                    yield m.Pong(text=request.text)
                if request.text == "fail":
                    await context.abort(NOT_FOUND, FAILURE[1])

            async def ClientStream(self, requests: Any, context: Any) -> Any:
                texts = [request.text async for request in requests]
                return m.Pong(text=texts[-1], count=len(texts))

            async def Bidirectional(self, requests: Any, context: Any) -> AsyncIterator[Any]:
                async for request in requests:
                    yield m.Pong(text=request.text)

        return Echo()

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[int]:
        server = grpc.aio.server()
        self.stubs.add_EchoServicer_to_server(self.servicer(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            yield port
        finally:
            await server.stop(None)

    @contextlib.asynccontextmanager
    async def connect(self, port: int) -> AsyncIterator[Client]:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Awaited(self.m, self.stubs.EchoStub(channel))


class Awaited(Client):
    """The asyncio client."""

    def __init__(self, messages: Any, stub: Any) -> None:
        self.m, self.stub = messages, stub

    async def unary(self, text: str, given: str = "nothing", timeout: float = WAIT) -> Answer:
        metadata = (("x-given", given),)
        call = self.stub.Unary(self.m.Ping(text=text), timeout=timeout, metadata=metadata)
        try:
            response = await call
        except grpc.RpcError as error:
            raise CallFailed(error.code().name, error.details()) from error
        trailing = dict(await call.trailing_metadata()).get("x-trailing")
        return Answer(response.text, trailing=trailing)

    async def server_stream(self, text: str, count: int) -> list[str]:
        texts: list[str] = []
        try:
            request = self.m.Ping(text=text, count=count)
            async for pong in self.stub.ServerStream(request, timeout=WAIT):
                texts.append(pong.text)  # noqa: PERF401 (those before a failure count)
        except grpc.RpcError as error:
            raise CallFailed(error.code().name, error.details(), tuple(texts)) from error
        return texts

    async def client_stream(self, texts: list[str]) -> Answer:
        requests = [self.m.Ping(text=text) for text in texts]
        response = await self.stub.ClientStream(iter(requests), timeout=WAIT)
        return Answer(response.text, response.count)

    async def bidirectional(self, texts: list[str]) -> list[str]:
        call, answers = self.stub.Bidirectional(timeout=WAIT), []
        for text in texts:
            await call.write(self.m.Ping(text=text))
            answers.append((await call.read()).text)
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        return answers
