"""Stubs of the beta API, on a channel of `grpc`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import (
    FutureCancelledError,
    FutureTimeoutError,
    RpcError,
    StatusCode,
)
from .._common import fully_qualified_method
from ..framework.common import cardinality
from ..framework.foundation import future
from ..framework.interfaces.face import face
from . import _metadata, interfaces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    _Serializers = Mapping[tuple[str, str], Callable[[Any], Any]]

_ABORTIONS = {
    StatusCode.CANCELLED: (face.Abortion.Kind.CANCELLED, face.CancellationError),
    StatusCode.UNKNOWN: (face.Abortion.Kind.REMOTE_FAILURE, face.RemoteError),
    StatusCode.DEADLINE_EXCEEDED: (face.Abortion.Kind.EXPIRED, face.ExpirationError),
    StatusCode.UNIMPLEMENTED: (face.Abortion.Kind.LOCAL_FAILURE, face.LocalError),
}
_OTHERS = (face.Abortion.Kind.LOCAL_FAILURE, face.AbortionError)


def _ended(call: Any) -> tuple[Any, ...]:
    return call.initial_metadata(), call.trailing_metadata(), call.code(), call.details()


def _abortion(call: Any) -> face.Abortion:
    kind, _ = _ABORTIONS.get(call.code(), _OTHERS)
    return face.Abortion(kind, *_ended(call))


def _translated(error: Any) -> Exception:
    """The exception that the beta API has in the place of one of `grpc`."""
    if isinstance(error, FutureTimeoutError):
        return future.TimeoutError()
    if isinstance(error, FutureCancelledError):
        return future.CancelledError()
    _, kind = _ABORTIONS.get(error.code(), _OTHERS)
    return kind(*_ended(error))


_RAISED = (RpcError, FutureTimeoutError, FutureCancelledError)


class _InvocationProtocolContext(interfaces.GRPCInvocationContext):
    def disable_next_request_compression(self) -> None:
        """Nothing to do: requests are compressed where somebody asks for it."""


class _Rendezvous(future.Future, face.Call):
    """A call, its future and its responses, as far as there are such."""

    def __init__(self, response_future: Any, response_iterator: Any, call: Any) -> None:
        self._future = response_future
        self._iterator = response_iterator
        self._call = call

    def cancel(self) -> Any:
        return self._call.cancel()

    def cancelled(self) -> bool:
        return bool(self._future.cancelled())

    def running(self) -> bool:
        return bool(self._future.running())

    def done(self) -> bool:
        return bool(self._future.done())

    def result(self, timeout: float | None = None) -> Any:
        try:
            return self._future.result(timeout=timeout)
        except _RAISED as error:
            raise _translated(error) from error

    def exception(self, timeout: float | None = None) -> Any:
        try:
            error = self._future.exception(timeout=timeout)
        except _RAISED as raised:
            raise _translated(raised) from raised
        return None if error is None else _translated(error)

    def traceback(self, timeout: float | None = None) -> Any:
        try:
            return self._future.traceback(timeout=timeout)
        except _RAISED as error:
            raise _translated(error) from error

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        def done(_future: Any) -> None:
            fn(self)

        self._future.add_done_callback(done)

    def __iter__(self) -> _Rendezvous:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._iterator)
        except RpcError as error:
            raise _translated(error) from error

    def next(self) -> Any:
        """The next response."""
        return self.__next__()

    def is_active(self) -> bool:
        return bool(self._call.is_active())

    def time_remaining(self) -> Any:
        return self._call.time_remaining()

    def add_abortion_callback(self, abortion_callback: Callable[[face.Abortion], None]) -> Any:
        def ended() -> None:
            if self.code() is not StatusCode.OK:
                abortion_callback(_abortion(self._call))

        if not self._call.add_callback(ended):
            ended()

    def protocol_context(self) -> _InvocationProtocolContext:
        return _InvocationProtocolContext()

    def initial_metadata(self) -> Any:
        return _metadata.beta(self._call.initial_metadata())

    def terminal_metadata(self) -> Any:
        return _metadata.beta(self._call.trailing_metadata())

    def code(self) -> Any:
        return self._call.code()

    def details(self) -> Any:
        return self._call.details()


class _MultiCallable:
    """Calls one method, on a multi-callable of `grpc`."""

    def __init__(
        self, multi_callable: Any, metadata_transformer: Callable[[Any], Any] | None
    ) -> None:
        self._multi_callable = multi_callable
        self._metadata_transformer = metadata_transformer

    def _options(
        self, timeout: float | None, metadata: Any, protocol_options: Any
    ) -> dict[str, Any]:
        metadata = () if metadata is None else metadata
        if self._metadata_transformer is not None:
            metadata = self._metadata_transformer(metadata)
        credentials = None if protocol_options is None else protocol_options.credentials
        return {
            "timeout": timeout,
            "metadata": _metadata.unbeta(metadata),
            "credentials": credentials,
        }

    def _blocking(self, request: Any, with_call: bool, options: dict[str, Any]) -> Any:
        try:
            if not with_call:
                return self._multi_callable(request, **options)
            response, call = self._multi_callable.with_call(request, **options)
        except RpcError as error:
            raise _translated(error) from error
        return response, _Rendezvous(None, None, call)

    def _future(self, request: Any, options: dict[str, Any]) -> _Rendezvous:
        made = self._multi_callable.future(request, **options)
        return _Rendezvous(made, None, made)

    def _stream(self, request: Any, options: dict[str, Any]) -> _Rendezvous:
        responses = self._multi_callable(request, **options)
        return _Rendezvous(None, responses, responses)


class _UnaryUnaryMultiCallable(_MultiCallable, face.UnaryUnaryMultiCallable):
    def __call__(
        self,
        request: Any,
        timeout: float | None,
        metadata: Any = None,
        with_call: bool = False,
        protocol_options: Any = None,
    ) -> Any:
        options = self._options(timeout, metadata, protocol_options)
        return self._blocking(request, with_call, options)

    def future(
        self,
        request: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> _Rendezvous:
        return self._future(request, self._options(timeout, metadata, protocol_options))

    def event(
        self,
        request: Any,
        receiver: Any,
        abortion_callback: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        # grpcio has it as little.
        raise NotImplementedError


class _UnaryStreamMultiCallable(_MultiCallable, face.UnaryStreamMultiCallable):
    def __call__(
        self,
        request: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> _Rendezvous:
        return self._stream(request, self._options(timeout, metadata, protocol_options))

    def event(
        self,
        request: Any,
        receiver: Any,
        abortion_callback: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        # grpcio has it as little.
        raise NotImplementedError


class _StreamUnaryMultiCallable(_MultiCallable, face.StreamUnaryMultiCallable):
    def __call__(
        self,
        request_iterator: Any,
        timeout: float | None,
        metadata: Any = None,
        with_call: bool = False,
        protocol_options: Any = None,
    ) -> Any:
        options = self._options(timeout, metadata, protocol_options)
        return self._blocking(request_iterator, with_call, options)

    def future(
        self,
        request_iterator: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> _Rendezvous:
        return self._future(request_iterator, self._options(timeout, metadata, protocol_options))

    def event(
        self,
        receiver: Any,
        abortion_callback: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        # grpcio has it as little.
        raise NotImplementedError


class _StreamStreamMultiCallable(_MultiCallable, face.StreamStreamMultiCallable):
    def __call__(
        self,
        request_iterator: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> _Rendezvous:
        return self._stream(request_iterator, self._options(timeout, metadata, protocol_options))

    def event(
        self,
        receiver: Any,
        abortion_callback: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        # grpcio has it as little.
        raise NotImplementedError


class _GenericStub(face.GenericStub):
    def __init__(
        self,
        channel: Any,
        metadata_transformer: Callable[[Any], Any] | None,
        request_serializers: _Serializers | None,
        response_deserializers: _Serializers | None,
    ) -> None:
        self._channel = channel
        self._metadata_transformer = metadata_transformer
        self._request_serializers = request_serializers or {}
        self._response_deserializers = response_deserializers or {}

    def _made(
        self, make: Callable[..., Any], kind: Callable[..., Any], group: str, method: str
    ) -> Any:
        multi_callable = make(
            fully_qualified_method(group, method),
            request_serializer=self._request_serializers.get((group, method)),
            response_deserializer=self._response_deserializers.get((group, method)),
        )
        return kind(multi_callable, self._metadata_transformer)

    def unary_unary(self, group: str, method: str) -> Any:
        return self._made(self._channel.unary_unary, _UnaryUnaryMultiCallable, group, method)

    def unary_stream(self, group: str, method: str) -> Any:
        return self._made(self._channel.unary_stream, _UnaryStreamMultiCallable, group, method)

    def stream_unary(self, group: str, method: str) -> Any:
        return self._made(self._channel.stream_unary, _StreamUnaryMultiCallable, group, method)

    def stream_stream(self, group: str, method: str) -> Any:
        return self._made(self._channel.stream_stream, _StreamStreamMultiCallable, group, method)

    def blocking_unary_unary(
        self,
        group: str,
        method: str,
        request: Any,
        timeout: float | None,
        metadata: Any = None,
        with_call: bool = False,
        protocol_options: Any = None,
    ) -> Any:
        return self.unary_unary(group, method)(
            request, timeout, metadata, with_call, protocol_options
        )

    def future_unary_unary(
        self,
        group: str,
        method: str,
        request: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        return self.unary_unary(group, method).future(request, timeout, metadata, protocol_options)

    def inline_unary_stream(
        self,
        group: str,
        method: str,
        request: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        return self.unary_stream(group, method)(request, timeout, metadata, protocol_options)

    def blocking_stream_unary(
        self,
        group: str,
        method: str,
        request_iterator: Any,
        timeout: float | None,
        metadata: Any = None,
        with_call: bool = False,
        protocol_options: Any = None,
    ) -> Any:
        return self.stream_unary(group, method)(
            request_iterator, timeout, metadata, with_call, protocol_options
        )

    def future_stream_unary(
        self,
        group: str,
        method: str,
        request_iterator: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        return self.stream_unary(group, method).future(
            request_iterator, timeout, metadata, protocol_options
        )

    def inline_stream_stream(
        self,
        group: str,
        method: str,
        request_iterator: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        return self.stream_stream(group, method)(
            request_iterator, timeout, metadata, protocol_options
        )

    def event_unary_unary(
        self,
        group: str,
        method: str,
        request: Any,
        receiver: Any,
        abortion_callback: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        raise NotImplementedError

    def event_unary_stream(
        self,
        group: str,
        method: str,
        request: Any,
        receiver: Any,
        abortion_callback: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        raise NotImplementedError

    def event_stream_unary(
        self,
        group: str,
        method: str,
        receiver: Any,
        abortion_callback: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        raise NotImplementedError

    def event_stream_stream(
        self,
        group: str,
        method: str,
        receiver: Any,
        abortion_callback: Any,
        timeout: float | None,
        metadata: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        raise NotImplementedError

    def __enter__(self) -> _GenericStub:
        return self

    def __exit__(self, *raised: object) -> None:
        """Nothing to do: the channel stays open."""


class _DynamicStub(face.DynamicStub):
    def __init__(
        self,
        backing_generic_stub: _GenericStub,
        group: str,
        cardinalities: Mapping[str, cardinality.Cardinality],
    ) -> None:
        self._generic_stub = backing_generic_stub
        self._group = group
        self._cardinalities = cardinalities

    def __getattr__(self, attr: str) -> Any:
        kind = self._cardinalities.get(attr)
        if kind is None:
            raise AttributeError(f'_DynamicStub object has no attribute "{attr}"!')
        return getattr(self._generic_stub, kind.name.lower())(self._group, attr)

    def __enter__(self) -> _DynamicStub:
        return self

    def __exit__(self, *raised: object) -> None:
        """Nothing to do: the channel stays open."""


def generic_stub(
    channel: Any,
    host: str | None,
    metadata_transformer: Callable[[Any], Any] | None,
    request_serializers: _Serializers | None,
    response_deserializers: _Serializers | None,
) -> face.GenericStub:
    """A stub for methods of any service."""
    return _GenericStub(channel, metadata_transformer, request_serializers, response_deserializers)


def dynamic_stub(
    channel: Any,
    service: str,
    cardinalities: Mapping[str, cardinality.Cardinality],
    host: str | None,
    metadata_transformer: Callable[[Any], Any] | None,
    request_serializers: _Serializers | None,
    response_deserializers: _Serializers | None,
) -> face.DynamicStub:
    """A stub for the methods of one service."""
    generic = _GenericStub(
        channel, metadata_transformer, request_serializers, response_deserializers
    )
    return _DynamicStub(generic, service, cardinalities)
