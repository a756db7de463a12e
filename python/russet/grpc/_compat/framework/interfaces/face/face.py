"""Calls as `grpc.beta` shows them: contexts, multi-callables, stubs, and the errors that end them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum, unique
from typing import TYPE_CHECKING, Any, NamedTuple

from ...common import cardinality as cardinality
from ...common import style as style
from ...foundation import future as future
from ...foundation import stream as stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class NoSuchMethodError(Exception):
    """A service has no method of a name."""

    def __init__(self, group: str, method: str) -> None:
        super().__init__()
        self.group = group
        self.method = method

    def __repr__(self) -> str:
        return f"face.NoSuchMethodError({self.group}, {self.method})"


class _AbortionFields(NamedTuple):
    kind: Any
    initial_metadata: Any
    terminal_metadata: Any
    code: Any
    details: Any


class Abortion(_AbortionFields):
    """How a call failed: the kind, and what the peer sent, or None."""

    @unique
    class Kind(Enum):
        """Whose fault it is."""

        CANCELLED = "cancelled"
        EXPIRED = "expired"
        LOCAL_SHUTDOWN = "local shutdown"
        REMOTE_SHUTDOWN = "remote shutdown"
        NETWORK_FAILURE = "network failure"
        LOCAL_FAILURE = "local failure"
        REMOTE_FAILURE = "remote failure"


class AbortionError(Exception, ABC):
    """A call failed; with what the peer sent, or None."""

    def __init__(
        self, initial_metadata: Any, terminal_metadata: Any, code: Any, details: Any
    ) -> None:
        super().__init__()
        self.initial_metadata = initial_metadata
        self.terminal_metadata = terminal_metadata
        self.code = code
        self.details = details

    def __str__(self) -> str:
        return f'{type(self).__name__}(code={self.code}, details="{self.details}")'


class CancellationError(AbortionError):
    """A call was cancelled."""


class ExpirationError(AbortionError):
    """A call took longer than its timeout."""


class LocalShutdownError(AbortionError):
    """This side shut down."""


class RemoteShutdownError(AbortionError):
    """The other side shut down."""


class NetworkError(AbortionError):
    """The network failed."""


class LocalError(AbortionError):
    """This side made a mistake."""


class RemoteError(AbortionError):
    """The other side made a mistake."""


class RpcContext(ABC):
    """What both sides know of a call."""

    @abstractmethod
    def is_active(self) -> bool:
        """Whether the call goes on."""
        raise NotImplementedError

    @abstractmethod
    def time_remaining(self) -> float | None:
        """Seconds until the call's deadline."""
        raise NotImplementedError

    @abstractmethod
    def add_abortion_callback(
        self, abortion_callback: Callable[[Abortion], None]
    ) -> Abortion | None:
        """Have a function called when the call fails; if it has already, return how."""
        raise NotImplementedError

    @abstractmethod
    def cancel(self) -> Any:
        """End the call."""
        raise NotImplementedError

    @abstractmethod
    def protocol_context(self) -> Any:
        """What is gRPC's own about the call."""
        raise NotImplementedError


class Call(RpcContext):
    """A call, for its client."""

    @abstractmethod
    def initial_metadata(self) -> Any:
        """Wait for the metadata before the responses."""
        raise NotImplementedError

    @abstractmethod
    def terminal_metadata(self) -> Any:
        """Wait for the metadata behind the responses."""
        raise NotImplementedError

    @abstractmethod
    def code(self) -> Any:
        """Wait for the status code."""
        raise NotImplementedError

    @abstractmethod
    def details(self) -> Any:
        """Wait for the status's details."""
        raise NotImplementedError


class ServicerContext(RpcContext):
    """A call, for its server."""

    @abstractmethod
    def invocation_metadata(self) -> Any:
        """The client's metadata."""
        raise NotImplementedError

    @abstractmethod
    def initial_metadata(self, initial_metadata: Any) -> None:
        """Send metadata before the responses."""
        raise NotImplementedError

    @abstractmethod
    def terminal_metadata(self, terminal_metadata: Any) -> None:
        """Set the metadata behind the responses."""
        raise NotImplementedError

    @abstractmethod
    def code(self, code: Any) -> None:
        """Set the status code."""
        raise NotImplementedError

    @abstractmethod
    def details(self, details: Any) -> None:
        """Set the status's details."""
        raise NotImplementedError


class ResponseReceiver(ABC):
    """Takes what a server sends."""

    @abstractmethod
    def initial_metadata(self, initial_metadata: Any) -> None:
        """Take the metadata before the responses."""
        raise NotImplementedError

    @abstractmethod
    def response(self, response: Any) -> None:
        """Take a response."""
        raise NotImplementedError

    @abstractmethod
    def complete(self, terminal_metadata: Any, code: Any, details: Any) -> None:
        """Take the end."""
        raise NotImplementedError


class UnaryUnaryMultiCallable(ABC):
    """Calls a method."""

    @abstractmethod
    def __call__(
        self,
        request: Any,
        timeout: float | None,
        metadata: Any = None,
        with_call: bool = False,
        protocol_options: Any = None,
    ) -> Any:
        """Call and wait; returns the response, `with_call` also the `Call`."""
        raise NotImplementedError

    @abstractmethod
    def future(
        self,
        request: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; returns a `Call` that is a future."""
        raise NotImplementedError

    @abstractmethod
    def event(
        self,
        request: Any,
        receiver: Any,
        abortion_callback: Callable[[Any], None],
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; the receiver is told what comes."""
        raise NotImplementedError


class UnaryStreamMultiCallable(ABC):
    """Calls a method."""

    @abstractmethod
    def __call__(
        self,
        request: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; returns a `Call` that iterates over responses."""
        raise NotImplementedError

    @abstractmethod
    def event(
        self,
        request: Any,
        receiver: Any,
        abortion_callback: Callable[[Any], None],
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; the receiver is told what comes."""
        raise NotImplementedError


class StreamUnaryMultiCallable(ABC):
    """Calls a method."""

    @abstractmethod
    def __call__(
        self,
        request_iterator: Iterator[Any],
        timeout: float | None,
        metadata: Any = None,
        with_call: bool = False,
        protocol_options: Any = None,
    ) -> Any:
        """Call and wait; returns the response, `with_call` also the `Call`."""
        raise NotImplementedError

    @abstractmethod
    def future(
        self,
        request_iterator: Iterator[Any],
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; returns a `Call` that is a future."""
        raise NotImplementedError

    @abstractmethod
    def event(
        self,
        receiver: Any,
        abortion_callback: Callable[[Any], None],
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; the receiver is told what comes."""
        raise NotImplementedError


class StreamStreamMultiCallable(ABC):
    """Calls a method."""

    @abstractmethod
    def __call__(
        self,
        request_iterator: Iterator[Any],
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; returns a `Call` that iterates over responses."""
        raise NotImplementedError

    @abstractmethod
    def event(
        self,
        receiver: Any,
        abortion_callback: Callable[[Any], None],
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; the receiver is told what comes."""
        raise NotImplementedError


class MethodImplementation(ABC):
    """A method of a server: its cardinality and style, and the one behavior that is not None."""

    cardinality: Any
    style: Any
    unary_unary_inline: Any
    unary_stream_inline: Any
    stream_unary_inline: Any
    stream_stream_inline: Any
    unary_unary_event: Any
    unary_stream_event: Any
    stream_unary_event: Any
    stream_stream_event: Any


class MultiMethodImplementation(ABC):
    """Serves methods of any name."""

    @abstractmethod
    def service(
        self, group: str, method: str, response_consumer: Any, context: ServicerContext
    ) -> Any:
        """Serve a call; returns a consumer of requests, or raises `NoSuchMethodError`."""
        raise NotImplementedError


class GenericStub(ABC):
    """Calls methods of any service by their names."""

    @abstractmethod
    def blocking_unary_unary(
        self,
        group: str,
        method: str,
        request: Any,
        timeout: float | None,
        metadata: Any = None,
        with_call: bool = False,
        protocol_options: Any = None,
    ) -> Any:
        """Call and wait."""
        raise NotImplementedError

    @abstractmethod
    def future_unary_unary(
        self,
        group: str,
        method: str,
        request: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; returns a future."""
        raise NotImplementedError

    @abstractmethod
    def inline_unary_stream(
        self,
        group: str,
        method: str,
        request: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; returns an iterator."""
        raise NotImplementedError

    @abstractmethod
    def blocking_stream_unary(
        self,
        group: str,
        method: str,
        request_iterator: Iterator[Any],
        timeout: float | None,
        metadata: Any = None,
        with_call: bool = False,
        protocol_options: Any = None,
    ) -> Any:
        """Call and wait."""
        raise NotImplementedError

    @abstractmethod
    def future_stream_unary(
        self,
        group: str,
        method: str,
        request_iterator: Iterator[Any],
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; returns a future."""
        raise NotImplementedError

    @abstractmethod
    def inline_stream_stream(
        self,
        group: str,
        method: str,
        request_iterator: Iterator[Any],
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; returns an iterator."""
        raise NotImplementedError

    @abstractmethod
    def event_unary_unary(
        self,
        group: str,
        method: str,
        request: Any,
        receiver: Any,
        abortion_callback: Callable[[Any], None],
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; the receiver is told what comes."""
        raise NotImplementedError

    @abstractmethod
    def event_unary_stream(
        self,
        group: str,
        method: str,
        request: Any,
        receiver: Any,
        abortion_callback: Callable[[Any], None],
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; the receiver is told what comes."""
        raise NotImplementedError

    @abstractmethod
    def event_stream_unary(
        self,
        group: str,
        method: str,
        receiver: Any,
        abortion_callback: Callable[[Any], None],
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; the receiver is told what comes."""
        raise NotImplementedError

    @abstractmethod
    def event_stream_stream(
        self,
        group: str,
        method: str,
        receiver: Any,
        abortion_callback: Callable[[Any], None],
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Call; the receiver is told what comes."""
        raise NotImplementedError

    @abstractmethod
    def unary_unary(self, group: str, method: str) -> UnaryUnaryMultiCallable:
        """What calls a method."""
        raise NotImplementedError

    @abstractmethod
    def unary_stream(self, group: str, method: str) -> UnaryStreamMultiCallable:
        """What calls a method."""
        raise NotImplementedError

    @abstractmethod
    def stream_unary(self, group: str, method: str) -> StreamUnaryMultiCallable:
        """What calls a method."""
        raise NotImplementedError

    @abstractmethod
    def stream_stream(self, group: str, method: str) -> StreamStreamMultiCallable:
        """What calls a method."""
        raise NotImplementedError


class DynamicStub(ABC):  # noqa: B024 (as in grpcio)
    """Calls the methods of one service: its attributes are multi-callables."""
