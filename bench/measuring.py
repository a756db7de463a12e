"""Runs a server on one core and what loads it on another, and reads the figures."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contestants import Contestant, Workload

SERVER_CORE, LOAD_CORE = 0, 1
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100

Figures = dict[str, float]


@dataclass
class Time:
    """Seconds that count, and those before them."""

    seconds: float
    warmup: float

    def flags(self) -> list[str]:
        return [f"--seconds={self.seconds}", f"--warmup={self.warmup}"]


def pinned(command: list[str], core: int) -> list[str]:
    """The command on one core, where the system can do that."""
    usable = hasattr(os, "sched_getaffinity") and core in os.sched_getaffinity(0)
    if usable and shutil.which("taskset"):
        return ["taskset", "--cpu-list", str(core), *command]
    return command


class Running:
    """A server while it runs."""

    def __init__(self, server: Contestant, flags: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            pinned([*server.command, *flags], SERVER_CORE),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            self.process.kill()
            _, errors = self.process.communicate()
            raise RuntimeError(
                (errors.strip().splitlines() or [line.strip() or "it printed no port"])[-1]
            )
        self.address = f"127.0.0.1:{int(line.split()[-1])}"

    def cpu_seconds(self) -> float | None:
        """User and system time that the process has used, where the system tells."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.exists():
            return None
        user, system = stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / TICKS

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def measure_server(load: Path, server: Contestant, workload: Workload, time: Time) -> Figures:
    """What the load generator gets out of a server."""
    with Running(server, workload.server) as running:
        before = running.cpu_seconds()
        flags = [f"--address={running.address}", *workload.load_flags(), *time.flags()]
        result = told([str(load), *flags], time)
        after = running.cpu_seconds()
    if before is not None and after is not None and result["total"]:
        result["cpu_us"] = (after - before) * 1e6 / result["total"]
    return result


def measure_client(
    server: Contestant, client: Contestant, workload: Workload, time: Time
) -> Figures:
    """What a client gets out of a server that is faster."""
    with Running(server) as running:
        flags = [f"--address={running.address}", f"--in-flight={workload.in_flight}"]
        return told([*client.command, *flags, *time.flags()], time)


def told(command: list[str], time: Time) -> Figures:
    """The figures that a load generator or a client prints."""
    done = subprocess.run(
        pinned(command, LOAD_CORE),
        capture_output=True,
        text=True,
        timeout=60 + 3 * (time.seconds + time.warmup),
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise RuntimeError(lines[-1] if lines else f"it ended with {done.returncode}")
    figures: Figures = json.loads(done.stdout)
    return figures
