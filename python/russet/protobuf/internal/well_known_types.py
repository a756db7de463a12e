"""What the classes of well-known types can do beyond plain messages: mixins, put beside ``Message`` when their classes are made.

Formats and limits are those of the ProtoJSON specification; each value out of its range is a ``ValueError``.
"""

from __future__ import annotations

import calendar
import collections.abc
import datetime
import re
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping
from typing import TYPE_CHECKING, cast
from typing import Any as _Any

from russet.protobuf.internal.field_mask import FieldMask

__all__ = [
    "WKTBASES",
    "Any",
    "Duration",
    "FieldMask",
    "ListValue",
    "Struct",
    "Timestamp",
]

if TYPE_CHECKING:
    from russet._core import Descriptor, Message

# Mixins have no place of their own; what they set are fields of the message. As a literal, it would forbid that.
_NO_SLOTS: tuple[str, ...] = ()

_NANOS_PER_SECOND = 1_000_000_000
_NANOS_PER_MILLISECOND = 1_000_000
_NANOS_PER_MICROSECOND = 1_000
_SECONDS_PER_DAY = 86_400
# 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
_TIMESTAMP_SECONDS_MIN = -62_135_596_800
_TIMESTAMP_SECONDS_MAX = 253_402_300_799
# About 10,000 years.
_DURATION_SECONDS_MAX = 315_576_000_000
_EPOCH = datetime.datetime(1970, 1, 1)
_EPOCH_UTC = _EPOCH.replace(tzinfo=datetime.timezone.utc)
_TIMESTAMP_FORMAT = "%Y-%m-%dT%H:%M:%S"
_OFFSET = re.compile(r"([+-])(\d{1,2}):(\d{1,2})")


def _toward_zero(value: int, divisor: int) -> int:
    """Division that drops the remainder, of negative numbers too."""
    return -(-value // divisor) if value < 0 else value // divisor


def _fraction(nanos: int) -> str:
    """The shortest of 0, 3, 6 and 9 digits that shows all of ``nanos``, with its point."""
    if nanos == 0:
        return ""
    if nanos % _NANOS_PER_MILLISECOND == 0:
        return f".{nanos // _NANOS_PER_MILLISECOND:03d}"
    if nanos % _NANOS_PER_MICROSECOND == 0:
        return f".{nanos // _NANOS_PER_MICROSECOND:06d}"
    return f".{nanos:09d}"


class Any:
    """A message of any type, with its type's URL."""

    __slots__ = _NO_SLOTS
    type_url: str
    value: bytes

    def Pack(
        self,
        msg: Message,
        type_url_prefix: str = "type.googleapis.com/",
        deterministic: bool | None = None,
    ) -> None:
        """Makes this hold a message."""
        separator = "" if type_url_prefix.endswith("/") else "/"
        self.type_url = f"{type_url_prefix}{separator}{msg.DESCRIPTOR.full_name}"
        self.value = msg.SerializeToString(deterministic=deterministic)

    def Unpack(self, msg: Message) -> bool:
        """Parses what this holds into ``msg``; ``False`` if it is of another type."""
        if not self.Is(msg.DESCRIPTOR):
            return False
        msg.ParseFromString(self.value)
        return True

    def TypeName(self) -> str:
        """The full name of the type that this holds."""
        return self.type_url.rpartition("/")[2]

    def Is(self, descriptor: Descriptor) -> bool:
        """Whether this holds a message of a type."""
        return "/" in self.type_url and self.TypeName() == descriptor.full_name


class Timestamp:
    """A point in time, to the nanosecond."""

    __slots__ = _NO_SLOTS
    seconds: int
    nanos: int

    def ToJsonString(self) -> str:
        """RFC 3339 in UTC, with 0, 3, 6 or 9 digits of the second's fraction."""
        _check_timestamp(self.seconds, self.nanos)
        moment = _EPOCH + datetime.timedelta(seconds=self.seconds)
        return f"{moment.isoformat()}{_fraction(self.nanos)}Z"

    def FromJsonString(self, value: str) -> None:
        """Reads RFC 3339, with any offset and up to 9 digits of a second's fraction."""
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(f"Timestamp JSON value not a string: {value!r}")  # noqa: TRY004 - the original's
        at = value.find("Z")
        if at == -1:
            at = value.find("+")
        if at == -1:
            at = value.rfind("-")
        if at == -1:
            raise ValueError("Failed to parse timestamp: missing valid timezone offset.")
        moment, _, digits = value[:at].partition(".")
        offset = value[at:]
        if "t" in moment:
            raise ValueError(
                f"time data '{moment}' does not match format '{_TIMESTAMP_FORMAT}', lowercase 't' is not accepted"
            )
        since = datetime.datetime.strptime(moment, _TIMESTAMP_FORMAT) - _EPOCH
        seconds = since.days * _SECONDS_PER_DAY + since.seconds
        if len(digits) > 9:
            raise ValueError(
                f"Failed to parse Timestamp: nanos {digits} more than 9 fractional digits."
            )
        if digits and not (digits.isascii() and digits.isdigit()):
            raise ValueError(f"Failed to parse Timestamp: {digits!r} is no fraction of a second.")
        nanos = int(digits.ljust(9, "0")) if digits else 0
        if offset[0] == "Z":
            if len(offset) > 1:
                raise ValueError(f"Failed to parse timestamp: invalid trailing data {value}.")
        else:
            match = _OFFSET.fullmatch(offset)
            if match is None:
                raise ValueError(f"Invalid timezone offset value: {offset}.")
            sign, hours, minutes = match.groups()
            distance = (int(hours) * 60 + int(minutes)) * 60
            seconds += distance if sign == "-" else -distance
        self._set(seconds, nanos)

    def _set(self, seconds: int, nanos: int) -> None:
        _check_timestamp(seconds, nanos)
        self.seconds = seconds
        self.nanos = nanos

    def GetCurrentTime(self) -> None:
        """Sets this to now, to the microsecond."""
        self.FromDatetime(datetime.datetime.now(tz=datetime.timezone.utc))

    def ToNanoseconds(self) -> int:
        """Nanoseconds since the epoch."""
        _check_timestamp(self.seconds, self.nanos)
        return self.seconds * _NANOS_PER_SECOND + self.nanos

    def ToMicroseconds(self) -> int:
        """Microseconds since the epoch, rounded down."""
        return self.ToNanoseconds() // _NANOS_PER_MICROSECOND

    def ToMilliseconds(self) -> int:
        """Milliseconds since the epoch, rounded down."""
        return self.ToNanoseconds() // _NANOS_PER_MILLISECOND

    def ToSeconds(self) -> int:
        """Seconds since the epoch, rounded down."""
        _check_timestamp(self.seconds, self.nanos)
        return self.seconds

    def FromNanoseconds(self, nanos: int) -> None:
        """Sets this from nanoseconds since the epoch."""
        self._set(*divmod(nanos, _NANOS_PER_SECOND))

    def FromMicroseconds(self, micros: int) -> None:
        """Sets this from microseconds since the epoch."""
        self.FromNanoseconds(micros * _NANOS_PER_MICROSECOND)

    def FromMilliseconds(self, millis: int) -> None:
        """Sets this from milliseconds since the epoch."""
        self.FromNanoseconds(millis * _NANOS_PER_MILLISECOND)

    def FromSeconds(self, seconds: int) -> None:
        """Sets this from seconds since the epoch."""
        self._set(seconds, 0)

    def ToDatetime(self, tzinfo: datetime.tzinfo | None = None) -> datetime.datetime:
        """A datetime, cut to the microsecond: naive and in UTC, or in a given time zone."""
        _check_timestamp(self.seconds, self.nanos)
        # Not fromtimestamp, which is neither exact nor of full range on every platform.
        since = datetime.timedelta(
            seconds=self.seconds, microseconds=_toward_zero(self.nanos, _NANOS_PER_MICROSECOND)
        )
        return _EPOCH + since if tzinfo is None else (_EPOCH_UTC + since).astimezone(tzinfo)

    def FromDatetime(self, dt: datetime.datetime) -> None:
        """Sets this from a datetime; a naive one is taken as UTC."""
        if not isinstance(dt, datetime.datetime) and type(dt).__name__ != "datetime":  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(
                f"Fail to convert to Timestamp. Expected a datetime object got {type(dt).__name__}"
            )
        try:
            seconds = calendar.timegm(dt.utctimetuple())
            nanos = dt.microsecond * _NANOS_PER_MICROSECOND
        except AttributeError as error:
            raise AttributeError(
                f"Fail to convert to Timestamp. Expected a datetime like object got {type(dt).__name__} : {error}"
            ) from error
        self._set(seconds, nanos)

    def _internal_assign(self, dt: datetime.datetime) -> None:
        self.FromDatetime(dt)

    def __add__(self, value: Duration | datetime.timedelta) -> datetime.datetime:
        return self.ToDatetime() + (value.ToTimedelta() if isinstance(value, Duration) else value)

    __radd__ = __add__

    def __sub__(self, value: _Any) -> _Any:
        if isinstance(value, Timestamp):
            return self.ToDatetime() - value.ToDatetime()
        return self.ToDatetime() - (value.ToTimedelta() if isinstance(value, Duration) else value)

    def __rsub__(self, dt: datetime.datetime) -> datetime.timedelta:
        return dt - self.ToDatetime()


def _check_timestamp(seconds: int, nanos: int) -> None:
    if not _TIMESTAMP_SECONDS_MIN <= seconds <= _TIMESTAMP_SECONDS_MAX:
        raise ValueError(
            f"Timestamp is not valid: Seconds {seconds} must be in range "
            f"[{_TIMESTAMP_SECONDS_MIN}, {_TIMESTAMP_SECONDS_MAX}]."
        )
    if not 0 <= nanos < _NANOS_PER_SECOND:
        raise ValueError(
            f"Timestamp is not valid: Nanos {nanos} must be in a range [0, 999999999]."
        )


class Duration:
    """A signed span of time, to the nanosecond."""

    __slots__ = _NO_SLOTS
    seconds: int
    nanos: int

    def ToJsonString(self) -> str:
        """Seconds with 0, 3, 6 or 9 digits of their fraction, then ``s``."""
        _check_duration(self.seconds, self.nanos)
        sign = "-" if self.seconds < 0 or self.nanos < 0 else ""
        return f"{sign}{abs(self.seconds)}{_fraction(abs(self.nanos))}s"

    def FromJsonString(self, value: str) -> None:
        """Reads seconds with any fraction, then ``s``."""
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(f"Duration JSON value not a string: {value!r}")  # noqa: TRY004 - the original's
        if not value.endswith("s"):
            raise ValueError(f'Duration must end with letter "s": {value}.')
        whole, point, digits = value[:-1].partition(".")
        try:
            seconds = int(whole)
            nanos = round(float(f"0.{digits}") * 1e9) if point else 0
            if whole.startswith("-"):
                nanos = -nanos
            _check_duration(seconds, nanos)
        except ValueError as error:
            raise ValueError(f"Couldn't parse duration: {value} : {error}.") from error
        self.seconds = seconds
        self.nanos = nanos

    def ToNanoseconds(self) -> int:
        """The span in nanoseconds."""
        return self.seconds * _NANOS_PER_SECOND + self.nanos

    def ToMicroseconds(self) -> int:
        """The span in microseconds, cut."""
        return _toward_zero(self.ToNanoseconds(), _NANOS_PER_MICROSECOND)

    def ToMilliseconds(self) -> int:
        """The span in milliseconds, cut."""
        return _toward_zero(self.ToNanoseconds(), _NANOS_PER_MILLISECOND)

    def ToSeconds(self) -> int:
        """The span in seconds, cut."""
        return self.seconds

    def FromNanoseconds(self, nanos: int) -> None:
        """Sets this from nanoseconds."""
        self._set(*divmod(nanos, _NANOS_PER_SECOND))

    def FromMicroseconds(self, micros: int) -> None:
        """Sets this from microseconds."""
        self.FromNanoseconds(micros * _NANOS_PER_MICROSECOND)

    def FromMilliseconds(self, millis: int) -> None:
        """Sets this from milliseconds."""
        self.FromNanoseconds(millis * _NANOS_PER_MILLISECOND)

    def FromSeconds(self, seconds: int) -> None:
        """Sets this from seconds."""
        self.seconds = seconds
        self.nanos = 0

    def ToTimedelta(self) -> datetime.timedelta:
        """A timedelta, cut to the microsecond."""
        return datetime.timedelta(
            seconds=self.seconds, microseconds=_toward_zero(self.nanos, _NANOS_PER_MICROSECOND)
        )

    def FromTimedelta(self, td: datetime.timedelta) -> None:
        """Sets this from a timedelta."""
        if not isinstance(td, datetime.timedelta) and type(td).__name__ != "timedelta":  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(
                f"Fail to convert to Duration. Expected a timedelta object got {type(td).__name__}"
            )
        try:
            seconds = td.days * _SECONDS_PER_DAY + td.seconds
            nanos = td.microseconds * _NANOS_PER_MICROSECOND
        except AttributeError as error:
            raise AttributeError(
                f"Fail to convert to Duration. Expected a timedelta like object got {type(td).__name__}: {error}"
            ) from error
        self._set(seconds, nanos)

    def _internal_assign(self, td: datetime.timedelta) -> None:
        self.FromTimedelta(td)

    def _set(self, seconds: int, nanos: int) -> None:
        # Both parts have the span's sign.
        if seconds < 0 < nanos:
            seconds += 1
            nanos -= _NANOS_PER_SECOND
        self.seconds = seconds
        self.nanos = nanos

    def __add__(self, value: _Any) -> _Any:
        return self.ToTimedelta() + (value.ToDatetime() if isinstance(value, Timestamp) else value)

    __radd__ = __add__

    def __sub__(self, value: datetime.timedelta) -> datetime.timedelta:
        return self.ToTimedelta() - value

    def __rsub__(self, value: _Any) -> _Any:
        return value - self.ToTimedelta()


def _check_duration(seconds: int, nanos: int) -> None:
    if not -_DURATION_SECONDS_MAX <= seconds <= _DURATION_SECONDS_MAX:
        raise ValueError(
            f"Duration is not valid: Seconds {seconds} must be in range "
            f"[-{_DURATION_SECONDS_MAX}, {_DURATION_SECONDS_MAX}]."
        )
    if not -_NANOS_PER_SECOND < nanos < _NANOS_PER_SECOND:
        raise ValueError(
            f"Duration is not valid: Nanos {nanos} must be in range [-999999999, 999999999]."
        )
    if seconds < 0 < nanos or nanos < 0 < seconds:
        raise ValueError("Duration is not valid: Sign mismatch.")


def _set_value(target: _Any, value: _Any) -> None:
    """Sets a ``Value`` from what Python calls it."""
    if value is None:
        target.null_value = 0
    elif isinstance(value, bool):
        # Before numbers, since a bool is one.
        target.bool_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, (int, float)):
        target.number_value = value
    elif isinstance(value, (dict, Struct)):
        target.struct_value.Clear()
        target.struct_value.update(value)
    elif isinstance(value, (list, tuple, ListValue)):
        target.list_value.Clear()
        target.list_value.extend(value)
    else:
        raise ValueError(f"Unexpected type: a Value cannot hold {type(value).__name__}")


def _get_value(source: _Any) -> _Any:
    """What a ``Value`` is in Python."""
    kind = source.WhichOneof("kind")
    if kind is None:
        raise ValueError("Value not set")
    return None if kind == "null_value" else getattr(source, kind)


def _same(ours: _Any, theirs: _Any) -> bool:
    if isinstance(theirs, (dict, list)) and isinstance(ours, (Struct, ListValue)):
        return ours._internal_compare(theirs)
    return bool(ours == theirs)


class Struct:
    """A JSON object, used as a dict."""

    __slots__ = ()
    if TYPE_CHECKING:
        fields: _Any

        def Clear(self) -> None: ...

    def __getitem__(self, key: str) -> _Any:
        return _get_value(self.fields[key])

    def __setitem__(self, key: str, value: _Any) -> None:
        _set_value(self.fields.get_or_create(key), value)

    def __delitem__(self, key: str) -> None:
        del self.fields[key]

    def __len__(self) -> int:
        return len(self.fields)

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def _internal_assign(self, dictionary: Mapping[str, _Any]) -> None:
        self.Clear()
        self.update(dictionary)

    def _internal_compare(self, other: _Any) -> bool:
        if not isinstance(other, collections.abc.Mapping):
            return False
        other = cast("Mapping[str, _Any]", other)
        if len(self) != len(other):
            return False
        return all(key in other and _same(value, other[key]) for key, value in self.items())

    def keys(self) -> KeysView[str]:
        """The names."""
        return self.fields.keys()  # type: ignore[no-any-return]

    def values(self) -> list[_Any]:
        """The values, as Python has them."""
        return [self[key] for key in self]

    def items(self) -> list[tuple[str, _Any]]:
        """Names and values."""
        return [(key, self[key]) for key in self]

    def get_or_create_list(self, key: str) -> _Any:
        """The list of a name, made if there is none."""
        value = self.fields.get_or_create(key)
        if not value.HasField("list_value"):
            # Even an empty one is set by this.
            value.list_value.Clear()
        return value.list_value

    def get_or_create_struct(self, key: str) -> _Any:
        """The object of a name, made if there is none."""
        value = self.fields.get_or_create(key)
        if not value.HasField("struct_value"):
            value.struct_value.Clear()
        return value.struct_value

    def update(self, dictionary: Mapping[str, _Any] | Struct) -> None:
        """Sets names from a dict."""
        items: Iterable[tuple[str, _Any]] | ItemsView[str, _Any] = dictionary.items()
        for key, value in items:
            _set_value(self.fields.get_or_create(key), value)


cast("_Any", collections.abc.MutableMapping).register(Struct)


class ListValue:
    """A JSON array, used as a list."""

    __slots__ = ()
    if TYPE_CHECKING:
        values: _Any

        def Clear(self) -> None: ...

    def __len__(self) -> int:
        return len(self.values)

    def append(self, value: _Any) -> None:
        """Appends a value."""
        _set_value(self.values.add(), value)

    def extend(self, elem_seq: Iterable[_Any]) -> None:
        """Appends values."""
        for value in elem_seq:
            self.append(value)

    def __getitem__(self, index: int) -> _Any:
        return _get_value(self.values[index])

    def __setitem__(self, index: int, value: _Any) -> None:
        _set_value(self.values[index], value)

    def __delitem__(self, key: int) -> None:
        del self.values[key]

    def _internal_assign(self, elem_seq: Iterable[_Any]) -> None:
        self.Clear()
        self.extend(elem_seq)

    def _internal_compare(self, other: _Any) -> bool:
        if not isinstance(other, collections.abc.Sequence):
            return False
        other = cast("_Any", other)
        if len(self) != len(other):
            return False
        return all(_same(self[index], other[index]) for index in range(len(self)))

    def items(self) -> Iterator[_Any]:
        """The values, one after another."""
        for index in range(len(self)):
            yield self[index]

    def add_struct(self) -> _Any:
        """Appends an empty object and returns it."""
        value = self.values.add().struct_value
        value.Clear()
        return value

    def add_list(self) -> _Any:
        """Appends an empty list and returns it."""
        value = self.values.add().list_value
        value.Clear()
        return value


cast("_Any", collections.abc.MutableSequence).register(ListValue)

WKTBASES: dict[str, type] = {
    "google.protobuf.Any": Any,
    "google.protobuf.Duration": Duration,
    "google.protobuf.FieldMask": FieldMask,
    "google.protobuf.ListValue": ListValue,
    "google.protobuf.Struct": Struct,
    "google.protobuf.Timestamp": Timestamp,
}
