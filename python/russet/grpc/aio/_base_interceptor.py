"""Abstract classes of the asyncio interceptors, and the details that client interceptors work on."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections import namedtuple
from typing import TYPE_CHECKING, Any, Optional

from .._base_channel import ClientCallDetails as SyncClientCallDetails

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable

    from .._base_server import HandlerCallDetails, RpcMethodHandler
    from ._base_call import StreamStreamCall, StreamUnaryCall, UnaryStreamCall, UnaryUnaryCall
    from ._base_channel import RequestIterable

    Lookup = Callable[[HandlerCallDetails], Awaitable[Optional[RpcMethodHandler[Any, Any]]]]


# A named tuple, since interceptors in use make changed copies with `client_call_details._replace(...)`.
class ClientCallDetails(
    namedtuple(  # pyright: ignore[reportUntypedNamedTuple]
        "ClientCallDetails", ("method", "timeout", "metadata", "credentials", "wait_for_ready")
    ),
    SyncClientCallDetails,
):
    """What a client interceptor may change of an RPC before it starts.

    `method` is the full name as bytes (an interceptor may hand on a str), `timeout` is in seconds, `metadata` a `Metadata`; each is None where the caller gave none.
    """

    __slots__ = ()


class ClientInterceptor(metaclass=ABCMeta):  # noqa: B024 (a common base only)
    """What the four kinds of client interceptor have in common. One object may be of several kinds."""


class UnaryUnaryClientInterceptor(ClientInterceptor):
    """Wraps the invocation of methods that take one message and answer with one."""

    @abstractmethod
    async def intercept_unary_unary(
        self,
        continuation: Callable[[ClientCallDetails, Any], Awaitable[UnaryUnaryCall[Any, Any]]],
        client_call_details: ClientCallDetails,
        request: Any,
    ) -> UnaryUnaryCall[Any, Any] | Any:
        """Return the call that `await continuation(client_call_details, request)` gives, or a response in its place."""
        raise NotImplementedError


class UnaryStreamClientInterceptor(ClientInterceptor):
    """Wraps the invocation of methods that take one message and answer with a stream."""

    @abstractmethod
    async def intercept_unary_stream(
        self,
        continuation: Callable[[ClientCallDetails, Any], Awaitable[UnaryStreamCall[Any, Any]]],
        client_call_details: ClientCallDetails,
        request: Any,
    ) -> AsyncIterable[Any] | UnaryStreamCall[Any, Any]:
        """Return the call that `await continuation(client_call_details, request)` gives, or an asynchronous iterable of responses."""
        raise NotImplementedError


class StreamUnaryClientInterceptor(ClientInterceptor):
    """Wraps the invocation of methods that take a stream and answer with one message."""

    @abstractmethod
    async def intercept_stream_unary(
        self,
        continuation: Callable[[ClientCallDetails, Any], Awaitable[StreamUnaryCall[Any, Any]]],
        client_call_details: ClientCallDetails,
        request_iterator: RequestIterable[Any],
    ) -> StreamUnaryCall[Any, Any]:
        """Return the call that `await continuation(client_call_details, request_iterator)` gives."""
        raise NotImplementedError


class StreamStreamClientInterceptor(ClientInterceptor):
    """Wraps the invocation of methods that stream both ways."""

    @abstractmethod
    async def intercept_stream_stream(
        self,
        continuation: Callable[[ClientCallDetails, Any], Awaitable[StreamStreamCall[Any, Any]]],
        client_call_details: ClientCallDetails,
        request_iterator: RequestIterable[Any],
    ) -> AsyncIterable[Any] | StreamStreamCall[Any, Any]:
        """Return the call that `await continuation(client_call_details, request_iterator)` gives, or an asynchronous iterable of responses."""
        raise NotImplementedError


class ServerInterceptor(metaclass=ABCMeta):
    """Wraps the lookup of handlers, and through that the handlers."""

    @abstractmethod
    async def intercept_service(
        self,
        continuation: Lookup,
        handler_call_details: HandlerCallDetails,
    ) -> RpcMethodHandler[Any, Any] | None:
        """Return the handler to use: what `await continuation(handler_call_details)` gives, or another; None means unimplemented."""
        raise NotImplementedError
