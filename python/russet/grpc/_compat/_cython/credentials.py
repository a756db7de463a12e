"""Credentials under the names of grpcio's C core. What they make is what `grpc`'s own functions put into their credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ... import _credentials as ours

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Plugin = ours.Plugin


class SslPemKeyCertPair(NamedTuple):
    """A private key and the certificates that go with it, in PEM."""

    private_key: bytes
    certificate_chain: bytes


class _Kinds(type):
    """Makes a class of names for what `grpc`'s functions make: its instances are the objects of `kinds`."""

    kinds: tuple[type, ...]

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.kinds)


class ChannelCredentials(metaclass=_Kinds):
    """What `grpc.ChannelCredentials` holds."""

    kinds: tuple[type, ...] = (ours.Plaintext, ours.ClientTls, ours.Composite, ours.UnusableClient)


class InsecureChannelCredentials(ChannelCredentials):
    """Plaintext."""

    kinds: tuple[type, ...] = (ours.Plaintext,)

    def __new__(cls) -> Any:
        return ours.insecure_channel_credentials()._credentials


class LocalChannelCredentials(ChannelCredentials):
    """Plaintext on this machine alone."""

    kinds: tuple[type, ...] = (ours.Plaintext,)

    def __new__(cls, local_connect_type: int) -> Any:
        kind = ours.LocalConnectionType(local_connect_type)
        return ours.local_channel_credentials(kind)._credentials


class SSLChannelCredentials(ChannelCredentials):
    """TLS."""

    kinds: tuple[type, ...] = (ours.ClientTls, ours.UnusableClient)

    def __new__(
        cls,
        pem_root_certificates: bytes | None,
        private_key: bytes | None,
        certificate_chain: bytes | None,
    ) -> Any:
        return ours.ssl_channel_credentials(
            pem_root_certificates, private_key, certificate_chain
        )._credentials


class CompositeChannelCredentials(ChannelCredentials):
    """Credentials of a channel with those of its calls."""

    kinds: tuple[type, ...] = (ours.Composite,)

    def __new__(cls, call_credentialses: Sequence[Any], channel_credentials: Any) -> Any:
        calls = [ours.CallCredentials(one) for one in call_credentialses]
        return ours.composite_channel_credentials(
            ours.ChannelCredentials(channel_credentials), *calls
        )._credentials


class CallCredentials(metaclass=_Kinds):
    """What `grpc.CallCredentials` holds."""

    kinds: tuple[type, ...] = (ours.CallMetadata,)


class CompositeCallCredentials(CallCredentials):
    """Several credentials of a call."""

    def __new__(cls, call_credentialses: Sequence[Any]) -> Any:
        calls = [ours.CallCredentials(one) for one in call_credentialses]
        return ours.composite_call_credentials(*calls)._credentials


class MetadataPluginCallCredentials(CallCredentials):
    """A plug-in that is called with the service's URL, the method's name and what takes its metadata, a number of a status and its text."""

    def __new__(cls, metadata_plugin: Callable[..., None], name: bytes) -> Any:
        def plugin(context: Any, callback: Any) -> None:
            def taken(metadata: Any, status: int, details: Any) -> None:
                callback(metadata, None if status == 0 else RuntimeError(_text(details)))

            url, method = context.service_url, context.method_name
            metadata_plugin(url.encode(), method.encode(), taken)

        return ours.metadata_call_credentials(plugin, _text(name))._credentials  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def _text(given: bytes | str) -> str:
    return given.decode("utf-8", "replace") if isinstance(given, bytes) else given


class ServerCredentials(metaclass=_Kinds):
    """What `grpc.ServerCredentials` holds."""

    kinds: tuple[type, ...] = (ours.Plaintext, ours.ServerTls, ours.UnusableServer)


class ServerCertificateConfig(metaclass=_Kinds):
    """What `grpc.ServerCertificateConfiguration` holds."""

    kinds: tuple[type, ...] = (tuple,)


class SSLSessionCacheLRU:
    """Every channel keeps the sessions of its servers by itself; `capacity` says nothing more."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity

    def __int__(self) -> int:
        return self._capacity


def channel_credentials_insecure() -> Any:
    """As `grpc.experimental.insecure_channel_credentials`."""
    return InsecureChannelCredentials()


def channel_credentials_local(local_connect_type: Any) -> Any:
    """As `grpc.local_channel_credentials`."""
    return LocalChannelCredentials(getattr(local_connect_type, "value", local_connect_type))


def channel_credentials_alts(service_accounts: Sequence[str]) -> Any:
    """As `grpc.alts_channel_credentials`."""
    return ours.alts_channel_credentials(service_accounts)._credentials


def channel_credentials_compute_engine(call_creds: Any) -> Any:
    """As `grpc.compute_engine_channel_credentials`."""
    return ours.compute_engine_channel_credentials(ours.CallCredentials(call_creds))._credentials


def insecure_server_credentials() -> Any:
    """As `grpc.insecure_server_credentials`."""
    return ours.insecure_server_credentials()._credentials


def server_credentials_local(local_connect_type: Any) -> Any:
    """As `grpc.local_server_credentials`."""
    kind = ours.LocalConnectionType(getattr(local_connect_type, "value", local_connect_type))
    return ours.local_server_credentials(kind)._credentials


def server_credentials_alts() -> Any:
    """As `grpc.alts_server_credentials`."""
    return ours.alts_server_credentials()._credentials


def server_credentials_ssl(
    pem_root_certs: bytes | None,
    pem_key_cert_pairs: Sequence[SslPemKeyCertPair],
    force_client_auth: bool,
) -> Any:
    """As `grpc.ssl_server_credentials`."""
    pairs = [(pair.private_key, pair.certificate_chain) for pair in pem_key_cert_pairs]
    return ours.ssl_server_credentials(pairs, pem_root_certs, force_client_auth)._credentials


def server_certificate_config_ssl(
    pem_root_certs: bytes | None, pem_key_cert_pairs: Sequence[SslPemKeyCertPair]
) -> Any:
    """As `grpc.ssl_server_certificate_configuration`."""
    pairs = [(pair.private_key, pair.certificate_chain) for pair in pem_key_cert_pairs]
    return ours.ssl_server_certificate_configuration(
        pairs, pem_root_certs
    )._certificate_configuration
