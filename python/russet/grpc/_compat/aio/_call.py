"""What `grpc.aio._call` has besides the classes of calls."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from ..._status import STATUS_CODES
from ...aio._base_call import Call, RpcContext
from ...aio._eof import EOFType
from ...aio._errors import AioRpcError
from ...aio._interceptor import API_STYLE_ERROR as _API_STYLE_ERROR
from ...aio._interceptor import LOCAL_CANCELLATION_DETAILS as _LOCAL_CANCELLATION_DETAILS
from ...aio._interceptor import RPC_ALREADY_FINISHED as _RPC_ALREADY_FINISHED_DETAILS
from ...aio._interceptor import RPC_HALF_CLOSED as _RPC_HALF_CLOSED_DETAILS
from ...aio._metadata import Metadata
from ._typing import RequestType, ResponseType

if TYPE_CHECKING:
    from .._cython.cygrpc import AioRpcStatus

__all__ = (
    "_API_STYLE_ERROR",
    "_LOCAL_CANCELLATION_DETAILS",
    "_RPC_ALREADY_FINISHED_DETAILS",
    "_RPC_HALF_CLOSED_DETAILS",
    "Call",
    "EOFType",
    "RequestType",
    "ResponseType",
    "RpcContext",
)

_GC_CANCELLATION_DETAILS = "Cancelled upon garbage collection!"


class _APIStyle(IntEnum):  # pyright: ignore[reportUnusedClass]
    """How a stream is read and written: not yet decided, by iterating, or by `read` and `write`."""

    UNKNOWN = 0
    ASYNC_GENERATOR = 1
    READER_WRITER = 2


def _create_rpc_error(  # pyright: ignore[reportUnusedFunction]
    initial_metadata: Metadata, status: AioRpcStatus
) -> AioRpcError:
    """The error of a status."""
    return AioRpcError(
        STATUS_CODES[status.code()],
        Metadata.from_tuple(initial_metadata),
        Metadata.from_tuple(status.trailing_metadata()),
        details=status.details(),
        debug_error_string=status.debug_error_string(),
    )
