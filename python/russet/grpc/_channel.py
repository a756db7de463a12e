"""The synchronous channel, and who is told of its connectivity.

The wire, waiting and deadlines are `russet._core`'s. A method's calls are in `_multi_callables`; here a channel makes them.
"""

from __future__ import annotations

import os
from threading import RLock

from .. import _core
from ._base_channel import Channel as _BaseChannel

# Programs catch these by the names that they have in grpcio.
from ._calls import _InactiveRpcError as _InactiveRpcError
from ._calls import _MultiThreadedRendezvous as _MultiThreadedRendezvous
from ._calls import _Rendezvous as _Rendezvous
from ._calls import _SingleThreadedRendezvous as _SingleThreadedRendezvous
from ._connectivity import ChannelConnectivity
from ._credentials import Plaintext
from ._greenlets import bound, notice
from ._logging import logger
from ._multi_callables import (
    _StreamStreamMultiCallable,
    _StreamUnaryMultiCallable,
    _UnaryStreamMultiCallable,
    _UnaryUnaryMultiCallable,
)
from ._observing import observe
from ._options import channel_settings
from ._private_names import import_as_grpcio_does, private_names
from ._threads import start_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Any

    from ._compression import Compression
    from ._credentials import ChannelCredentials
    from ._typing import ChannelOption, Deserializer, Serializer

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
            self._channel.watch_state(bound(self._tell))
        # The callback hears the present state from another thread, as in grpcio: the caller may hold a lock.
        start_thread("russet-connectivity", self._tell)

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
                except BaseException:
                    # On a thread of the library nothing is more than an error, and the others are called all the same.
                    logger("_channel").exception("Exception calling connectivity callback!")


class Channel(_BaseChannel):
    """A channel to one target. Safe to use from several threads."""

    def __init__(
        self,
        target: str,
        options: Sequence[ChannelOption] | None,
        compression: Compression | None,
        protection: Any,
    ) -> None:
        notice()
        settings = channel_settings(options, compression)
        protection.protect(settings)
        self._protection = protection
        self._compression = settings.pop("compression", None)
        self._target = target
        self._observer = observe(settings)
        self._channel = _core.Channel(target, settings)
        self._subscriptions = _Subscriptions(self._channel)
        self._default_timeout = _default_timeout()

    def _make(
        self,
        multi_callable: Any,
        method: str,
        serializer: Serializer[Any] | None,
        deserializer: Deserializer[Any] | None,
        registered: bool | None,
    ) -> Any:
        if isinstance(method, bytes):
            method = method.decode()
        if registered and self._observer is not None:
            self._observer.add_method(method, served=False)
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
            _UnaryUnaryMultiCallable,
            method,
            request_serializer,
            response_deserializer,
            _registered_method,
        )

    def unary_stream(
        self,
        method: str,
        request_serializer: Serializer[Any] | None = None,
        response_deserializer: Deserializer[Any] | None = None,
        _registered_method: bool | None = False,
    ) -> Any:
        return self._make(
            _UnaryStreamMultiCallable,
            method,
            request_serializer,
            response_deserializer,
            _registered_method,
        )

    def stream_unary(
        self,
        method: str,
        request_serializer: Serializer[Any] | None = None,
        response_deserializer: Deserializer[Any] | None = None,
        _registered_method: bool | None = False,
    ) -> Any:
        return self._make(
            _StreamUnaryMultiCallable,
            method,
            request_serializer,
            response_deserializer,
            _registered_method,
        )

    def stream_stream(
        self,
        method: str,
        request_serializer: Serializer[Any] | None = None,
        response_deserializer: Deserializer[Any] | None = None,
        _registered_method: bool | None = False,
    ) -> Any:
        return self._make(
            _StreamStreamMultiCallable,
            method,
            request_serializer,
            response_deserializer,
            _registered_method,
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

    def __enter__(self) -> Channel:
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
) -> _BaseChannel:
    """A channel to `target` without encryption. Nothing is resolved or connected before the first call; calls to a target that cannot be read fail."""
    import_as_grpcio_does("grpc._channel")
    return Channel(target, options, compression, Plaintext())


def secure_channel(
    target: str,
    credentials: ChannelCredentials,
    options: Sequence[ChannelOption] | None = None,
    compression: Compression | None = None,
) -> _BaseChannel:
    """A channel whose connections are protected by `credentials`. Nothing is resolved or connected before the first call; calls to a target that cannot be read fail."""
    import_as_grpcio_does("grpc._channel")
    return Channel(target, options, compression, credentials._credentials)


# What else grpcio has here.
__getattr__ = private_names(__name__)
