"""Credential objects and the functions that make them.

PEM is read when credentials are made: what cannot be used raises ValueError there, and says what is wrong. What is not supported (ALTS, Google Compute Engine) raises NotImplementedError; nothing falls back to plaintext silently.
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
    """How a channel authenticates and encrypts its connections. Made by the functions of this package."""


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


def unsupported(function: str, what: str, instead: str) -> NoReturn:
    """Raise the error for credentials that need what is not there."""
    raise NotImplementedError(
        f"grpc.{function}: {what} is not supported by this version of Russet; {instead}"
    )


_CHANNEL_INSTEAD = "use grpc.ssl_channel_credentials"
_SERVER_INSTEAD = "use grpc.ssl_server_credentials"


def ssl_channel_credentials(
    root_certificates: bytes | None = None,
    private_key: bytes | None = None,
    certificate_chain: bytes | None = None,
) -> ChannelCredentials:
    """Credentials for a TLS channel, from PEM bytes.

    Without `root_certificates`, the servers trusted are those of the file that GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names, or of Mozilla's list. A private key and its chain are for servers that ask for them. Raises ValueError for what cannot be read.
    """
    return ChannelCredentials(
        ClientTls(_core.ClientTls(root_certificates, private_key, certificate_chain))
    )


def ssl_channel_credentials_with_signer(
    root_certificates: bytes | None,
    certificate_chain: bytes,
    sign: Callable[[bytes, int, Callable[[bytes | Exception], None]], Any],
) -> ChannelCredentials:
    """Credentials for a TLS channel whose key `sign` has. Public as `grpc.experimental.ssl_channel_credentials_with_custom_signer`."""
    return ChannelCredentials(
        ClientTls(_core.ClientTls(root_certificates, None, certificate_chain, sign=sign))
    )


def unverified_ssl_channel_credentials(
    private_key: bytes | None = None, certificate_chain: bytes | None = None
) -> ChannelCredentials:
    """Credentials for a TLS channel that believes every server. Public as `grpc.experimental.unverified_ssl_channel_credentials`."""
    return ChannelCredentials(
        ClientTls(_core.ClientTls(None, private_key, certificate_chain, verify=False))
    )


def local_channel_credentials(
    local_connect_type: LocalConnectionType = LocalConnectionType.LOCAL_TCP,
) -> ChannelCredentials:
    """Credentials for a plaintext channel to a peer on this machine; connecting anywhere else fails."""
    return ChannelCredentials(Plaintext(LocalConnectionType(local_connect_type)))


def alts_channel_credentials(service_accounts: Sequence[str] | None = None) -> ChannelCredentials:
    """Credentials for Application Layer Transport Security. Not supported: raises NotImplementedError."""
    unsupported("alts_channel_credentials", "ALTS", _CHANNEL_INSTEAD)


def compute_engine_channel_credentials(call_credentials: CallCredentials) -> ChannelCredentials:
    """Credentials for Google Compute Engine. Not supported: raises NotImplementedError."""
    unsupported("compute_engine_channel_credentials", "Google Compute Engine", _CHANNEL_INSTEAD)


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

    With `require_client_auth`, only clients with a certificate that `root_certificates` issued are let in. Raises ValueError without a key pair, if clients must authenticate but no root certificates are given, and for what cannot be read.
    """
    _check_key_pairs(private_key_certificate_chain_pairs, root_certificates, require_client_auth)
    return ServerCredentials(
        ServerTls(
            _server_tls(private_key_certificate_chain_pairs, root_certificates, require_client_auth)
        )
    )


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
    if not isinstance(initial_certificate_configuration, ServerCertificateConfiguration):
        raise TypeError("initial_cert_config must be a grpc.ServerCertificateConfiguration")
    if not callable(certificate_configuration_fetcher):
        raise TypeError("cert_config_fetcher must be callable")
    return ServerCredentials(
        ServerTls(
            _ChangingCertificates(
                initial_certificate_configuration,
                certificate_configuration_fetcher,
                require_client_authentication,
            )
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
        except Exception:
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
    """Credentials for Application Layer Transport Security. Not supported: raises NotImplementedError."""
    unsupported("alts_server_credentials", "ALTS", _SERVER_INSTEAD)


def xds_server_credentials(fallback_credentials: ServerCredentials) -> ServerCredentials:
    """Credentials that an xDS control plane chooses. There is no xDS here, so these are the fallback credentials."""
    return fallback_credentials
