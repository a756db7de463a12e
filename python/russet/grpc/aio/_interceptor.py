"""The chain of client interceptors: the calls that an intercepted channel returns.

An intercepted call runs the interceptors in a task of its own, the innermost of which starts the RPC through the function that the channel gave. Until that task is done the call answers for itself, after that the call that the interceptors returned answers. Knows nothing of connections.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from .._private_names import private_names
from .._status import StatusCode
from .._typing import RequestT, ResponseT
from ._base_call import Call, StreamStreamCall, StreamUnaryCall, UnaryStreamCall, UnaryUnaryCall
from ._base_interceptor import (
    StreamStreamClientInterceptor,
    StreamUnaryClientInterceptor,
    UnaryStreamClientInterceptor,
    UnaryUnaryClientInterceptor,
)
from ._eof import EOF
from ._errors import AioRpcError, UsageError
from ._metadata import Metadata

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Sequence
    from typing import NoReturn

    from ._base_channel import RequestIterable
    from ._base_interceptor import ClientCallDetails, ClientInterceptor
    from ._eof import EOFType

    # Starts the RPC: called with the details that the innermost interceptor handed on and the request or request iterator.
    Start = Callable[[ClientCallDetails, Any], Any]

LOCAL_CANCELLATION_DETAILS = "Locally cancelled by application!"
RPC_ALREADY_FINISHED = "RPC already finished."
RPC_HALF_CLOSED = 'RPC is half closed after calling "done_writing".'
API_STYLE_ERROR = (
    "The iterator and read/write APIs may not be mixed on a single RPC: "
    "this call was given its requests when it was made, so write() and done_writing() cannot be used."
)


class ClientInterceptors(NamedTuple):
    """A channel's interceptors by the kind of method they wrap, outermost first."""

    unary_unary: list[UnaryUnaryClientInterceptor]
    unary_stream: list[UnaryStreamClientInterceptor]
    stream_unary: list[StreamUnaryClientInterceptor]
    stream_stream: list[StreamStreamClientInterceptor]


_KINDS = (
    UnaryUnaryClientInterceptor,
    UnaryStreamClientInterceptor,
    StreamUnaryClientInterceptor,
    StreamStreamClientInterceptor,
)


def sort_interceptors(interceptors: Sequence[ClientInterceptor] | None) -> ClientInterceptors:
    """Sort a channel's interceptors by kind; one that is of several kinds wraps them all.

    Raises ValueError for an object that is of none.
    """
    interceptors = tuple(interceptors or ())
    for interceptor in interceptors:
        if not isinstance(interceptor, _KINDS):
            kinds = " or ".join(kind.__name__ for kind in _KINDS)
            raise ValueError(  # noqa: TRY004 (grpcio's type)
                f"Interceptor {interceptor!r} must be {kinds}"
            )
    return ClientInterceptors(
        [i for i in interceptors if isinstance(i, UnaryUnaryClientInterceptor)],
        [i for i in interceptors if isinstance(i, UnaryStreamClientInterceptor)],
        [i for i in interceptors if isinstance(i, StreamUnaryClientInterceptor)],
        [i for i in interceptors if isinstance(i, StreamStreamClientInterceptor)],
    )


class _Ended(Call):
    """The call of a response that an interceptor made itself: it has ended with OK and no metadata."""

    def cancel(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def done(self) -> bool:
        return True

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        callback(self)

    def time_remaining(self) -> float | None:
        return None

    async def initial_metadata(self) -> Metadata:
        return Metadata()

    async def trailing_metadata(self) -> Metadata:
        return Metadata()

    async def code(self) -> StatusCode:
        return StatusCode.OK

    async def details(self) -> str:
        return ""

    async def debug_error_string(self) -> str:
        return ""

    async def wait_for_connection(self) -> None:
        pass


class _UnaryResponse(_Ended, UnaryUnaryCall[RequestT, ResponseT]):
    """A single response that an interceptor returned in place of a call."""

    def __init__(self, response: ResponseT) -> None:
        self._response = response

    # No server has said anything: None, as in grpcio.

    async def initial_metadata(self) -> Any:
        return None

    async def trailing_metadata(self) -> Any:
        return None

    async def debug_error_string(self) -> Any:
        return None

    def __await__(self) -> Generator[Any, None, ResponseT]:
        return self._response
        yield  # Makes this a generator, as `await` asks for.


class _ResponseIterator(UnaryStreamCall[RequestT, ResponseT]):
    """Responses that an interceptor returned in place of a call; all but them is asked of the call below it, if it made one."""

    def __init__(self, responses: AsyncIterable[ResponseT], call: Call | None) -> None:
        self._responses = responses
        self._call: Any = _Ended() if call is None else call
        self._reader: AsyncIterator[ResponseT] | None = None

    def cancel(self) -> bool:
        cancelled: bool = self._call.cancel()
        return cancelled

    def cancelled(self) -> bool:
        cancelled: bool = self._call.cancelled()
        return cancelled

    def done(self) -> bool:
        done: bool = self._call.done()
        return done

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        self._call.add_done_callback(partial(_call_back, callback, self))

    def time_remaining(self) -> float | None:
        remaining: float | None = self._call.time_remaining()
        return remaining

    async def initial_metadata(self) -> Metadata:
        metadata: Metadata = await self._call.initial_metadata()
        return metadata

    async def trailing_metadata(self) -> Metadata:
        metadata: Metadata = await self._call.trailing_metadata()
        return metadata

    async def code(self) -> StatusCode:
        code: StatusCode = await self._call.code()
        return code

    async def details(self) -> str:
        details: str = await self._call.details()
        return details

    async def debug_error_string(self) -> str:
        text: str = await self._call.debug_error_string()
        return text

    async def wait_for_connection(self) -> None:
        await self._call.wait_for_connection()

    def __aiter__(self) -> AsyncIterator[ResponseT]:
        return self._responses.__aiter__()

    async def read(self) -> EOFType | ResponseT:
        if self._reader is None:
            self._reader = self._responses.__aiter__()
        try:
            return await self._reader.__anext__()
        except StopAsyncIteration:
            return EOF


class _InterceptedCall(Call):
    """What the four kinds of intercepted call have in common: the task of the interceptors, and asking its outcome."""

    # How interceptors of this kind are called, and what a call of this kind is.
    _INTERCEPT: str
    _CALL: type[Call]

    def __init__(
        self,
        interceptors: Sequence[Any],
        details: ClientCallDetails,
        request: Any,
        start: Start,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Start the interceptors. `start` begins the RPC itself; both happen on `loop`."""
        self._loop = loop
        timeout: Any = details.timeout  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        self._deadline: float | None = None if timeout is None else loop.time() + timeout
        self._start = start
        # The call that was made last below the interceptor that runs.
        self._below: Call | None = None
        self._task: asyncio.Task[Any] = loop.create_task(
            self._run(tuple(interceptors), details, request)
        )
        self._task.add_done_callback(_mark_retrieved)

    async def _run(
        self, interceptors: tuple[Any, ...], details: ClientCallDetails, request: Any
    ) -> Any:
        if not interceptors:
            self._below = self._start(details, request)
            return self._below
        intercept = getattr(interceptors[0], self._INTERCEPT)
        outcome = await intercept(partial(self._run, interceptors[1:]), details, request)
        self._below = outcome if isinstance(outcome, self._CALL) else self._wrap(outcome)
        return self._below

    def _wrap(self, outcome: Any) -> Call:
        """Make a call of what an interceptor returned that is none."""
        raise NotImplementedError

    def _failure(self) -> BaseException | None:
        """What the interceptors ended with, if it is no call. Only when their task is done."""
        return asyncio.CancelledError() if self._task.cancelled() else self._task.exception()

    async def _settled(self) -> Any | AioRpcError | None:
        """Wait for the interceptors: their call, the error they raised as a status, or None if they were cancelled.

        Any other exception of theirs is raised. Cancelling the task that waits here does not cancel them.
        """
        if not self._task.done():
            await asyncio.wait((self._task,))
        failure = self._failure()
        if failure is None:
            return self._task.result()
        if isinstance(failure, asyncio.CancelledError):
            return None
        if isinstance(failure, AioRpcError):
            return failure
        raise failure

    def cancel(self) -> bool:
        if not self._task.done():
            return self._task.cancel()
        return self._failure() is None and bool(self._task.result().cancel())

    def cancelled(self) -> bool:
        if not self._task.done():
            return False
        failure = self._failure()
        if failure is None:
            return bool(self._task.result().cancelled())
        if isinstance(failure, AioRpcError):
            return failure.code() is StatusCode.CANCELLED
        return isinstance(failure, asyncio.CancelledError)

    def done(self) -> bool:
        return self._task.done() and (
            self._failure() is not None or bool(self._task.result().done())
        )

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        if not self._task.done():
            self._task.add_done_callback(partial(_call_back, self.add_done_callback, callback))
        elif self._failure() is not None:
            callback(self)
        else:
            self._task.result().add_done_callback(partial(_call_back, callback, self))

    def time_remaining(self) -> float | None:
        if self._task.done() and self._failure() is None:
            remaining: float | None = self._task.result().time_remaining()
            return remaining
        return None if self._deadline is None else max(0.0, self._deadline - self._loop.time())

    async def initial_metadata(self) -> Any:
        outcome = await self._settled()
        if outcome is None or isinstance(outcome, AioRpcError):
            return outcome and outcome.initial_metadata()
        return await outcome.initial_metadata()

    async def trailing_metadata(self) -> Any:
        outcome = await self._settled()
        if outcome is None or isinstance(outcome, AioRpcError):
            return outcome and outcome.trailing_metadata()
        return await outcome.trailing_metadata()

    async def code(self) -> StatusCode:
        outcome = await self._settled()
        if outcome is None:
            return StatusCode.CANCELLED
        code: StatusCode = (
            outcome.code() if isinstance(outcome, AioRpcError) else await outcome.code()
        )
        return code

    async def details(self) -> Any:
        outcome = await self._settled()
        if outcome is None:
            return LOCAL_CANCELLATION_DETAILS
        return outcome.details() if isinstance(outcome, AioRpcError) else await outcome.details()

    async def debug_error_string(self) -> Any:
        outcome = await self._settled()
        if outcome is None:
            return ""
        return (
            outcome.debug_error_string()
            if isinstance(outcome, AioRpcError)
            else await outcome.debug_error_string()
        )

    async def wait_for_connection(self) -> None:
        call = await self._task
        await call.wait_for_connection()


def _call_back(callback: Callable[[Any], None], argument: Any, _ended: Any) -> None:
    """What is hung on something that ends, to call `callback` with an argument of our own instead."""
    callback(argument)


def _mark_retrieved(task: asyncio.Task[Any]) -> None:
    """Keep asyncio from reporting the error of a call that nobody awaits: it is the RPC's status, not a bug."""
    if not task.cancelled():
        task.exception()


class _UnaryResponseCall(_InterceptedCall):
    """An intercepted call with one response."""

    def _wrap(self, outcome: Any) -> Call:
        return _UnaryResponse[Any, Any](outcome)

    def __await__(self) -> Generator[Any, None, Any]:
        call: Any = yield from self._task.__await__()
        return (yield from call.__await__())  # pyright: ignore[reportUnknownVariableType]


class _StreamResponseCall(_InterceptedCall):
    """An intercepted call with streamed responses."""

    def _wrap(self, outcome: Any) -> Call:
        return _ResponseIterator[Any, Any](outcome, self._below)

    async def _responses(self) -> AsyncIterator[Any]:
        call = await self._task
        async for response in call:
            yield response

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._responses()

    async def read(self) -> Any:
        call = await self._task
        return await call.read()


class _Writes:
    """The request iterator of a call that is written to: at most one request waits in it."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue(maxsize=1)

    async def put(self, request: Any) -> None:
        """Wait until the request before has been taken."""
        await self._queue.put(request)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        request = await self._queue.get()
        if request is EOF:
            raise StopAsyncIteration
        return request


class _StreamRequestCall(_InterceptedCall):
    """An intercepted call with streamed requests."""

    def __init__(
        self,
        interceptors: Sequence[Any],
        details: ClientCallDetails,
        request_iterator: RequestIterable[Any] | None,
        start: Start,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._writes = _Writes() if request_iterator is None else None
        self._done_writing = False
        self._ended: asyncio.Task[Any] | None = None
        super().__init__(
            interceptors,
            details,
            self._writes if request_iterator is None else request_iterator,
            start,
            loop,
        )

    async def _write(self, request: Any) -> bool:
        """Hand a request to the iterator, or give up when the call ends; True if it was handed over."""
        if self._writes is None:
            raise UsageError(API_STYLE_ERROR)
        if self._ended is None:
            self._ended = self._loop.create_task(self.code())
            self._ended.add_done_callback(_mark_retrieved)
        put = self._loop.create_task(self._writes.put(request))
        try:
            await asyncio.wait((put, self._ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not put.done():
                put.cancel()
        return not self._ended.done()

    def _raise_finished(self) -> NoReturn:
        """What a write raises where the call has ended: what an interceptor raised, if that was no status."""
        if self._task.done():
            failure = self._failure()
            if failure is not None and not isinstance(
                failure, (AioRpcError, asyncio.CancelledError)
            ):
                raise failure
        raise asyncio.InvalidStateError(RPC_ALREADY_FINISHED)

    async def write(self, request: Any) -> None:
        if self.done():
            self._raise_finished()
        if self._done_writing:
            raise asyncio.InvalidStateError(RPC_HALF_CLOSED)
        if not await self._write(request):
            self._raise_finished()

    async def done_writing(self) -> None:
        if self._writes is None:
            raise UsageError(API_STYLE_ERROR)
        if not self._done_writing:
            self._done_writing = True
            if not self.done():
                await self._write(EOF)


class InterceptedUnaryUnaryCall(_UnaryResponseCall, UnaryUnaryCall[RequestT, ResponseT]):
    """A call with one request and one response that goes through interceptors."""

    _INTERCEPT = "intercept_unary_unary"
    _CALL = UnaryUnaryCall


class InterceptedUnaryStreamCall(_StreamResponseCall, UnaryStreamCall[RequestT, ResponseT]):
    """A call with streamed responses that goes through interceptors."""

    _INTERCEPT = "intercept_unary_stream"
    _CALL = UnaryStreamCall


class InterceptedStreamUnaryCall(
    _StreamRequestCall, _UnaryResponseCall, StreamUnaryCall[RequestT, ResponseT]
):
    """A call with streamed requests that goes through interceptors."""

    _INTERCEPT = "intercept_stream_unary"
    _CALL = StreamUnaryCall


class InterceptedStreamStreamCall(
    _StreamRequestCall, _StreamResponseCall, StreamStreamCall[RequestT, ResponseT]
):
    """A call that streams both ways and goes through interceptors."""

    _INTERCEPT = "intercept_stream_stream"
    _CALL = StreamStreamCall


# What else grpcio has here.
__getattr__ = private_names(__name__)
