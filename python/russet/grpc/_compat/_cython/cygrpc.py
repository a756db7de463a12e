"""`grpc._cython.cygrpc`: grpcio's extension module, as far as its names mean something here.

Constants, credentials and exceptions are real, and so are the types of contexts. Batches of operations, completion queues and events have no counterpart: those names raise at their use.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .... import _core
from ..._metadatum import _Metadatum
from ...aio._eof import EOF
from ...aio._eof import EOFType as _EOF  # noqa: N814 (its name there)
from ...aio._errors import AbortError, BaseError, InternalError, UsageError
from ...aio._plain_handlers import _SyncContext as _SyncServicerContext
from ...aio._server import _Context as _ServicerContext
from ..absent import absent_class, absent_function
from .constants import (
    GRPC_COMPRESSION_CHANNEL_DEFAULT_ALGORITHM,
    GRPC_COMPRESSION_REQUEST_ALGORITHM_MD_KEY,
    AsyncIOEngine,
    CallError,
    ChannelArgKey,
    CompletionType,
    CompressionAlgorithm,
    CompressionLevel,
    ConnectivityState,
    InitialMetadataFlags,
    LocalConnectionType,
    LogSeverityAtLeast,
    OperationType,
    PrivateKeySignatureAlgorithm,
    PropagationConstants,
    StatusCode,
    WriteFlag,
)
from .credentials import (
    CallCredentials,
    ChannelCredentials,
    CompositeCallCredentials,
    CompositeChannelCredentials,
    InsecureChannelCredentials,
    LocalChannelCredentials,
    MetadataPluginCallCredentials,
    ServerCertificateConfig,
    ServerCredentials,
    SSLChannelCredentials,
    SslPemKeyCertPair,
    SSLSessionCacheLRU,
    channel_credentials_alts,
    channel_credentials_compute_engine,
    channel_credentials_insecure,
    channel_credentials_local,
    insecure_server_credentials,
    server_certificate_config_ssl,
    server_credentials_alts,
    server_credentials_local,
    server_credentials_ssl,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = (
    "EOF",
    "GRPC_COMPRESSION_CHANNEL_DEFAULT_ALGORITHM",
    "GRPC_COMPRESSION_REQUEST_ALGORITHM_MD_KEY",
    "_EOF",
    "AbortError",
    "AioServer",
    "AsyncIOEngine",
    "BaseError",
    "CallCredentials",
    "CallError",
    "Channel",
    "ChannelArgKey",
    "ChannelCredentials",
    "CompletionType",
    "CompositeCallCredentials",
    "CompositeChannelCredentials",
    "CompressionAlgorithm",
    "CompressionLevel",
    "ConnectivityState",
    "InitialMetadataFlags",
    "InsecureChannelCredentials",
    "InternalError",
    "LocalChannelCredentials",
    "LocalConnectionType",
    "LogSeverityAtLeast",
    "MetadataPluginCallCredentials",
    "OperationType",
    "PrivateKeySignatureAlgorithm",
    "PropagationConstants",
    "SSLChannelCredentials",
    "SSLSessionCacheLRU",
    "SegregatedCall",
    "Server",
    "ServerCertificateConfig",
    "ServerCredentials",
    "SslPemKeyCertPair",
    "StatusCode",
    "UsageError",
    "WriteFlag",
    "_Metadatum",
    "_ServicerContext",
    "_SyncServicerContext",
    "channel_credentials_alts",
    "channel_credentials_compute_engine",
    "channel_credentials_insecure",
    "channel_credentials_local",
    "compression_algorithm_name",
    "get_fork_epoch",
    "init_grpc_aio",
    "init_grpc_gevent",
    "insecure_server_credentials",
    "is_fork_support_enabled",
    "server_certificate_config_ssl",
    "server_credentials_alts",
    "server_credentials_local",
    "server_credentials_ssl",
    "shutdown_grpc_aio",
)

# What drives channels, calls and servers here.
Channel = _core.Channel
Server = _core.Server
AioServer = _core.AioServer
SegregatedCall = _core.ClientCall

TYPE_METADATA_STRING = "Tuple[Tuple[str, Union[str, bytes]]...]"
_IMMUTABLE_EMPTY_METADATA: tuple[()] = ()
_EMPTY_FLAGS = 0
_EMPTY_MASK = 0
_COMPRESSION_NAMES = {0: "identity", 1: "deflate", 2: "gzip"}
_COMPRESSION_METADATA_STRING_MAPPING = _COMPRESSION_NAMES
_GRPC_ENABLE_FORK_SUPPORT = os.environ.get("GRPC_ENABLE_FORK_SUPPORT") != "0"
# gevent is found out about call by call.
g_gevent_activated = False


class ExecuteBatchError(InternalError):
    """A batch of operations failed; no batch is there to fail."""


class AioRpcStatus(Exception):
    """How a call ended, before it is a `grpc.aio.AioRpcError`."""

    def __init__(
        self,
        code: int,
        details: str | None,
        trailing_metadata: Iterable[Any] | None,
        debug_error_string: str | None,
    ) -> None:
        super().__init__(code, details)
        self._code = code
        self._details = details
        self._trailing_metadata = trailing_metadata
        self._debug_error_string = debug_error_string

    def code(self) -> int:
        """The status code's number."""
        return self._code

    def details(self) -> str | None:
        """The text that came with the code."""
        return self._details

    def trailing_metadata(self) -> Any:
        """Metadata that came with the status."""
        return self._trailing_metadata

    def debug_error_string(self) -> str | None:
        """More about where the error arose, for people to read."""
        return self._debug_error_string


class _ForkState:
    """How often this process was forked off since this module was imported."""

    epoch = 0


def _count_fork() -> None:
    _ForkState.epoch += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


def get_fork_epoch() -> int:
    """A number that is another one in a forked child."""
    return _ForkState.epoch


def is_fork_support_enabled() -> bool:
    """Whether channels and servers survive a fork: always, but for `GRPC_ENABLE_FORK_SUPPORT=0`."""
    return _GRPC_ENABLE_FORK_SUPPORT


def init_grpc_aio() -> None:
    """Does nothing: an asyncio channel or server needs no preparation."""


def shutdown_grpc_aio() -> None:
    """Does nothing: no thread serves asyncio channels and servers."""


def init_grpc_gevent() -> None:
    """As `grpc.experimental.gevent.init_gevent`."""
    from ...experimental.gevent import init_gevent

    init_gevent()


def compression_algorithm_name(algorithm: int) -> str:
    """The name that the wire has for a `CompressionAlgorithm`."""
    return _COMPRESSION_NAMES[algorithm]


_BATCHES = "channels, stubs and servers of the package `grpc` make their calls without batches of operations"
_CHANNELZ = "russet.channelz (grpc_channelz) tells of channels, servers and sockets"
_INSTRUMENTS = "russet.opentelemetry (grpc_observability) measures and traces calls"
_CREDENTIALS = "the functions of the package `grpc` make credentials"

_ABSENT_CLASSES = {
    "ALTSChannelCredentials": "grpc.alts_channel_credentials says what there is",
    "ComputeEngineChannelCredentials": "grpc.compute_engine_channel_credentials makes them",
    "XDSChannelCredentials": "grpc.xds_channel_credentials says what there is",
    "AioChannel": "grpc.aio.insecure_channel and secure_channel make channels",
    "CensusContext": _INSTRUMENTS,
    **dict.fromkeys(
        (
            "BaseCompletionQueue",
            "BaseEvent",
            "BatchOperationEvent",
            "Call",
            "CallDetails",
            "CallHandle",
            "CallbackFailureHandler",
            "CallbackWrapper",
            "CompletionQueue",
            "CompressionOptions",
            "ConnectivityEvent",
            "ForkManagedThread",
            "GrpcCallWrapper",
            "IntegratedCall",
            "OnCompleteWrapper",
            "Operation",
            "PollerCompletionQueue",
            "RPCState",
            "ReceiveCloseOnServerOperation",
            "ReceiveInitialMetadataOperation",
            "ReceiveMessageOperation",
            "ReceiveStatusOnClientOperation",
            "RegisteredMethod",
            "RequestCallEvent",
            "SendCloseFromClientOperation",
            "SendInitialMetadataOperation",
            "SendMessageOperation",
            "SendStatusFromServerOperation",
            "ServerShutdownEvent",
            "_AioCall",
            "_HandlerCallDetails",
            "_MessageReceiver",
        ),
        _BATCHES,
    ),
}
_ABSENT_FUNCTIONS = {
    "server_credentials_ssl_dynamic_cert_config": _CREDENTIALS,
    "xds_server_credentials": _CREDENTIALS,
    "dump_xds_configs": "there is no xDS",
    **dict.fromkeys(
        (
            "channelz_get_channel",
            "channelz_get_server",
            "channelz_get_server_sockets",
            "channelz_get_servers",
            "channelz_get_socket",
            "channelz_get_subchannel",
            "channelz_get_top_channels",
        ),
        _CHANNELZ,
    ),
    **dict.fromkeys(
        (
            "build_census_context",
            "clear_server_call_tracer_factory",
            "get_deadline_from_context",
            "get_server_call_tracer_factory_address",
            "install_context_from_request_call_event",
            "install_context_from_request_call_event_aio",
            "maybe_save_server_trace_context",
            "set_census_context_on_call",
            "set_instrumentation_context_on_call_aio",
            "uninstall_context",
        ),
        _INSTRUMENTS,
    ),
    **dict.fromkeys(
        ("peer_identities", "peer_identity_key", "auth_context"),
        "a handler's context has these as methods",
    ),
    **dict.fromkeys(
        (
            "async_callback_func",
            "async_generator_to_generator",
            "block_if_fork_in_progress",
            "enter_user_request_generator",
            "execute_batch",
            "fork_handlers_and_grpc_init",
            "fork_register_channel",
            "fork_unregister_channel",
            "generator_to_async_generator",
            "get_working_loop",
            "reset_grpc_config_vars",
            "return_from_user_request_generator",
            "schedule_coro_threadsafe",
            "set_async_callback_func",
        ),
        _BATCHES,
    ),
}


def __getattr__(name: str) -> Any:
    """Make a stand-in when it is first asked for; it stays the same object."""
    full = f"grpc._cython.cygrpc.{name}"
    if name in _ABSENT_CLASSES:
        made: Any = absent_class(full, _ABSENT_CLASSES[name])
    elif name in _ABSENT_FUNCTIONS:
        made = absent_function(full, _ABSENT_FUNCTIONS[name])
    else:
        raise AttributeError(f"module 'grpc._cython.cygrpc' has no attribute {name!r}")
    globals()[name] = made
    return made


def __dir__() -> list[str]:
    return sorted({*globals(), *_ABSENT_CLASSES, *_ABSENT_FUNCTIONS})
