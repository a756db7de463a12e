"""Private names of grpcio that programs import or patch all the same: what they mean in Russet, and which programs are known to use them.

Found by reading the code of packages on PyPI. `matrix` writes them into `docs/compatibility.md`.
"""

from __future__ import annotations

from typing import NamedTuple


class Private(NamedTuple):
    """Names of a module, what they are here, and who uses them."""

    module: str
    names: tuple[str, ...]
    meaning: str
    used_by: str


REAL = "real"
CALLED = "real; what replaces one is called where grpcio calls it"
IMPORTED = "can be imported; raises at its use"

NAMES = [
    Private(
        "grpc._cython.cygrpc",
        (
            "ChannelArgKey",
            "CompressionAlgorithm",
            "CompressionLevel",
            "StatusCode",
            "OperationType",
            "ConnectivityState",
            "CallError",
            "PropagationConstants",
            "InitialMetadataFlags",
            "WriteFlag",
        ),
        REAL,
        "pymilvus, ydb",
    ),
    Private(
        "grpc._cython.cygrpc",
        (
            "EOF",
            "UsageError",
            "BaseError",
            "InternalError",
            "AbortError",
            "ExecuteBatchError",
            "AioRpcStatus",
        ),
        REAL,
        "",
    ),
    Private(
        "grpc._cython.cygrpc",
        (
            "CompositeChannelCredentials",
            "SSLChannelCredentials",
            "ChannelCredentials",
            "CallCredentials",
            "SSLSessionCacheLRU",
            "_Metadatum",
        ),
        REAL,
        "pytest-grpc",
    ),
    Private(
        "grpc._cython.cygrpc",
        ("_ServicerContext", "_SyncServicerContext", "Channel", "Server"),
        REAL,
        "",
    ),
    Private(
        "grpc._cython.cygrpc",
        ("get_fork_epoch", "init_grpc_aio", "shutdown_grpc_aio", "is_fork_support_enabled"),
        REAL,
        "ydb",
    ),
    Private(
        "grpc._cython.cygrpc",
        ("ReceiveMessageOperation", "CompletionQueue", "IntegratedCall", "channelz_get_server"),
        IMPORTED,
        "ydb",
    ),
    Private(
        "grpc._channel",
        ("_InactiveRpcError", "_MultiThreadedRendezvous", "_Rendezvous", "_RPCState"),
        REAL,
        "sentry-sdk, newrelic, elastic-apm, flytekit, nvidia-riva-client",
    ),
    Private(
        "grpc._channel",
        (
            "_UnaryUnaryMultiCallable",
            "_UnaryStreamMultiCallable",
            "_StreamUnaryMultiCallable",
            "_StreamStreamMultiCallable",
            "Channel",
        ),
        CALLED,
        "newrelic",
    ),
    Private("grpc._channel", ("_EMPTY_FLAGS", "_USER_AGENT", "_UNARY_UNARY_INITIAL_DUE"), REAL, ""),
    Private(
        "grpc._channel",
        ("_handle_event", "_event_handler", "_consume_request_iterator"),
        IMPORTED,
        "ydb",
    ),
    Private(
        "grpc._server",
        (
            "_unary_response_in_pool",
            "_stream_response_in_pool",
            "_status",
            "_abort",
            "_completion_code",
            "_abortion_code",
        ),
        CALLED,
        "newrelic",
    ),
    Private(
        "grpc._server",
        ("_Context", "_RequestIterator", "_RPCState", "_Server", "_validate_generic_rpc_handlers"),
        REAL,
        "pytest-grpc, newrelic",
    ),
    Private(
        "grpc._common",
        (
            "STATUS_CODE_TO_CYGRPC_STATUS_CODE",
            "CYGRPC_STATUS_CODE_TO_STATUS_CODE",
            "CYGRPC_CONNECTIVITY_STATE_TO_CHANNEL_CONNECTIVITY",
            "encode",
            "decode",
            "serialize",
            "deserialize",
            "fully_qualified_method",
            "validate_port_binding_result",
            "wait",
        ),
        REAL,
        "",
    ),
    Private(
        "grpc._interceptor",
        ("_ClientCallDetails", "_UnaryOutcome", "_FailureOutcome", "_Channel", "service_pipeline"),
        REAL,
        "sentry-sdk, elastic-apm",
    ),
    Private(
        "grpc._utilities",
        (
            "RpcMethodHandler",
            "DictionaryGenericHandler",
            "first_version_is_lower",
            "channel_ready_future",
        ),
        REAL,
        "generated code",
    ),
    Private(
        "grpc._typing",
        (
            "MetadataType",
            "ChannelArgumentType",
            "RequestType",
            "ResponseType",
            "SerializingFunction",
            "DeserializingFunction",
        ),
        REAL,
        "",
    ),
    Private(
        "grpc._compression", ("Gzip", "Deflate", "NoCompression", "create_channel_option"), REAL, ""
    ),
    Private("grpc._auth", ("GoogleCallCredentials", "AccessTokenAuthMetadataPlugin"), REAL, ""),
    Private("grpc._plugin_wrapping", ("metadata_plugin_call_credentials",), REAL, ""),
    Private(
        "grpc._simple_stubs",
        ("unary_unary", "unary_stream", "stream_unary", "stream_stream"),
        REAL,
        "",
    ),
    Private("grpc._observability", ("ObservabilityPlugin", "get_plugin"), REAL, ""),
    Private("grpc._observability", ("set_plugin", "observability_init"), IMPORTED, ""),
    Private("grpc._grpcio_metadata", ("__version__",), REAL, ""),
    Private(
        "grpc.aio._typing",
        (
            "ChannelArgumentType",
            "MetadataType",
            "RequestType",
            "ResponseType",
            "RequestIterableType",
            "ResponseIterableType",
            "SerializingFunction",
            "DoneCallbackType",
            "EOFType",
        ),
        REAL,
        "weaviate-client, ddtrace, nebius, pymilvus",
    ),
    Private("grpc.aio._utils", ("_timeout_to_deadline",), REAL, ""),
    Private(
        "grpc.aio._call",
        (
            "Call",
            "UnaryUnaryCall",
            "UnaryStreamCall",
            "StreamUnaryCall",
            "StreamStreamCall",
            "AioRpcError",
        ),
        REAL,
        "pymilvus",
    ),
    Private(
        "grpc.aio._interceptor",
        (
            "ClientCallDetails",
            "ClientInterceptor",
            "InterceptedUnaryUnaryCall",
            "UnaryStreamCall",
            "UnaryUnaryCallResponse",
        ),
        REAL,
        "nebius, sentry-sdk",
    ),
    Private(
        "grpc.aio._channel", ("Channel", "UnaryUnaryMultiCallable", "UnaryUnaryCall"), REAL, ""
    ),
    Private("grpc.aio._base_channel", ("Channel", "UnaryUnaryMultiCallable"), REAL, "nebius"),
    Private("grpc.aio._metadata", ("Metadata",), REAL, ""),
    Private("grpc.aio._server", ("Server",), REAL, ""),
    Private(
        "grpc.framework.foundation.future", ("Future", "TimeoutError", "CancelledError"), REAL, ""
    ),
    Private("grpc.framework.foundation.logging_pool", ("pool",), REAL, ""),
    Private("grpc.framework.foundation.stream_util", ("IterableConsumer",), REAL, ""),
    Private("grpc.framework.common.cardinality", ("Cardinality",), REAL, ""),
]
