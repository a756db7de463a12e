"""gRPC for Python: `grpcio`'s API.

`grpc.aio` is the asyncio side and `grpc.experimental` the experimental one; both are loaded when first used.
"""

from __future__ import annotations

import atexit as _atexit

from .. import _core
from ._base_call import (
    Call,
    Future,
    RpcContext,
)
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
from ._base_server import (
    GenericRpcHandler,
    HandlerCallDetails,
    RpcMethodHandler,
    Server,
    ServerInterceptor,
    ServicerContext,
    ServiceRpcHandler,
)
from ._channel import (
    insecure_channel,
    secure_channel,
)
from ._compression import Compression
from ._connectivity import ChannelConnectivity
from ._credentials import (
    AuthMetadataContext,
    AuthMetadataPlugin,
    AuthMetadataPluginCallback,
    CallCredentials,
    ChannelCredentials,
    LocalConnectionType,
    ServerCertificateConfiguration,
    ServerCredentials,
    access_token_call_credentials,
    alts_channel_credentials,
    alts_server_credentials,
    composite_call_credentials,
    composite_channel_credentials,
    compute_engine_channel_credentials,
    dynamic_ssl_server_credentials,
    insecure_server_credentials,
    local_channel_credentials,
    local_server_credentials,
    metadata_call_credentials,
    ssl_channel_credentials,
    ssl_server_certificate_configuration,
    ssl_server_credentials,
    xds_channel_credentials,
    xds_server_credentials,
)
from ._errors import (
    FutureCancelledError,
    FutureTimeoutError,
    RpcError,
)
from ._handlers import (
    method_handlers_generic_handler,
    stream_stream_rpc_method_handler,
    stream_unary_rpc_method_handler,
    unary_stream_rpc_method_handler,
    unary_unary_rpc_method_handler,
)
from ._interceptor import intercept_channel
from ._private_names import import_as_grpcio_does as _import_as_grpcio_does
from ._private_names import private_modules as _private_modules
from ._runtime_protos import (
    protos,
    protos_and_services,
    services,
)
from ._server import server
from ._status import (
    Status,
    StatusCode,
)
from ._tracing import set_up as _set_up_logs
from ._utilities import channel_ready_future
from ._version import __version__ as __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import aio as aio
    from . import experimental as experimental

# Submodules that are loaded on their first use.
_SUBMODULES = ("aio", "experimental")
_private_module = _private_modules(__name__)

_set_up_logs()

# Registered before a program can register what uses channels, and so called after that.
_atexit.register(_core.shut_out_own_threads)


def __getattr__(name: str) -> Any:
    """Load `grpc.aio` and `grpc.experimental` on first use: asyncio alone would double the time that the import takes."""
    if name in _SUBMODULES:
        from importlib import import_module

        module = import_module(f"{__name__}.{name}")
        _import_as_grpcio_does(f"grpc.{name}")
        return module
    return _private_module(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBMODULES})


__all__ = (
    "AuthMetadataContext",
    "AuthMetadataPlugin",
    "AuthMetadataPluginCallback",
    "Call",
    "CallCredentials",
    "Channel",
    "ChannelConnectivity",
    "ChannelCredentials",
    "ClientCallDetails",
    "Compression",
    "Future",
    "FutureCancelledError",
    "FutureTimeoutError",
    "GenericRpcHandler",
    "HandlerCallDetails",
    "LocalConnectionType",
    "RpcContext",
    "RpcError",
    "RpcMethodHandler",
    "Server",
    "ServerCertificateConfiguration",
    "ServerCredentials",
    "ServerInterceptor",
    "ServiceRpcHandler",
    "ServicerContext",
    "Status",
    "StatusCode",
    "StreamStreamClientInterceptor",
    "StreamStreamMultiCallable",
    "StreamUnaryClientInterceptor",
    "StreamUnaryMultiCallable",
    "UnaryStreamClientInterceptor",
    "UnaryStreamMultiCallable",
    "UnaryUnaryClientInterceptor",
    "UnaryUnaryMultiCallable",
    "access_token_call_credentials",
    "alts_channel_credentials",
    "alts_server_credentials",
    "channel_ready_future",
    "composite_call_credentials",
    "composite_channel_credentials",
    "compute_engine_channel_credentials",
    "dynamic_ssl_server_credentials",
    "insecure_channel",
    "insecure_server_credentials",
    "intercept_channel",
    "local_channel_credentials",
    "local_server_credentials",
    "metadata_call_credentials",
    "method_handlers_generic_handler",
    "protos",
    "protos_and_services",
    "secure_channel",
    "server",
    "services",
    "ssl_channel_credentials",
    "ssl_server_certificate_configuration",
    "ssl_server_credentials",
    "stream_stream_rpc_method_handler",
    "stream_unary_rpc_method_handler",
    "unary_stream_rpc_method_handler",
    "unary_unary_rpc_method_handler",
    "xds_channel_credentials",
    "xds_server_credentials",
)
