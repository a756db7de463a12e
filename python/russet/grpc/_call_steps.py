"""The steps by which grpcio's synchronous server runs a handler and sends its status, under the names that they have there.

Monitoring agents wrap or replace them in `grpc._server`. As long as nobody has, the core serves calls by itself and nothing here runs; `_server.py` tells the core when that changes. Each step finds the others in `_server`, so that a replacement is used wherever grpcio would use it.
"""

from __future__ import annotations

import contextvars
import threading
from time import time
from typing import Any

from .. import _core
from . import _server as _server_module
from ._base_server import ServicerContext
from ._errors import RpcError, text_of
from ._status import STATUS_CODES, StatusCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ._typing import ReceivedMetadata

_OPEN = "open"
_CANCELLED = "cancelled"

_UNKNOWN = StatusCode.UNKNOWN.value[0]
_UNIMPLEMENTED = StatusCode.UNIMPLEMENTED.value[0]
# Its attributes are asked for at each step, since agents replace them.
_server: Any = _server_module

_INTERNAL = StatusCode.INTERNAL.value[0]

_RequestIterator = _core.RequestIterator


class _RPCState:
    """What is known of a call that runs. A bare one belongs to no call."""

    code: Any
    details: bytes | None
    trailing_metadata: Any
    client: str
    statused: bool
    aborted: bool
    initial_metadata_allowed: bool

    def __init__(self) -> None:
        self.context = contextvars.Context()
        self.condition = threading.Condition()
        self.due: set[str] = set()
        self.request: Any = None
        self.client = _OPEN
        self.initial_metadata_allowed = True
        self.compression_algorithm: Any = None
        self.disable_next_compression = False
        self.trailing_metadata = None
        self.code = None
        self.details = None
        self.statused = False
        self.rpc_errors: list[Exception] = []
        self.callbacks: list[Callable[[], Any]] | None = []
        self.aborted = False


class CallState(_RPCState):
    """The state of one of the core's calls, which is read there and written there."""

    def __init__(self, call: _core.ServerCall) -> None:
        super().__init__()
        self._call = call

    def __getattribute__(self, name: str) -> Any:
        read = _READ.get(name)
        get = super().__getattribute__
        return get(name) if read is None else read(get("_call"))

    def __setattr__(self, name: str, value: Any) -> None:
        call = self.__dict__.get("_call")
        write = _WRITE.get(name)
        if call is not None and write is not None and value is not None:
            write(call, value)
        else:
            super().__setattr__(name, value)


_READ: dict[str, Callable[[_core.ServerCall], Any]] = {
    "code": lambda call: call.code(),
    "details": lambda call: call.details(),
    "trailing_metadata": lambda call: call.trailing_metadata(),
    "client": lambda call: _CANCELLED if call._cancelled else _OPEN,
    "statused": lambda call: call._statused,
    "aborted": lambda call: call._aborted,
    "initial_metadata_allowed": lambda call: call._initial_metadata_allowed,
}
_WRITE: dict[str, Callable[[_core.ServerCall, Any], Any]] = {
    "code": lambda call, value: call.set_code(value),
    "details": lambda call, value: call.set_details(value),
    "trailing_metadata": lambda call, value: call.set_trailing_metadata(value),
}


class _CallDetails:
    """What a call's headers say."""

    def __init__(self, call: _core.ServerCall) -> None:
        self.method = call.method.encode()
        self.host = call._authority.encode()
        remaining = call.time_remaining()
        self.deadline = float("inf") if remaining is None else time() + remaining


class CallEvent:
    """The event that a call begins with."""

    success = True

    def __init__(self, call: _core.ServerCall) -> None:
        self.call = call
        self.tag = call.method
        self.call_details = _CallDetails(call)
        self.invocation_metadata = call.invocation_metadata()


class _Context(ServicerContext):
    """A context made of an event and a state, as tests of programs make them. What handlers get is the core's own, which counts as one too."""

    def __init__(self, rpc_event: Any, state: Any, request_deserializer: Any) -> None:
        self._rpc_event = rpc_event
        self._state = state
        self._request_deserializer = request_deserializer

    def is_active(self) -> bool:
        return _is_rpc_state_active(self._state)

    def time_remaining(self) -> float:
        remaining: float = max(self._rpc_event.call_details.deadline - time(), 0.0)
        return remaining

    def cancel(self) -> None:
        self._rpc_event.call.cancel()

    def add_callback(self, callback: Callable[[], Any]) -> bool:
        if self._state.callbacks is None:
            return False
        self._state.callbacks.append(callback)
        return True

    def disable_next_message_compression(self) -> None:
        self._state.disable_next_compression = True

    def invocation_metadata(self) -> ReceivedMetadata:
        metadata: ReceivedMetadata = self._rpc_event.invocation_metadata
        return metadata

    def peer(self) -> str:
        peer: str = self._rpc_event.call.peer()
        return peer

    def peer_identities(self) -> Any:
        return self._rpc_event.call.peer_identities()

    def peer_identity_key(self) -> str | None:
        key: str | None = self._rpc_event.call.peer_identity_key()
        return key

    def auth_context(self) -> Mapping[str, Any]:
        properties: Mapping[str, Any] = self._rpc_event.call.auth_context()
        return properties

    def set_compression(self, compression: Any) -> None:
        self._state.compression_algorithm = compression

    def send_initial_metadata(self, initial_metadata: Any) -> None:
        if not self._state.initial_metadata_allowed:
            raise ValueError("Initial metadata no longer allowed!")
        self._rpc_event.call.send_initial_metadata(initial_metadata)
        self._state.initial_metadata_allowed = False

    def set_trailing_metadata(self, trailing_metadata: Any) -> None:
        self._state.trailing_metadata = trailing_metadata

    def trailing_metadata(self) -> Any:
        return self._state.trailing_metadata

    def abort(self, code: StatusCode, details: str) -> Any:
        if code == StatusCode.OK:
            _server.log_server_error("abort() called with StatusCode.OK; returning UNKNOWN")
            code, details = StatusCode.UNKNOWN, ""
        self._state.code = code
        self.set_details(details)
        self._state.aborted = True
        raise Exception  # noqa: TRY002 (as in grpcio)

    def abort_with_status(self, status: Any) -> Any:
        self._state.trailing_metadata = status.trailing_metadata
        self.abort(status.code, status.details)

    def set_code(self, code: Any) -> None:
        self._state.code = code

    def code(self) -> Any:
        return self._state.code

    def set_details(self, details: Any) -> None:
        self._state.details = details if isinstance(details, bytes) else details.encode()

    def details(self) -> Any:
        return self._state.details


_Context.register(_core.ServerCall)


def _application_code(code: Any) -> int:
    """The number of a status code; UNKNOWN's for anything else."""
    return STATUS_CODES.index(code) if isinstance(code, StatusCode) else _UNKNOWN


def _completion_code(state: Any) -> int:
    """The code for a handler that returned."""
    return 0 if state.code is None else _application_code(state.code)


def _abortion_code(state: Any, code: int) -> int:
    """The code for a handler that failed; one that it set itself goes before `code`."""
    return _application_code(state.code) or code if state.code is not None else code


def _details(state: Any) -> bytes:
    return b"" if state.details is None else state.details


def _is_rpc_state_active(state: Any) -> bool:
    return state.client != _CANCELLED and not state.statused


def _abort(state: Any, call: Any, code: int, details: bytes) -> None:
    """End a call whose handler failed. Code and details that it set itself go before these."""
    if state.client == _CANCELLED:
        return
    effective_code = _server._abortion_code(state, code)
    call._finish(effective_code, details if state.details is None else state.details, None)


def _status(rpc_event: Any, state: Any, serialized_response: bytes | None) -> None:
    """End a call whose handler returned, after the only response where there is one."""
    if state.client == _CANCELLED:
        return
    code = _server._completion_code(state)
    rpc_event.call._finish(code, _server._details(state), serialized_response)


def _unary_request(
    rpc_event: Any, state: Any, request_deserializer: Callable[[bytes], Any] | None
) -> Callable[[], Any]:
    """What gives the only request; None where the call has ended for want of one."""

    def unary_request() -> Any:
        message = rpc_event.call._receive()
        if message is None:
            if _is_rpc_state_active(state):
                method = rpc_event.call_details.method
                details = b'"%b" requires exactly one request message.' % method
                _server._abort(state, rpc_event.call, _UNIMPLEMENTED, details)
            return None
        if request_deserializer is None:
            return message
        try:
            return request_deserializer(message)
        except Exception as error:
            _server.log_handler_error("Exception deserializing request!", error)
            _server._abort(state, rpc_event.call, _INTERNAL, b"Exception deserializing request!")
            return None

    return unary_request


def _fail(state: Any, call: Any, doing: str, error: Exception) -> None:
    """End a call whose handler raised. Called while the error is being handled: agents look for it."""
    if state.aborted:
        _server._abort(state, call, _UNKNOWN, b"RPC Aborted")
    elif not (isinstance(error, RpcError) and not _is_rpc_state_active(state)):
        details = f"Exception {doing}: {text_of(error)}"
        _server.log_handler_error(details, error)
        _server._abort(state, call, _UNKNOWN, details.encode(errors="replace"))


def _call_behavior(
    rpc_event: Any,
    state: Any,
    behavior: Callable[..., Any],
    argument: Any,
    request_deserializer: Any,
    send_response_callback: Callable[[Any], None] | None = None,
) -> tuple[Any, bool]:
    """Call the handler: what it returned, and whether it did."""
    arguments: tuple[Any, ...] = (argument, rpc_event.call)
    if send_response_callback is not None:
        arguments = (*arguments, send_response_callback)
    try:
        return behavior(*arguments), True
    except Exception as error:
        _fail(state, rpc_event.call, "calling application", error)
        return None, False


def _take_response_from_response_iterator(
    rpc_event: Any, state: Any, response_iterator: Iterator[Any]
) -> tuple[Any, bool]:
    """The next response, None after the last; and whether the handler has not failed."""
    try:
        return next(response_iterator), True
    except StopIteration:
        return None, True
    except Exception as error:
        _fail(state, rpc_event.call, "iterating responses", error)
        return None, False


def _checked(serialized: Any) -> bytes | None:
    if serialized is None or isinstance(serialized, bytes):
        return serialized
    raise TypeError(f"a serialized message is bytes, not {type(serialized).__name__}")


def _serialize_response(
    rpc_event: Any, state: Any, response: Any, response_serializer: Callable[[Any], bytes] | None
) -> bytes | None:
    """The bytes of a response; None where there are none, which ends the call."""
    serialized: bytes | None
    try:
        serialized = _checked(
            response if response_serializer is None else response_serializer(response)
        )
    except Exception as error:
        serialized = None
        _server.log_handler_error("Exception serializing response!", error)
    if serialized is None:
        _server._abort(state, rpc_event.call, _INTERNAL, b"Failed to serialize response!")
    return serialized


def _send_response(rpc_event: Any, state: Any, serialized_response: bytes) -> bool:
    """Send a response of a stream. Whether the call goes on."""
    going: bool = rpc_event.call._send(serialized_response)
    return going


def _send_message_callback_to_blocking_iterator_adapter(
    rpc_event: Any,
    state: Any,
    send_response_callback: Callable[[Any], None],
    response_iterator: Iterator[Any],
) -> None:
    """Send all responses of an iterator."""
    while True:
        response, proceed = _server._take_response_from_response_iterator(
            rpc_event, state, response_iterator
        )
        if not proceed:
            return
        send_response_callback(response)
        if not _is_rpc_state_active(state):
            return


def _unary_response_in_pool(
    rpc_event: Any,
    state: Any,
    behavior: Callable[..., Any],
    argument_thunk: Callable[[], Any],
    request_deserializer: Any,
    response_serializer: Any,
) -> None:
    """Run a handler with one response."""
    argument = argument_thunk()
    if argument is None:
        return
    response, proceed = _server._call_behavior(
        rpc_event, state, behavior, argument, request_deserializer
    )
    if proceed:
        serialized = _server._serialize_response(rpc_event, state, response, response_serializer)
        if serialized is not None:
            _server._status(rpc_event, state, serialized)


def _stream_response_in_pool(
    rpc_event: Any,
    state: Any,
    behavior: Callable[..., Any],
    argument_thunk: Callable[[], Any],
    request_deserializer: Any,
    response_serializer: Any,
) -> None:
    """Run a handler with a stream of responses."""

    def send_response(response: Any) -> None:
        if state.statused:
            return
        if response is None:
            _server._status(rpc_event, state, None)
            return
        serialized = _server._serialize_response(rpc_event, state, response, response_serializer)
        if serialized is not None:
            _server._send_response(rpc_event, state, serialized)

    argument = argument_thunk()
    if argument is None:
        return
    if getattr(behavior, "experimental_non_blocking", False):
        _server._call_behavior(
            rpc_event,
            state,
            behavior,
            argument,
            request_deserializer,
            send_response_callback=send_response,
        )
        return
    responses, proceed = _server._call_behavior(
        rpc_event, state, behavior, argument, request_deserializer
    )
    if proceed:
        try:
            iterator = iter(responses)
        except TypeError as error:
            _fail(state, rpc_event.call, "iterating responses", error)
            return
        _server._send_message_callback_to_blocking_iterator_adapter(
            rpc_event, state, send_response, iterator
        )


# What may be replaced: the core serves calls by itself as long as none is.
STEPS: dict[str, Any] = {
    step.__name__: step
    for step in (
        _abort,
        _abortion_code,
        _call_behavior,
        _completion_code,
        _details,
        _send_message_callback_to_blocking_iterator_adapter,
        _send_response,
        _serialize_response,
        _status,
        _stream_response_in_pool,
        _take_response_from_response_iterator,
        _unary_request,
        _unary_response_in_pool,
    )
}
# What else `_server` has under the name that it has in grpcio.
OTHERS: dict[str, Any] = {
    "_Context": _Context,
    "_RPCState": _RPCState,
    "_RequestIterator": _RequestIterator,
    "_application_code": _application_code,
    "_is_rpc_state_active": _is_rpc_state_active,
}


def run(
    call: _core.ServerCall,
    requests: _core.RequestIterator | None,
    behavior: Callable[..., Any],
    request_deserializer: Any,
    response_serializer: Any,
    response_streaming: bool,
) -> None:
    """Run a call's handler step by step. Called by the core."""
    event, state = CallEvent(call), CallState(call)
    thunk = (
        _server._unary_request(event, state, request_deserializer)
        if requests is None
        else lambda: requests
    )
    in_pool = (
        _server._stream_response_in_pool if response_streaming else _server._unary_response_in_pool
    )
    in_pool(event, state, behavior, thunk, request_deserializer, response_serializer)
