"""The synchronous multi-callables: a method's calls, blocking or not, with one request or many."""

from __future__ import annotations

from .. import _core
from ._base_channel import (
    StreamStreamMultiCallable,
    StreamUnaryMultiCallable,
    UnaryStreamMultiCallable,
    UnaryUnaryMultiCallable,
)
from ._call_credentials import INSECURE, authenticate, plugins_of
from ._calls import (
    _InactiveRpcError,
    deserialize,
    rendezvous,
    response_of,
    serialize,
)
from ._logging import logger
from ._status import StatusCode
from ._threads import start_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ._base_call import Call
    from ._compression import Compression
    from ._credentials import CallCredentials, Plugin
    from ._typing import (
        Deserializer,
        MetadataType,
        Serializer,
    )

# With the names that they have in grpcio, which some programs look at.
__all__ = (
    "_StreamStreamMultiCallable",
    "_StreamUnaryMultiCallable",
    "_UnaryStreamMultiCallable",
    "_UnaryUnaryMultiCallable",
)

_CANCELLED = StatusCode.CANCELLED.value[0]
_INTERNAL = StatusCode.INTERNAL.value[0]
_UNKNOWN = StatusCode.UNKNOWN.value[0]

_NOT_ITERATED = "Exception iterating requests!"
_NOT_SERIALIZED = "Exception serializing request!"


def _send_all(
    call: _core.ClientCall, given: Iterable[Any], serializer: Serializer[Any] | None
) -> None:
    """Sends what an iterator gives, until it or the call ends. Whatever that raises ends the call: nobody else could end it."""
    try:
        requests = iter(given)
    except BaseException:
        _give_up(call, "_channel", _NOT_ITERATED, _UNKNOWN, _NOT_ITERATED)
        return
    while True:
        try:
            request = next(requests)
        except StopIteration:
            call.half_close()
            return
        except BaseException:
            _give_up(call, "_channel", _NOT_ITERATED, _UNKNOWN, _NOT_ITERATED)
            return
        try:
            serialized = request if serializer is None else serializer(request)
            if serialized is None:
                raise TypeError("the serializer returned None")  # noqa: TRY301
        except BaseException:
            _give_up(call, "_common", "Exception serializing message!", _INTERNAL, _NOT_SERIALIZED)
            return
        try:
            going = call.send(serialized)
        except BaseException:
            what = "A serialized message must be bytes!"
            _give_up(call, "_common", what, _INTERNAL, _NOT_SERIALIZED)
            return
        if not going:
            return


def _give_up(call: _core.ClientCall, module: str, what: str, code: int, details: str) -> None:
    """Log the exception that is being handled, and end the call with a status, even where logging fails."""
    try:
        logger(module).exception(what)
    finally:
        call.cancel(code, details)


def _start_sending(
    call: _core.ClientCall, requests: Iterable[Any], serializer: Serializer[Any] | None
) -> None:
    """Sends requests while the caller goes on. Their iterator may block, so it has a thread, in the caller's context."""
    from contextvars import copy_context

    start_thread("russet-requests", copy_context().run, _send_all, call, requests, serializer)


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
        self._path = method
        self._request_serializer = request_serializer
        self._response_deserializer = response_deserializer
        self._compression = compression
        self._default_timeout = default_timeout
        self._secure = protection.secure
        # Those of the channel's own call credentials.
        self._plugins: tuple[Plugin, ...] = protection.plugins

    @property
    def _method(self) -> bytes:
        """The path as grpcio keeps it, for agents that name calls by it."""
        return self._path.encode()

    def _start(
        self,
        timeout: float | None,
        metadata: MetadataType | None,
        credentials: CallCredentials | None,
        wait_for_ready: bool | None,
        compression: Compression | None,
        streaming: bool = False,
    ) -> _core.ClientCall:
        """Raises the call's error where it cannot even start. `streaming` says that many responses may come."""
        plugins = plugins_of(self._plugins, credentials)
        if plugins and not self._secure:
            raise _InactiveRpcError(StatusCode.UNAUTHENTICATED, INSECURE, (), ())
        call = self._channel.call(
            self._path,
            self._default_timeout if timeout is None else timeout,
            metadata,
            wait_for_ready,
            self._compression if compression is None else compression,
            bool(plugins),
            streaming,
        )
        if plugins:
            authenticate(call, plugins, self._channel.authority, self._path)
        return call

    def _sending(
        self, call: _core.ClientCall, requests: Iterable[Any], multiple_responses: bool
    ) -> Any:
        """The object for a call that requests are sent on meanwhile."""
        try:
            _start_sending(call, requests, self._request_serializer)
            return rendezvous(call, self._response_deserializer, multiple_responses)
        except BaseException:
            # The thread that sends would keep the call for good.
            call.cancel(_CANCELLED, "Locally cancelled by application!")
            raise


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
        serialized = serialize(request, self._request_serializer)
        if credentials is not None or self._plugins:
            return self._authenticated(
                serialized, timeout, metadata, credentials, wait_for_ready, compression
            )
        return unary(
            self._path,
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
        outcome = self._blocking(
            request,
            timeout,
            metadata,
            credentials,
            wait_for_ready,
            compression,
            self._channel.unary,
        )
        if outcome.__class__ is bytes:
            return deserialize(outcome, self._response_deserializer)
        return response_of(outcome, self._response_deserializer)

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
        return (
            response_of(call, self._response_deserializer),
            rendezvous(call, self._response_deserializer, False),
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
            serialized = serialize(request, self._request_serializer)
        except _InactiveRpcError as error:
            return error
        call = self._start(timeout, metadata, credentials, wait_for_ready, compression)
        call.send_last(serialized)
        return rendezvous(call, self._response_deserializer, False)


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
        serialized = serialize(request, self._request_serializer)
        call = self._start(timeout, metadata, credentials, wait_for_ready, compression, True)
        call.send_last(serialized)
        return rendezvous(call, self._response_deserializer, True)


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
        try:
            _start_sending(call, request_iterator, self._request_serializer)
            call.wait_done()
        except BaseException:
            call.cancel(_CANCELLED, "Locally cancelled by application!")
            raise
        return (
            response_of(call, self._response_deserializer),
            rendezvous(call, self._response_deserializer, False),
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
        return self._sending(call, request_iterator, False)


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
        call = self._start(timeout, metadata, credentials, wait_for_ready, compression, True)
        return self._sending(call, request_iterator, True)
