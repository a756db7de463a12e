"""``google.protobuf.Timestamp`` as plain functions."""

from __future__ import annotations

import datetime

from russet.protobuf.timestamp_pb2 import Timestamp

__all__ = [
    "from_current_time",
    "from_json_string",
    "from_microseconds",
    "from_milliseconds",
    "from_nanoseconds",
    "from_seconds",
    "to_datetime",
    "to_json_string",
    "to_microseconds",
    "to_milliseconds",
    "to_nanoseconds",
    "to_seconds",
]


def from_json_string(value: str) -> Timestamp:
    """A timestamp of RFC 3339 text."""
    stamp = Timestamp()
    stamp.FromJsonString(value)
    return stamp


def from_microseconds(micros: int) -> Timestamp:
    """A timestamp of microseconds since 1970 in UTC."""
    stamp = Timestamp()
    stamp.FromMicroseconds(micros)
    return stamp


def from_milliseconds(millis: int) -> Timestamp:
    """A timestamp of milliseconds since 1970 in UTC."""
    stamp = Timestamp()
    stamp.FromMilliseconds(millis)
    return stamp


def from_nanoseconds(nanos: int) -> Timestamp:
    """A timestamp of nanoseconds since 1970 in UTC."""
    stamp = Timestamp()
    stamp.FromNanoseconds(nanos)
    return stamp


def from_seconds(seconds: int) -> Timestamp:
    """A timestamp of seconds since 1970 in UTC."""
    stamp = Timestamp()
    stamp.FromSeconds(seconds)
    return stamp


def from_current_time() -> Timestamp:
    """Now."""
    stamp = Timestamp()
    stamp.GetCurrentTime()
    return stamp


def to_json_string(ts: Timestamp) -> str:
    """Its form in JSON."""
    return ts.ToJsonString()


def to_microseconds(ts: Timestamp) -> int:
    """Its microseconds since 1970 in UTC."""
    return ts.ToMicroseconds()


def to_milliseconds(ts: Timestamp) -> int:
    """Its milliseconds since 1970 in UTC."""
    return ts.ToMilliseconds()


def to_nanoseconds(ts: Timestamp) -> int:
    """Its nanoseconds since 1970 in UTC."""
    return ts.ToNanoseconds()


def to_seconds(ts: Timestamp) -> int:
    """Its seconds since 1970 in UTC."""
    return ts.ToSeconds()


def to_datetime(ts: Timestamp, tz: datetime.tzinfo | None = None) -> datetime.datetime:
    """Its point in time: without a zone in UTC, else in that zone."""
    return ts.ToDatetime(tz)
