"""Status codes and the status object that ends an RPC. Holds no wire format."""

from __future__ import annotations

from abc import ABC
from enum import Enum, unique

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._typing import MetadataType


@unique
class StatusCode(Enum):
    """How an RPC ended. The value is the pair (number on the wire, lower-case name)."""

    OK = (0, "ok")
    CANCELLED = (1, "cancelled")
    UNKNOWN = (2, "unknown")
    INVALID_ARGUMENT = (3, "invalid argument")
    DEADLINE_EXCEEDED = (4, "deadline exceeded")
    NOT_FOUND = (5, "not found")
    ALREADY_EXISTS = (6, "already exists")
    PERMISSION_DENIED = (7, "permission denied")
    RESOURCE_EXHAUSTED = (8, "resource exhausted")
    FAILED_PRECONDITION = (9, "failed precondition")
    ABORTED = (10, "aborted")
    OUT_OF_RANGE = (11, "out of range")
    UNIMPLEMENTED = (12, "unimplemented")
    INTERNAL = (13, "internal")
    UNAVAILABLE = (14, "unavailable")
    DATA_LOSS = (15, "data loss")
    UNAUTHENTICATED = (16, "unauthenticated")


# Indexed by the number on the wire.
STATUS_CODES: tuple[StatusCode, ...] = tuple(StatusCode)


class Status(ABC):
    """What `ServicerContext.abort_with_status` takes: any object with these three attributes."""

    code: StatusCode
    details: str
    trailing_metadata: MetadataType | None
