"""The channel whose calls the test answers."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

from .. import grpc
from ..grpc import StatusCode
from ..grpc._logging import logger
from . import (
    Channel,
    StreamStreamChannelRpc,
    StreamUnaryChannelRpc,
    UnaryStreamChannelRpc,
    UnaryUnaryChannelRpc,
)
from ._metadata import received

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from ..grpc._typing import MetadataType, ReceivedMetadata
    from ..protobuf.descriptor import MethodDescriptor
    from . import Time


class _State:
    """What both sides of a call know, under one lock."""

    def __init__(self, metadata: Any, time: Time, timeout: float | None) -> None:
        self._changed = threading.Condition()
        self._time = time
        self._deadline = None if timeout is None else time.time() + timeout
        self._requests: deque[Any] = deque()
        self._are_requests_closed = False
        self._responses: deque[Any] = deque()
        self._initial_metadata: ReceivedMetadata | None = None
        # The trailing metadata, the code and the details, once the call has ended.
        self._end: tuple[ReceivedMetadata, StatusCode, str] | None = None
        self._callbacks: list[Callable[[], None]] = []
        self.invocation_metadata = received(metadata)

    def _wait_for(self, condition: Callable[[], Any]) -> None:
        self._changed.wait_for(condition)

    # The client's side.

    def add_request(self, request: Any) -> bool:
        """Sends a request; False where the call has ended."""
        with self._changed:
            if self._end is not None:
                return False
            self._requests.append(request)
            self._changed.notify_all()
            return True

    def close_requests(self) -> None:
        with self._changed:
            if self._end is None:
                self._are_requests_closed = True
                self._changed.notify_all()

    def initial_metadata(self) -> ReceivedMetadata:
        with self._changed:
            self._wait_for(lambda: self._initial_metadata is not None)
            assert self._initial_metadata is not None
            return self._initial_metadata

    def next_response(self) -> tuple[Any, StatusCode | None]:
        """The next response and None, or None and the code that the call has ended with. Responses that wait are lost when it fails."""
        with self._changed:
            self._wait_for(lambda: self._responses or self._end is not None)
            if self._end is not None and (self._end[1] is not StatusCode.OK or not self._responses):
                return None, self._end[1]
            return self._responses.popleft(), None

    def termination(self) -> tuple[ReceivedMetadata, StatusCode, str]:
        with self._changed:
            self._wait_for(lambda: self._end is not None)
            assert self._end is not None
            return self._end

    def has_ended(self) -> bool:
        with self._changed:
            return self._end is not None

    def time_remaining(self) -> float | None:
        if self._deadline is None:
            return None
        return max(0.0, self._deadline - self._time.time())

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Has `callback` called at the end; False where that is over."""
        with self._changed:
            if self._end is None:
                self._callbacks.append(callback)
            return self._end is None

    def cancel(self, code: StatusCode, details: str) -> bool:
        """Ends the call from the client's side; False where it has ended."""
        return self._finish(None, code, details)

    # The server's side.

    def take_request(self) -> Any:
        with self._changed:
            self._wait_for(lambda: self._requests)
            return self._requests.popleft()

    def requests_closed(self) -> None:
        with self._changed:
            self._wait_for(lambda: self._are_requests_closed)

    def send_initial_metadata(self, metadata: MetadataType | None) -> None:
        with self._changed:
            self._initial_metadata = received(metadata)
            self._changed.notify_all()

    def send_response(self, response: Any) -> None:
        with self._changed:
            if self._end is None:
                self._responses.append(response)
                self._changed.notify_all()

    def cancelled(self) -> None:
        _, code, _ = self.termination()
        if code is not StatusCode.CANCELLED:
            raise ValueError(f"the call was not cancelled, it has ended with {code}")

    def terminate(
        self, metadata: MetadataType | None, code: StatusCode, details: str, *responses: Any
    ) -> None:
        """Ends the call, unless it was cancelled before."""
        self._finish(metadata, code, details, *responses)

    def _finish(
        self, metadata: MetadataType | None, code: StatusCode, details: str, *responses: Any
    ) -> bool:
        with self._changed:
            if self._end is not None:
                return False
            if self._initial_metadata is None:
                self._initial_metadata = received(None)
            self._responses.extend(responses)
            self._end = received(metadata), code, details
            callbacks, self._callbacks = self._callbacks, []
            self._changed.notify_all()
        for callback in callbacks:
            try:
                callback()
            except Exception:
                logger("testing").exception("A callback of a call raised")
        return True


class _Call(grpc.Call):
    """What the code under test has of its call."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def cancel(self) -> bool:
        return self._state.cancel(StatusCode.CANCELLED, "Locally cancelled!")

    def is_active(self) -> bool:
        return not self._state.has_ended()

    def time_remaining(self) -> float | None:
        return self._state.time_remaining()

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return self._state.add_callback(callback)

    def initial_metadata(self) -> ReceivedMetadata:
        return self._state.initial_metadata()

    def trailing_metadata(self) -> ReceivedMetadata:
        return self._state.termination()[0]

    def code(self) -> StatusCode:
        return self._state.termination()[1]

    def details(self) -> str:
        return self._state.termination()[2]


class _Error(grpc.RpcError, _Call):
    """A call that has failed."""

    def __init__(self, state: _State) -> None:
        super().__init__()
        self._state = state

    def __str__(self) -> str:
        _, code, details = self._state.termination()
        return f"{code}: {details}"


class _ResponseIterator(_Call):
    """A call whose responses are streamed."""

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        response, code = self._state.next_response()
        if code is None:
            return response
        if code is StatusCode.OK:
            raise StopIteration
        raise _Error(self._state)

    def next(self) -> Any:
        """As `next(call)`."""
        return self.__next__()


class _FutureCall(_Call, grpc.Future[Any]):
    """A call whose only response comes later."""

    def __init__(self, state: _State) -> None:
        super().__init__(state)
        self._lock = threading.Lock()
        self._outcome: tuple[Any, _Error | None] | None = None
        self._is_cancelled = False

    def cancel(self) -> bool:
        if super().cancel():
            self._is_cancelled = True
            return True
        return False

    def cancelled(self) -> bool:
        return self._is_cancelled

    def running(self) -> bool:
        return self.is_active()

    def done(self) -> bool:
        return not self.is_active()

    def result(self, timeout: float | None = None) -> Any:
        response, error = self._wait(timeout)
        if error is not None:
            raise error
        return response

    def exception(self, timeout: float | None = None) -> BaseException | None:
        return self._wait(timeout)[1]

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        error = self.exception(timeout)
        return None if error is None else error.__traceback__

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        if not self.add_callback(lambda: fn(self)):
            fn(self)

    def _wait(self, timeout: float | None) -> tuple[Any, _Error | None]:
        """The response and None, or None and the error, once the call has ended."""
        ended = threading.Event()
        if self.add_callback(ended.set) and not ended.wait(timeout):
            raise grpc.FutureTimeoutError
        with self._lock:
            if self._outcome is None:
                response, code = self._state.next_response()
                self._outcome = (response, None) if code is None else (None, _Error(self._state))
            return self._outcome


def _response(state: _State) -> Any:
    """Waits for the only response. Raises an error for a status other than OK."""
    _, code, _ = state.termination()
    response, _ = state.next_response()
    if code is not StatusCode.OK:
        raise _Error(state)
    return response


def _send_each(requests: Iterable[Any], state: _State) -> None:
    """Sends what an iterator has, in a thread of its own."""

    def send() -> None:
        try:
            for request in requests:
                if not state.add_request(request):
                    return
        except Exception:
            details = "Exception iterating requests!"
            logger("testing").exception(details)
            state.cancel(StatusCode.UNKNOWN, details)
        else:
            state.close_requests()

    threading.Thread(target=send, daemon=True).start()


class _Method:
    """A method of the channel; `argument` is a request or an iterator of requests."""

    _streams_requests = False

    def __init__(self, channel: TestingChannel, method: str) -> None:
        self._channel = channel
        self._method = method

    def _start(self, argument: Any, timeout: float | None, metadata: MetadataType | None) -> _State:
        state = self._channel.start(metadata, timeout)
        if self._streams_requests:
            _send_each(argument, state)
        else:
            state.add_request(argument)
            state.close_requests()
        self._channel.offer(self._method, state)
        return state


class _UnaryUnary(_Method, grpc.UnaryUnaryMultiCallable[Any, Any]):
    def __call__(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
    ) -> Any:
        return _response(self._start(request, timeout, metadata))

    def with_call(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
    ) -> tuple[Any, grpc.Call]:
        state = self._start(request, timeout, metadata)
        return _response(state), _Call(state)

    def future(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
    ) -> Any:
        return _FutureCall(self._start(request, timeout, metadata))


class _UnaryStream(_Method, grpc.UnaryStreamMultiCallable[Any, Any]):
    def __call__(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
    ) -> Any:
        return _ResponseIterator(self._start(request, timeout, metadata))


class _StreamUnary(_Method, grpc.StreamUnaryMultiCallable[Any, Any]):
    _streams_requests = True

    def __call__(
        self,
        request_iterator: Iterable[Any],
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
    ) -> Any:
        return _response(self._start(request_iterator, timeout, metadata))

    def with_call(
        self,
        request_iterator: Iterable[Any],
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
    ) -> tuple[Any, grpc.Call]:
        state = self._start(request_iterator, timeout, metadata)
        return _response(state), _Call(state)

    def future(
        self,
        request_iterator: Iterable[Any],
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
    ) -> Any:
        return _FutureCall(self._start(request_iterator, timeout, metadata))


class _StreamStream(_Method, grpc.StreamStreamMultiCallable[Any, Any]):
    _streams_requests = True

    def __call__(
        self,
        request_iterator: Iterable[Any],
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
    ) -> Any:
        return _ResponseIterator(self._start(request_iterator, timeout, metadata))


class _ServerSide:
    """What all calls have for the test, which is their server."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def send_initial_metadata(self, initial_metadata: MetadataType) -> None:
        self._state.send_initial_metadata(initial_metadata)

    def cancelled(self) -> None:
        self._state.cancelled()


class _StreamsRequests(_ServerSide):
    def take_request(self) -> Any:
        return self._state.take_request()

    def requests_closed(self) -> None:
        self._state.requests_closed()


class _RespondsOnce(_ServerSide):
    def terminate(
        self, response: Any, trailing_metadata: MetadataType | None, code: StatusCode, details: str
    ) -> None:
        self._state.terminate(trailing_metadata, code, details, response)


class _StreamsResponses(_ServerSide):
    def send_response(self, response: Any) -> None:
        self._state.send_response(response)

    def terminate(
        self, trailing_metadata: MetadataType | None, code: StatusCode, details: str
    ) -> None:
        self._state.terminate(trailing_metadata, code, details)


class _UnaryUnaryRpc(_RespondsOnce, UnaryUnaryChannelRpc):
    pass


class _UnaryStreamRpc(_StreamsResponses, UnaryStreamChannelRpc):
    pass


class _StreamUnaryRpc(_StreamsRequests, _RespondsOnce, StreamUnaryChannelRpc):
    pass


class _StreamStreamRpc(_StreamsRequests, _StreamsResponses, StreamStreamChannelRpc):
    pass


class TestingChannel(Channel):
    """The channel. Nothing is serialized, so serializers are not used; timeouts end no call, the test does."""

    # Its name does not make it a test.
    __test__ = False

    def __init__(self, time: Time) -> None:
        self._time = time
        self._changed = threading.Condition()
        self._waiting: defaultdict[str, deque[_State]] = defaultdict(deque)

    def start(self, metadata: MetadataType | None, timeout: float | None) -> _State:
        """A new call."""
        return _State(metadata, self._time, timeout)

    def offer(self, method: str, state: _State) -> None:
        """Lets the test take a call."""
        with self._changed:
            self._waiting[method].append(state)
            self._changed.notify_all()

    def _take(self, method: MethodDescriptor) -> _State:
        waiting = self._waiting[f"/{method.containing_service.full_name}/{method.name}"]
        with self._changed:
            self._changed.wait_for(lambda: waiting)
            return waiting.popleft()

    def subscribe(
        self,
        callback: Callable[[grpc.ChannelConnectivity], None],
        try_to_connect: bool | None = False,
    ) -> None:
        raise NotImplementedError(
            "a channel for tests has no connection whose state could be watched"
        )

    def unsubscribe(self, callback: Callable[[grpc.ChannelConnectivity], None]) -> None:
        raise NotImplementedError(
            "a channel for tests has no connection whose state could be watched"
        )

    def unary_unary(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,
        _registered_method: bool | None = False,
    ) -> Any:
        return _UnaryUnary(self, method)

    def unary_stream(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,
        _registered_method: bool | None = False,
    ) -> Any:
        return _UnaryStream(self, method)

    def stream_unary(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,
        _registered_method: bool | None = False,
    ) -> Any:
        return _StreamUnary(self, method)

    def stream_stream(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,
        _registered_method: bool | None = False,
    ) -> Any:
        return _StreamStream(self, method)

    def close(self) -> None:
        """Does nothing: calls go on until the test ends them."""

    def take_unary_unary(
        self, method_descriptor: MethodDescriptor
    ) -> tuple[ReceivedMetadata, Any, UnaryUnaryChannelRpc]:
        state = self._take(method_descriptor)
        return state.invocation_metadata, state.take_request(), _UnaryUnaryRpc(state)

    def take_unary_stream(
        self, method_descriptor: MethodDescriptor
    ) -> tuple[ReceivedMetadata, Any, UnaryStreamChannelRpc]:
        state = self._take(method_descriptor)
        return state.invocation_metadata, state.take_request(), _UnaryStreamRpc(state)

    def take_stream_unary(
        self, method_descriptor: MethodDescriptor
    ) -> tuple[ReceivedMetadata, StreamUnaryChannelRpc]:
        state = self._take(method_descriptor)
        return state.invocation_metadata, _StreamUnaryRpc(state)

    def take_stream_stream(
        self, method_descriptor: MethodDescriptor
    ) -> tuple[ReceivedMetadata, StreamStreamChannelRpc]:
        state = self._take(method_descriptor)
        return state.invocation_metadata, _StreamStreamRpc(state)
