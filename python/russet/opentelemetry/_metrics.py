"""The instruments of gRFC A66, and what is recorded with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import grpc
from ._codes import code_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.metrics import Histogram, Meter, MeterProvider

    from .._core import _Attempt, _Messages

_OTHER = "other"
_NANOSECONDS = 1e9

# The bounds that gRFC A66 gives for all languages: seconds, and bytes.
_SECONDS = (
    *(0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008),
    *(0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008),
    *(0.01, 0.013, 0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065, 0.08),
    *(0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 2, 5, 10, 20, 50, 100),
)
_BYTES = (0, *(1 << power for power in (10, 11, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32)))


class _Side:
    """The histograms of ended attempts or calls: how long, and how many bytes each way."""

    def __init__(self, meter: Meter, prefix: str, of: str) -> None:
        self.duration = _seconds(meter, f"{prefix}.duration", f"How long {of} took.")
        self.sent = _bytes(meter, prefix, "sent", f"Compressed bytes of messages sent in {of}.")
        self.received = _bytes(
            meter, prefix, "rcvd", f"Compressed bytes of messages received in {of}."
        )

    def record(self, nanoseconds: int, messages: _Messages | None, labels: dict[str, str]) -> None:
        sent, received = (0, 0) if messages is None else messages[:2]
        self.duration.record(nanoseconds / _NANOSECONDS, labels)
        self.sent.record(sent, labels)
        self.received.record(received, labels)


class Metrics:
    """Records on the meter of a provider. `keeps_target` and `keeps_method` say which targets, and which methods that no generated code has named, stand in labels; others are "other"."""

    def __init__(
        self,
        provider: MeterProvider,
        keeps_target: Callable[[str], bool],
        keeps_method: Callable[[str], bool],
    ) -> None:
        meter = provider.get_meter("grpc-python", grpc.__version__)
        self._keeps_target = keeps_target
        self._keeps_method = keeps_method
        self._attempts_started = meter.create_counter(
            "grpc.client.attempt.started",
            unit="{attempt}",
            description="Attempts that were started, of which a call may have several.",
        )
        self._attempts = _Side(meter, "grpc.client.attempt", "an attempt")
        self._calls = _seconds(
            meter, "grpc.client.call.duration", "How long a call took, with all its attempts."
        )
        self._served_started = meter.create_counter(
            "grpc.server.call.started", unit="{call}", description="Calls that came to a server."
        )
        self._served = _Side(meter, "grpc.server.call", "a server's call")

    def _labels(self, path: str, registered: bool) -> dict[str, str]:
        method = path.lstrip("/")
        kept = registered or self._keeps_method(method)
        return {"grpc.method": method if kept else _OTHER}

    def _client_labels(self, target: str, path: str, registered: bool) -> dict[str, str]:
        labels = self._labels(path, registered)
        labels["grpc.target"] = target if self._keeps_target(target) else _OTHER
        return labels

    def attempt_started(self, target: str, path: str, registered: bool) -> None:
        """Count an attempt."""
        self._attempts_started.add(1, self._client_labels(target, path, registered))

    def call_ended(
        self,
        target: str,
        path: str,
        registered: bool,
        nanoseconds: int,
        code: int,
        attempts: list[_Attempt],
    ) -> None:
        """Record a call and its attempts."""
        labels = self._client_labels(target, path, registered)
        for started, _, ended, attempt_code, _, _, _, messages in attempts:
            status = {**labels, "grpc.status": code_name(attempt_code)}
            self._attempts.record(ended - started, messages, status)
        labels["grpc.status"] = code_name(code)
        self._calls.record(nanoseconds / _NANOSECONDS, labels)

    def accepted(self, path: str, registered: bool) -> None:
        """Count a server's call."""
        self._served_started.add(1, self._labels(path, registered))

    def served(
        self, path: str, registered: bool, nanoseconds: int, code: int, messages: _Messages | None
    ) -> None:
        """Record a server's call."""
        labels = self._labels(path, registered)
        labels["grpc.status"] = code_name(code)
        self._served.record(nanoseconds, messages, labels)


def _seconds(meter: Meter, name: str, description: str) -> Histogram:
    return meter.create_histogram(
        name,
        unit="s",
        description=description,
        explicit_bucket_boundaries_advisory=_SECONDS,
    )


def _bytes(meter: Meter, prefix: str, direction: str, description: str) -> Histogram:
    return meter.create_histogram(
        f"{prefix}.{direction}_total_compressed_message_size",
        unit="By",
        description=description,
        explicit_bucket_boundaries_advisory=_BYTES,
    )
