"""Abstract classes of the asyncio client: `Channel` and the four multi-callables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Union

from .._typing import Generic, RequestT, ResponseT

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable
    from types import TracebackType

    from typing_extensions import Self

    from .._compression import Compression
    from .._connectivity import ChannelConnectivity
    from .._credentials import CallCredentials
    from .._typing import Deserializer, Serializer
    from .._typing import MetadataType as PairsType
    from ._base_call import StreamStreamCall, StreamUnaryCall, UnaryStreamCall, UnaryUnaryCall
    from ._metadata import Metadata

    MetadataType = Union[Metadata, PairsType]
    RequestIterable = Union[AsyncIterable[RequestT], Iterable[RequestT]]


class UnaryUnaryMultiCallable(ABC, Generic[RequestT, ResponseT]):
    """Invokes a method that takes one message and answers with one.

    The arguments of all multi-callables mean the same: `timeout` is in seconds and becomes the RPC's deadline (None: no deadline), `metadata` is a `Metadata` or a sequence of (key, value) pairs, `wait_for_ready` makes the call wait for a connection instead of failing with UNAVAILABLE, `compression` overrides the channel's.
    """

    @abstractmethod
    def __call__(
        self,
        request: RequestT,
        *,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> UnaryUnaryCall[RequestT, ResponseT]:
        """Start the RPC; await the call for the response."""
        raise NotImplementedError


class UnaryStreamMultiCallable(ABC, Generic[RequestT, ResponseT]):
    """Invokes a method that takes one message and answers with any number. Arguments: see `UnaryUnaryMultiCallable`."""

    @abstractmethod
    def __call__(
        self,
        request: RequestT,
        *,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> UnaryStreamCall[RequestT, ResponseT]:
        """Start the RPC; iterate over the call, or `read` from it."""
        raise NotImplementedError


class StreamUnaryMultiCallable(ABC, Generic[RequestT, ResponseT]):
    """Invokes a method that takes any number of messages and answers with one. Arguments: see `UnaryUnaryMultiCallable`."""

    @abstractmethod
    def __call__(
        self,
        request_iterator: RequestIterable[RequestT] | None = None,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> StreamUnaryCall[RequestT, ResponseT]:
        """Start the RPC. Requests come from the iterable, plain or asynchronous; without one they are given to `write`."""
        raise NotImplementedError


class StreamStreamMultiCallable(ABC, Generic[RequestT, ResponseT]):
    """Invokes a method with any number of messages both ways. Arguments: see `UnaryUnaryMultiCallable`."""

    @abstractmethod
    def __call__(
        self,
        request_iterator: RequestIterable[RequestT] | None = None,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> StreamStreamCall[RequestT, ResponseT]:
        """Start the RPC. Requests as for `StreamUnaryMultiCallable`, responses as for `UnaryStreamMultiCallable`."""
        raise NotImplementedError


class Channel(ABC):
    """A connection to a target, for the event loop it was made on. To be used on that loop's thread only.

    As an asynchronous context manager it closes at the end of the block.
    """

    @abstractmethod
    async def __aenter__(self) -> Self:
        """The channel itself."""
        raise NotImplementedError

    @abstractmethod
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool | None:
        """Close the channel, cancelling its RPCs."""
        raise NotImplementedError

    @abstractmethod
    async def close(self, grace: float | None = None) -> None:
        """Close the channel. RPCs in flight get `grace` seconds and are then cancelled; with None they are cancelled at once."""
        raise NotImplementedError

    @abstractmethod
    def get_state(self, try_to_connect: bool = False) -> ChannelConnectivity:
        """The present state. With `try_to_connect` an idle channel starts to connect."""
        raise NotImplementedError

    @abstractmethod
    async def wait_for_state_change(self, last_observed_state: ChannelConnectivity) -> None:
        """Wait until the state is not `last_observed_state`; at once if it is another already."""
        raise NotImplementedError

    @abstractmethod
    async def channel_ready(self) -> None:
        """Connect, and wait until the channel is READY."""
        raise NotImplementedError

    @abstractmethod
    def unary_unary(
        self,
        method: str,
        request_serializer: Serializer[RequestT] | None = None,
        response_deserializer: Deserializer[ResponseT] | None = None,
        _registered_method: bool | None = False,
    ) -> UnaryUnaryMultiCallable[RequestT, ResponseT]:
        """The multi-callable for a method, named "/package.Service/Method". Without a serializer messages are `bytes`.

        `_registered_method` is what generated code passes; it changes nothing.
        """
        raise NotImplementedError

    @abstractmethod
    def unary_stream(
        self,
        method: str,
        request_serializer: Serializer[RequestT] | None = None,
        response_deserializer: Deserializer[ResponseT] | None = None,
        _registered_method: bool | None = False,
    ) -> UnaryStreamMultiCallable[RequestT, ResponseT]:
        """As `unary_unary`, for a method with streamed responses."""
        raise NotImplementedError

    @abstractmethod
    def stream_unary(
        self,
        method: str,
        request_serializer: Serializer[RequestT] | None = None,
        response_deserializer: Deserializer[ResponseT] | None = None,
        _registered_method: bool | None = False,
    ) -> StreamUnaryMultiCallable[RequestT, ResponseT]:
        """As `unary_unary`, for a method with streamed requests."""
        raise NotImplementedError

    @abstractmethod
    def stream_stream(
        self,
        method: str,
        request_serializer: Serializer[RequestT] | None = None,
        response_deserializer: Deserializer[ResponseT] | None = None,
        _registered_method: bool | None = False,
    ) -> StreamStreamMultiCallable[RequestT, ResponseT]:
        """As `unary_unary`, for a method that streams both ways."""
        raise NotImplementedError
