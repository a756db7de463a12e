"""`intercept_channel` and the chain of client interceptors, written against the public channel interface only."""

from __future__ import annotations

import sys
from collections import namedtuple

from ._base_call import Call, CallFuture, CallIterator
from ._base_channel import (
    Channel,
    ClientCallDetails,
    StreamStreamClientInterceptor,
    StreamStreamMultiCallable,
    StreamUnaryClientInterceptor,
    StreamUnaryMultiCallable,
    UnaryStreamClientInterceptor,
    UnaryStreamMultiCallable,
    UnaryUnaryClientInterceptor,
    UnaryUnaryMultiCallable,
)
from ._calls import _Over
from ._errors import RpcError
from ._private_names import import_as_grpcio_does, private_names
from ._status import StatusCode
from ._typing import ResponseT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Any, NoReturn, Union

    from ._compression import Compression
    from ._connectivity import ChannelConnectivity
    from ._credentials import CallCredentials
    from ._typing import Deserializer, MetadataType, ReceivedMetadata, Serializer

    ClientInterceptor = Union[
        UnaryUnaryClientInterceptor,
        UnaryStreamClientInterceptor,
        StreamUnaryClientInterceptor,
        StreamStreamClientInterceptor,
    ]
    # Makes the multi-callable below the interceptor; the interceptor may have changed the method.
    MakeMultiCallable = Callable[[str], Any]


# A named tuple, since interceptors in use make changed copies with `client_call_details._replace(...)`.
class _ClientCallDetails(
    namedtuple(  # pyright: ignore[reportUntypedNamedTuple]
        "_ClientCallDetails",
        ("method", "timeout", "metadata", "credentials", "wait_for_ready", "compression"),
    ),
    ClientCallDetails,
):
    __slots__ = ()


_ARGUMENTS = ("timeout", "metadata", "credentials", "wait_for_ready", "compression")


def _resolve(
    make: MakeMultiCallable, details: ClientCallDetails, default: ClientCallDetails
) -> tuple[Any, dict[str, Any]]:
    """The multi-callable and its keyword arguments for details that an interceptor handed on; what they lack comes from `default`."""
    method = getattr(details, "method", default.method)
    return make(method), {
        name: getattr(details, name, getattr(default, name)) for name in _ARGUMENTS
    }


class _FailureOutcome(_Over, RpcError, CallIterator[ResponseT]):
    """The call of an interceptor that raised instead of returning one: every way to read it raises that exception."""

    def __init__(self, exception: Exception, traceback: TracebackType | None) -> None:
        super().__init__()
        self._exception = exception
        self._traceback = traceback

    def initial_metadata(self) -> Any:
        return None

    def trailing_metadata(self) -> Any:
        return None

    def code(self) -> StatusCode:
        return StatusCode.INTERNAL

    def details(self) -> str:
        return "Exception raised while intercepting the RPC"

    def result(self, timeout: float | None = None) -> NoReturn:
        raise self._exception

    def exception(self, timeout: float | None = None) -> Exception:
        return self._exception

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        return self._traceback

    def __next__(self) -> NoReturn:
        raise self._exception


class _UnaryOutcome(CallFuture[ResponseT]):
    """The call of a blocking invocation that succeeded: its response is there, the rest is asked of the call itself."""

    def __init__(self, response: ResponseT, call: Call) -> None:
        self._response = response
        self._call = call

    def initial_metadata(self) -> ReceivedMetadata:
        return self._call.initial_metadata()

    def trailing_metadata(self) -> ReceivedMetadata:
        return self._call.trailing_metadata()

    def code(self) -> StatusCode:
        return self._call.code()

    def details(self) -> str:
        return self._call.details()

    def is_active(self) -> bool:
        return self._call.is_active()

    def time_remaining(self) -> float | None:
        return self._call.time_remaining()

    def cancel(self) -> bool:
        return bool(self._call.cancel())

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return self._call.add_callback(callback)

    def cancelled(self) -> bool:
        return False

    def running(self) -> bool:
        return False

    def done(self) -> bool:
        return True

    def result(self, timeout: float | None = None) -> ResponseT:
        return self._response

    def exception(self, timeout: float | None = None) -> None:
        return None

    def traceback(self, timeout: float | None = None) -> None:
        return None

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        fn(self)


class _Intercepted:
    """One interceptor around the multi-callables of one method: what the four kinds have in common."""

    __slots__ = ("_intercept", "_make", "_method")

    def __init__(
        self, make: MakeMultiCallable, method: str, intercept: Callable[[Any, Any, Any], Any]
    ) -> None:
        self._make = make
        self._method = method
        self._intercept = intercept

    def _blocking(self, request: Any, *arguments: Any) -> tuple[Any, Any]:
        """Invoke and wait. Below the interceptor the RPC runs on this thread, so its error becomes a returned call."""
        details = _ClientCallDetails(self._method, *arguments)

        def continuation(new_details: ClientCallDetails, request: Any) -> Any:
            multi_callable, options = _resolve(self._make, new_details, details)
            try:
                return _UnaryOutcome(*multi_callable.with_call(request, **options))
            except RpcError as error:
                return error
            except Exception as error:
                return _FailureOutcome["Any"](error, sys.exc_info()[2])

        call = self._intercept(continuation, details, request)
        return call.result(), call

    def _future(self, request: Any, *arguments: Any) -> Any:
        return self._started(lambda multi_callable: multi_callable.future, request, arguments)

    def _stream(self, request: Any, *arguments: Any) -> Any:
        return self._started(lambda multi_callable: multi_callable, request, arguments)

    def _started(
        self, way: Callable[[Any], Callable[..., Any]], request: Any, arguments: tuple[Any, ...]
    ) -> Any:
        """Invoke without waiting. `way` picks how the multi-callable is called; an exception comes out of the returned call."""
        details = _ClientCallDetails(self._method, *arguments)

        def continuation(new_details: ClientCallDetails, request: Any) -> Any:
            multi_callable, options = _resolve(self._make, new_details, details)
            return way(multi_callable)(request, **options)

        try:
            return self._intercept(continuation, details, request)
        except Exception as error:
            return _FailureOutcome["Any"](error, sys.exc_info()[2])


class _UnaryUnary(_Intercepted, UnaryUnaryMultiCallable["Any", "Any"]):
    def __call__(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> Any:
        return self._blocking(request, timeout, metadata, credentials, wait_for_ready, compression)[
            0
        ]

    def with_call(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> tuple[Any, Any]:
        return self._blocking(request, timeout, metadata, credentials, wait_for_ready, compression)

    def future(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> Any:
        return self._future(request, timeout, metadata, credentials, wait_for_ready, compression)


class _UnaryStream(_Intercepted, UnaryStreamMultiCallable["Any", "Any"]):
    def __call__(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> Any:
        return self._stream(request, timeout, metadata, credentials, wait_for_ready, compression)


class _StreamUnary(_Intercepted, StreamUnaryMultiCallable["Any", "Any"]):
    def __call__(
        self,
        request_iterator: Iterable[Any],
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> Any:
        return self._blocking(
            request_iterator, timeout, metadata, credentials, wait_for_ready, compression
        )[0]

    def with_call(
        self,
        request_iterator: Iterable[Any],
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> tuple[Any, Any]:
        return self._blocking(
            request_iterator, timeout, metadata, credentials, wait_for_ready, compression
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
        return self._future(
            request_iterator, timeout, metadata, credentials, wait_for_ready, compression
        )


class _StreamStream(_Intercepted, StreamStreamMultiCallable["Any", "Any"]):
    def __call__(
        self,
        request_iterator: Iterable[Any],
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> Any:
        return self._stream(
            request_iterator, timeout, metadata, credentials, wait_for_ready, compression
        )


class _InterceptedChannel(Channel):
    """A channel whose multi-callables of the interceptor's kinds go through the interceptor."""

    def __init__(self, channel: Channel, interceptor: ClientInterceptor) -> None:
        self._channel = channel
        self._interceptor = interceptor

    def subscribe(
        self, callback: Callable[[ChannelConnectivity], None], try_to_connect: bool | None = False
    ) -> None:
        self._channel.subscribe(callback, try_to_connect=try_to_connect)

    def unsubscribe(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        self._channel.unsubscribe(callback)

    def unary_unary(
        self,
        method: str,
        request_serializer: Serializer[Any] | None = None,
        response_deserializer: Deserializer[Any] | None = None,
        _registered_method: bool | None = False,
    ) -> UnaryUnaryMultiCallable[Any, Any]:
        def make(method: str) -> UnaryUnaryMultiCallable[Any, Any]:
            return self._channel.unary_unary(
                method, request_serializer, response_deserializer, _registered_method
            )

        if isinstance(self._interceptor, UnaryUnaryClientInterceptor):
            return _UnaryUnary(make, method, self._interceptor.intercept_unary_unary)
        return make(method)

    def unary_stream(
        self,
        method: str,
        request_serializer: Serializer[Any] | None = None,
        response_deserializer: Deserializer[Any] | None = None,
        _registered_method: bool | None = False,
    ) -> UnaryStreamMultiCallable[Any, Any]:
        def make(method: str) -> UnaryStreamMultiCallable[Any, Any]:
            return self._channel.unary_stream(
                method, request_serializer, response_deserializer, _registered_method
            )

        if isinstance(self._interceptor, UnaryStreamClientInterceptor):
            return _UnaryStream(make, method, self._interceptor.intercept_unary_stream)
        return make(method)

    def stream_unary(
        self,
        method: str,
        request_serializer: Serializer[Any] | None = None,
        response_deserializer: Deserializer[Any] | None = None,
        _registered_method: bool | None = False,
    ) -> StreamUnaryMultiCallable[Any, Any]:
        def make(method: str) -> StreamUnaryMultiCallable[Any, Any]:
            return self._channel.stream_unary(
                method, request_serializer, response_deserializer, _registered_method
            )

        if isinstance(self._interceptor, StreamUnaryClientInterceptor):
            return _StreamUnary(make, method, self._interceptor.intercept_stream_unary)
        return make(method)

    def stream_stream(
        self,
        method: str,
        request_serializer: Serializer[Any] | None = None,
        response_deserializer: Deserializer[Any] | None = None,
        _registered_method: bool | None = False,
    ) -> StreamStreamMultiCallable[Any, Any]:
        def make(method: str) -> StreamStreamMultiCallable[Any, Any]:
            return self._channel.stream_stream(
                method, request_serializer, response_deserializer, _registered_method
            )

        if isinstance(self._interceptor, StreamStreamClientInterceptor):
            return _StreamStream(make, method, self._interceptor.intercept_stream_stream)
        return make(method)

    def close(self) -> None:
        self._channel.close()


_INTERCEPTORS = (
    UnaryUnaryClientInterceptor,
    UnaryStreamClientInterceptor,
    StreamUnaryClientInterceptor,
    StreamStreamClientInterceptor,
)


def intercept_channel(channel: Channel, *interceptors: ClientInterceptor) -> Channel:
    """A channel whose calls go through `interceptors`, the first outermost. An interceptor may be of several kinds.

    Closing the new channel closes `channel`. Raises TypeError for an object that is no client interceptor.
    """
    import_as_grpcio_does("grpc._interceptor")
    for interceptor in reversed(interceptors):
        if not isinstance(interceptor, _INTERCEPTORS):  # pyright: ignore[reportUnnecessaryIsInstance]
            kinds = " or ".join(f"grpc.{kind.__name__}" for kind in _INTERCEPTORS)
            raise TypeError(f"interceptor must be {kinds}, not {type(interceptor).__name__}")
        channel = _InterceptedChannel(channel, interceptor)
    return channel


# What else grpcio has here.
__getattr__ = private_names(__name__)
