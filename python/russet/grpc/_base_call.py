"""Abstract classes for one RPC in progress: `RpcContext`, `Call`, `Future` and the combinations that calls return."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ._typing import Generic, ResultT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

    from ._status import StatusCode
    from ._typing import ReceivedMetadata


class Future(ABC, Generic[ResultT]):
    """A result that is there now or will be later. Safe to use from several threads."""

    @abstractmethod
    def cancel(self) -> bool:
        """Try to cancel. False if it was too late, or if it is not known; never blocks."""
        raise NotImplementedError

    @abstractmethod
    def cancelled(self) -> bool:
        """Whether it was cancelled before a result was there."""
        raise NotImplementedError

    @abstractmethod
    def running(self) -> bool:
        """Whether it is still under way: not done and not cancelled."""
        raise NotImplementedError

    @abstractmethod
    def done(self) -> bool:
        """Whether it ended, in whatever way."""
        raise NotImplementedError

    @abstractmethod
    def result(self, timeout: float | None = None) -> ResultT:
        """Wait for the result and return it, or raise the exception that ended the computation.

        `timeout` is in seconds, None waits without limit. Raises `FutureTimeoutError` when it runs out and `FutureCancelledError` when the computation was cancelled.
        """
        raise NotImplementedError

    @abstractmethod
    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the end and return the exception, or None if there is a result. Waits and raises as `result` does."""
        raise NotImplementedError

    @abstractmethod
    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        """Wait for the end and return the exception's traceback, or None. Waits and raises as `result` does."""
        raise NotImplementedError

    @abstractmethod
    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        """Call `fn(self)` once, at the end; at once, on this thread, if that has passed already."""
        raise NotImplementedError


class RpcContext(ABC):
    """What both sides of an RPC know of it."""

    @abstractmethod
    def is_active(self) -> bool:
        """Whether the RPC goes on: no status yet, not cancelled, deadline not passed."""
        raise NotImplementedError

    @abstractmethod
    def time_remaining(self) -> float | None:
        """Seconds left until the deadline, at least 0.0; None without a deadline."""
        raise NotImplementedError

    @abstractmethod
    def cancel(self) -> bool | None:
        """Cancel the RPC. Does nothing to one that has ended. A value that is returned means what `Future.cancel` says."""
        raise NotImplementedError

    @abstractmethod
    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Call `callback()` when the RPC ends. False, and never called, if it has ended already."""
        raise NotImplementedError


class Call(RpcContext):
    """The client's view of an RPC. Every method here waits until its answer is known."""

    @abstractmethod
    def initial_metadata(self) -> ReceivedMetadata:
        """Metadata that the server sent before its first message."""
        raise NotImplementedError

    @abstractmethod
    def trailing_metadata(self) -> ReceivedMetadata:
        """Metadata that came with the status."""
        raise NotImplementedError

    @abstractmethod
    def code(self) -> StatusCode:
        """The status code that ended the RPC."""
        raise NotImplementedError

    @abstractmethod
    def details(self) -> str:
        """The text that came with the status code."""
        raise NotImplementedError


class CallFuture(Call, Future[ResultT]):
    """What `.future(...)` of a multi-callable returns: the call and the future of its response in one.

    `cancel()` and `result()` follow `Future`, the rest `Call`.
    """

    @abstractmethod
    def cancel(self) -> bool:
        """Cancel the RPC; see `Future.cancel`."""
        raise NotImplementedError


class CallIterator(CallFuture[ResultT]):
    """What a call with streamed responses returns: the call and an iterator over the responses.

    The iterator raises the call's `RpcError` when the RPC ends with a status other than OK.
    """

    def __iter__(self) -> CallIterator[ResultT]:
        """Itself: the responses can be iterated over once."""
        return self

    @abstractmethod
    def __next__(self) -> ResultT:
        """Wait for the next response."""
        raise NotImplementedError
