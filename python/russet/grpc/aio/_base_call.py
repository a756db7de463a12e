"""Abstract classes for one asyncio RPC: `RpcContext`, `Call` and its four kinds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from .._typing import Generic, RequestT, ResponseT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator

    from .._status import StatusCode
    from ._eof import EOFType
    from ._metadata import Metadata


class RpcContext(ABC):
    """What both sides of an RPC know of it. To be used on the thread of its event loop only."""

    @abstractmethod
    def cancelled(self) -> bool:
        """Whether the RPC was cancelled."""
        raise NotImplementedError

    @abstractmethod
    def done(self) -> bool:
        """Whether the RPC has ended, in whatever way."""
        raise NotImplementedError

    @abstractmethod
    def time_remaining(self) -> float | None:
        """Seconds left until the deadline, at least 0.0; None without a deadline."""
        raise NotImplementedError

    @abstractmethod
    def cancel(self) -> bool:
        """Cancel the RPC. False if it has ended already."""
        raise NotImplementedError

    @abstractmethod
    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Call `callback(self)` when the RPC ends; at once if it has."""
        raise NotImplementedError


class Call(RpcContext):
    """The client's view of an RPC."""

    @abstractmethod
    async def initial_metadata(self) -> Metadata:
        """Wait for the metadata that the server sends before its first message."""
        raise NotImplementedError

    @abstractmethod
    async def trailing_metadata(self) -> Metadata:
        """Wait for the end and return the metadata that came with the status."""
        raise NotImplementedError

    @abstractmethod
    async def code(self) -> StatusCode:
        """Wait for the end and return the status code."""
        raise NotImplementedError

    @abstractmethod
    async def details(self) -> str:
        """Wait for the end and return the text that came with the status code."""
        raise NotImplementedError

    @abstractmethod
    async def wait_for_connection(self) -> None:
        """Wait until the RPC is on a connection. Raises `AioRpcError` if it ended before."""
        raise NotImplementedError


class UnaryUnaryCall(Call, Generic[RequestT, ResponseT]):
    """An RPC with one request and one response."""

    @abstractmethod
    def __await__(self) -> Generator[Any, None, ResponseT]:
        """Wait for the response. Raises `AioRpcError` for a status other than OK; cancelling the waiting task cancels the RPC."""
        raise NotImplementedError


class UnaryStreamCall(Call, Generic[RequestT, ResponseT]):
    """An RPC with streamed responses. They are read either with `async for` or with `read`; mixing them raises `UsageError`."""

    @abstractmethod
    def __aiter__(self) -> AsyncIterator[ResponseT]:
        """Iterate over the responses. Raises `AioRpcError` at the end for a status other than OK."""
        raise NotImplementedError

    @abstractmethod
    async def read(self) -> EOFType | ResponseT:
        """Wait for the next response; `EOF` after the last."""
        raise NotImplementedError


class StreamUnaryCall(Call, Generic[RequestT, ResponseT]):
    """An RPC with streamed requests. They come either from the iterator given or from `write`; mixing them raises `UsageError`."""

    @abstractmethod
    async def write(self, request: RequestT) -> None:
        """Send a request; returns when flow control lets the next one be written. Raises `asyncio.InvalidStateError` after the end."""
        raise NotImplementedError

    @abstractmethod
    async def done_writing(self) -> None:
        """Tell the server that there are no more requests. May be called again."""
        raise NotImplementedError

    @abstractmethod
    def __await__(self) -> Generator[Any, None, ResponseT]:
        """Wait for the response, as `UnaryUnaryCall` does."""
        raise NotImplementedError


class StreamStreamCall(Call, Generic[RequestT, ResponseT]):
    """An RPC that streams both ways, with the rules of `UnaryStreamCall` and `StreamUnaryCall`."""

    @abstractmethod
    def __aiter__(self) -> AsyncIterator[ResponseT]:
        """Iterate over the responses. Raises `AioRpcError` at the end for a status other than OK."""
        raise NotImplementedError

    @abstractmethod
    async def read(self) -> EOFType | ResponseT:
        """Wait for the next response; `EOF` after the last."""
        raise NotImplementedError

    @abstractmethod
    async def write(self, request: RequestT) -> None:
        """Send a request, as `StreamUnaryCall.write`."""
        raise NotImplementedError

    @abstractmethod
    async def done_writing(self) -> None:
        """Tell the server that there are no more requests. May be called again."""
        raise NotImplementedError
