"""The interceptor of asyncio channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..grpc import aio as _aio
from ._client_call import ClientCall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator

    from .. import grpc
    from ..grpc._typing import MetadataType


class ClientInterceptor(
    _aio.UnaryUnaryClientInterceptor,
    _aio.UnaryStreamClientInterceptor,
    _aio.StreamUnaryClientInterceptor,
    _aio.StreamStreamClientInterceptor,
):
    """Override `intercept`. Goes among the channel's interceptors. One object serves all RPCs of the channel."""

    async def intercept(self, call: ClientCall, request: Any) -> Any:
        """Run an RPC: return `await call(request)`, or something else.

        `request` is a message, or an asynchronous iterator of messages if `call.request_streaming`. What is returned is a message, or an asynchronous iterable of messages if `call.response_streaming`. The failure of a single response comes out of awaiting `call`, that of a stream out of its iterator.
        """
        return await call(request)

    async def _run(
        self, kind: tuple[bool, bool], continuation: Callable[..., Any], details: Any, request: Any
    ) -> Any:
        async def start(
            call: ClientCall, request: Any, metadata: MetadataType, timeout: float | None
        ) -> Any:
            changed = _aio.ClientCallDetails(
                details.method,
                timeout,
                _aio.Metadata(*metadata),
                details.credentials,
                details.wait_for_ready,
            )
            call.running = await continuation(changed, request)
            return call.running if call.response_streaming else await call.running

        call = ClientCall(details, kind, start)
        outcome = await self.intercept(
            call, _requests(request) if call.request_streaming else request
        )
        if call.response_streaming or call.running is None:
            return outcome
        return _Answered(outcome, call.running)

    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        """Run `intercept`. Not to be overridden."""
        return await self._run((False, False), continuation, client_call_details, request)

    async def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        """Run `intercept`. Not to be overridden."""
        return await self._run((False, True), continuation, client_call_details, request)

    async def intercept_stream_unary(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        """Run `intercept`. Not to be overridden."""
        return await self._run((True, False), continuation, client_call_details, request_iterator)

    async def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        """Run `intercept`. Not to be overridden."""
        return await self._run((True, True), continuation, client_call_details, request_iterator)


async def _requests(given: Any) -> AsyncIterator[Any]:
    """The caller's requests, which may come from an iterable of either sort."""
    if hasattr(given, "__aiter__"):
        async for request in given:
            yield request
    else:
        for request in given:
            yield request


class _Answered(_aio.UnaryUnaryCall["Any", "Any"], _aio.StreamUnaryCall["Any", "Any"]):
    """A response of the interceptor's; all else is asked of the call that it made."""

    def __init__(self, response: Any, below: Any) -> None:
        self._response = response
        self._below = below

    def __await__(self) -> Generator[Any, None, Any]:
        return self._response
        yield  # Makes this a generator, as `await` asks for.

    def cancel(self) -> bool:
        return bool(self._below.cancel())

    def cancelled(self) -> bool:
        return bool(self._below.cancelled())

    def done(self) -> bool:
        return bool(self._below.done())

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        def call_back(_ended: Any) -> None:
            callback(self)

        self._below.add_done_callback(call_back)

    def time_remaining(self) -> float | None:
        remaining: float | None = self._below.time_remaining()
        return remaining

    async def initial_metadata(self) -> _aio.Metadata:
        metadata: _aio.Metadata = await self._below.initial_metadata()
        return metadata

    async def trailing_metadata(self) -> _aio.Metadata:
        metadata: _aio.Metadata = await self._below.trailing_metadata()
        return metadata

    async def code(self) -> grpc.StatusCode:
        code: grpc.StatusCode = await self._below.code()
        return code

    async def details(self) -> str:
        details: str = await self._below.details()
        return details

    async def debug_error_string(self) -> str:
        text: str = await self._below.debug_error_string()
        return text

    async def wait_for_connection(self) -> None:
        await self._below.wait_for_connection()

    async def write(self, request: Any) -> None:
        await self._below.write(request)

    async def done_writing(self) -> None:
        await self._below.done_writing()
