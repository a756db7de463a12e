"""The four kinds of methods."""

from __future__ import annotations

from enum import Enum, unique


@unique
class Cardinality(Enum):
    """Which sides of a method send a stream."""

    UNARY_UNARY = "request-unary/response-unary"
    UNARY_STREAM = "request-unary/response-streaming"
    STREAM_UNARY = "request-streaming/response-unary"
    STREAM_STREAM = "request-streaming/response-streaming"
