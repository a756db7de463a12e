"""Credential objects and the functions that make them.

PEM is read when credentials are made. As in grpcio, what cannot be used makes credentials all the same, with a warning in the log that says what is wrong: channels with them fail their calls, and ports with them cannot be bound. The same goes for ALTS, which is not there. Nothing falls back to plaintext silently.
"""

from __future__ import annotations

from abc import ABC
from contextvars import copy_context
from enum import Enum, unique

from .. import _core
from ._logging import logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextvars import Context
    from typing import Any, NoReturn

    from ._typing import MetadataType


@unique
class LocalConnectionType(Enum):
    """What counts as a local connection: a Unix domain socket, or TCP over the loopback interface."""

    UDS = 0
    LOCAL_TCP = 1


class Plaintext:
    """What channel and server credentials hold when the connection is not encrypted."""

    __slots__ = ("local",)

    def __init__(self, local: LocalConnectionType | None = None) -> None:
        # The only kind of connection allowed; None allows all.
        self.local = local

    # Nobody is authenticated.
    plugins: tuple[Plugin, ...] = ()

    @property
    def secure(self) -> bool:
        """Whether call credentials may be sent: over a connection that leaves the machine, anybody can read them."""
        return self.local is not None

    def protect(self, settings: dict[str, Any]) -> None:
        """Put the protection into a channel's settings."""
        if self.local is not None:
            settings["local"] = self.local.value

    @property
    def port(self) -> int | None:
        """The protection of a server's port."""
        return None if self.local is None else self.local.value

    def __repr__(self) -> str:
        return f"Plaintext(local={self.local})"


class ClientTls:
    """What channel credentials hold for TLS."""

    __slots__ = ("core",)

    plugins: tuple[Plugin, ...] = ()
    secure = True

    def __init__(self, core: _core.ClientTls) -> None:
        self.core = core

    def protect(self, settings: dict[str, Any]) -> None:
        """Put the protection into a channel's settings."""
        settings["tls"] = self.core

    def __repr__(self) -> str:
        return "TLS"


class UnusableClient:
    """What channel credentials hold that cannot be used: no connection is made, and calls end with the reason."""

    __slots__ = ("_setting", "_why")

    plugins: tuple[Plugin, ...] = ()
    # Nothing is sent, so nothing is lost.
    secure = True

    def __init__(self, setting: str, why: str) -> None:
        self._setting = setting
        self._why = why

    def protect(self, settings: dict[str, Any]) -> None:
        """Put the reason into a channel's settings."""
        settings[self._setting] = self._why

    def __repr__(self) -> str:
        return f"unusable: {self._why}"


class UnusableServer:
    """What server credentials hold that cannot be used: no port is bound with them."""

    __slots__ = ("_why",)

    def __init__(self, why: str) -> None:
        self._why = why

    @property
    def port(self) -> NoReturn:
        """The protection of a server's port, which there is not."""
        raise RuntimeError(f"Failed to bind to address: {self._why}")

    def __repr__(self) -> str:
        return f"unusable: {self._why}"


class Composite:
    """What channel credentials hold that add call credentials to each call."""

    __slots__ = ("channel", "plugins")

    def __init__(self, channel: Any, plugins: tuple[Plugin, ...]) -> None:
        self.channel = channel
        self.plugins = plugins

    @property
    def secure(self) -> bool:
        """Whether call credentials may be sent."""
        return bool(self.channel.secure)

    def protect(self, settings: dict[str, Any]) -> None:
        """Put the protection into a channel's settings."""
        self.channel.protect(settings)

    def __repr__(self) -> str:
        return f"Composite({self.channel!r}, {CallMetadata(self.plugins)!r})"


class ServerTls:
    """What server credentials hold for TLS: what a port is bound with."""

    __slots__ = ("port",)

    def __init__(self, port: _core.ServerTls | Callable[[], _core.ServerTls]) -> None:
        self.port = port

    def __repr__(self) -> str:
        return "TLS"


class Plugin:
    """A plug-in that makes metadata."""

    __slots__ = ("context", "function", "immediate", "name")

    def __init__(
        self, name: str, function: Callable[[Any, AuthMetadataPluginCallback], None]
    ) -> None:
        self.name = name
        self.function = function
        # Context variables as they are when the credentials are made.
        self.context: Context = copy_context()
        # Whether it answers without waiting, so that it needs no thread.
        self.immediate = isinstance(function, _AccessToken)


class CallMetadata:
    """What call credentials hold: the plug-ins that make the metadata, in order."""

    __slots__ = ("plugins",)

    def __init__(self, plugins: tuple[Plugin, ...]) -> None:
        self.plugins = plugins

    def __repr__(self) -> str:
        return f"CallMetadata({', '.join(plugin.name for plugin in self.plugins)})"


class AuthMetadataContext(ABC):
    """What a plug-in is told of the call it makes metadata for."""

    service_url: str
    method_name: str


class AuthMetadataPluginCallback(ABC):  # noqa: B024 (as in grpcio)
    """How a plug-in hands over its metadata."""

    def __call__(self, metadata: MetadataType | None, error: BaseException | None) -> None:
        """Give the metadata, or the error that ends the call. Exactly once, on any thread; RuntimeError after that."""
        raise NotImplementedError


class AuthMetadataPlugin(ABC):  # noqa: B024 (a function is a plug-in too)
    """Makes metadata that authenticates each call, for example an access token."""

    def __call__(self, context: AuthMetadataContext, callback: AuthMetadataPluginCallback) -> None:
        """Call `callback` with the metadata, now or later. Must not block: it runs on a thread of the library."""
        raise NotImplementedError


class _Credentials:
    """A value that only this library looks into."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._credentials!r}>"


class ChannelCredentials(_Credentials):
    """How a channel authenticates and encrypts its connections. Made by the functions of this package; `ChannelCredentials(None)` does neither."""

    def __init__(self, credentials: Any) -> None:
        super().__init__(Plaintext() if credentials is None else credentials)


class CallCredentials(_Credentials):
    """How single calls authenticate themselves. Made by the functions of this package."""


class ServerCredentials(_Credentials):
    """How a port authenticates and encrypts its connections. Made by the functions of this package."""


class ServerCertificateConfiguration:
    """A server's certificates, as `dynamic_ssl_server_credentials` takes them."""

    def __init__(self, certificate_configuration: Any) -> None:
        self._certificate_configuration = certificate_configuration


# One object, so that it can be part of a key in the cache of channels.
_INSECURE_CHANNEL = ChannelCredentials(Plaintext())


def insecure_channel_credentials() -> ChannelCredentials:
    """Credentials for a plaintext channel; always the same object. Public as `grpc.experimental.insecure_channel_credentials`."""
    return _INSECURE_CHANNEL


_NO_ALTS = (
    "ALTS works in Google's cloud only, and is not supported by this version of Russet; use grpc."
)


def _warn(what: str, why: object) -> None:
    logger("_credentials").warning("%s cannot be used: %s", what, why)


def _client_tls(
    roots: bytes | None, key: bytes | None, chain: bytes | None, **options: Any
) -> ClientTls | UnusableClient:
    try:
        return ClientTls(_core.ClientTls(roots, key, chain, **options))
    except ValueError as error:
        _warn("The channel credentials", error)
        return UnusableClient("unusable_credentials", f"TLS credentials cannot be used: {error}")


def ssl_channel_credentials(
    root_certificates: bytes | None = None,
    private_key: bytes | None = None,
    certificate_chain: bytes | None = None,
) -> ChannelCredentials:
    """Credentials for a TLS channel, from PEM bytes.

    Without `root_certificates`, the servers trusted are those of the file that GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names, or of Mozilla's list. A private key and its chain are for servers that ask for them. What cannot be used is logged, and fails the calls of channels that are made with it.
    """
    return ChannelCredentials(_client_tls(root_certificates, private_key, certificate_chain))


def ssl_channel_credentials_with_signer(
    root_certificates: bytes | None,
    certificate_chain: bytes,
    sign: Callable[[bytes, int, Callable[[bytes | Exception], None]], Any],
) -> ChannelCredentials:
    """Credentials for a TLS channel whose key `sign` has. Public as `grpc.experimental.ssl_channel_credentials_with_custom_signer`."""
    return ChannelCredentials(_client_tls(root_certificates, None, certificate_chain, sign=sign))


def unverified_ssl_channel_credentials(
    private_key: bytes | None = None, certificate_chain: bytes | None = None
) -> ChannelCredentials:
    """Credentials for a TLS channel that believes every server. Public as `grpc.experimental.unverified_ssl_channel_credentials`."""
    return ChannelCredentials(_client_tls(None, private_key, certificate_chain, verify=False))


def local_channel_credentials(
    local_connect_type: LocalConnectionType = LocalConnectionType.LOCAL_TCP,
) -> ChannelCredentials:
    """Credentials for a plaintext channel to a peer on this machine; connecting anywhere else fails."""
    return ChannelCredentials(Plaintext(LocalConnectionType(local_connect_type)))


def alts_channel_credentials(service_accounts: Sequence[str] | None = None) -> ChannelCredentials:
    """Credentials for Application Layer Transport Security, which works in Google's cloud only. There is none here: calls of channels with them end with INTERNAL, as with grpcio outside that cloud."""
    why = f"No credentials provided: {_NO_ALTS}ssl_channel_credentials"
    return ChannelCredentials(UnusableClient("no_credentials", why))


def compute_engine_channel_credentials(call_credentials: CallCredentials) -> ChannelCredentials:
    """Credentials for Google's services: TLS, and the call credentials in each call. Nobody is asked anything while they are made.

    Trusted are the roots that `ssl_channel_credentials()` trusts, and those of the system. ALTS, which grpcio uses between machines of Google's cloud, is not there; TLS is used there too.
    """
    channel = ChannelCredentials(_client_tls(None, None, None, system=True))
    return composite_channel_credentials(channel, call_credentials)


def xds_channel_credentials(
    fallback_credentials: ChannelCredentials | None = None,
) -> ChannelCredentials:
    """Credentials that an xDS control plane chooses, `fallback_credentials` for targets that have none.

    There is no xDS here, so these are the fallback credentials, TLS if None.
    """
    return ssl_channel_credentials() if fallback_credentials is None else fallback_credentials


def composite_channel_credentials(
    channel_credentials: ChannelCredentials, *call_credentials: CallCredentials
) -> ChannelCredentials:
    """Channel credentials that add call credentials to each call, before those that the call has itself."""
    inner = channel_credentials._credentials
    plugins: tuple[Plugin, ...] = inner.plugins
    for part in call_credentials:
        plugins += part._credentials.plugins
    channel = inner.channel if isinstance(inner, Composite) else inner
    return ChannelCredentials(Composite(channel, plugins))


def metadata_call_credentials(
    metadata_plugin: AuthMetadataPlugin, name: str | None = None
) -> CallCredentials:
    """Call credentials whose metadata comes from a plug-in. `name` is used in error texts.

    They may be used only on connections that are secure or local.
    """
    if name is None:
        # Functions are plug-ins too.
        name = str(getattr(metadata_plugin, "__name__", type(metadata_plugin).__name__))
    return CallCredentials(CallMetadata((Plugin(name, metadata_plugin),)))


class _AccessToken(AuthMetadataPlugin):
    """Sends a fixed OAuth 2 bearer token (RFC 6750, section 2.1)."""

    def __init__(self, access_token: str) -> None:
        self._metadata = (("authorization", f"Bearer {access_token}"),)

    def __call__(self, context: AuthMetadataContext, callback: AuthMetadataPluginCallback) -> None:
        callback(self._metadata, None)


def access_token_call_credentials(access_token: str) -> CallCredentials:
    """Call credentials that send an OAuth 2 access token as "authorization: Bearer …"."""
    return metadata_call_credentials(_AccessToken(access_token), "access_token")


def composite_call_credentials(*call_credentials: CallCredentials) -> CallCredentials:
    """Call credentials that send the metadata of all of these, in order."""
    plugins: tuple[Plugin, ...] = ()
    for part in call_credentials:
        plugins += part._credentials.plugins
    return CallCredentials(CallMetadata(plugins))


def _check_key_pairs(
    private_key_certificate_chain_pairs: Sequence[tuple[bytes, bytes]],
    root_certificates: bytes | None,
    require_client_auth: bool,
) -> None:
    if not private_key_certificate_chain_pairs:
        raise ValueError("At least one private key-certificate chain pair is required!")
    if require_client_auth and root_certificates is None:
        raise ValueError("Illegal to require client auth without providing root certificates!")


def ssl_server_credentials(
    private_key_certificate_chain_pairs: Sequence[tuple[bytes, bytes]],
    root_certificates: bytes | None = None,
    require_client_auth: bool = False,
) -> ServerCredentials:
    """Credentials for a TLS port, from PEM bytes: pairs of a private key and its chain, of which the name that a client asks for chooses one.

    With `require_client_auth`, only clients with a certificate that `root_certificates` issued are let in. Raises ValueError without a key pair, and if clients must authenticate but no root certificates are given. What cannot be used is logged, and no port is bound with it.
    """
    _check_key_pairs(private_key_certificate_chain_pairs, root_certificates, require_client_auth)
    return _server_credentials(
        lambda: _server_tls(
            private_key_certificate_chain_pairs, root_certificates, require_client_auth
        )
    )


def _server_credentials(
    make: Callable[[], _core.ServerTls | Callable[[], _core.ServerTls]],
) -> ServerCredentials:
    try:
        return ServerCredentials(ServerTls(make()))
    except ValueError as error:
        _warn("The server credentials", error)
        return ServerCredentials(UnusableServer(f"TLS credentials cannot be used: {error}"))


def _server_tls(
    pairs: Sequence[tuple[bytes, bytes]], root_certificates: bytes | None, require_client_auth: bool
) -> _core.ServerTls:
    # As in grpcio, roots alone do not make a server ask for certificates.
    return _core.ServerTls(list(pairs), root_certificates if require_client_auth else None)


def insecure_server_credentials() -> ServerCredentials:
    """Credentials for a plaintext port, where an API asks for credentials."""
    return ServerCredentials(Plaintext())


def ssl_server_certificate_configuration(
    private_key_certificate_chain_pairs: Sequence[tuple[bytes, bytes]],
    root_certificates: bytes | None = None,
) -> ServerCertificateConfiguration:
    """Certificates for `dynamic_ssl_server_credentials`, from PEM bytes. Raises ValueError without a key pair."""
    _check_key_pairs(private_key_certificate_chain_pairs, root_certificates, False)
    return ServerCertificateConfiguration(
        (tuple(private_key_certificate_chain_pairs), root_certificates)
    )


def dynamic_ssl_server_credentials(
    initial_certificate_configuration: ServerCertificateConfiguration,
    certificate_configuration_fetcher: Callable[[], ServerCertificateConfiguration | None],
    require_client_authentication: bool = False,
) -> ServerCredentials:
    """Credentials for a TLS port whose certificates can change.

    The fetcher is called for each new connection, on a thread of the library. It returns the certificates from then on, or None where they stay; where it raises, that is logged and they stay too. Raises TypeError for arguments of other types.
    """
    if not isinstance(initial_certificate_configuration, ServerCertificateConfiguration):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError("initial_cert_config must be a grpc.ServerCertificateConfiguration")
    if not callable(certificate_configuration_fetcher):
        raise TypeError("cert_config_fetcher must be callable")
    return _server_credentials(
        lambda: _ChangingCertificates(
            initial_certificate_configuration,
            certificate_configuration_fetcher,
            require_client_authentication,
        )
    )


class _ChangingCertificates:
    """Gives the core a server's TLS for each new connection. Called on one thread at a time."""

    def __init__(
        self,
        initial: ServerCertificateConfiguration,
        fetcher: Callable[[], ServerCertificateConfiguration | None],
        require_client_auth: bool,
    ) -> None:
        self._fetcher = fetcher
        self._require_client_auth = require_client_auth
        self._current = self._make(initial)

    def _make(self, configuration: Any) -> _core.ServerTls:
        if not isinstance(configuration, ServerCertificateConfiguration):
            raise TypeError(
                "certificates are given by ssl_server_certificate_configuration, "
                f"not as {type(configuration).__name__}"
            )
        pairs, roots = configuration._certificate_configuration
        _check_key_pairs(pairs, roots, self._require_client_auth)
        return _server_tls(pairs, roots, self._require_client_auth)

    def __call__(self) -> _core.ServerTls:
        try:
            fetched = self._fetcher()
            if fetched is not None:
                self._current = self._make(fetched)
        except BaseException:
            logger("_cython.cygrpc").exception(
                "Error fetching certificates; the server goes on with those it had"
            )
        return self._current


def local_server_credentials(
    local_connect_type: LocalConnectionType = LocalConnectionType.LOCAL_TCP,
) -> ServerCredentials:
    """Credentials for a plaintext port that accepts connections from this machine only."""
    return ServerCredentials(Plaintext(LocalConnectionType(local_connect_type)))


def alts_server_credentials() -> ServerCredentials:
    """Credentials for Application Layer Transport Security, which works in Google's cloud only. There is none here: no port is bound with them."""
    return ServerCredentials(UnusableServer(f"{_NO_ALTS}ssl_server_credentials"))


def xds_server_credentials(fallback_credentials: ServerCredentials) -> ServerCredentials:
    """Credentials that an xDS control plane chooses. There is no xDS here, so these are the fallback credentials."""
    return fallback_credentials
