"""What a synchronous call is for its caller: the error of one that failed, and the call, stream and future of one that goes on."""

from __future__ import annotations

import sys
from threading import RLock, local

from .. import _core
from ._base_call import Call, Future, RpcContext
from ._errors import FutureCancelledError, FutureTimeoutError, RpcError, ends_the_program
from ._greenlets import are_there, bound
from ._latch import Latch
from ._logging import logger
from ._status import STATUS_CODES, StatusCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, NoReturn, TypeVar

    _Self = TypeVar("_Self")

    from ._typing import (
        Deserializer,
        ReceivedMetadata,
        Serializer,
    )

_CANCELLED = StatusCode.CANCELLED.value[0]
_INTERNAL = StatusCode.INTERNAL.value[0]

_this_thread = local()

# How long a thread that asks for a call's result waits for the call's callbacks, in seconds. They may themselves wait for something that this thread holds.
_CALLBACK_PATIENCE = 5.0

# What a call that is made again of a text says before it.
_FROM_TEXT = "Inactive RPC Error: Invalid RPC state type. Details: "


def _debug_text(peer: str | None, code: StatusCode | None, details: str | None) -> str:
    if code is StatusCode.OK:
        return ""
    number = code.value[0] if code is not None else None
    origin = f"Error received from peer {peer}" if peer else "Error made by this client"
    return f'UNKNOWN:{origin} {{grpc_status:{number}, grpc_message:"{details}"}}'


def _describe(name: str, code: StatusCode, details: str | None, debug: str | None) -> str:
    if code is StatusCode.OK:
        return (
            f'<{name} of RPC that terminated with:\n\tstatus = {code}\n\tdetails = "{details}"\n>'
        )
    return (
        f"<{name} of RPC that terminated with:\n"
        f"\tstatus = {code}\n"
        f'\tdetails = "{details}"\n'
        f'\tdebug_error_string = "{debug}"\n>'
    )


class _Over:
    """What every call that has ended when its caller gets it answers alike."""

    def cancel(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def is_active(self) -> bool:
        return False

    def time_remaining(self) -> float | None:
        return None

    def running(self) -> bool:
        return False

    def done(self) -> bool:
        return True

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return False

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        fn(self)


class _InactiveRpcError(_Over, RpcError, Call, Future["Any"]):
    """What a blocking call raises: the error, the call and its future in one. All is known already; nothing here waits."""

    def __init__(
        self,
        code: StatusCode | object,
        details: str | None = None,
        initial_metadata: ReceivedMetadata | None = None,
        trailing_metadata: ReceivedMetadata | None = None,
        peer: str | None = None,
    ) -> None:
        """With one argument, as in grpcio: a `_RPCState`, as tests make errors; anything else is the text of an error that is made again, as multiprocessing and others do: `type(error)(text)`."""
        if isinstance(code, StatusCode):
            super().__init__(code, details)
        elif is_rpc_state(code):
            state: Any = code
            code, details = state.code, state.details
            assert isinstance(code, StatusCode), "an error's call has ended"
            super().__init__(code, details)
            initial_metadata, trailing_metadata = state.initial_metadata, state.trailing_metadata
        else:
            super().__init__(code)
            code, details = StatusCode.INTERNAL, f"{_FROM_TEXT}{code}"
            initial_metadata = trailing_metadata = ()
        self._code: StatusCode = code
        self._details = details
        self._initial_metadata = initial_metadata
        self._trailing_metadata = trailing_metadata
        self._peer = peer

    def __reduce__(self) -> tuple[Any, ...]:
        received = (
            tuple(map(tuple, metadata)) if metadata is not None else None
            for metadata in (self._initial_metadata, self._trailing_metadata)
        )
        return _InactiveRpcError, (self._code, self._details, *received, self._peer)

    @property
    def _state(self) -> Any:
        """What grpcio keeps the error in, as it is now."""
        from ._compat.rpc_state import _RPCState

        return _RPCState.of(self)

    def initial_metadata(self) -> ReceivedMetadata:
        return self._initial_metadata  # type: ignore[return-value]  # None where none came, as in grpcio

    def trailing_metadata(self) -> ReceivedMetadata:
        return self._trailing_metadata  # type: ignore[return-value]

    def code(self) -> StatusCode:
        return self._code

    def details(self) -> str:
        return self._details or ""

    def debug_error_string(self) -> str:
        """What is known of the error's origin, for people."""
        return _debug_text(self._peer, self._code, self._details)

    def __repr__(self) -> str:
        name = type(self).__name__
        return _describe(name, self._code, self._details, self.debug_error_string())

    __str__ = __repr__

    def result(self, timeout: float | None = None) -> NoReturn:
        raise self

    def exception(self, timeout: float | None = None) -> _InactiveRpcError:
        return self

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        return self.__traceback__


def _error_of(call: _core.ClientCall) -> _InactiveRpcError:
    """The exception for a call that has ended without a response."""
    return _InactiveRpcError(
        STATUS_CODES[call.code() or 0],
        call.details(),
        call.known_initial_metadata(),
        call.trailing_metadata(),
        call.peer(),
    )


def response_of(call: _core.ClientCall, deserializer: Deserializer[Any] | None) -> Any:
    """The response of a call that has ended, or None where it ended with OK and has none; raises its error."""
    response = call.response()
    if response is not None:
        return deserialize(response, deserializer)
    if call.code() == 0:
        return None
    raise _error_of(call)


def serialize(request: Any, serializer: Serializer[Any] | None) -> bytes:
    """The request's bytes, or the INTERNAL error that grpcio gives where the serializer fails."""
    try:
        serialized = request if serializer is None else serializer(request)
    except Exception:
        logger("_common").exception("Exception serializing message!")
        serialized = None
    if serialized is None:
        raise _InactiveRpcError(StatusCode.INTERNAL, "Exception serializing request!", (), ())
    return serialized


class _Rendezvous(RpcError, RpcContext):
    """A call in progress. Agents wrap these methods and `_next`, by these names."""

    _call: _core.ClientCall
    _owner: _core.CallOwner
    _response_deserializer: Deserializer[Any] | None

    def __init__(
        self,
        state: Any,
        call: Any,
        response_deserializer: Deserializer[Any] | None,
        deadline: float | None,
    ) -> None:
        """As in grpcio, for tests that make calls of a `_RPCState`; calls of channels are made by `rendezvous`."""
        from ._compat.rpc_state import MadeCall

        super().__init__()
        # The state's response is deserialized already.
        self._begin(MadeCall(state, call, deadline), None, False)

    def _begin(
        self,
        call: Any,
        response_deserializer: Deserializer[Any] | None,
        multiple_responses: bool,
    ) -> None:
        self._call = call
        self._response_deserializer = response_deserializer
        self._multiple_responses = multiple_responses
        self._response: Any = None
        self._has_response = False
        self._lock = RLock()
        self._callbacks: list[Callable[[], None]] | None = None
        # Set when all callbacks have run that were added before the call's end.
        self._callbacks_ran: Latch | None = None
        self._cancelled = False

    # The context.

    def is_active(self) -> bool:
        return not self._call.is_over()

    def time_remaining(self) -> float | None:
        return self._call.time_remaining()

    def cancel(self) -> bool:
        with self._lock:
            if not self._call.cancel(_CANCELLED, "Locally cancelled by application!"):
                return False
            self._cancelled = True
            return True

    def add_callback(self, callback: Callable[[], None]) -> bool:
        with self._lock:
            if self._call.is_over():
                return False
            if self._callbacks is None:
                self._callbacks = [callback]
                self._callbacks_ran = Latch()
                self._call.on_done(bound(self._run_callbacks))
            else:
                self._callbacks.append(callback)
            return True

    def _run_callbacks(self) -> None:
        with self._lock:
            callbacks, self._callbacks = self._callbacks or [], None
        _this_thread.runs_callbacks = True
        fatal: BaseException | None = None
        try:
            for callback in callbacks:
                try:
                    callback()
                except BaseException as error:
                    if ends_the_program(error):
                        fatal = error
                    else:
                        logger("_channel").exception("Exception in callback!")
        finally:
            _this_thread.runs_callbacks = False
            if self._callbacks_ran is not None:
                self._callbacks_ran.set()
        if fatal is not None:
            raise fatal

    def _wait_for_callbacks(self) -> None:
        """Whoever learns that the call is over may rely on it that its callbacks have run; they run on a thread of the library, as in grpcio."""
        ran = self._callbacks_ran
        if ran is None or ran.is_set() or not self._call.is_over():
            return
        if are_there():
            # They would run in a greenlet of the thread that this one keeps from it.
            self._run_callbacks()
        elif not getattr(_this_thread, "runs_callbacks", False):
            self._call.hurry()
            ran.wait(_CALLBACK_PATIENCE)

    # The iterator.

    def __iter__(self: _Self) -> _Self:
        return self

    def __next__(self) -> Any:
        return self._next()

    def next(self) -> Any:
        """The next response; as `__next__`."""
        return self._next()

    def _next(self) -> Any:
        raise NotImplementedError


class _SingleThreadedRendezvous(_Rendezvous, Call, Future["Any"]):  # pyright: ignore[reportUnusedClass]
    """What grpcio gives for streams that their reader's thread drives by itself. Here every call is driven so, and is a `_MultiThreadedRendezvous`."""


class _MultiThreadedRendezvous(_Rendezvous, Call, Future["Any"]):
    """A call in progress: what `.future()` gives and what a streaming response is iterated by.

    It is an exception too, raised when the call ends with a status other than OK.
    """

    @property
    def _state(self) -> Any:
        """What grpcio keeps the call in, as it is now. Does not wait."""
        from ._compat.rpc_state import _RPCState

        return _RPCState.of_call(self._call, self._cancelled)

    # The call.

    def initial_metadata(self) -> ReceivedMetadata:
        return self._call.initial_metadata()

    def trailing_metadata(self) -> ReceivedMetadata:
        self._call.wait_done()
        return self._call.trailing_metadata() or ()

    def code(self) -> StatusCode:
        self._call.wait_done()
        return STATUS_CODES[self._call.code() or 0]

    def details(self) -> str:
        self._call.wait_done()
        return self._call.details() or ""

    def debug_error_string(self) -> str:
        """What is known of the error's origin, for people. Waits for the call's end."""
        return _debug_text(self._call.peer(), self.code(), self.details())

    # The future.

    def cancelled(self) -> bool:
        return self._cancelled

    def running(self) -> bool:
        return not self._call.is_over()

    def done(self) -> bool:
        return self._call.is_over()

    def _wait(self, timeout: float | None) -> None:
        if not self._call.wait_done(timeout):
            raise FutureTimeoutError
        self._wait_for_callbacks()
        if self._cancelled:
            raise FutureCancelledError

    def _take_response(self) -> Any:
        with self._lock:
            if not self._has_response:
                self._response = response_of(self._call, self._response_deserializer)
                self._has_response = True
            return self._response

    def result(self, timeout: float | None = None) -> Any:
        self._wait(timeout)
        if self._call.code() != 0:
            raise self
        return self if self._multiple_responses else self._take_response()

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._wait(timeout)
        return None if self._call.code() == 0 else self

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        self._wait(timeout)
        if self._call.code() == 0:
            return None
        try:
            raise self
        except RpcError:
            return self.__traceback__

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        if not self.add_callback(lambda: fn(self)):
            fn(self)

    # The iterator.

    def _next(self) -> Any:
        message = self._call.next()
        if message is not None:
            try:
                return deserialize(message, self._response_deserializer)
            except _InactiveRpcError as error:
                self._call.cancel(_INTERNAL, error.details())
                raise
            except BaseException:
                # The message is lost, so nobody can go on with the stream.
                self._call.cancel(_CANCELLED, "Locally cancelled by application!")
                raise
        self._wait_for_callbacks()
        if self._call.code() == 0:
            raise StopIteration
        raise self

    def __repr__(self) -> str:
        name = type(self).__name__
        number = self._call.code()
        if number is None or not self._call.is_over():
            return f"<{name} object>"
        return _describe(
            name, STATUS_CODES[number], self._call.details(), self.debug_error_string()
        )

    __str__ = __repr__


def rendezvous(
    call: _core.ClientCall, deserializer: Deserializer[Any] | None, multiple_responses: bool
) -> _MultiThreadedRendezvous:
    """The object for a channel's call."""
    made = _MultiThreadedRendezvous.__new__(_MultiThreadedRendezvous)
    made._begin(call, deserializer, multiple_responses)
    # Goes with the caller's last reference.
    made._owner = _core.CallOwner(call, multiple_responses)
    return made


def is_rpc_state(given: object) -> bool:
    """Whether it is a `_RPCState`, whose module is loaded where one was made."""
    module = sys.modules.get("russet.grpc._compat.rpc_state")
    return module is not None and isinstance(given, module._RPCState)


def deserialize(message: bytes, deserializer: Deserializer[Any] | None) -> Any:
    """The response object, or the INTERNAL error that grpcio gives where the deserializer fails."""
    if deserializer is None:
        return message
    try:
        return deserializer(message)
    except Exception:
        logger("_common").exception("Exception deserializing message!")
        raise _InactiveRpcError(
            StatusCode.INTERNAL, "Exception deserializing response!", (), ()
        ) from None
