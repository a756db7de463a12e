"""What `grpc._channel` has besides the classes of channels and calls."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any

from .._version import USER_AGENT as _USER_AGENT
from ._cython.constants import OperationType
from .absent import absent_class, absent_function
from .rpc_state import _RPCState

if TYPE_CHECKING:
    from .._status import StatusCode

__all__ = (
    "_USER_AGENT",
    "_RPCState",
    "_deadline",
    "_determine_deadline",
    "_rpc_state_string",
    "_unknown_code_details",
)

_EMPTY_FLAGS = 0
_CHANNEL_SUBSCRIPTION_CALLBACK_ERROR_LOG_MESSAGE = (
    "Exception calling channel subscription callback!"
)
_UNARY_UNARY_INITIAL_DUE = (
    OperationType.send_initial_metadata,
    OperationType.send_message,
    OperationType.send_close_from_client,
    OperationType.receive_initial_metadata,
    OperationType.receive_message,
    OperationType.receive_status_on_client,
)
_UNARY_STREAM_INITIAL_DUE = (
    OperationType.send_initial_metadata,
    OperationType.send_message,
    OperationType.send_close_from_client,
    OperationType.receive_initial_metadata,
    OperationType.receive_status_on_client,
)
_STREAM_UNARY_INITIAL_DUE = (
    OperationType.send_initial_metadata,
    OperationType.receive_initial_metadata,
    OperationType.receive_message,
    OperationType.receive_status_on_client,
)
_STREAM_STREAM_INITIAL_DUE = (
    OperationType.send_initial_metadata,
    OperationType.receive_initial_metadata,
    OperationType.receive_status_on_client,
)


def _deadline(timeout: float | None) -> float | None:
    return None if timeout is None else time() + timeout


def _determine_deadline(user_deadline: float | None) -> float | None:
    """As it is: no deadline of a server's call is handed on to the calls that its handler makes."""
    return user_deadline


def _unknown_code_details(unknown_cygrpc_code: Any, details: str | None) -> str:
    return f'Server sent unknown code {unknown_cygrpc_code} and details "{details}"'


def _rpc_state_string(class_name: str, rpc_state: _RPCState) -> str:
    from .._calls import _describe

    code: StatusCode | None = rpc_state.code
    if code is None:
        return f"<{class_name} object>"
    return _describe(class_name, code, rpc_state.details, rpc_state.debug_error_string)


_INSTEAD = "calls are made by the multi-callables of a channel, and observed by its interceptors"
_ABSENT_FUNCTIONS = (
    "_abort",
    "_channel_managed_call_management",
    "_consume_request_iterator",
    "_deliver",
    "_deliveries",
    "_end_unary_response_blocking",
    "_event_handler",
    "_handle_event",
    "_poll_connectivity",
    "_run_channel_spin_thread",
    "_separate_channel_options",
    "_spawn_delivery",
    "_spawn_poll_connectivity",
    "_start_unary_request",
    "_stream_unary_invocation_operations",
    "_stream_unary_invocation_operations_and_tags",
    "_subscribe",
    "_unsubscribe",
)
_ABSENT_CLASSES = (
    "_ChannelCallState",
    "_ChannelConnectivityState",
    "_SingleThreadedUnaryStreamMultiCallable",
)


def __getattr__(name: str) -> Any:
    """Make a stand-in when it is first asked for; it stays the same object."""
    full = f"grpc._channel.{name}"
    if name in _ABSENT_FUNCTIONS:
        made: Any = absent_function(full, _INSTEAD)
    elif name in _ABSENT_CLASSES:
        made = absent_class(full, _INSTEAD)
    else:
        raise AttributeError(f"module 'grpc._channel' has no attribute {name!r}")
    globals()[name] = made
    return made
