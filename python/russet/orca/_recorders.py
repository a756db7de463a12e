"""What is recorded of a server and of a call, and the report that is made of it."""

from __future__ import annotations

import math
import struct
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# The trailer that holds the report of one call.
TRAILER = "endpoint-load-metrics-bin"

# Field numbers of `xds.data.orca.v3.OrcaLoadReport`.
_CPU, _MEMORY, _COST, _UTILIZATION, _QPS, _EPS, _NAMED, _APPLICATION = 1, 2, 4, 5, 6, 7, 8, 9
_MAPS = (_COST, _UTILIZATION, _NAMED)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _double(number: int, value: float) -> bytes:
    return bytes([number << 3 | 1]) + struct.pack("<d", value)


def _entry(number: int, name: str, value: float) -> bytes:
    key = name.encode()
    body = b"\x0a" + _varint(len(key)) + key + _double(2, value)
    return bytes([number << 3 | 2]) + _varint(len(body)) + body


class _Metrics:
    """Numbers by field, and maps of numbers; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[int, float] = {}
        self._maps: dict[int, dict[str, float]] = {number: {} for number in _MAPS}

    def _set(self, number: int, what: str, value: float, most: float = math.inf) -> None:
        value = _checked(what, value, most)
        with self._lock:
            self._numbers[number] = value

    def _clear(self, number: int) -> None:
        with self._lock:
            self._numbers.pop(number, None)

    def _name(
        self, number: int, what: str, name: str, value: float, most: float = math.inf
    ) -> None:
        value = _checked(f"{what} {name!r}", value, most)
        with self._lock:
            self._maps[number][name] = value

    def _snapshot(self) -> tuple[dict[int, float], dict[int, dict[str, float]]]:
        with self._lock:
            return dict(self._numbers), {number: dict(of) for number, of in self._maps.items()}


def _checked(what: str, value: float, most: float) -> float:
    value = float(value)
    if not 0 <= value <= most or math.isinf(value):
        bound = "0 or more" if math.isinf(most) else f"from 0 to {most:g}"
        raise ValueError(f"{what} is a number {bound}, not {value}")
    return value


class ServerMetricRecorder(_Metrics):
    """What is known of the whole server. A value that is set stays until it is changed or cleared; one out of its range is a ValueError."""

    def set_cpu_utilization(self, value: float) -> None:
        """How much of its CPU the server uses; 1 is all of what it was given, and it may be more."""
        self._set(_CPU, "the CPU utilization", value)

    def set_memory_utilization(self, value: float) -> None:
        """How much of its memory the server uses, from 0 to 1."""
        self._set(_MEMORY, "the memory utilization", value, 1)

    def set_application_utilization(self, value: float) -> None:
        """The application's own measure, which counts in the CPU's place where it is above 0."""
        self._set(_APPLICATION, "the application utilization", value)

    def set_qps(self, value: float) -> None:
        """Calls a second."""
        self._set(_QPS, "the rate of calls", value)

    def set_eps(self, value: float) -> None:
        """Errors a second."""
        self._set(_EPS, "the rate of errors", value)

    def set_named_utilization(self, name: str, value: float) -> None:
        """The utilization of a resource with this name, from 0 to 1."""
        self._name(_UTILIZATION, "the utilization", name, value, 1)

    def set_all_named_utilization(self, values: Mapping[str, float]) -> None:
        """The utilization of all resources with names, in the place of those set before."""
        checked = {
            name: _checked(f"the utilization {name!r}", value, 1) for name, value in values.items()
        }
        with self._lock:
            self._maps[_UTILIZATION] = checked

    def clear_cpu_utilization(self) -> None:
        """Report it no longer."""
        self._clear(_CPU)

    def clear_memory_utilization(self) -> None:
        """Report it no longer."""
        self._clear(_MEMORY)

    def clear_application_utilization(self) -> None:
        """Report it no longer."""
        self._clear(_APPLICATION)

    def clear_qps(self) -> None:
        """Report it no longer."""
        self._clear(_QPS)

    def clear_eps(self) -> None:
        """Report it no longer."""
        self._clear(_EPS)

    def clear_named_utilization(self, name: str) -> None:
        """Report it no longer."""
        with self._lock:
            self._maps[_UTILIZATION].pop(name, None)


class CallMetricRecorder(_Metrics):
    """What is known of one call, or of the server while the call ran. Its values go before the server's."""

    def record_cpu_utilization_metric(self, value: float) -> CallMetricRecorder:
        """As `ServerMetricRecorder.set_cpu_utilization`."""
        self._set(_CPU, "the CPU utilization", value)
        return self

    def record_memory_utilization_metric(self, value: float) -> CallMetricRecorder:
        """As `ServerMetricRecorder.set_memory_utilization`."""
        self._set(_MEMORY, "the memory utilization", value, 1)
        return self

    def record_application_utilization_metric(self, value: float) -> CallMetricRecorder:
        """As `ServerMetricRecorder.set_application_utilization`."""
        self._set(_APPLICATION, "the application utilization", value)
        return self

    def record_qps_metric(self, value: float) -> CallMetricRecorder:
        """Calls a second."""
        self._set(_QPS, "the rate of calls", value)
        return self

    def record_eps_metric(self, value: float) -> CallMetricRecorder:
        """Errors a second."""
        self._set(_EPS, "the rate of errors", value)
        return self

    def record_utilization_metric(self, name: str, value: float) -> CallMetricRecorder:
        """The utilization of a resource with this name, from 0 to 1."""
        self._name(_UTILIZATION, "the utilization", name, value, 1)
        return self

    def record_request_cost_metric(self, name: str, value: float) -> CallMetricRecorder:
        """What the call has cost, in the unit that the name stands for."""
        self._name(_COST, "the cost", name, value)
        return self

    def record_named_metric(self, name: str, value: float) -> CallMetricRecorder:
        """A number of the application's own."""
        self._name(_NAMED, "the metric", name, value)
        return self


def report(*recorders: _Metrics | None) -> bytes:
    """The serialized report of what was recorded; where several know a value, the last one's counts. Empty if there is nothing."""
    numbers: dict[int, float] = {}
    maps: dict[int, dict[str, float]] = {number: {} for number in _MAPS}
    for recorder in recorders:
        if recorder is not None:
            own_numbers, own_maps = recorder._snapshot()
            numbers.update(own_numbers)
            for number, named in own_maps.items():
                maps[number].update(named)
    parts = [_double(number, value) for number, value in sorted(numbers.items())]
    parts += [
        _entry(number, name, value)
        for number, named in maps.items()
        for name, value in named.items()
    ]
    return b"".join(parts)
