"""Doubles to test code with, as `grpc_testing`: a channel whose calls the test answers, a server whose calls the test makes, and a clock that the test sets.

Messages are passed as they are, without serializing; nothing touches a network. What a peer sends as metadata arrives with one more pair, `grpc.metadata_added_by_runtime`, as a real peer may add pairs too.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

from .. import grpc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..grpc import StatusCode
    from ..grpc._typing import MetadataType, ReceivedMetadata
    from ..protobuf.descriptor import MethodDescriptor, ServiceDescriptor

__all__ = [
    "Channel",
    "Server",
    "StreamStreamChannelRpc",
    "StreamStreamServerRpc",
    "StreamUnaryChannelRpc",
    "StreamUnaryServerRpc",
    "Time",
    "UnaryStreamChannelRpc",
    "UnaryStreamServerRpc",
    "UnaryUnaryChannelRpc",
    "UnaryUnaryServerRpc",
    "channel",
    "server_from_dictionary",
    "strict_fake_time",
    "strict_real_time",
]


class UnaryUnaryChannelRpc(abc.ABC):
    """A unary-unary call that the code under test makes; the test is its server."""

    @abc.abstractmethod
    def send_initial_metadata(self, initial_metadata: MetadataType) -> None:
        """Sends the server's initial metadata."""
        raise NotImplementedError

    @abc.abstractmethod
    def cancelled(self) -> None:
        """Waits until the code under test has cancelled the call. Raises ValueError if the call ends otherwise."""
        raise NotImplementedError

    @abc.abstractmethod
    def terminate(
        self, response: Any, trailing_metadata: MetadataType | None, code: StatusCode, details: str
    ) -> None:
        """Ends the call with a response and a status."""
        raise NotImplementedError


class UnaryStreamChannelRpc(abc.ABC):
    """A unary-stream call that the code under test makes; the test is its server."""

    @abc.abstractmethod
    def send_initial_metadata(self, initial_metadata: MetadataType) -> None:
        """Sends the server's initial metadata."""
        raise NotImplementedError

    @abc.abstractmethod
    def send_response(self, response: Any) -> None:
        """Sends a response; does nothing once the call has ended."""
        raise NotImplementedError

    @abc.abstractmethod
    def cancelled(self) -> None:
        """Waits until the code under test has cancelled the call. Raises ValueError if the call ends otherwise."""
        raise NotImplementedError

    @abc.abstractmethod
    def terminate(
        self, trailing_metadata: MetadataType | None, code: StatusCode, details: str
    ) -> None:
        """Ends the call with a status."""
        raise NotImplementedError


class StreamUnaryChannelRpc(abc.ABC):
    """A stream-unary call that the code under test makes; the test is its server."""

    @abc.abstractmethod
    def send_initial_metadata(self, initial_metadata: MetadataType) -> None:
        """Sends the server's initial metadata."""
        raise NotImplementedError

    @abc.abstractmethod
    def take_request(self) -> Any:
        """The next request; waits until there is one."""
        raise NotImplementedError

    @abc.abstractmethod
    def requests_closed(self) -> None:
        """Waits until the code under test has ended its requests."""
        raise NotImplementedError

    @abc.abstractmethod
    def cancelled(self) -> None:
        """Waits until the code under test has cancelled the call. Raises ValueError if the call ends otherwise."""
        raise NotImplementedError

    @abc.abstractmethod
    def terminate(
        self, response: Any, trailing_metadata: MetadataType | None, code: StatusCode, details: str
    ) -> None:
        """Ends the call with a response and a status."""
        raise NotImplementedError


class StreamStreamChannelRpc(abc.ABC):
    """A stream-stream call that the code under test makes; the test is its server."""

    @abc.abstractmethod
    def send_initial_metadata(self, initial_metadata: MetadataType) -> None:
        """Sends the server's initial metadata."""
        raise NotImplementedError

    @abc.abstractmethod
    def take_request(self) -> Any:
        """The next request; waits until there is one."""
        raise NotImplementedError

    @abc.abstractmethod
    def send_response(self, response: Any) -> None:
        """Sends a response; does nothing once the call has ended."""
        raise NotImplementedError

    @abc.abstractmethod
    def requests_closed(self) -> None:
        """Waits until the code under test has ended its requests."""
        raise NotImplementedError

    @abc.abstractmethod
    def cancelled(self) -> None:
        """Waits until the code under test has cancelled the call. Raises ValueError if the call ends otherwise."""
        raise NotImplementedError

    @abc.abstractmethod
    def terminate(
        self, trailing_metadata: MetadataType | None, code: StatusCode, details: str
    ) -> None:
        """Ends the call with a status."""
        raise NotImplementedError


class Channel(grpc.Channel, abc.ABC):
    """A channel whose calls wait for the test to take and answer them. Each kind is taken by its own method, in the order in which the calls were made."""

    @abc.abstractmethod
    def take_unary_unary(
        self, method_descriptor: MethodDescriptor
    ) -> tuple[ReceivedMetadata, Any, UnaryUnaryChannelRpc]:
        """The next call of a method, with its metadata and its request; waits until there is one."""
        raise NotImplementedError

    @abc.abstractmethod
    def take_unary_stream(
        self, method_descriptor: MethodDescriptor
    ) -> tuple[ReceivedMetadata, Any, UnaryStreamChannelRpc]:
        """The next call of a method, with its metadata and its request; waits until there is one."""
        raise NotImplementedError

    @abc.abstractmethod
    def take_stream_unary(
        self, method_descriptor: MethodDescriptor
    ) -> tuple[ReceivedMetadata, StreamUnaryChannelRpc]:
        """The next call of a method, with its metadata; waits until there is one."""
        raise NotImplementedError

    @abc.abstractmethod
    def take_stream_stream(
        self, method_descriptor: MethodDescriptor
    ) -> tuple[ReceivedMetadata, StreamStreamChannelRpc]:
        """The next call of a method, with its metadata; waits until there is one."""
        raise NotImplementedError


class UnaryUnaryServerRpc(abc.ABC):
    """A unary-unary call that the code under test serves; the test is its client."""

    @abc.abstractmethod
    def initial_metadata(self) -> ReceivedMetadata:
        """Waits for the initial metadata. Raises ValueError if the call ends without."""
        raise NotImplementedError

    @abc.abstractmethod
    def cancel(self) -> None:
        """Cancels the call."""
        raise NotImplementedError

    @abc.abstractmethod
    def termination(self) -> tuple[Any, ReceivedMetadata, StatusCode, str]:
        """Waits for the end: the response, the trailing metadata, the code and the details. Raises ValueError if the test has cancelled the call."""
        raise NotImplementedError


class UnaryStreamServerRpc(abc.ABC):
    """A unary-stream call that the code under test serves; the test is its client."""

    @abc.abstractmethod
    def initial_metadata(self) -> ReceivedMetadata:
        """Waits for the initial metadata. Raises ValueError if the call ends without."""
        raise NotImplementedError

    @abc.abstractmethod
    def take_response(self) -> Any:
        """The next response; waits until there is one. Raises ValueError if the call ends without another."""
        raise NotImplementedError

    @abc.abstractmethod
    def cancel(self) -> None:
        """Cancels the call."""
        raise NotImplementedError

    @abc.abstractmethod
    def termination(self) -> tuple[ReceivedMetadata, StatusCode, str]:
        """Waits for the end: the trailing metadata, the code and the details. Raises ValueError if the test has cancelled the call."""
        raise NotImplementedError


class StreamUnaryServerRpc(abc.ABC):
    """A stream-unary call that the code under test serves; the test is its client."""

    @abc.abstractmethod
    def initial_metadata(self) -> ReceivedMetadata:
        """Waits for the initial metadata. Raises ValueError if the call ends without."""
        raise NotImplementedError

    @abc.abstractmethod
    def send_request(self, request: Any) -> None:
        """Sends a request."""
        raise NotImplementedError

    @abc.abstractmethod
    def requests_closed(self) -> None:
        """Ends the requests."""
        raise NotImplementedError

    @abc.abstractmethod
    def cancel(self) -> None:
        """Cancels the call."""
        raise NotImplementedError

    @abc.abstractmethod
    def termination(self) -> tuple[Any, ReceivedMetadata, StatusCode, str]:
        """Waits for the end: the response, the trailing metadata, the code and the details. Raises ValueError if the test has cancelled the call."""
        raise NotImplementedError


class StreamStreamServerRpc(abc.ABC):
    """A stream-stream call that the code under test serves; the test is its client."""

    @abc.abstractmethod
    def initial_metadata(self) -> ReceivedMetadata:
        """Waits for the initial metadata. Raises ValueError if the call ends without."""
        raise NotImplementedError

    @abc.abstractmethod
    def send_request(self, request: Any) -> None:
        """Sends a request."""
        raise NotImplementedError

    @abc.abstractmethod
    def requests_closed(self) -> None:
        """Ends the requests."""
        raise NotImplementedError

    @abc.abstractmethod
    def take_response(self) -> Any:
        """The next response; waits until there is one. Raises ValueError if the call ends without another."""
        raise NotImplementedError

    @abc.abstractmethod
    def cancel(self) -> None:
        """Cancels the call."""
        raise NotImplementedError

    @abc.abstractmethod
    def termination(self) -> tuple[ReceivedMetadata, StatusCode, str]:
        """Waits for the end: the trailing metadata, the code and the details. Raises ValueError if the test has cancelled the call."""
        raise NotImplementedError


class Server(abc.ABC):
    """A server without a port: the test makes its calls, each of which runs in a thread of its own. `timeout` is in seconds of the test's time, None for no limit."""

    @abc.abstractmethod
    def invoke_unary_unary(
        self,
        method_descriptor: MethodDescriptor,
        invocation_metadata: MetadataType | None,
        request: Any,
        timeout: float | None,
    ) -> UnaryUnaryServerRpc:
        """Makes a unary-unary call."""
        raise NotImplementedError

    @abc.abstractmethod
    def invoke_unary_stream(
        self,
        method_descriptor: MethodDescriptor,
        invocation_metadata: MetadataType | None,
        request: Any,
        timeout: float | None,
    ) -> UnaryStreamServerRpc:
        """Makes a unary-stream call."""
        raise NotImplementedError

    @abc.abstractmethod
    def invoke_stream_unary(
        self,
        method_descriptor: MethodDescriptor,
        invocation_metadata: MetadataType | None,
        timeout: float | None,
    ) -> StreamUnaryServerRpc:
        """Makes a stream-unary call."""
        raise NotImplementedError

    @abc.abstractmethod
    def invoke_stream_stream(
        self,
        method_descriptor: MethodDescriptor,
        invocation_metadata: MetadataType | None,
        timeout: float | None,
    ) -> StreamStreamServerRpc:
        """Makes a stream-stream call."""
        raise NotImplementedError


class Time(abc.ABC):
    """A clock, in seconds. What it is told to call at a time has been called before it says that the time is past."""

    @abc.abstractmethod
    def time(self) -> float:
        """The time now."""
        raise NotImplementedError

    @abc.abstractmethod
    def call_in(self, behavior: Callable[[], Any], delay: float) -> grpc.Future[Any]:
        """Calls `behavior` after `delay` seconds, unless the future is cancelled before."""
        raise NotImplementedError

    @abc.abstractmethod
    def call_at(self, behavior: Callable[[], Any], time: float) -> grpc.Future[Any]:
        """Calls `behavior` at a time, unless the future is cancelled before."""
        raise NotImplementedError

    @abc.abstractmethod
    def sleep_for(self, duration: float) -> None:
        """Lets some seconds pass."""
        raise NotImplementedError

    @abc.abstractmethod
    def sleep_until(self, time: float) -> None:
        """Lets the time pass until then."""
        raise NotImplementedError


def strict_real_time() -> Time:
    """The system's time."""
    from . import _time

    return _time.StrictRealTime()


def strict_fake_time(now: float) -> Time:
    """A time that stands still at `now` but while the test sleeps by it."""
    from . import _time

    return _time.StrictFakeTime(now)


def channel(service_descriptors: Iterable[ServiceDescriptor], time: Time) -> Channel:
    """A channel for the code under test. The services are those that it calls; they are not looked at, as in the original."""
    from . import _channel

    return _channel.TestingChannel(time)


def server_from_dictionary(
    descriptors_to_servicers: Mapping[ServiceDescriptor, Any], time: Time
) -> Server:
    """A server of servicers, by the descriptors of their services."""
    from . import _server

    return _server.TestingServer(descriptors_to_servicers, time)
