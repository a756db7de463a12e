"""The asyncio channel: makes calls on the event loop that it belongs to."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from typing import TYPE_CHECKING

from ... import _core
from .._call_credentials import authenticate, plugins_of
from .._channel import _CONNECTIVITIES, _default_timeout
from .._connectivity import ChannelConnectivity
from .._credentials import Plaintext
from .._observing import observe
from .._options import channel_settings
from .._private_names import import_as_grpcio_does, private_names
from .._status import StatusCode
from ._base_channel import (
    Channel as _BaseChannel,
)
from ._base_channel import (
    StreamStreamMultiCallable,
    StreamUnaryMultiCallable,
    UnaryStreamMultiCallable,
    UnaryUnaryMultiCallable,
)
from ._base_interceptor import ClientCallDetails
from ._call import (
    RunningStreamStreamCall,
    RunningStreamUnaryCall,
    RunningUnaryStreamCall,
    RunningUnaryUnaryCall,
)
from ._driver import Driver, current_loop
from ._errors import UsageError
from ._interceptor import (
    InterceptedStreamStreamCall,
    InterceptedStreamUnaryCall,
    InterceptedUnaryStreamCall,
    InterceptedUnaryUnaryCall,
    sort_interceptors,
)
from ._metadata import Metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Any

    from .._compression import Compression
    from .._credentials import CallCredentials, ChannelCredentials, Plugin
    from .._typing import ChannelOption, Deserializer, Serializer
    from ._base_channel import MetadataType
    from ._base_interceptor import ClientInterceptor

_INTERNAL = StatusCode.INTERNAL.value[0]
_CLOSED = "Channel is closed."
_INSECURE = "Call credentials are only valid on secure channels"


class _Method:
    """What the four multi-callables share."""

    # Set by each kind.
    _running: type[Any]
    _intercepted: type[Any]
    # Whether many responses may come.
    _streaming: bool

    def __init__(
        self,
        channel: Channel,
        method: str,
        request_serializer: Serializer[Any] | None,
        response_deserializer: Deserializer[Any] | None,
        interceptors: list[Any],
    ) -> None:
        self._channel = channel
        self._path = method
        # As grpcio keeps it, and as interceptors get it.
        self._method = method.encode()
        self._serializer = request_serializer
        self._deserializer = response_deserializer
        self._interceptors = interceptors

    def _invoke(
        self,
        request: Any,
        timeout: float | None,
        metadata: MetadataType | None,
        credentials: CallCredentials | None,
        wait_for_ready: bool | None,
        compression: Compression | None,
    ) -> Any:
        if not self._interceptors:
            return self._start(
                self._path, request, timeout, metadata, credentials, wait_for_ready, compression
            )
        details = ClientCallDetails(
            self._method,
            timeout,
            Metadata._create(metadata),
            credentials,
            wait_for_ready,
        )

        def start(details: Any, request: Any) -> Any:
            return self._start(
                details.method,
                request,
                details.timeout,
                details.metadata,
                details.credentials,
                details.wait_for_ready,
                compression,
            )

        return self._intercepted(
            self._interceptors, details, request, start, self._channel._driver.loop
        )

    def _start(
        self,
        method: str | bytes,
        request: Any,
        timeout: float | None,
        metadata: MetadataType | None,
        credentials: CallCredentials | None,
        wait_for_ready: bool | None,
        compression: Compression | None,
    ) -> Any:
        channel = self._channel
        if channel._closed:
            raise UsageError(_CLOSED)
        plugins = plugins_of(channel._plugins, credentials)
        if plugins and not channel._secure:
            raise UsageError(_INSECURE)
        path = method.decode() if isinstance(method, bytes) else method
        core = channel._core.call_on_loop(
            path,
            channel._default_timeout if timeout is None else timeout,
            metadata,
            wait_for_ready,
            channel._compression if compression is None else compression,
            bool(plugins),
            self._streaming,
        )
        call = self._running(core, channel._driver, self._serializer, self._deserializer)
        try:
            call.start(request)
            if plugins:
                authenticate(core, plugins, channel._core.authority, path, channel._hand_over)
        except BaseException:
            # Whoever keeps the exception would keep the call.
            core.cancel(_INTERNAL, "Exception serializing request!")
            raise
        return call


class _UnaryRequestMethod(_Method):
    def __call__(
        self,
        request: Any,
        *,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> Any:
        return self._invoke(request, timeout, metadata, credentials, wait_for_ready, compression)


class _StreamRequestMethod(_Method):
    def __call__(
        self,
        request_iterator: Any = None,
        timeout: float | None = None,
        metadata: MetadataType | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: Compression | None = None,
    ) -> Any:
        return self._invoke(
            request_iterator, timeout, metadata, credentials, wait_for_ready, compression
        )


class _UnaryUnaryMultiCallable(_UnaryRequestMethod, UnaryUnaryMultiCallable["Any", "Any"]):
    _running = RunningUnaryUnaryCall
    _intercepted = InterceptedUnaryUnaryCall
    _streaming = False


class _UnaryStreamMultiCallable(_UnaryRequestMethod, UnaryStreamMultiCallable["Any", "Any"]):
    _running = RunningUnaryStreamCall
    _intercepted = InterceptedUnaryStreamCall
    _streaming = True


class _StreamUnaryMultiCallable(_StreamRequestMethod, StreamUnaryMultiCallable["Any", "Any"]):
    _running = RunningStreamUnaryCall
    _intercepted = InterceptedStreamUnaryCall
    _streaming = False


class _StreamStreamMultiCallable(_StreamRequestMethod, StreamStreamMultiCallable["Any", "Any"]):
    _running = RunningStreamStreamCall
    _intercepted = InterceptedStreamStreamCall
    _streaming = True


class Channel(_BaseChannel):
    def __init__(
        self,
        target: str,
        options: Sequence[ChannelOption] | None,
        compression: Compression | None,
        interceptors: Sequence[ClientInterceptor] | None,
        protection: Any,
    ) -> None:
        # Programs append to these lists, with the names that they have in grpcio: every asynchronous client of Google does.
        (
            self._unary_unary_interceptors,
            self._unary_stream_interceptors,
            self._stream_unary_interceptors,
            self._stream_stream_interceptors,
        ) = sort_interceptors(interceptors)
        settings = channel_settings(options, compression)
        protection.protect(settings)
        self._secure = protection.secure
        self._plugins: tuple[Plugin, ...] = protection.plugins
        self._compression = settings.pop("compression", None)
        self._observer = observe(settings)
        self._core = _core.Channel(target, settings)
        self._default_timeout = _default_timeout()
        self._driver = Driver(self._core, current_loop(), self._core.turn)
        self._state_waiters: list[asyncio.Future[None]] = []
        self._closed = False
        # The collector does not see into the core: a strong reference from there would keep the channel, and its descriptors, for good.
        on_state = weakref.WeakMethod(self._on_state)

        def tell(state: int) -> None:
            alive = on_state()
            if alive is not None:
                alive(state)

        self._core.watch_state_on_loop(tell)

    # By the names that they have in grpcio.

    @property
    def _channel(self) -> _core.Channel:
        return self._core

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        return self._driver.loop

    def __del__(self) -> None:
        driver = getattr(self, "_driver", None)
        if driver is not None and not self._closed:
            driver.close()

    def _register(self, method: str, registered: bool | None) -> None:
        """Tell the observer of a method that generated code names."""
        if registered and self._observer is not None:
            self._observer.add_method(method, served=False)

    def _hand_over(self, function: Callable[[], Any]) -> None:
        """Call a function on the loop's thread, from any thread."""

        def call() -> None:
            function()
            self._driver.poke()

        # A plug-in may answer after its loop has gone; then nobody waits for the call.
        with contextlib.suppress(RuntimeError):
            self._driver.loop.call_soon_threadsafe(call)

    async def __aenter__(self) -> Channel:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self, grace: float | None = None) -> None:
        if self._closed:
            return
        self._closed = True
        if grace is not None:
            await self._idle(grace)
        self._core.close()
        self._core.turn()
        self._driver.close()

    async def _idle(self, grace: float) -> None:
        """Wait until no call runs, at most `grace` seconds."""
        if self._core.running_calls():
            future = self._driver.loop.create_future()
            self._core.add_idle_future(future)
            await asyncio.wait((future,), timeout=grace)

    def get_state(self, try_to_connect: bool = False) -> ChannelConnectivity:
        if self._closed:
            return ChannelConnectivity.SHUTDOWN
        state = _CONNECTIVITIES[self._core.state()]
        if try_to_connect and state is ChannelConnectivity.IDLE:
            self._core.connect_on_loop()
            self._driver.poke()
        return state

    def _on_state(self, _state: int) -> None:
        waiters, self._state_waiters = self._state_waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_for_state_change(self, last_observed_state: ChannelConnectivity) -> None:
        if self._closed:
            raise UsageError(_CLOSED)
        while self.get_state() is last_observed_state:
            waiter = self._driver.loop.create_future()
            self._state_waiters.append(waiter)
            await waiter

    async def channel_ready(self) -> None:
        state = self.get_state(try_to_connect=True)
        while state is not ChannelConnectivity.READY:
            await self.wait_for_state_change(state)
            state = self.get_state(try_to_connect=True)

    def unary_unary(
        self,
        method: str,
        request_serializer: Serializer[Any] | None = None,
        response_deserializer: Deserializer[Any] | None = None,
        _registered_method: bool | None = False,
    ) -> UnaryUnaryMultiCallable[Any, Any]:
        self._register(method, _registered_method)
        return _UnaryUnaryMultiCallable(
            self,
            method,
            request_serializer,
            response_deserializer,
            self._unary_unary_interceptors,
        )

    def unary_stream(
        self,
        method: str,
        request_serializer: Serializer[Any] | None = None,
        response_deserializer: Deserializer[Any] | None = None,
        _registered_method: bool | None = False,
    ) -> UnaryStreamMultiCallable[Any, Any]:
        self._register(method, _registered_method)
        return _UnaryStreamMultiCallable(
            self,
            method,
            request_serializer,
            response_deserializer,
            self._unary_stream_interceptors,
        )

    def stream_unary(
        self,
        method: str,
        request_serializer: Serializer[Any] | None = None,
        response_deserializer: Deserializer[Any] | None = None,
        _registered_method: bool | None = False,
    ) -> StreamUnaryMultiCallable[Any, Any]:
        self._register(method, _registered_method)
        return _StreamUnaryMultiCallable(
            self,
            method,
            request_serializer,
            response_deserializer,
            self._stream_unary_interceptors,
        )

    def stream_stream(
        self,
        method: str,
        request_serializer: Serializer[Any] | None = None,
        response_deserializer: Deserializer[Any] | None = None,
        _registered_method: bool | None = False,
    ) -> StreamStreamMultiCallable[Any, Any]:
        self._register(method, _registered_method)
        return _StreamStreamMultiCallable(
            self,
            method,
            request_serializer,
            response_deserializer,
            self._stream_stream_interceptors,
        )


def insecure_channel(
    target: str,
    options: Sequence[ChannelOption] | None = None,
    compression: Compression | None = None,
    interceptors: Sequence[ClientInterceptor] | None = None,
) -> _BaseChannel:
    """A channel to `target` without encryption, for the running event loop. Nothing is resolved or connected before the first call; calls to a target that cannot be read fail."""
    import_as_grpcio_does("grpc.aio._call", "grpc.aio._interceptor", "grpc.aio._channel")
    return Channel(target, options, compression, interceptors, Plaintext())


def secure_channel(
    target: str,
    credentials: ChannelCredentials,
    options: Sequence[ChannelOption] | None = None,
    compression: Compression | None = None,
    interceptors: Sequence[ClientInterceptor] | None = None,
) -> _BaseChannel:
    """A channel whose connections are protected by `credentials`, for the running event loop. Nothing is resolved or connected before the first call; calls to a target that cannot be read fail."""
    import_as_grpcio_does("grpc.aio._call", "grpc.aio._interceptor", "grpc.aio._channel")
    return Channel(target, options, compression, interceptors, credentials._credentials)


# What else grpcio has here.
__getattr__ = private_names(__name__)
