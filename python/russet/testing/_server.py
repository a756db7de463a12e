"""The server whose calls the test makes."""

from __future__ import annotations

import copy
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, NoReturn

from .. import grpc
from ..grpc import StatusCode
from ..grpc._logging import logger
from . import (
    Server,
    StreamStreamServerRpc,
    StreamUnaryServerRpc,
    UnaryStreamServerRpc,
    UnaryUnaryServerRpc,
)
from ._metadata import received

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ..grpc._typing import MetadataType, ReceivedMetadata
    from ..protobuf.descriptor import MethodDescriptor, ServiceDescriptor
    from . import Time


class _Aborted(Exception):
    """Leaves a handler whose call is over."""


class _State:
    """What both sides of a call know, under one lock."""

    def __init__(self, metadata: Any, time: Time, timeout: float | None) -> None:
        self._changed = threading.Condition()
        self._requests: deque[Any] = deque()
        self._are_requests_closed = False
        self._responses: deque[Any] = deque()
        self._initial_metadata: ReceivedMetadata | None = None
        # The trailing metadata, the code and the details, once the call has ended.
        self._end: tuple[ReceivedMetadata, StatusCode, str] | None = None
        self._is_cancelled = False
        self._callbacks: list[Callable[[], None]] = []
        self.invocation_metadata = metadata
        self.deadline = None if timeout is None else time.time() + timeout
        self._expiry: grpc.Future[Any] | None = None
        if self.deadline is not None:
            # It may expire at once.
            self._expiry = time.call_at(self._expire, self.deadline)

    # The client's side.

    def send_request(self, request: Any) -> None:
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()

    def close_requests(self) -> None:
        with self._changed:
            self._are_requests_closed = True
            self._changed.notify_all()

    def initial_metadata(self) -> ReceivedMetadata:
        with self._changed:
            self._changed.wait_for(lambda: self._initial_metadata is not None or self._has_ended())
            if self._initial_metadata is None:
                raise ValueError("the call has ended without initial metadata")
            return self._initial_metadata

    def take_response(self) -> Any:
        with self._changed:
            self._changed.wait_for(lambda: self._responses or self._has_ended())
            if not self._responses:
                raise ValueError("the call has ended, there are no more responses")
            return self._responses.popleft()

    def unary_termination(self) -> tuple[Any, ReceivedMetadata, StatusCode, str]:
        """The response, None where there is none, and how the call has ended."""
        metadata, code, details = self.termination()
        with self._changed:
            # It stays, for who asks twice.
            return self._responses[0] if self._responses else None, metadata, code, details

    def termination(self) -> tuple[ReceivedMetadata, StatusCode, str]:
        with self._changed:
            self._changed.wait_for(self._has_ended)
            if self._end is None:
                raise ValueError("the test has cancelled the call, so it has no status")
            return self._end

    def cancel(self) -> None:
        self._finish(None)

    # The server's side.

    def next_request(self) -> tuple[Any, bool]:
        """The next request and True, or None and False after the last. Raises RpcError where the call has ended."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._requests or self._are_requests_closed or self._has_ended()
            )
            if self._has_ended():
                raise grpc.RpcError("the call has ended")
            return (self._requests.popleft(), True) if self._requests else (None, False)

    def send_initial_metadata(self, metadata: MetadataType | None) -> bool:
        """False where it was sent before."""
        with self._changed:
            if self._initial_metadata is not None:
                return False
            self._initial_metadata = received(metadata)
            self._changed.notify_all()
            return True

    def send_response(self, response: Any) -> None:
        """Sends a response, and initial metadata before the first. Does nothing once the call has ended."""
        with self._changed:
            if self._has_ended():
                return
            if self._initial_metadata is None:
                self._initial_metadata = received(None)
            self._responses.append(response)
            self._changed.notify_all()

    def finish(self, metadata: ReceivedMetadata, code: StatusCode, details: str) -> None:
        """Ends the call, unless it has ended."""
        self._finish((metadata, code, details))

    def has_ended(self) -> bool:
        with self._changed:
            return self._has_ended()

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Has `callback` called at the end; False where that is over."""
        with self._changed:
            if not self._has_ended():
                self._callbacks.append(callback)
                return True
            return False

    def _has_ended(self) -> bool:
        return self._end is not None or self._is_cancelled

    def _expire(self) -> None:
        self.send_initial_metadata(None)
        self._finish((received(None), StatusCode.DEADLINE_EXCEEDED, "Took too much time!"))

    def _finish(self, end: tuple[ReceivedMetadata, StatusCode, str] | None) -> None:
        """Ends the call; without a status it is cancelled."""
        with self._changed:
            if self._has_ended():
                return
            self._end, self._is_cancelled = end, end is None
            callbacks, self._callbacks = self._callbacks, []
            self._changed.notify_all()
        if self._expiry is not None:
            self._expiry.cancel()
        if callbacks:
            threading.Thread(target=_call_each, args=(callbacks,), daemon=True).start()


def _call_each(callbacks: list[Callable[[], None]]) -> None:
    for callback in callbacks:
        try:
            callback()
        except Exception:
            logger("testing").exception("A callback of a call raised")


class _Context(grpc.ServicerContext):
    """What a handler has of its call. The peer is this process, without credentials."""

    def __init__(self, state: _State, time: Time) -> None:
        self._state = state
        self._time = time
        self._trailing_metadata: MetadataType | None = None
        self._code: StatusCode | None = None
        self._details: str | None = None

    def is_active(self) -> bool:
        return not self._state.has_ended()

    def time_remaining(self) -> float | None:
        if self._state.has_ended():
            return 0.0
        deadline = self._state.deadline
        return None if deadline is None else max(0.0, deadline - self._time.time())

    def cancel(self) -> None:
        self._state.finish(
            received(None), StatusCode.CANCELLED, "Cancelled by server-side application!"
        )

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return self._state.add_callback(callback)

    def invocation_metadata(self) -> ReceivedMetadata:
        metadata: ReceivedMetadata = self._state.invocation_metadata
        return metadata

    def peer(self) -> str:
        return "in-process"

    def peer_identities(self) -> Iterable[bytes] | None:
        return None

    def peer_identity_key(self) -> str | None:
        return None

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        return {}

    def set_compression(self, compression: grpc.Compression) -> None:
        """Does nothing, as nothing is serialized."""

    def disable_next_message_compression(self) -> None:
        """Does nothing, as nothing is serialized."""

    def send_initial_metadata(self, initial_metadata: MetadataType) -> None:
        if not self._state.send_initial_metadata(initial_metadata):
            raise ValueError("initial metadata was sent already")

    def set_trailing_metadata(self, trailing_metadata: MetadataType) -> None:
        self._trailing_metadata = trailing_metadata

    def trailing_metadata(self) -> MetadataType | None:
        return self._trailing_metadata

    def set_code(self, code: StatusCode) -> None:
        self._code = code

    def code(self) -> StatusCode | None:
        return self._code

    def set_details(self, details: str) -> None:
        self._details = details

    def details(self) -> str | None:
        return self._details

    def abort(self, code: StatusCode, details: str) -> NoReturn:
        self._state.finish(received(None), code, details)
        raise _Aborted(f"the handler has aborted its call with {code}: {details}")

    def abort_with_status(self, status: grpc.Status) -> NoReturn:
        self._state.finish(received(status.trailing_metadata), status.code, status.details)
        raise _Aborted(f"the handler has aborted its call with {status.code}: {status.details}")

    def complete(self) -> None:
        """Ends the call with what was set."""
        self._state.send_initial_metadata(None)
        self._state.finish(
            received(self._trailing_metadata), self._code or StatusCode.OK, self._details or ""
        )


def _requests(state: _State) -> Iterator[Any]:
    while True:
        request, is_one = state.next_request()
        if not is_one:
            return
        yield request


def _serve(
    handler: Callable[..., Any], argument: Any, state: _State, context: _Context, streams: bool
) -> None:
    """Runs a handler to its end."""
    try:
        answer = handler(argument, context)
        if streams:
            while True:
                try:
                    # A handler may yield one message again and again, with other contents.
                    response = copy.deepcopy(next(answer))
                except StopIteration:
                    break
                state.send_response(response)
        else:
            state.send_response(answer)
    except Exception as error:
        if not isinstance(error, _Aborted) and not state.has_ended():
            logger("testing").exception("A handler raised")
            details = f"Exception calling application: {error}"
            state.finish(received(None), StatusCode.UNKNOWN, details)
    else:
        context.complete()


class _ClientSide:
    """What all calls have for the test, which is their client."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def initial_metadata(self) -> ReceivedMetadata:
        return self._state.initial_metadata()

    def cancel(self) -> None:
        self._state.cancel()


class _StreamsRequests(_ClientSide):
    def send_request(self, request: Any) -> None:
        self._state.send_request(request)

    def requests_closed(self) -> None:
        self._state.close_requests()


class _RespondsOnce(_ClientSide):
    def termination(self) -> tuple[Any, ReceivedMetadata, StatusCode, str]:
        return self._state.unary_termination()


class _StreamsResponses(_ClientSide):
    def take_response(self) -> Any:
        return self._state.take_response()

    def termination(self) -> tuple[ReceivedMetadata, StatusCode, str]:
        return self._state.termination()


class _UnaryUnaryRpc(_RespondsOnce, UnaryUnaryServerRpc):
    pass


class _UnaryStreamRpc(_StreamsResponses, UnaryStreamServerRpc):
    pass


class _StreamUnaryRpc(_StreamsRequests, _RespondsOnce, StreamUnaryServerRpc):
    pass


class _StreamStreamRpc(_StreamsRequests, _StreamsResponses, StreamStreamServerRpc):
    pass


class TestingServer(Server):
    """The server."""

    # Its name does not make it a test.
    __test__ = False

    def __init__(self, servicers: Mapping[ServiceDescriptor, Any], time: Time) -> None:
        self._servicers = servicers
        self._time = time

    def _invoke(
        self,
        method: MethodDescriptor,
        metadata: Any,
        timeout: float | None,
        *requests: Any,
        streams: bool = False,
    ) -> _State:
        """Starts a call. With a request it is the only one; `streams` is whether there are many responses."""
        handler = getattr(self._servicers[method.containing_service], method.name)
        state = _State(metadata, self._time, timeout)
        context = _Context(state, self._time)
        argument = requests[0] if requests else _requests(state)
        if not state.has_ended():
            threading.Thread(
                target=_serve,
                args=(handler, argument, state, context, streams),
                daemon=True,
            ).start()
        return state

    def invoke_unary_unary(
        self,
        method_descriptor: MethodDescriptor,
        invocation_metadata: MetadataType | None,
        request: Any,
        timeout: float | None,
    ) -> UnaryUnaryServerRpc:
        return _UnaryUnaryRpc(
            self._invoke(method_descriptor, invocation_metadata, timeout, request)
        )

    def invoke_unary_stream(
        self,
        method_descriptor: MethodDescriptor,
        invocation_metadata: MetadataType | None,
        request: Any,
        timeout: float | None,
    ) -> UnaryStreamServerRpc:
        return _UnaryStreamRpc(
            self._invoke(method_descriptor, invocation_metadata, timeout, request, streams=True)
        )

    def invoke_stream_unary(
        self,
        method_descriptor: MethodDescriptor,
        invocation_metadata: MetadataType | None,
        timeout: float | None,
    ) -> StreamUnaryServerRpc:
        return _StreamUnaryRpc(self._invoke(method_descriptor, invocation_metadata, timeout))

    def invoke_stream_stream(
        self,
        method_descriptor: MethodDescriptor,
        invocation_metadata: MetadataType | None,
        timeout: float | None,
    ) -> StreamStreamServerRpc:
        return _StreamStreamRpc(
            self._invoke(method_descriptor, invocation_metadata, timeout, streams=True)
        )
