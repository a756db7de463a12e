"""The parts of the API that may change: simple stubs, and helpers around handlers and credentials."""

from __future__ import annotations

import functools
import warnings
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Callable, TypeVar, Union, cast

from .. import _credentials
from .._base_server import handler_behavior
from .._credentials import insecure_channel_credentials

if TYPE_CHECKING:
    from .._base_server import RpcMethodHandler
    from .._compression import Compression
    from .._credentials import ChannelCredentials
    from .._handlers import MethodHandler
    from . import aio as aio

_FunctionT = TypeVar("_FunctionT", bound=Callable[..., Any])


class ChannelOptions:
    """Names of channel options that only the Python API knows.

    `SingleThreadedUnaryStream` asks for response streams without a thread of their own. That is always so here; the option is accepted and changes nothing.
    """

    SingleThreadedUnaryStream = "SingleThreadedUnaryStream"


# Compression by Zstandard: faster than gzip, and smaller. For the parameters `compression` and for `set_compression`, beside the members of `grpc.Compression`. A server uses it where the client accepts it; a client must know that its server does. Not in grpcio.
ZSTD = cast("Compression", 3)


class UsageError(Exception):
    """The API was used in a way that it does not allow."""


class ExperimentalApiWarning(Warning):
    """An experimental function was used; the warning is given once a function."""


_warned: set[str] = set()


def experimental_api(f: _FunctionT) -> _FunctionT:
    """Decorate a function so that its first use gives an `ExperimentalApiWarning`."""

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if f.__name__ not in _warned:
            _warned.add(f.__name__)
            warnings.warn(
                f"'{f.__name__}' is an experimental API. It may change or go away in a minor release.",
                ExperimentalApiWarning,
                stacklevel=2,
            )
        return f(*args, **kwargs)

    return wrapper  # type: ignore[return-value]


def wrap_server_method_handler(
    wrapper: Callable[[Any], Any], handler: MethodHandler[Any, Any] | None
) -> RpcMethodHandler[Any, Any] | None:
    """A copy of `handler` whose behavior is `wrapper(behavior)`; None for None."""
    if not handler:
        return None
    name, behavior = handler_behavior(handler)
    replaced: RpcMethodHandler[Any, Any] = handler._replace(**{name: wrapper(behavior)})
    return replaced


class PrivateKeySignatureAlgorithm(IntEnum):
    """How a custom signer signs: the hash of what it is given, which it makes itself, and the padding."""

    RSA_PKCS1_SHA256 = 0
    RSA_PKCS1_SHA384 = 1
    RSA_PKCS1_SHA512 = 2
    ECDSA_SECP256R1_SHA256 = 3
    ECDSA_SECP384R1_SHA384 = 4
    ECDSA_SECP521R1_SHA512 = 5
    RSA_PSS_RSAE_SHA256 = 6
    RSA_PSS_RSAE_SHA384 = 7
    RSA_PSS_RSAE_SHA512 = 8


PrivateKeySignCancel = Callable[[], None]
PrivateKeySignOnComplete = Callable[[Union[bytes, Exception]], None]
# Called with (bytes to sign, signature algorithm, on_complete); returns the signature, or a function that cancels the signing.
CustomPrivateKeySign = Callable[
    [bytes, PrivateKeySignatureAlgorithm, PrivateKeySignOnComplete],
    Union[bytes, PrivateKeySignCancel],
]


@experimental_api
def ssl_channel_credentials_with_custom_signer(
    *,
    private_key_sign_fn: CustomPrivateKeySign,
    root_certificates: bytes | None = None,
    certificate_chain: bytes,
) -> ChannelCredentials:
    """Credentials for a TLS channel whose private key stays elsewhere, such as in a hardware module.

    `private_key_sign_fn(data, algorithm, on_complete)` is called on a thread of the handshake's own when a server asks for the client's certificate, so it may block. It returns the signature of `data`; or a function that cancels, and calls `on_complete` with the signature or an exception when it is done. The function that cancels is called when the connection is given up before. An ECDSA signature is in DER, as TLS has it. The key of `certificate_chain`, PEM, is RSA or ECDSA on P-256, P-384 or P-521. Raises ValueError for what cannot be read.
    """

    def sign(data: bytes, algorithm: int, on_complete: PrivateKeySignOnComplete) -> Any:
        return private_key_sign_fn(data, PrivateKeySignatureAlgorithm(algorithm), on_complete)

    return _credentials.ssl_channel_credentials_with_signer(
        root_certificates, certificate_chain, sign
    )


def unverified_ssl_channel_credentials(
    private_key: bytes | None = None, certificate_chain: bytes | None = None
) -> ChannelCredentials:
    """Credentials for a TLS channel that believes every server: encrypted, but to whom is not known. For tests; it warns each time.

    Whoever is between the two ends can read and change everything. Not in grpcio.
    """
    warnings.warn(
        "this channel will not check who its server is: use ssl_channel_credentials outside of tests",
        RuntimeWarning,
        stacklevel=2,
    )
    return _credentials.unverified_ssl_channel_credentials(private_key, certificate_chain)


def __getattr__(name: str) -> Any:
    """Load `grpc.experimental.aio`, which brings asyncio, and `session_cache` on first use."""
    if name in ("aio", "session_cache"):
        from importlib import import_module

        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# Last, since the simple stubs are decorated with `experimental_api`.
from ._simple_stubs import stream_stream, stream_unary, unary_stream, unary_unary  # noqa: E402

__all__ = (
    "ZSTD",
    "ChannelOptions",
    "CustomPrivateKeySign",
    "ExperimentalApiWarning",
    "PrivateKeySignCancel",
    "PrivateKeySignOnComplete",
    "PrivateKeySignatureAlgorithm",
    "UsageError",
    "experimental_api",
    "insecure_channel_credentials",
    "ssl_channel_credentials_with_custom_signer",
    "stream_stream",
    "stream_unary",
    "unary_stream",
    "unary_unary",
    "unverified_ssl_channel_credentials",
    "wrap_server_method_handler",
)
