"""`grpc._common`: tables of codes and small helpers."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from .._connectivity import ChannelConnectivity
from .._logging import logger
from .._status import STATUS_CODES
from .._status import StatusCode as _StatusCode
from ._cython.constants import StatusCode

if TYPE_CHECKING:
    from collections.abc import Callable

CYGRPC_CONNECTIVITY_STATE_TO_CHANNEL_CONNECTIVITY: dict[int, ChannelConnectivity] = {
    state.value[0]: state  # pyright: ignore[reportUnknownMemberType]
    for state in ChannelConnectivity
}
CYGRPC_STATUS_CODE_TO_STATUS_CODE: dict[StatusCode, _StatusCode] = {
    code: STATUS_CODES[code] for code in StatusCode
}
STATUS_CODE_TO_CYGRPC_STATUS_CODE: dict[_StatusCode, StatusCode] = {
    public: code for code, public in CYGRPC_STATUS_CODE_TO_STATUS_CODE.items()
}
# Seconds.
MAXIMUM_WAIT_TIMEOUT = 0.1


def encode(s: str | bytes) -> bytes:
    """Text as UTF-8; bytes as they are."""
    return s if isinstance(s, bytes) else s.encode("utf8")


def decode(b: str | bytes) -> str:
    """UTF-8 as text, with replacement characters for what is not; text as it is."""
    return b.decode("utf-8", "replace") if isinstance(b, bytes) else b


def _transform(message: Any, transformer: Callable[[Any], Any] | None, failed: str) -> Any:
    if transformer is None:
        return message
    try:
        return transformer(message)
    except Exception:
        logger("_common").exception(failed)
        return None


def serialize(message: Any, serializer: Callable[[Any], bytes] | None) -> Any:
    """The message's bytes, or None where the serializer raises, which is logged."""
    return _transform(message, serializer, "Exception serializing message!")


def deserialize(serialized_message: bytes, deserializer: Callable[[bytes], Any] | None) -> Any:
    """The message, or None where the deserializer raises, which is logged."""
    return _transform(serialized_message, deserializer, "Exception deserializing message!")


def fully_qualified_method(group: str, method: str) -> str:
    """The path of a service's method."""
    return f"/{group}/{method}"


def wait(
    wait_fn: Callable[..., Any],
    wait_complete_fn: Callable[[], bool],
    timeout: float | None = None,
    spin_cb: Callable[[], None] | None = None,
) -> bool:
    """Calls `wait_fn(timeout=...)` for a short time each, and `spin_cb` between, until `wait_complete_fn` says so. True if `timeout` seconds passed first."""
    end = None if timeout is None else monotonic() + timeout
    while not wait_complete_fn():
        patience = MAXIMUM_WAIT_TIMEOUT
        if end is not None:
            patience = min(end - monotonic(), patience)
            if patience < 0:
                return True
        wait_fn(timeout=patience)
        if spin_cb is not None:
            spin_cb()
    return False


def validate_port_binding_result(address: str, port: int) -> int:
    """The port, or a RuntimeError where it is 0."""
    if port == 0:
        raise RuntimeError(
            f"Failed to bind to address {address}; set GRPC_VERBOSITY=debug environment variable to see detailed error message."
        )
    return port
