"""What `grpc.aio._interceptor` has: interceptors, and the calls that they see and make."""

from __future__ import annotations

from ...aio._base_interceptor import ClientCallDetails, ClientInterceptor, ServerInterceptor
from ...aio._eof import EOFType
from ...aio._interceptor import API_STYLE_ERROR as _API_STYLE_ERROR
from ...aio._interceptor import LOCAL_CANCELLATION_DETAILS as _LOCAL_CANCELLATION_DETAILS
from ...aio._interceptor import RPC_ALREADY_FINISHED as _RPC_ALREADY_FINISHED_DETAILS
from ...aio._interceptor import RPC_HALF_CLOSED as _RPC_HALF_CLOSED_DETAILS
from ...aio._interceptor import _InterceptedCall as InterceptedCall
from ...aio._interceptor import _ResponseIterator as StreamStreamCallResponseIterator
from ...aio._interceptor import _ResponseIterator as UnaryStreamCallResponseIterator
from ...aio._interceptor import _StreamRequestCall as _InterceptedStreamRequestMixin
from ...aio._interceptor import _StreamResponseCall as _InterceptedStreamResponseMixin
from ...aio._interceptor import _UnaryResponse as UnaryUnaryCallResponse
from ...aio._interceptor import _UnaryResponseCall as _InterceptedUnaryResponseMixin
from ._typing import RequestType, ResponseType
from ._utils import _timeout_to_deadline

__all__ = (
    "_API_STYLE_ERROR",
    "_LOCAL_CANCELLATION_DETAILS",
    "_RPC_ALREADY_FINISHED_DETAILS",
    "_RPC_HALF_CLOSED_DETAILS",
    "ClientCallDetails",
    "ClientInterceptor",
    "EOFType",
    "InterceptedCall",
    "RequestType",
    "ResponseType",
    "ServerInterceptor",
    "StreamStreamCallResponseIterator",
    "UnaryStreamCallResponseIterator",
    "UnaryUnaryCallResponse",
    "_InterceptedStreamRequestMixin",
    "_InterceptedStreamResponseMixin",
    "_InterceptedUnaryResponseMixin",
    "_timeout_to_deadline",
)

_StreamCallResponseIterator = UnaryStreamCallResponseIterator
