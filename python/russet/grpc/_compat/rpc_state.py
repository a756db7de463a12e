"""`grpc._channel._RPCState`, and calls that tests make of one."""

from __future__ import annotations

from threading import Condition
from time import time
from typing import TYPE_CHECKING, Any

from .._status import STATUS_CODES, StatusCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class _RPCState:
    """What is known of a client's call. A test makes one, and of it an error or a call; that of a real call is a copy of what is known at the time."""

    def __init__(
        self,
        due: Iterable[Any],
        initial_metadata: Any,
        trailing_metadata: Any,
        code: StatusCode | None,
        details: str | None,
    ) -> None:
        self.condition = Condition()
        self.due: set[Any] = set(due)
        self.initial_metadata = initial_metadata
        self.response: Any = None
        self.trailing_metadata = trailing_metadata
        self.code = code
        self.details = details
        self.debug_error_string: str | None = None
        self.cancelled = False
        self.callbacks: list[Callable[[], None]] = []
        self.fork_epoch = 0
        self.rpc_start_time: float | None = None
        self.rpc_end_time: float | None = None
        self.method: str | None = None
        self.target: str | None = None

    def reset_postfork_child(self) -> None:
        """Does nothing: the state is nobody's."""

    @classmethod
    def of(cls, error: Any) -> _RPCState:
        """That of a call that has ended."""
        state = cls(
            (), error.initial_metadata(), error.trailing_metadata(), error.code(), error.details()
        )
        state.debug_error_string = error.debug_error_string()
        return state

    @classmethod
    def of_call(cls, call: Any, cancelled: bool) -> _RPCState:
        """That of a call of the core."""
        number: Any = call.code() if call.is_over() else None
        if number is None:
            return cls((), call.known_initial_metadata(), None, None, None)
        state = cls(
            (),
            call.known_initial_metadata(),
            call.trailing_metadata(),
            STATUS_CODES[int(number)],
            call.details(),
        )
        state.cancelled = cancelled
        return state


class MadeCall:
    """What a `_RPCState` answers to the questions that a call of the core is asked. Whoever changes the state notifies its condition, as in grpcio."""

    def __init__(self, state: _RPCState, call: Any, deadline: float | None) -> None:
        self._state = state
        self._under = call
        self._deadline = deadline

    def is_over(self) -> bool:
        return self._state.code is not None

    def wait_done(self, timeout: float | None = None) -> bool:
        with self._state.condition:
            return self._state.condition.wait_for(self.is_over, timeout)

    def time_remaining(self) -> float | None:
        return None if self._deadline is None else max(self._deadline - time(), 0)

    def code(self) -> int | None:
        code = self._state.code
        return None if code is None else code.value[0]

    def details(self) -> str | None:
        return self._state.details

    def peer(self) -> str | None:
        return None

    def known_initial_metadata(self) -> Any:
        return self._state.initial_metadata

    def initial_metadata(self) -> Any:
        with self._state.condition:
            known = lambda: self._state.initial_metadata is not None or self.is_over()  # noqa: E731
            self._state.condition.wait_for(known)
        return self._state.initial_metadata

    def trailing_metadata(self) -> Any:
        return self._state.trailing_metadata

    def response(self) -> Any:
        return self._state.response

    def next(self) -> Any:
        """The message that is there, once; None at the end."""
        with self._state.condition:
            self._state.condition.wait_for(lambda: self._state.response is not None or self.is_over())  # fmt: skip
            response, self._state.response = self._state.response, None
        return response

    def cancel(self, code: int, details: str) -> bool:
        with self._state.condition:
            if self.is_over():
                return False
            if self._under is not None:
                self._under.cancel(code, details)
            self._state.code, self._state.details = STATUS_CODES[code], details
            self._state.cancelled = True
            self._state.condition.notify_all()
            return True

    def abandon(self) -> None:
        """Does nothing: the test has the state."""

    def hurry(self) -> None:
        """Run the callbacks, which wait for nothing else."""
        callbacks, self._state.callbacks = self._state.callbacks, []
        for callback in callbacks:
            callback()

    def on_done(self, callback: Callable[[], None]) -> None:
        self._state.callbacks.append(callback)
