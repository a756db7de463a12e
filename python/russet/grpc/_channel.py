"""The synchronous channel: multi-callables, and the calls and errors that they give.

The wire, waiting and deadlines are `russet._core`'s; here a request object becomes bytes, bytes become a response object, and a status becomes the exception that grpcio raises.
"""

from __future__ import annotations

import os
from threading import RLock, Thread

from .. import __version__, _core
from . import _fork
from ._base_call import Call, Future
from ._base_channel import (
    Channel,
    StreamStreamMultiCallable,
    StreamUnaryMultiCallable,
    UnaryStreamMultiCallable,
    UnaryUnaryMultiCallable,
)
from ._call_credentials import INSECURE, authenticate, plugins_of
from ._connectivity import ChannelConnectivity
from ._credentials import Plaintext
from ._errors import FutureCancelledError, FutureTimeoutError, RpcError
from ._logging import logger
from ._options import channel_settings
from ._status import STATUS_CODES, StatusCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType
    from typing import Any, NoReturn

    from ._compression import Compression
    from ._credentials import CallCredentials, ChannelCredentials, Plugin
    from ._typing import (
        ChannelOption,
        Deserializer,
        MetadataType,
        ReceivedMetadata,
        Serializer,
    )

_CANCELLED = StatusCode.CANCELLED.value[0]
_INTERNAL = StatusCode.INTERNAL.value[0]
_UNKNOWN = StatusCode.UNKNOWN.value[0]

# A server that breaks the protocol of a method with one response.
NO_RESPONSE = "the server ended the call with OK and sent no response message"

# By the numbers that `_core.Channel.state` gives.
_CONNECTIVITIES = (
    ChannelConnectivity.IDLE,
    ChannelConnectivity.CONNECTING,
    ChannelConnectivity.READY,
    ChannelConnectivity.TRANSIENT_FAILURE,
    ChannelConnectivity.SHUTDOWN,
)


def _default_timeout() -> float | None:
    text = os.environ.get("GRPC_PYTHON_DEFAULT_TIMEOUT_SECONDS")
    return float(text) if text else None


def _debug_text(peer: str | None, code: StatusCode | None, details: str | None) -> str:
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


class _InactiveRpcError(RpcError, Call, Future["Any"]):
    """What a blocking call raises: the error, the call and its future in one. All is known already; nothing here waits."""

    def __init__(
        self,
        code: StatusCode,
        details: str | None,
        initial_metadata: ReceivedMetadata | None = None,
        trailing_metadata: ReceivedMetadata | None = None,
        peer: str | None = None,
    ) -> None:
        super().__init__(code, details)
        self._code = code
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

    def result(self, timeout: float | None = None) -> NoReturn:
        raise self

    def exception(self, timeout: float | None = None) -> _InactiveRpcError:
        return self

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        return self.__traceback__

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return False

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        fn(self)


def _error_of(call: _core.ClientCall) -> _InactiveRpcError:
    """The exception for a call that has ended without a response."""
    code, details = call.code() or 0, call.details()
    if code == 0:
        code, details = _INTERNAL, NO_RESPONSE
    return _InactiveRpcError(
        STATUS_CODES[code],
        details,
        call.known_initial_metadata(),
        call.trailing_metadata(),
        call.peer(),
    )


def _serialize(request: Any, serializer: Serializer[Any] | None) -> bytes:
    """The request's bytes, or the INTERNAL error that grpcio gives where the serializer fails."""
    try:
        serialized = request if serializer is None else serializer(request)
    except Exception:
        logger("_common").exception("Exception serializing message!")
        serialized = None
    if serialized is None:
        raise _InactiveRpcError(StatusCode.INTERNAL, "Exception serializing request!", (), ())
    return serialized


class _MultiThreadedRendezvous(RpcError, Call, Future["Any"]):
    """A call in progress: what `.future()` gives and what a streaming response is iterated by.

    It is an exception too, raised when the call ends with a status other than OK.
    """

    def __init__(
        self,
        call: _core.ClientCall,
        deserializer: Deserializer[Any] | None,
        multiple_responses: bool,
    ) -> None:
        super().__init__()
        self._call = call
        self._deserializer = deserializer
        self._multiple_responses = multiple_responses
        self._response: Any = None
        self._has_response = False
        self._lock = RLock()
        self._callbacks: list[Callable[[], None]] | None = None
        self._cancelled = False

    def __del__(self) -> None:
        call = getattr(self, "_call", None)
        if call is None:
            return
        if self._multiple_responses:
            # Nobody can read them any more.
            call.cancel(_CANCELLED, "Cancelled upon garbage collection!")
        else:
            # A request whose answer nobody waits for is still meant to arrive.
            call.abandon()

    # The call.

    def is_active(self) -> bool:
        return self._call.code() is None

    def time_remaining(self) -> float | None:
        return self._call.time_remaining()

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

    def cancel(self) -> bool:
        with self._lock:
            if not self._call.cancel(_CANCELLED, "Locally cancelled by application!"):
                return False
            self._cancelled = True
            return True

    def add_callback(self, callback: Callable[[], None]) -> bool:
        with self._lock:
            if self._call.code() is not None:
                return False
            if self._callbacks is None:
                self._callbacks = [callback]
                self._call.on_done(self._run_callbacks)
            else:
                self._callbacks.append(callback)
            return True

    def _run_callbacks(self) -> None:
        with self._lock:
            callbacks, self._callbacks = self._callbacks or [], None
        for callback in callbacks:
            try:
                callback()
            except Exception:
                logger("_channel").exception("Exception in callback!")

    # The future.

    def cancelled(self) -> bool:
        return self._cancelled

    def running(self) -> bool:
        return self._call.code() is None

    def done(self) -> bool:
        return self._call.code() is not None

    def _wait(self, timeout: float | None) -> None:
        if not self._call.wait_done(timeout):
            raise FutureTimeoutError
        if self._cancelled:
            raise FutureCancelledError

    def _take_response(self) -> Any:
        with self._lock:
            if not self._has_response:
                message = self._call.response()
                if message is None:
                    raise _error_of(self._call)
                self._response = _deserialize(message, self._deserializer)
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

    def __iter__(self) -> _MultiThreadedRendezvous:
        return self

    def __next__(self) -> Any:
        message = self._call.next()
        if message is not None:
            try:
                return _deserialize(message, self._deserializer)
            except _InactiveRpcError as error:
                self._call.cancel(_INTERNAL, error.details())
                raise
        if self._call.code() == 0:
            raise StopIteration
        raise self

    def next(self) -> Any:
        """The next response; as `__next__`."""
        return self.__next__()

    def __repr__(self) -> str:
        name = type(self).__name__
        number = self._call.code()
        if number is None:
            return f"<{name} object>"
        return _describe(
            name, STATUS_CODES[number], self._call.details(), self.debug_error_string()
        )

    __str__ = __repr__


def _deserialize(message: bytes, deserializer: Deserializer[Any] | None) -> Any:
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


def _send_all(
    call: _core.ClientCall, requests: Iterator[Any], serializer: Serializer[Any] | None
) -> None:
    """Sends what an iterator gives, until it or the call ends."""
    while True:
        try:
            request = next(requests)
        except StopIteration:
            call.half_close()
            return
        except Exception:
            logger("_channel").exception("Exception iterating requests!")
            call.cancel(_UNKNOWN, "Exception iterating requests!")
            return
        try:
            serialized = _serialize(request, serializer)
        except _InactiveRpcError as error:
            call.cancel(_INTERNAL, error.details())
            return
        try:
            going = call.send(serialized)
        except TypeError:
            logger("_common").exception("A serialized message must be bytes!")
            call.cancel(_INTERNAL, "Exception serializing request!")
            return
        if not going:
            return


def _start_sending(
    call: _core.ClientCall, requests: Iterable[Any], serializer: Serializer[Any] | None
) -> None:
    """Sends requests while the caller goes on. Their iterator may block, so it has a thread, in the caller's context."""
    from contextvars import copy_context

    iterator = iter(requests)
    Thread(
        target=copy_context().run,
        args=(_send_all, call, iterator, serializer),
        name="russet-requests",
        daemon=True,
    ).start()


class _Method:
    """What the four multi-callables share."""

    def __init__(
        self,
        channel: _core.Channel,
        method: str,
        request_serializer: Serializer[Any] | None,
        response_deserializer: Deserializer[Any] | None,
        compression: int | None,
        default_timeout: float | None,
        protection: Any,
    ) -> None:
        self._channel = channel
        self._method = method
        self._serializer = request_serializer
        self._deserializer = response_deserializer
        self._compression = compression
        self._default_timeout = default_timeout
        self._secure = protection.secure
        # Those of the channel's own call credentials.
        self._plugins: tuple[Plugin, ...] = protection.plugins

    def _start(
        self,
        timeout: float | None,
        metadata: MetadataType | None,
        credentials: CallCredentials | None,
        wait_for_ready: bool | None,
        compression: Compression | None,
    ) -> _core.ClientCall:
        """Raises the call's error where it cannot even start."""
        plugins = plugins_of(self._plugins, credentials)
        if plugins and not self._secure:
            raise _InactiveRpcError(StatusCode.UNAUTHENTICATED, INSECURE, (), ())
        call = self._channel.call(
            self._method,
            self._default_timeout if timeout is None else timeout,
            metadata,
            wait_for_ready,
            self._compression if compression is None else compression,
            bool(plugins),
        )
        if plugins:
            authenticate(call, plugins, self._channel.authority, self._method)
        return call


class _UnaryUnaryMultiCallable(_Method, UnaryUnaryMultiCallable["Any", "Any"]):
    def _blocking(
        self,
        request: Any,
        timeout: float | None,
        metadata: MetadataType | None,
        credentials: CallCredentials | None,
        wait_for_ready: bool | None,
        compression: Compression | None,
        unary: Callable[..., Any],
    ) -> Any:
        serialized = _serialize(request, self._serializer)
        if credentials is not None or self._plugins:
            return self._authenticated(
                serialized, timeout, metadata, credentials, wait_for_ready, compression
            )
        return unary(
            self._method,
            serialized,
            self._default_timeout if timeout is None else timeout,
            metadata,
            wait_for_ready,
            self._compression if compression is None else compression,
        )

    def _authenticated(self, serialized: bytes, *arguments: Any) -> _core.ClientCall:
        """A call whose plug-ins are asked for metadata, from start to end."""
        call = self._start(*arguments)
        call.send_last(serialized)
        try:
            call.wait_done()
        except BaseException:
            call.cancel(_CANCELLED, "Locally cancelled by application!")
            raise
        return call

    def __call__(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> Any:
        response = self._blocking(
            request,
            timeout,
            metadata,
            credentials,
            wait_for_ready,
            compression,
            self._channel.unary,
        )
        if response.__class__ is not bytes:
            call, response = response, response.response()
            if response is None:
                raise _error_of(call)
        return _deserialize(response, self._deserializer)

    def with_call(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> tuple[Any, Call]:
        call = self._blocking(
            request,
            timeout,
            metadata,
            credentials,
            wait_for_ready,
            compression,
            self._channel.unary_call,
        )
        response = call.response()
        if response is None:
            raise _error_of(call)
        return (
            _deserialize(response, self._deserializer),
            _MultiThreadedRendezvous(call, self._deserializer, False),
        )

    def future(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> Any:
        try:
            serialized = _serialize(request, self._serializer)
        except _InactiveRpcError as error:
            return error
        call = self._start(timeout, metadata, credentials, wait_for_ready, compression)
        call.send_last(serialized)
        return _MultiThreadedRendezvous(call, self._deserializer, False)


class _UnaryStreamMultiCallable(_Method, UnaryStreamMultiCallable["Any", "Any"]):
    def __call__(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> Any:
        serialized = _serialize(request, self._serializer)
        call = self._start(timeout, metadata, credentials, wait_for_ready, compression)
        call.send_last(serialized)
        return _MultiThreadedRendezvous(call, self._deserializer, True)


class _StreamUnaryMultiCallable(_Method, StreamUnaryMultiCallable["Any", "Any"]):
    def __call__(
        self,
        request_iterator: Iterable[Any],
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> Any:
        response, _ = self.with_call(
            request_iterator, timeout, metadata, credentials, wait_for_ready, compression
        )
        return response

    def with_call(
        self,
        request_iterator: Iterable[Any],
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> tuple[Any, Call]:
        call = self._start(timeout, metadata, credentials, wait_for_ready, compression)
        _start_sending(call, request_iterator, self._serializer)
        try:
            call.wait_done()
        except BaseException:
            call.cancel(_CANCELLED, "Locally cancelled by application!")
            raise
        response = call.response()
        if response is None:
            raise _error_of(call)
        return (
            _deserialize(response, self._deserializer),
            _MultiThreadedRendezvous(call, self._deserializer, False),
        )

    def future(
        self,
        request_iterator: Iterable[Any],
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> Any:
        call = self._start(timeout, metadata, credentials, wait_for_ready, compression)
        _start_sending(call, request_iterator, self._serializer)
        return _MultiThreadedRendezvous(call, self._deserializer, False)


class _StreamStreamMultiCallable(_Method, StreamStreamMultiCallable["Any", "Any"]):
    def __call__(
        self,
        request_iterator: Iterable[Any],
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> Any:
        call = self._start(timeout, metadata, credentials, wait_for_ready, compression)
        _start_sending(call, request_iterator, self._serializer)
        return _MultiThreadedRendezvous(call, self._deserializer, True)


class _Subscriptions:
    """Who is told of a channel's connectivity. Each callback sees each state once and in order."""

    def __init__(self, channel: _core.Channel) -> None:
        self._channel = channel
        self._lock = RLock()
        # The callbacks and the states that they were told last.
        self._told: list[tuple[Callable[[ChannelConnectivity], None], int | None]] = []

    def add(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        with self._lock:
            self._told.append((callback, None))
            self._channel.watch_state(self._tell)
        # The callback hears the present state from another thread, as in grpcio: the caller may hold a lock.
        Thread(target=self._tell, name="russet-connectivity", daemon=True).start()

    def remove(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        with self._lock:
            for index, (other, _) in enumerate(self._told):
                if other == callback:
                    del self._told[index]
                    break
            if not self._told:
                self._channel.watch_state(None)

    def clear(self) -> None:
        with self._lock:
            self._told.clear()
            self._channel.watch_state(None)

    def _tell(self, state: int | None = None) -> None:
        with self._lock:
            state = self._channel.state() if state is None else state
            waiting = [callback for callback, told in self._told if told != state]
            self._told = [(callback, state) for callback, _ in self._told]
            for callback in waiting:
                try:
                    callback(_CONNECTIVITIES[state])
                except Exception:
                    logger("_channel").exception("Exception calling connectivity callback!")


class _Channel(Channel):
    """A channel to one target. Safe to use from several threads."""

    def __init__(
        self,
        target: str,
        options: Sequence[ChannelOption] | None,
        compression: Compression | None,
        protection: Any,
    ) -> None:
        settings = channel_settings(options, __version__)
        protection.protect(settings)
        self._protection = protection
        default_compression = settings.pop("compression", None)
        self._target = target
        self._channel = _core.Channel(target, settings)
        _fork.remember(self)
        self._compression = default_compression if compression is None else int(compression)
        self._subscriptions = _Subscriptions(self._channel)
        self._default_timeout = _default_timeout()

    def _make(
        self,
        multi_callable: Any,
        method: str,
        serializer: Serializer[Any] | None,
        deserializer: Deserializer[Any] | None,
    ) -> Any:
        if isinstance(method, bytes):
            method = method.decode()
        return multi_callable(
            self._channel,
            method,
            serializer,
            deserializer,
            self._compression,
            self._default_timeout,
            self._protection,
        )

    def unary_unary(
        self,
        method: str,
        request_serializer: Serializer[Any] | None = None,
        response_deserializer: Deserializer[Any] | None = None,
        _registered_method: bool | None = False,
    ) -> Any:
        return self._make(
            _UnaryUnaryMultiCallable, method, request_serializer, response_deserializer
        )

    def unary_stream(
        self,
        method: str,
        request_serializer: Serializer[Any] | None = None,
        response_deserializer: Deserializer[Any] | None = None,
        _registered_method: bool | None = False,
    ) -> Any:
        return self._make(
            _UnaryStreamMultiCallable, method, request_serializer, response_deserializer
        )

    def stream_unary(
        self,
        method: str,
        request_serializer: Serializer[Any] | None = None,
        response_deserializer: Deserializer[Any] | None = None,
        _registered_method: bool | None = False,
    ) -> Any:
        return self._make(
            _StreamUnaryMultiCallable, method, request_serializer, response_deserializer
        )

    def stream_stream(
        self,
        method: str,
        request_serializer: Serializer[Any] | None = None,
        response_deserializer: Deserializer[Any] | None = None,
        _registered_method: bool | None = False,
    ) -> Any:
        return self._make(
            _StreamStreamMultiCallable, method, request_serializer, response_deserializer
        )

    def subscribe(
        self,
        callback: Callable[[ChannelConnectivity], None],
        try_to_connect: bool | None = None,
    ) -> None:
        if try_to_connect:
            self._channel.connect()
        self._subscriptions.add(callback)

    def unsubscribe(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        self._subscriptions.remove(callback)

    def close(self) -> None:
        self._subscriptions.clear()
        self._channel.close()

    def __enter__(self) -> _Channel:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.close()


def insecure_channel(
    target: str,
    options: Sequence[ChannelOption] | None = None,
    compression: Compression | None = None,
) -> Channel:
    """A channel to `target` without encryption. Nothing is resolved or connected before the first call.

    Raises ValueError for a target that cannot be read.
    """
    return _Channel(target, options, compression, Plaintext())


def secure_channel(
    target: str,
    credentials: ChannelCredentials,
    options: Sequence[ChannelOption] | None = None,
    compression: Compression | None = None,
) -> Channel:
    """A channel whose connections are protected by `credentials`. Nothing is resolved or connected before the first call.

    Raises ValueError for a target that cannot be read.
    """
    return _Channel(target, options, compression, credentials._credentials)
