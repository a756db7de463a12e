"""Runs the contestants of the benchmark through its workloads and prints tables of ratios.

Servers are loaded by the load generator; clients call the server on tonic. The server is pinned to one core and what loads it to another. Each measurement is repeated, the contestants taking turns within each repetition, so that a slow minute of the machine hits all alike; what is shown are medians. CPU time a call is the user and system time of the contestant's process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from contestants import (
    WORKLOADS,
    Contestant,
    Python,
    Workload,
    build_load,
    say,
    tonic_server,
)
from measuring import Figures, Time, measure_client, measure_server

BENCH = Path(__file__).resolve().parent


@dataclass
class Samples:
    """The results of one contestant under one workload."""

    runs: list[Figures] = field(default_factory=list)
    problem: str | None = None

    def median(self, key: str) -> float | None:
        return statistics.median(run[key] for run in self.runs) if self.runs else None


def peers_of(name: str) -> list[str]:
    """Whom a server is compared with."""
    if name.startswith("russet.aio"):
        return ["grpc.aio", "grpclib", "connectrpc", "tonic"]
    if name.startswith("russet"):
        return ["grpcio", "connectrpc", "tonic"]
    return []


def table(results: dict[str, dict[str, Samples]]) -> str:
    lines = []
    for workload in WORKLOADS:
        if workload.name not in results:
            continue
        role, unit = ("client" if workload.is_of_clients else "server"), workload.unit
        lines += ["", f"{workload.name} ({workload.connections} x {workload.in_flight} in flight)"]
        lines.append(f"  {role:32}{unit:>12}{'p50 us':>10}{'p99 us':>10}{'CPU us':>9}   ratio")
        rows = results[workload.name]
        for name, samples in rows.items():
            rate = samples.median("per_second")
            if rate is None:
                lines.append(f"  {name:32}{'not run:':>12} {samples.problem}")
                continue
            cpu = samples.median("cpu_us") if "cpu_us" in samples.runs[0] else None
            ratios = []
            for peer in peers_of(name):
                other = rows[peer].median("per_second") if peer in rows else None
                if other:
                    ratios.append(f"{rate / other:.2f}x {peer}")
            shown_cpu = f"{cpu:9.1f}" if cpu is not None else f"{'?':>9}"
            lines.append(
                f"  {name:32}{rate:12,.0f}{samples.median('p50_us'):10.0f}"
                f"{samples.median('p99_us'):10.0f}{shown_cpu}   {', '.join(ratios)}"
            )
    return "\n".join(lines)


def busy_warning() -> str | None:
    """A word of caution where other work shares the machine: its runs measure that work too."""
    if not hasattr(os, "getloadavg"):
        return None
    load = os.getloadavg()[0]
    if load < 0.7:
        return None
    return f"The machine was busy when the benchmark began (load {load:.1f}); figures of a quiet one are better."


def versions() -> dict[str, str]:
    from importlib import metadata

    found = {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }
    for package in ["grpcio", "protobuf", "uvloop", "grpclib", "connectrpc", "russet"]:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one short run of each contestant, below two minutes"
    )
    parser.add_argument("--runs", type=int, help="repetitions (default 3, quick 1)")
    parser.add_argument(
        "--seconds", type=float, help="counted seconds of a run (default 2, quick 0.6)"
    )
    parser.add_argument(
        "--only", action="append", help="only contestants with this in their name; may be repeated"
    )
    parser.add_argument(
        "--workload",
        action="append",
        help="only workloads with this in their name; may be repeated",
    )
    parser.add_argument(
        "--output", type=Path, help="the JSON file (default bench/results/<time>.json)"
    )
    arguments = parser.parse_args()
    runs = arguments.runs or (1 if arguments.quick else 3)
    seconds = arguments.seconds or (0.6 if arguments.quick else 2.0)
    warmup = 0.3 if arguments.quick else 0.7

    def chosen(name: str, wanted: list[str] | None) -> bool:
        return not wanted or any(part in name for part in wanted)

    warning = busy_warning()
    load = build_load()
    python, tonic = Python(), tonic_server()
    servers = [*python.servers(), tonic]
    workloads = [workload for workload in WORKLOADS if chosen(workload.name, arguments.workload)]
    plan: dict[str, tuple[Workload, list[Contestant]]] = {}
    for workload in workloads:
        contestants = python.clients() if workload.is_of_clients else servers
        those = [one for one in contestants if workload.takes(one)]
        if workload.is_of_clients and tonic.problem:
            for one in those:
                one.problem = f"the server on tonic: {tonic.problem}"
        plan[workload.name] = (workload, [one for one in those if chosen(one.name, arguments.only)])
    results = {
        name: {one.name: Samples(problem=one.problem) for one in those}
        for name, (_, those) in plan.items()
    }
    counted = Time(seconds, warmup)
    for repetition in range(runs):
        for name, (workload, those) in plan.items():
            say(f"Run {repetition + 1} of {runs}: {name}")
            for one in those:
                samples = results[name][one.name]
                if samples.problem:
                    continue
                try:
                    if workload.is_of_clients:
                        figures = measure_client(tonic, one, workload, counted)
                    else:
                        figures = measure_server(load, one, workload, counted)
                    samples.runs.append(figures)
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    samples.problem = str(error)
    print(table(results))
    if warning:
        print(f"\n{warning}")
    output = arguments.output or BENCH / "results" / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "versions": versions(),
        "settings": {"runs": runs, "seconds": seconds, "warmup": warmup},
        "results": {
            workload: {
                name: {"runs": samples.runs, "problem": samples.problem}
                for name, samples in rows.items()
            }
            for workload, rows in results.items()
        },
    }
    output.write_text(json.dumps(report, indent=2) + "\n")
    print(f"\nThe figures of every run are in {os.path.relpath(output)}")
    failed = [
        name for rows in results.values() for name, samples in rows.items() if samples.problem
    ]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
