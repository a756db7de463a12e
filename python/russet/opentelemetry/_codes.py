"""Names of methods and of statuses, as metrics and spans have them."""

from __future__ import annotations

from .. import grpc

_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}


def code_name(number: int) -> str:
    """The name of a status code, as "NOT_FOUND"; "UNKNOWN" of a number that none has."""
    return _NAMES.get(number, "UNKNOWN")
