"""``google.protobuf.Duration`` as plain functions."""

from __future__ import annotations

import datetime

from russet.protobuf.duration_pb2 import Duration

__all__ = [
    "from_json_string",
    "from_microseconds",
    "from_milliseconds",
    "from_nanoseconds",
    "from_seconds",
    "from_timedelta",
    "to_json_string",
    "to_microseconds",
    "to_milliseconds",
    "to_nanoseconds",
    "to_seconds",
    "to_timedelta",
]


def from_json_string(value: str) -> Duration:
    """A duration of text such as `1.5s`."""
    span = Duration()
    span.FromJsonString(value)
    return span


def from_microseconds(micros: int) -> Duration:
    """A duration of microseconds."""
    span = Duration()
    span.FromMicroseconds(micros)
    return span


def from_milliseconds(millis: int) -> Duration:
    """A duration of milliseconds."""
    span = Duration()
    span.FromMilliseconds(millis)
    return span


def from_nanoseconds(nanos: int) -> Duration:
    """A duration of nanoseconds."""
    span = Duration()
    span.FromNanoseconds(nanos)
    return span


def from_seconds(seconds: int) -> Duration:
    """A duration of seconds."""
    span = Duration()
    span.FromSeconds(seconds)
    return span


def from_timedelta(td: datetime.timedelta) -> Duration:
    """A duration of a ``timedelta``."""
    span = Duration()
    span.FromTimedelta(td)
    return span


def to_json_string(duration: Duration) -> str:
    """Its form in JSON."""
    return duration.ToJsonString()


def to_microseconds(duration: Duration) -> int:
    """Its microseconds."""
    return duration.ToMicroseconds()


def to_milliseconds(duration: Duration) -> int:
    """Its milliseconds."""
    return duration.ToMilliseconds()


def to_nanoseconds(duration: Duration) -> int:
    """Its nanoseconds."""
    return duration.ToNanoseconds()


def to_seconds(duration: Duration) -> int:
    """Its seconds."""
    return duration.ToSeconds()


def to_timedelta(duration: Duration) -> datetime.timedelta:
    """Its ``timedelta``, to the microsecond."""
    return duration.ToTimedelta()
