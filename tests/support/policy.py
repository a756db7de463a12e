"""Service configs, and a service whose methods fail as often as a test wants."""

from __future__ import annotations

import json
import threading
from typing import Any

from support.rpc import SERVICE, WAIT

# So short that no test waits for it; grpcio forgets calls whose wait is a few milliseconds.
BACKOFF = {"initialBackoff": "0.02s", "maxBackoff": "0.02s", "backoffMultiplier": 1}


def config(*, rest: dict[str, Any] | None = None, **method: Any) -> list[tuple[str, Any]]:
    """Channel options whose service config gives all methods of the test service `method`, and has `rest` beside it."""
    methods = [{"name": [{"service": SERVICE}], **method}]
    return [("grpc.service_config", json.dumps({"methodConfig": methods, **(rest or {})}))]


def retrying(*codes: str, attempts: int = 4, **rest: Any) -> list[tuple[str, Any]]:
    """Options that have calls retried."""
    policy = {
        "maxAttempts": attempts,
        "retryableStatusCodes": list(codes or ("UNAVAILABLE",)),
        **BACKOFF,
    }
    return config(retryPolicy=policy, rest=rest)


def hedging(
    *codes: str, attempts: int = 3, delay: str = "0s", **rest: Any
) -> list[tuple[str, Any]]:
    """Options that have calls hedged."""
    policy = {"maxAttempts": attempts, "hedgingDelay": delay, "nonFatalStatusCodes": list(codes)}
    return config(hedgingPolicy=policy, rest=rest)


class Flaky:
    """Behaviours that fail `failures` times before they answer, and what they saw of each attempt."""

    def __init__(
        self, failures: int, code: str = "UNAVAILABLE", trailing: tuple[Any, ...] = ()
    ) -> None:
        self.failures = failures
        self.code = code
        self.trailing = trailing
        self.attempts: list[str | None] = []
        self.entered = threading.Event()
        self._lock = threading.Lock()

    def _enter(self, grpc: Any, context: Any) -> None:
        """Note an attempt, and end it where it is one that fails."""
        metadata = dict(context.invocation_metadata())
        with self._lock:
            self.attempts.append(metadata.get("grpc-previous-rpc-attempts"))
            number = len(self.attempts)
        self.entered.set()
        if number <= self.failures:
            context.set_trailing_metadata(self.trailing)
            context.abort(getattr(grpc.StatusCode, self.code), f"attempt {number}")

    def methods(self, grpc: Any) -> dict[str, tuple[str, Any]]:
        """Methods of all four kinds, for `serving`."""

        def unary(request: bytes, context: Any) -> bytes:
            self._enter(grpc, context)
            return request

        def stream(request: bytes, context: Any) -> Any:
            self._enter(grpc, context)
            yield request
            yield request

        def gather(requests: Any, context: Any) -> bytes:
            received = b"".join(requests)
            self._enter(grpc, context)
            return received

        def each(requests: Any, context: Any) -> Any:
            received = list(requests)
            self._enter(grpc, context)
            yield from received

        return {
            "Unary": ("unary_unary", unary),
            "Stream": ("unary_stream", stream),
            "Gather": ("stream_unary", gather),
            "Each": ("stream_stream", each),
        }


class Gate:
    """A unary behaviour whose first attempts are kept until the test ends, and the later ones answered."""

    def __init__(self, kept: int) -> None:
        self.kept = kept
        self.attempts = 0
        self.entered = threading.Semaphore(0)
        self.opened = threading.Event()
        self.cancelled = threading.Event()
        self._lock = threading.Lock()

    def method(self) -> tuple[str, Any]:
        def behaviour(request: bytes, context: Any) -> bytes:
            with self._lock:
                self.attempts += 1
                number = self.attempts
            self.entered.release()
            if number <= self.kept:
                context.add_callback(self.cancelled.set)
                self.opened.wait(WAIT)
            return b"%d" % number

        return "unary_unary", behaviour
