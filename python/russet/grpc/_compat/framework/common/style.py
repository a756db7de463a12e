"""Two ways to write a method."""

from __future__ import annotations

from enum import Enum, unique


@unique
class Service(Enum):
    """Whether a method returns its response or calls back with it."""

    INLINE = "inline"
    EVENT = "event"
