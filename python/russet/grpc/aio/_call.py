"""The calls of an asyncio channel: awaiting them, iterating over them, reading and writing.

A call asks the core for what it needs and, where that is not there yet, awaits a future that the core resolves with the call's next news.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ... import _core
from .._calls import _debug_text
from .._logging import logger
from .._private_names import private_names
from .._status import STATUS_CODES, StatusCode
from ._base_call import StreamStreamCall, StreamUnaryCall, UnaryStreamCall, UnaryUnaryCall
from ._eof import EOF
from ._errors import AioRpcError, UsageError
from ._interceptor import LOCAL_CANCELLATION_DETAILS, RPC_ALREADY_FINISHED, RPC_HALF_CLOSED
from ._metadata import Metadata

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator
    from typing import Any

    from .._typing import Deserializer, Serializer
    from ._driver import Driver

_CANCELLED = StatusCode.CANCELLED.value[0]
_INTERNAL = StatusCode.INTERNAL.value[0]
_UNKNOWN = StatusCode.UNKNOWN.value[0]

# After so many turns of the loop, whoever writes could have seen that the call has ended.
_NOTICED = 4

_NOT_DESERIALIZED = "Exception deserializing response!"
_MIXED_STYLES = (
    "The iterator and read/write APIs may not be mixed on a single RPC: use one of them throughout."
)


class _CallBase:
    """What the four kinds of call share."""

    # How many turns of the loop there have been in which the call's end could be seen; not counted where nothing depends on it.
    _turns: int = 0

    def __init__(
        self,
        call: _core.ClientCall,
        driver: Driver,
        serializer: Serializer[Any] | None,
        deserializer: Deserializer[Any] | None,
    ) -> None:
        self._call = call
        # Ends the call with the last reference to this object.
        self._owner = _core.CallOwner(call, True)
        self._driver = driver
        self._serializer = serializer
        self._deserializer = deserializer
        self._locally_cancelled = False
        self._callbacks: list[Callable[[Any], None]] | None = None
        driver.poke()

    async def _news(self) -> None:
        """Wait until something about the call changes."""
        future = self._driver.loop.create_future()
        self._call.add_news_future(future)
        await future

    async def _finished(self) -> None:
        while self._call.code() is None:
            await self._news()
        if self._callbacks:
            self._tell_if_over()

    def _tell_if_over(self) -> None:
        """Whoever learns that the call is over may rely on it that its callbacks have run."""
        if self._callbacks and self._call.is_over():
            self._run_callbacks()

    def _serialize(self, request: Any) -> bytes:
        if self._serializer is None:
            serialized: bytes = request
            return serialized
        return self._serializer(request)

    def _deserialize(self, message: bytes) -> Any:
        """The response object; where the deserializer fails, the call ends with INTERNAL."""
        if self._deserializer is None:
            return message
        try:
            return self._deserializer(message)
        except Exception:
            logger("_common").exception("Exception deserializing message!")
        except BaseException:
            self._end(_INTERNAL, _NOT_DESERIALIZED)
            raise
        self._end(_INTERNAL, _NOT_DESERIALIZED)
        raise AioRpcError(StatusCode.INTERNAL, Metadata(), Metadata(), details=_NOT_DESERIALIZED)

    def _end(self, code: int, details: str) -> bool:
        ended = self._call.cancel(code, details)
        if ended:
            self._driver.poke()
        return ended

    def _raise_for_status(self) -> None:
        """The exception for a call that has ended with another status than OK."""
        code = self._call.code()
        if code == 0:
            return
        self._turns = _NOTICED
        if self._locally_cancelled:
            raise asyncio.CancelledError
        status = STATUS_CODES[code or 0]
        details = self._call.details()
        raise AioRpcError(
            status,
            Metadata.from_tuple(self._call.known_initial_metadata()),
            Metadata.from_tuple(self._call.trailing_metadata()),
            details=details,
            debug_error_string=_debug_text(self._call.peer(), status, details),
        )

    # RpcContext and Call.

    def cancelled(self) -> bool:
        return self._call.code() == _CANCELLED

    def done(self) -> bool:
        return self._call.is_over()

    def time_remaining(self) -> float | None:
        return self._call.time_remaining()

    def cancel(self) -> bool:
        if not self._end(_CANCELLED, LOCAL_CANCELLATION_DETAILS):
            return False
        self._locally_cancelled = True
        self._tell_if_over()
        return True

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        if self.done():
            callback(self)
        elif self._callbacks is None:
            self._callbacks = [callback]
            self._call.on_done_in_loop(self._run_callbacks)
        else:
            self._callbacks.append(callback)

    def _run_callbacks(self) -> None:
        callbacks, self._callbacks = self._callbacks or [], None
        fatal: BaseException | None = None
        for callback in callbacks:
            try:
                callback(self)
            except (SystemExit, KeyboardInterrupt) as error:
                fatal = error
            except BaseException:
                logger("_call").exception("Exception in callback!")
        if fatal is not None:
            # It ends the program; the others heard of the call's end before.
            raise fatal

    async def initial_metadata(self) -> Metadata:
        while True:
            metadata = self._call.known_initial_metadata()
            if metadata is not None:
                return Metadata.from_tuple(metadata)
            await self._news()

    async def trailing_metadata(self) -> Metadata:
        await self._finished()
        return Metadata.from_tuple(self._call.trailing_metadata())

    async def code(self) -> StatusCode:
        await self._finished()
        return STATUS_CODES[self._call.code() or 0]

    async def details(self) -> str:
        await self._finished()
        return self._call.details() or ""

    async def debug_error_string(self) -> str:
        """What is known of the error's origin, for people."""
        await self._finished()
        return _debug_text(
            self._call.peer(), STATUS_CODES[self._call.code() or 0], self._call.details()
        )

    async def wait_for_connection(self) -> None:
        while self._call.peer() is None and self._call.code() is None:
            await self._news()
        # A call that ended with an error may have had its connection before; grpcio raises all the same.
        if self._call.code() is not None:
            self._raise_for_status()

    def __repr__(self) -> str:
        name = type(self).__name__
        code = self._call.code()
        if code is None or not self.done():
            return f"<{name} object>"
        return (
            f"<{name} of RPC that terminated with:\n"
            f"\tstatus = {STATUS_CODES[code]}\n"
            f'\tdetails = "{self._call.details()}"\n>'
        )


class _UnaryResponseMixin(_CallBase):
    """A call with one response: it can be awaited, more than once."""

    _response: Any = EOF

    async def _receive(self) -> Any:
        try:
            await self._finished()
        except asyncio.CancelledError:
            # The waiting task was cancelled, and the call goes with it.
            self.cancel()
            raise
        self._raise_for_status()
        if self._response is EOF:
            message = self._call.response()
            # As in grpcio, an OK without a response gives None.
            self._response = None if message is None else self._deserialize(message)
        return self._response

    def __await__(self) -> Generator[Any, None, Any]:
        return self._receive().__await__()


class _StreamResponseMixin(_CallBase):
    """A call with a stream of responses."""

    # Whether the responses are read by iterating (True) or by `read` (False).
    _iterated: bool | None = None
    _iterator: AsyncIterator[Any] | None = None

    def _use(self, *, iterated: bool) -> None:
        if self._iterated is None:
            self._iterated = iterated
        elif self._iterated is not iterated:
            raise UsageError(_MIXED_STYLES)

    async def _next(self) -> Any:
        """The next response, or EOF."""
        while True:
            message = self._call.try_next()
            if message is None:
                self._tell_if_over()
                self._raise_for_status()
                return EOF
            if message is not False:
                # The credit for it goes back to the server.
                self._driver.poke()
                return self._deserialize(message)
            try:
                await self._news()
            except asyncio.CancelledError:
                self.cancel()
                raise

    async def _iterate(self) -> AsyncIterator[Any]:
        while True:
            response = await self._next()
            if response is EOF:
                return
            yield response

    def __aiter__(self) -> AsyncIterator[Any]:
        self._use(iterated=True)
        if self._iterator is None:
            self._iterator = self._iterate()
        return self._iterator

    async def read(self) -> Any:
        self._use(iterated=False)
        return await self._next()


class _StreamRequestMixin(_CallBase):
    """A call with a stream of requests, given by an iterator or by `write`."""

    _half_closed = False
    _sender: asyncio.Task[None] | None = None

    def _start_sending(self, request_iterator: Any) -> None:
        if request_iterator is not None:
            self._sender = self._driver.loop.create_task(self._send_all(request_iterator))
        else:
            self._driver.loop.call_soon(self._turn_over)

    async def _finished(self) -> None:
        await super()._finished()
        self._turns = _NOTICED

    def _turn_over(self) -> None:
        self._turns += 1
        if self._turns < _NOTICED:
            self._driver.loop.call_soon(self._turn_over)

    async def _send_all(self, requests: Any) -> None:
        try:
            if hasattr(requests, "__aiter__"):
                async for request in requests:
                    await self._write(request)
            else:
                for request in requests:
                    await self._write(request)
            await self._done_writing()
        except (AioRpcError, asyncio.CancelledError, asyncio.InvalidStateError):
            if not self.done():
                # Not the call's end but the iterator's own exception, or the sender's task was cancelled.
                self._end(_UNKNOWN, "Client request_iterator raised exception")
        except BaseException as error:
            # Whatever it is, the server must not wait for requests that do not come.
            self._end(_UNKNOWN, "Client request_iterator raised exception")
            logger("_call").exception("Client request_iterator raised exception")
            if isinstance(error, (SystemExit, KeyboardInterrupt)):
                raise

    def cancel(self) -> bool:
        if not super().cancel():
            return False
        if self._sender is not None:
            self._sender.cancel()
        return True

    async def _write(self, request: Any) -> None:
        if self.done():
            if self._turns < _NOTICED and not self._locally_cancelled:
                # It failed so soon that its writer could not know.
                self._raise_for_status()
            raise asyncio.InvalidStateError(RPC_ALREADY_FINISHED)
        if self._half_closed:
            raise asyncio.InvalidStateError(RPC_HALF_CLOSED)
        try:
            serialized = self._serialize(request)
        except BaseException:
            self._end(_INTERNAL, "Exception serializing request!")
            raise
        congested = self._call.give_message(serialized, False)
        self._driver.poke()
        if not congested:
            return
        try:
            while self._call.is_congested():
                await self._news()
        except asyncio.CancelledError:
            self.cancel()
            raise
        if self.done():
            self._raise_for_status()

    async def _done_writing(self) -> None:
        if self.done() or self._half_closed:
            return
        self._half_closed = True
        self._call.give_end()
        self._driver.poke()

    async def write(self, request: Any) -> None:
        if self._sender is not None:
            raise UsageError(_MIXED_STYLES)
        await self._write(request)

    async def done_writing(self) -> None:
        if self._sender is not None:
            raise UsageError(_MIXED_STYLES)
        await self._done_writing()


class RunningUnaryUnaryCall(_UnaryResponseMixin, UnaryUnaryCall["Any", "Any"]):
    """A call with one request and one response."""

    def start(self, request: Any) -> None:
        """Send the request."""
        self._call.give_message(self._serialize(request), True)


class RunningUnaryStreamCall(_StreamResponseMixin, UnaryStreamCall["Any", "Any"]):
    """A call with one request and a stream of responses."""

    def start(self, request: Any) -> None:
        """Send the request."""
        self._call.give_message(self._serialize(request), True)


class RunningStreamUnaryCall(
    _StreamRequestMixin, _UnaryResponseMixin, StreamUnaryCall["Any", "Any"]
):
    """A call with a stream of requests and one response."""

    def start(self, request_iterator: Any) -> None:
        """Send what the iterator gives, or wait for `write` where there is none."""
        self._start_sending(request_iterator)


class RunningStreamStreamCall(
    _StreamRequestMixin, _StreamResponseMixin, StreamStreamCall["Any", "Any"]
):
    """A call with streams both ways."""

    def start(self, request_iterator: Any) -> None:
        """Send what the iterator gives, or wait for `write` where there is none."""
        self._start_sending(request_iterator)


# What else grpcio has here.
__getattr__ = private_names(__name__)
