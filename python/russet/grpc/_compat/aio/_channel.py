"""What `grpc.aio._channel` has besides the classes of channels and multi-callables."""

from __future__ import annotations

from ..._version import USER_AGENT as _USER_AGENT
from ...aio._base_call import StreamStreamCall, StreamUnaryCall, UnaryStreamCall, UnaryUnaryCall
from ...aio._base_interceptor import (
    ClientInterceptor,
    StreamStreamClientInterceptor,
    StreamUnaryClientInterceptor,
    UnaryStreamClientInterceptor,
    UnaryUnaryClientInterceptor,
)
from ...aio._channel import _Method as _BaseMultiCallable
from ._typing import RequestType, ResponseType
from ._utils import _timeout_to_deadline

__all__ = (
    "_USER_AGENT",
    "ClientInterceptor",
    "RequestType",
    "ResponseType",
    "StreamStreamCall",
    "StreamStreamClientInterceptor",
    "StreamUnaryCall",
    "StreamUnaryClientInterceptor",
    "UnaryStreamCall",
    "UnaryStreamClientInterceptor",
    "UnaryUnaryCall",
    "UnaryUnaryClientInterceptor",
    "_BaseMultiCallable",
    "_timeout_to_deadline",
)
