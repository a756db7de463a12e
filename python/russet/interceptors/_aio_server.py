"""The interceptor of asyncio servers.

Handlers may be written with `return`, with `yield`, or with `context.read` and `context.write`, as coroutines or as plain functions, which run on the server's thread pool: interceptors see the messages of all.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from .._method_handlers import behavior_of, rebuild
from ..grpc import aio as _aio
from ..grpc.aio._plain_handlers import asynchronous, is_asynchronous
from ._server_call import ServerCall

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
    from typing import Optional

    from .. import grpc

    Lookup = Callable[
        [grpc.HandlerCallDetails], Awaitable[Optional[grpc.RpcMethodHandler[Any, Any]]]
    ]


class ServerInterceptor(_aio.ServerInterceptor):
    """Override `intercept`. One object serves all RPCs of the server."""

    async def intercept(
        self, call: ServerCall, request: Any, context: _aio.ServicerContext[Any, Any]
    ) -> Any:
        """Answer an RPC: return `await call(request, context)`, or something else; `await context.abort(...)` refuses it.

        `request` is a message, or an asynchronous iterator of messages if `call.request_streaming`. What is returned must be a message, or an asynchronous iterator of messages if `call.response_streaming`, which is what awaiting the call gives then.
        """
        return await call(request, context)

    async def intercept_service(
        self, continuation: Lookup, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Wrap the method's handler. Not to be overridden."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        behavior = behavior_of(handler)
        if not is_asynchronous(behavior):
            behavior = asynchronous(behavior, handler.request_streaming, handler.response_streaming)

        async def proceed(request: Any, context: Any) -> Any:
            if not handler.response_streaming:
                if handler.request_streaming:
                    context = _Context(context, request, None)
                return await behavior(request, context)
            return _responses(behavior, handler.request_streaming, request, context)

        call = ServerCall(handler_call_details, handler, proceed)

        async def single(request: Any, context: Any) -> Any:
            return await self.intercept(call, request, context)

        async def several(request: Any, context: Any) -> AsyncIterator[Any]:
            responses = await self.intercept(call, request, context)
            try:
                async for response in responses:
                    yield response
            finally:
                await _close(responses)

        wrapped: grpc.RpcMethodHandler[Any, Any] = rebuild(
            handler, several if handler.response_streaming else single
        )
        return wrapped


async def _close(responses: Any) -> None:
    """End a generator that may not have come to its end, so that its `finally` runs now."""
    close = getattr(responses, "aclose", None)
    if close is not None:
        await close()


class _Context:
    """The context of a handler that reads or writes by it: messages go through the interceptors, all else to the server's context."""

    def __init__(
        self, context: Any, requests: AsyncIterable[Any] | None, written: _Written | None
    ) -> None:
        self._context = context
        self._requests = requests
        self._reader: AsyncIterator[Any] | None = None
        self._written = written

    async def read(self) -> Any:
        if self._requests is None:
            return await self._context.read()
        if self._reader is None:
            self._reader = self._requests.__aiter__()
        try:
            return await self._reader.__anext__()
        except StopAsyncIteration:
            return _aio.EOF

    async def write(self, message: Any) -> None:
        if self._written is None:
            await self._context.write(message)
        else:
            await self._written.put(message)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


class _Written:
    """Responses that a handler writes, one at a time: `put` returns when the next is asked for."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._taken = asyncio.Semaphore(0)

    async def put(self, message: Any) -> None:
        self._queue.put_nowait(message)
        await self._taken.acquire()

    async def read_while(self, handler: asyncio.Task[None]) -> AsyncIterator[Any]:
        """What the handler writes, to its end; then its exception, if it raised one."""
        handler.add_done_callback(lambda _: self._queue.put_nowait(_aio.EOF))
        while True:
            message = await self._queue.get()
            if message is _aio.EOF:
                break
            yield message
            self._taken.release()
        await handler


async def _responses(
    behavior: Any, request_streaming: bool, request: Any, context: Any
) -> AsyncIterator[Any]:
    """The handler's responses, however it gives them."""
    requests = request if request_streaming else None
    if inspect.isasyncgenfunction(behavior):
        own = context if requests is None else _Context(context, requests, None)
        responses = behavior(request, own)
        try:
            async for response in responses:
                yield response
        finally:
            await _close(responses)
        return
    written = _Written()
    outcome = behavior(request, _Context(context, requests, written))
    if hasattr(outcome, "__aiter__"):
        # A callable object whose `__call__` yields.
        async for response in outcome:
            yield response
        return
    handler = asyncio.ensure_future(outcome)
    try:
        async for response in written.read_while(handler):
            yield response
    finally:
        if not handler.done():
            handler.cancel()
            # Its own cancellation; what it raises while it ends has nobody to go to.
            await asyncio.gather(handler, return_exceptions=True)
