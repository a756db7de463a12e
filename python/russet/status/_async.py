"""Errors with details, for calls of `grpc.aio`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..grpc import aio
from ..rpc import status_pb2
from ._common import GRPC_DETAILS_METADATA_KEY as GRPC_DETAILS_METADATA_KEY
from ._common import code_to_grpc_status_code as code_to_grpc_status_code
from ._common import rich_status

if TYPE_CHECKING:
    from ..rpc.status_pb2 import Status

__all__ = ["from_call"]


async def from_call(call: aio.Call | aio.AioRpcError) -> Status | None:
    """The status that a call ended with; None where the server sent no details. Takes the call, or the error it raised.

    Raises ValueError where code or message of the status are not the call's.
    """
    parse = status_pb2.Status.FromString
    if isinstance(call, aio.AioRpcError):
        return rich_status(parse, call.code(), call.details(), call.trailing_metadata())
    trailing_metadata: Any = await call.trailing_metadata()
    return rich_status(parse, await call.code(), await call.details(), trailing_metadata)
