"""`grpc._observability`: the hooks of grpcio's own metrics and traces, which `russet.opentelemetry` does not need."""

from __future__ import annotations

from abc import ABC
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .absent import absent_function

if TYPE_CHECKING:
    from collections.abc import Generator


class ObservabilityPlugin(ABC):  # noqa: B024 (as in grpcio, which calls it; here nothing does)
    """What grpcio's C core asks for tracers. No plug-in can be registered here."""

    _tracing_enabled = False
    _stats_enabled = False

    def set_tracing(self, enable: bool) -> None:
        """Whether calls are traced."""
        self._tracing_enabled = enable

    def set_stats(self, enable: bool) -> None:
        """Whether calls are counted."""
        self._stats_enabled = enable

    @property
    def tracing_enabled(self) -> bool:
        """Whether calls are traced."""
        return self._tracing_enabled

    @property
    def stats_enabled(self) -> bool:
        """Whether calls are counted."""
        return self._stats_enabled

    @property
    def observability_enabled(self) -> bool:
        """Whether either is."""
        return self.tracing_enabled or self.stats_enabled


@contextmanager
def get_plugin() -> Generator[ObservabilityPlugin | None, None, None]:
    """The plug-in that is registered: none."""
    yield None


_INSTEAD = "russet.opentelemetry (grpc_observability) measures and traces calls"
set_plugin: Any = absent_function("grpc._observability.set_plugin", _INSTEAD)
observability_init: Any = absent_function("grpc._observability.observability_init", _INSTEAD)


def observability_deinit() -> None:
    """Does nothing: no plug-in is registered."""


def maybe_record_rpc_latency(state: Any) -> None:
    """Does nothing: no plug-in is registered."""
