"""Where a program of the beta API begins: channels, stubs and servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import CallCredentials as CallCredentials
from ... import ChannelCredentials as ChannelCredentials
from ... import ServerCredentials as ServerCredentials
from ... import access_token_call_credentials as access_token_call_credentials
from ... import composite_call_credentials as composite_call_credentials
from ... import composite_channel_credentials as composite_channel_credentials
from ... import insecure_channel as _insecure_channel
from ... import metadata_call_credentials as _metadata_call_credentials
from ... import secure_channel as _secure_channel
from ... import ssl_channel_credentials as ssl_channel_credentials
from ... import ssl_server_credentials as ssl_server_credentials
from .. import _auth
from ..framework.common import cardinality as cardinality
from ..framework.interfaces.face import face as face
from . import _client_adaptations, _metadata, _server_adaptations, interfaces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def metadata_call_credentials(
    metadata_plugin: Callable[..., Any], name: str | None = None
) -> CallCredentials:
    """Call credentials of a plug-in whose metadata is bytes."""

    def plugin(context: Any, callback: Any) -> None:
        def with_text(beta_metadata: Any, error: Any) -> None:
            callback(_metadata.unbeta(beta_metadata), error)

        metadata_plugin(context, with_text)

    return _metadata_call_credentials(plugin, name=name)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def google_call_credentials(credentials: Any) -> CallCredentials:
    """Call credentials of oauth2client's."""
    return metadata_call_credentials(_auth.GoogleCallCredentials(credentials))


class Channel:
    """A channel; made by `insecure_channel` and `secure_channel`."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    def subscribe(
        self, callback: Callable[[Any], None], try_to_connect: bool | None = None
    ) -> None:
        """Have a function called with the channel's connectivity, now and whenever it changes."""
        self._channel.subscribe(callback, try_to_connect=try_to_connect)

    def unsubscribe(self, callback: Callable[[Any], None]) -> None:
        """Have a function called no more."""
        self._channel.unsubscribe(callback)


def _target(host: str, port: int | None) -> str:
    return host if port is None else f"{host}:{port:d}"


def insecure_channel(host: str, port: int | None) -> Channel:
    """A channel without TLS; without a port, `host` is the whole target."""
    return Channel(_insecure_channel(_target(host, port)))


def secure_channel(host: str, port: int | None, channel_credentials: ChannelCredentials) -> Channel:
    """A channel with TLS; without a port, `host` is the whole target."""
    return Channel(_secure_channel(_target(host, port), channel_credentials))


class StubOptions:
    """Options of a stub; made by `stub_options`."""

    def __init__(
        self,
        host: Any,
        request_serializers: Any,
        response_deserializers: Any,
        metadata_transformer: Any,
        thread_pool: Any,
        thread_pool_size: Any,
    ) -> None:
        self.host = host
        self.request_serializers = request_serializers
        self.response_deserializers = response_deserializers
        self.metadata_transformer = metadata_transformer
        self.thread_pool = thread_pool
        self.thread_pool_size = thread_pool_size


def stub_options(
    host: str | None = None,
    request_serializers: Mapping[tuple[str, str], Any] | None = None,
    response_deserializers: Mapping[tuple[str, str], Any] | None = None,
    metadata_transformer: Callable[[Any], Any] | None = None,
    thread_pool: Any = None,
    thread_pool_size: int | None = None,
) -> StubOptions:
    """Options of a stub: serializers by names of service and method, and what transforms metadata; the others have no effect any more."""
    return StubOptions(
        host,
        request_serializers,
        response_deserializers,
        metadata_transformer,
        thread_pool,
        thread_pool_size,
    )


def generic_stub(channel: Channel, options: StubOptions | None = None) -> face.GenericStub:
    """A stub for methods of any service."""
    options = stub_options() if options is None else options
    return _client_adaptations.generic_stub(
        channel._channel,  # pyright: ignore[reportPrivateUsage]
        options.host,
        options.metadata_transformer,
        options.request_serializers,
        options.response_deserializers,
    )


def dynamic_stub(
    channel: Channel,
    service: str,
    cardinalities: Mapping[str, cardinality.Cardinality],
    options: StubOptions | None = None,
) -> face.DynamicStub:
    """A stub for the methods of one service, each with its cardinality."""
    options = stub_options() if options is None else options
    return _client_adaptations.dynamic_stub(
        channel._channel,  # pyright: ignore[reportPrivateUsage]
        service,
        cardinalities,
        options.host,
        options.metadata_transformer,
        options.request_serializers,
        options.response_deserializers,
    )


class ServerOptions:
    """Options of a server; made by `server_options`."""

    def __init__(
        self,
        multi_method_implementation: Any,
        request_deserializers: Any,
        response_serializers: Any,
        thread_pool: Any,
        thread_pool_size: Any,
        default_timeout: Any,
        maximum_timeout: Any,
    ) -> None:
        self.multi_method_implementation = multi_method_implementation
        self.request_deserializers = request_deserializers
        self.response_serializers = response_serializers
        self.thread_pool = thread_pool
        self.thread_pool_size = thread_pool_size
        self.default_timeout = default_timeout
        self.maximum_timeout = maximum_timeout


def server_options(
    multi_method_implementation: face.MultiMethodImplementation | None = None,
    request_deserializers: Mapping[tuple[str, str], Any] | None = None,
    response_serializers: Mapping[tuple[str, str], Any] | None = None,
    thread_pool: Any = None,
    thread_pool_size: int | None = None,
    default_timeout: float | None = None,
    maximum_timeout: float | None = None,
) -> ServerOptions:
    """Options of a server: serializers by names of service and method, and the pool that runs the methods or its size; the others have no effect any more."""
    return ServerOptions(
        multi_method_implementation,
        request_deserializers,
        response_serializers,
        thread_pool,
        thread_pool_size,
        default_timeout,
        maximum_timeout,
    )


def server(
    service_implementations: Mapping[tuple[str, str], face.MethodImplementation],
    options: ServerOptions | None = None,
) -> interfaces.Server:
    """A server of methods, by names of service and method."""
    options = server_options() if options is None else options
    return _server_adaptations.server(
        service_implementations,
        options.multi_method_implementation,
        options.request_deserializers,
        options.response_serializers,
        options.thread_pool,
        options.thread_pool_size,
    )
