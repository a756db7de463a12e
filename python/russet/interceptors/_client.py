"""The interceptor of synchronous channels."""

from __future__ import annotations

import threading

from .. import grpc
from ..grpc._base_call import CallFuture, CallIterator
from ..grpc._interceptor import _ClientCallDetails, _UnaryOutcome
from ._client_call import ClientCall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Any

    from ..grpc._typing import MetadataType, ReceivedMetadata


class ClientInterceptor(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Override `intercept`. Goes into `grpc.intercept_channel`. One object serves all RPCs, from several threads at once."""

    def intercept(self, call: ClientCall, request: Any) -> Any:
        """Run an RPC: return `call(request)`, or something else.

        `request` is a message, or an iterator of messages if `call.request_streaming`. What is returned is a running call, or a message, or for streamed responses any iterable of messages. `map_response` changes the responses of a running call without waiting for them; `result()` waits, also where the caller asked for a future. The RPC's failure comes out of the running call, not out of `call(request)`.
        """
        return call(request)

    def _run(
        self, kind: tuple[bool, bool], continuation: Callable[..., Any], details: Any, request: Any
    ) -> Any:
        def start(
            call: ClientCall, request: Any, metadata: MetadataType, timeout: float | None
        ) -> Any:
            changed = _ClientCallDetails(
                details.method,
                timeout,
                metadata or None,
                getattr(details, "credentials", None),
                getattr(details, "wait_for_ready", None),
                getattr(details, "compression", None),
            )
            call.running = continuation(changed, request)
            return call.running

        call = ClientCall(details, kind, start)
        try:
            outcome = self.intercept(call, request)
        except grpc.RpcError as error:
            # What `result()` raised is the call too, so that a future of it has the RPC's status.
            if call.response_streaming or not isinstance(error, grpc.Call):
                raise
            return error
        if isinstance(outcome, grpc.Call):
            return outcome
        below: Any = _Ended() if call.running is None else call.running
        if call.response_streaming:
            return _Responses(iter(outcome), below)
        return _UnaryOutcome(outcome, below)

    def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        """Run `intercept`. Not to be overridden."""
        return self._run((False, False), continuation, client_call_details, request)

    def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        """Run `intercept`. Not to be overridden."""
        return self._run((False, True), continuation, client_call_details, request)

    def intercept_stream_unary(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        """Run `intercept`. Not to be overridden."""
        return self._run((True, False), continuation, client_call_details, request_iterator)

    def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        """Run `intercept`. Not to be overridden."""
        return self._run((True, True), continuation, client_call_details, request_iterator)


def map_response(call: ClientCall, running: Any, function: Callable[[Any], Any]) -> Any:
    """`running`, which `call(request)` gave, with `function(response)` in place of each response, computed when it is read."""
    if call.response_streaming:
        return _Responses(map(function, running), running)
    return _Mapped(running, function)


class _Around(CallFuture["Any"]):
    """A call of which all but the responses is asked of the call below it."""

    def __init__(self, below: Any) -> None:
        self._below = below

    def initial_metadata(self) -> ReceivedMetadata:
        metadata: ReceivedMetadata = self._below.initial_metadata()
        return metadata

    def trailing_metadata(self) -> ReceivedMetadata:
        metadata: ReceivedMetadata = self._below.trailing_metadata()
        return metadata

    def code(self) -> grpc.StatusCode:
        code: grpc.StatusCode = self._below.code()
        return code

    def details(self) -> str:
        details: str = self._below.details()
        return details

    def is_active(self) -> bool:
        return bool(self._below.is_active())

    def time_remaining(self) -> float | None:
        remaining: float | None = self._below.time_remaining()
        return remaining

    def cancel(self) -> bool:
        return bool(self._below.cancel())

    def cancelled(self) -> bool:
        return bool(self._below.cancelled())

    def running(self) -> bool:
        return bool(self._below.running())

    def done(self) -> bool:
        return bool(self._below.done())

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return bool(self._below.add_callback(callback))

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        def call_back(_ended: Any) -> None:
            fn(self)

        self._below.add_done_callback(call_back)

    def result(self, timeout: float | None = None) -> Any:
        return self._below.result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        error: BaseException | None = self._below.exception(timeout)
        return error

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        traceback: TracebackType | None = self._below.traceback(timeout)
        return traceback


class _Mapped(_Around):
    """A call whose single response goes through a function, once."""

    def __init__(self, below: Any, function: Callable[[Any], Any]) -> None:
        super().__init__(below)
        self._function = function
        self._lock = threading.Lock()
        # The function's value or its exception, once it ran.
        self._outcome: tuple[Any, Exception | None] | None = None

    def _settle(self, timeout: float | None) -> tuple[Any, Exception | None]:
        response = self._below.result(timeout)
        with self._lock:
            if self._outcome is None:
                try:
                    self._outcome = self._function(response), None
                except Exception as error:
                    self._outcome = None, error
            return self._outcome

    def result(self, timeout: float | None = None) -> Any:
        response, error = self._settle(timeout)
        if error is not None:
            raise error
        return response

    def exception(self, timeout: float | None = None) -> BaseException | None:
        error: BaseException | None = self._below.exception(timeout)
        return self._settle(timeout)[1] if error is None else error

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        error = self.exception(timeout)
        return None if error is None else error.__traceback__


class _Responses(_Around, CallIterator["Any"]):
    """A call whose responses come from an iterator of the interceptor's."""

    def __init__(self, responses: Iterator[Any], below: Any) -> None:
        super().__init__(below)
        self._responses = responses

    def __iter__(self) -> _Responses:
        return self

    def __next__(self) -> Any:
        return next(self._responses)

    def result(self, timeout: float | None = None) -> Any:
        super().result(timeout)
        return self


class _Ended(CallFuture["Any"]):
    """The call of a response that an interceptor made itself: it has ended with OK and no metadata."""

    def initial_metadata(self) -> ReceivedMetadata:
        return ()

    def trailing_metadata(self) -> ReceivedMetadata:
        return ()

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.OK

    def details(self) -> str:
        return ""

    def is_active(self) -> bool:
        return False

    def time_remaining(self) -> float | None:
        return None

    def cancel(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def running(self) -> bool:
        return False

    def done(self) -> bool:
        return True

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return False

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        fn(self)

    def result(self, timeout: float | None = None) -> Any:
        return None

    def exception(self, timeout: float | None = None) -> BaseException | None:
        return None

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        return None
