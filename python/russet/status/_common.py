"""Between a `google.rpc.Status` and a call's code, details and trailing metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..grpc import StatusCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..rpc.status_pb2 import Status

# The trailing metadata that carries the status.
GRPC_DETAILS_METADATA_KEY = "grpc-status-details-bin"

_CODES: dict[int, StatusCode] = {code.value[0]: code for code in StatusCode}


def code_to_grpc_status_code(code: int) -> StatusCode:
    """The status code of a number; ValueError where there is none."""
    try:
        return _CODES[code]
    except KeyError:
        raise ValueError(f"Invalid status code {code}") from None


def rich_status(
    parse: Callable[[bytes], Status],
    code: Any,
    details: Any,
    trailing_metadata: Iterable[Any] | None,
) -> Status | None:
    """The status among the trailing metadata, if there is one."""
    for key, value in trailing_metadata or ():
        if key != GRPC_DETAILS_METADATA_KEY:
            continue
        status = parse(value)
        if code.value[0] != status.code:
            told = code_to_grpc_status_code(status.code)
            raise ValueError(f"Code in Status proto ({told}) doesn't match status code ({code})")
        if details != status.message:
            raise ValueError(
                f"Message in Status proto ({status.message}) doesn't match status details ({details})"
            )
        return status
    return None
