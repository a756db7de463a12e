"""Errors with details: a `google.rpc.Status` in a call's trailing metadata.

A server ends a call by `context.abort_with_status(to_status(status))`; a client gets the status back from the error it caught by `from_call(error)`, or `await aio.from_call(error)`. The messages are in `russet.rpc`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .. import grpc
from ..rpc import code_pb2 as code_pb2
from ..rpc import status_pb2
from . import _async as aio
from ._common import GRPC_DETAILS_METADATA_KEY, code_to_grpc_status_code, rich_status

if TYPE_CHECKING:
    from ..rpc.status_pb2 import Status

__all__ = ["aio", "from_call", "to_status"]


class _Fields(NamedTuple):
    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, str | bytes], ...]


class _Status(_Fields, grpc.Status):  # type: ignore[misc]  # pyright: ignore[reportIncompatibleVariableOverride]
    pass


def from_call(call: grpc.Call) -> Status | None:
    """The status that a call ended with; None where the server sent no details.

    Raises ValueError where code or message of the status are not the call's.
    """
    # By the module's attribute, so that a test's replacement is used.
    parse = status_pb2.Status.FromString
    return rich_status(parse, call.code(), call.details(), call.trailing_metadata())


def to_status(status: Status) -> grpc.Status:
    """What `ServicerContext.abort_with_status` takes, with all details of a status.

    Raises ValueError where its code is not one of gRPC's.
    """
    details = (GRPC_DETAILS_METADATA_KEY, status.SerializeToString())
    return _Status(code_to_grpc_status_code(status.code), status.message, (details,))
