"""gRPC for asyncio: `grpc.aio`'s API.

Objects made here belong to the event loop that runs when they are made, and may be used on its thread only.
"""

from __future__ import annotations

from .._private_names import private_modules
from ._base_call import (
    Call,
    RpcContext,
    StreamStreamCall,
    StreamUnaryCall,
    UnaryStreamCall,
    UnaryUnaryCall,
)
from ._base_channel import (
    Channel,
    StreamStreamMultiCallable,
    StreamUnaryMultiCallable,
    UnaryStreamMultiCallable,
    UnaryUnaryMultiCallable,
)
from ._base_interceptor import (
    ClientCallDetails,
    ClientInterceptor,
    ServerInterceptor,
    StreamStreamClientInterceptor,
    StreamUnaryClientInterceptor,
    UnaryStreamClientInterceptor,
    UnaryUnaryClientInterceptor,
)
from ._base_server import (
    Server,
    ServicerContext,
)
from ._channel import (
    insecure_channel,
    secure_channel,
)
from ._eof import EOF
from ._errors import (
    AbortError,
    AioRpcError,
    BaseError,
    InternalError,
    UsageError,
)
from ._interceptor import InterceptedUnaryUnaryCall
from ._lifecycle import (
    init_grpc_aio,
    shutdown_grpc_aio,
)
from ._metadata import Metadata
from ._server import server

# Those that only programs for grpcio ask for.
__getattr__ = private_modules(__name__)

__all__ = (
    "EOF",
    "AbortError",
    "AioRpcError",
    "BaseError",
    "Call",
    "Channel",
    "ClientCallDetails",
    "ClientInterceptor",
    "InterceptedUnaryUnaryCall",
    "InternalError",
    "Metadata",
    "RpcContext",
    "Server",
    "ServerInterceptor",
    "ServicerContext",
    "StreamStreamCall",
    "StreamStreamClientInterceptor",
    "StreamStreamMultiCallable",
    "StreamUnaryCall",
    "StreamUnaryClientInterceptor",
    "StreamUnaryMultiCallable",
    "UnaryStreamCall",
    "UnaryStreamClientInterceptor",
    "UnaryStreamMultiCallable",
    "UnaryUnaryCall",
    "UnaryUnaryClientInterceptor",
    "UnaryUnaryMultiCallable",
    "UsageError",
    "init_grpc_aio",
    "insecure_channel",
    "secure_channel",
    "server",
    "shutdown_grpc_aio",
)
