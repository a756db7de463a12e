"""The states that a channel's connection goes through."""

from __future__ import annotations

from enum import Enum, unique


@unique
class ChannelConnectivity(Enum):
    """State of a channel's connection. The value is the pair (number, lower-case name)."""

    IDLE = (0, "idle")
    CONNECTING = (1, "connecting")
    READY = (2, "ready")
    TRANSIENT_FAILURE = (3, "transient failure")
    SHUTDOWN = (4, "shutdown")
