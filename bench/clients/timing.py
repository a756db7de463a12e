"""What every client of the benchmark does alike: runs for a while, and tells how fast it was."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

# Bytes of a request's text, and so of its answer's: as those of the load generator.
TEXT = "x" * 16


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The flags of all clients."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--address", required=True)
    parser.add_argument("--generated", type=Path, required=True, help="folder with generated code")
    parser.add_argument("--in-flight", type=int, default=1, help="threads, or tasks")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--warmup", type=float, default=0.7)
    return parser


class Clock:
    """The phases of a run, and the calls that ended in the counted one."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._begin = time.perf_counter() + given.warmup
        self._end = self._begin + given.seconds
        self._seconds = given.seconds
        self._latencies: list[float] = []
        self._cpu: float | None = None

    def is_running(self) -> bool:
        return time.perf_counter() < self._end

    def ended(self, started: float, text: str) -> None:
        """A call that began at `started` was answered; a wrong answer ends the run."""
        if text != TEXT:
            raise AssertionError(f"the answer is {text!r}")
        now = time.perf_counter()
        if self._begin <= now < self._end:
            if self._cpu is None:
                self._cpu = time.process_time()
            self._latencies.append(now - started)

    def tell(self) -> None:
        """Prints the result as the load generator does."""
        if self._cpu is None:
            raise AssertionError("no call ended in the counted time")
        cpu = time.process_time() - self._cpu
        latencies = sorted(self._latencies)
        total = len(latencies)
        report = {
            "total": total,
            "per_second": total / self._seconds,
            "p50_us": latencies[total // 2] * 1e6,
            "p99_us": latencies[total * 99 // 100] * 1e6,
            "cpu_us": cpu / total * 1e6,
        }
        print(json.dumps(report))
