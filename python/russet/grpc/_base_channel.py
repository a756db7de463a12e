"""Abstract classes of the client: `Channel`, the four multi-callables, and the four interceptors."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ._typing import Generic, RequestT, ResponseT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

    from ._base_call import Call, CallFuture, CallIterator
    from ._compression import Compression
    from ._connectivity import ChannelConnectivity
    from ._credentials import CallCredentials
    from ._typing import Deserializer, MetadataType, Serializer


class UnaryUnaryMultiCallable(ABC, Generic[RequestT, ResponseT]):
    """Invokes a method that takes one message and answers with one.

    The arguments of all multi-callables mean the same: `timeout` is in seconds and becomes the RPC's deadline (None: no deadline), `metadata` is a sequence of (key, value) pairs, `wait_for_ready` makes the call wait for a connection instead of failing with UNAVAILABLE, `compression` overrides the channel's. Calls are safe from several threads.
    """

    @abstractmethod
    def __call__(
        self,
        request: RequestT,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> ResponseT:
        """Wait for the response and return it. Raises `RpcError`, also a `Call`, for a status other than OK."""
        raise NotImplementedError

    @abstractmethod
    def with_call(
        self,
        request: RequestT,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> tuple[ResponseT, Call]:
        """As `__call__`, but returns the pair (response, call), so that the metadata can be read."""
        raise NotImplementedError

    @abstractmethod
    def future(
        self,
        request: RequestT,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> CallFuture[ResponseT]:
        """Start the RPC and return at once; its errors come out of the future."""
        raise NotImplementedError


class UnaryStreamMultiCallable(ABC, Generic[RequestT, ResponseT]):
    """Invokes a method that takes one message and answers with any number. Arguments: see `UnaryUnaryMultiCallable`."""

    @abstractmethod
    def __call__(
        self,
        request: RequestT,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> CallIterator[ResponseT]:
        """Start the RPC and return an iterator over the responses, which is also the call."""
        raise NotImplementedError


class StreamUnaryMultiCallable(ABC, Generic[RequestT, ResponseT]):
    """Invokes a method that takes any number of messages and answers with one. Arguments: see `UnaryUnaryMultiCallable`.

    The request iterator is read on another thread, at the pace that the server's flow control allows. If it raises, the RPC ends with UNKNOWN.
    """

    @abstractmethod
    def __call__(
        self,
        request_iterator: Iterable[RequestT],
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> ResponseT:
        """Wait for the response and return it. Raises `RpcError`, also a `Call`, for a status other than OK."""
        raise NotImplementedError

    @abstractmethod
    def with_call(
        self,
        request_iterator: Iterable[RequestT],
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> tuple[ResponseT, Call]:
        """As `__call__`, but returns the pair (response, call)."""
        raise NotImplementedError

    @abstractmethod
    def future(
        self,
        request_iterator: Iterable[RequestT],
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> CallFuture[ResponseT]:
        """Start the RPC and return at once; its errors come out of the future."""
        raise NotImplementedError


class StreamStreamMultiCallable(ABC, Generic[RequestT, ResponseT]):
    """Invokes a method with any number of messages both ways. Arguments: see `StreamUnaryMultiCallable`."""

    @abstractmethod
    def __call__(
        self,
        request_iterator: Iterable[RequestT],
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> CallIterator[ResponseT]:
        """Start the RPC and return an iterator over the responses, which is also the call."""
        raise NotImplementedError


class Channel(ABC):
    """A connection to a target, made when first needed and again after it is lost. Safe to use from several threads.

    As a context manager it closes at the end of the block.
    """

    @abstractmethod
    def subscribe(
        self, callback: Callable[[ChannelConnectivity], None], try_to_connect: bool | None = False
    ) -> None:
        """Call `callback(state)` with the present state and at every change, on a thread of the library, in order.

        With `try_to_connect` an idle channel starts to connect.
        """
        raise NotImplementedError

    @abstractmethod
    def unsubscribe(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        """Undo `subscribe`. Does nothing for a callback that is not subscribed."""
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

    @abstractmethod
    def close(self) -> None:
        """Close the connection and end all its RPCs with CANCELLED. Later calls raise ValueError. May be called again."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        """The channel itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Close the channel."""
        self.close()


class ClientCallDetails(ABC):
    """What an interceptor may change of an RPC before it starts. An attribute that is missing keeps its value."""

    method: str
    timeout: float | None
    metadata: MetadataType | None
    credentials: CallCredentials | None
    wait_for_ready: bool | None
    compression: Compression | None


class UnaryUnaryClientInterceptor(ABC):
    """Wraps the invocation of methods that take one message and answer with one."""

    @abstractmethod
    def intercept_unary_unary(
        self,
        continuation: Callable[[ClientCallDetails, Any], Any],
        client_call_details: ClientCallDetails,
        request: Any,
    ) -> Any:
        """Return an object that is a `Call` and a `Future`, most often what `continuation(client_call_details, request)` returns.

        `continuation` runs the next interceptor, or the RPC. It does not raise the RPC's error: the error is in what it returns.
        """
        raise NotImplementedError


class UnaryStreamClientInterceptor(ABC):
    """Wraps the invocation of methods that take one message and answer with a stream."""

    @abstractmethod
    def intercept_unary_stream(
        self,
        continuation: Callable[[ClientCallDetails, Any], Any],
        client_call_details: ClientCallDetails,
        request: Any,
    ) -> Any:
        """Return an object that is a `Call` and an iterator over responses, most often what `continuation` returns."""
        raise NotImplementedError


class StreamUnaryClientInterceptor(ABC):
    """Wraps the invocation of methods that take a stream and answer with one message."""

    @abstractmethod
    def intercept_stream_unary(
        self,
        continuation: Callable[[ClientCallDetails, Any], Any],
        client_call_details: ClientCallDetails,
        request_iterator: Iterator[Any],
    ) -> Any:
        """As `UnaryUnaryClientInterceptor.intercept_unary_unary`, with the request iterator."""
        raise NotImplementedError


class StreamStreamClientInterceptor(ABC):
    """Wraps the invocation of methods that stream both ways."""

    @abstractmethod
    def intercept_stream_stream(
        self,
        continuation: Callable[[ClientCallDetails, Any], Any],
        client_call_details: ClientCallDetails,
        request_iterator: Iterator[Any],
    ) -> Any:
        """As `UnaryStreamClientInterceptor.intercept_unary_stream`, with the request iterator."""
        raise NotImplementedError
