"""Runs every server of the benchmark against the load generator and prints a table of ratios.

The server is pinned to one core and the load generator to another. Each measurement is repeated, the servers taking turns within each repetition, so that a slow minute of the machine hits all alike; what is shown are medians. CPU time a call is the server process's user and system time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
GENERATED = ROOT / "target" / "bench-generated"
SERVER_CORE, LOAD_CORE = 0, 1
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass
class Server:
    """A server to be measured."""

    name: str
    command: list[str]
    problem: str | None = None


@dataclass
class Workload:
    """What is called, and how much of it at once."""

    name: str
    kind: str
    connections: int = 1
    in_flight: int = 1

    def arguments(self) -> list[str]:
        return [
            f"--workload={self.kind}",
            f"--connections={self.connections}",
            f"--in-flight={self.in_flight}",
        ]


@dataclass
class Samples:
    """The results of one server under one workload."""

    runs: list[dict[str, float]] = field(default_factory=list)
    problem: str | None = None

    def median(self, key: str) -> float | None:
        return statistics.median(run[key] for run in self.runs) if self.runs else None


WORKLOADS = [
    Workload("unary 1 x 1", "unary", 1, 1),
    Workload("unary 4 x 25", "unary", 4, 25),
    Workload("server stream", "server_stream", 1, 4),
    Workload("client stream", "client_stream", 1, 4),
    Workload("ping-pong", "bidirectional", 1, 4),
]


def say(text: str) -> None:
    print(
        f"\033[1m==> {text}\033[0m" if sys.stderr.isatty() else f"==> {text}",
        file=sys.stderr,
        flush=True,
    )


def quiet(command: list[str], **options: Any) -> str | None:
    """Runs a command; what it wrote if it failed, shortened."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )
    if done.returncode == 0:
        return None
    lines = done.stdout.strip().splitlines() or [f"exit code {done.returncode}"]
    return lines[-1]


def build_load() -> Path:
    say("Building the load generator")
    subprocess.run(
        ["cargo", "build", "--quiet", "--profile", "dist", "-p", "russet-bench-load"],
        cwd=ROOT,
        check=True,
    )
    return ROOT / "target" / "dist" / "russet-bench-load"


def tonic_server() -> Server:
    say("Building the tonic server")
    target = ROOT / "target" / "bench-tonic"
    manifest = BENCH / "tonic-server" / "Cargo.toml"
    problem = quiet(
        [
            "cargo",
            "build",
            "--quiet",
            "--release",
            "--manifest-path",
            str(manifest),
            "--target-dir",
            str(target),
        ]
    )
    return Server("tonic", [str(target / "release" / "tonic-server")], problem)


def generate(compiler: str) -> tuple[Path, str | None]:
    """Compiles bench.proto with `grpc_tools` or `russet`; the folder, and what went wrong."""
    folder = GENERATED / compiler
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder, quiet(
        [
            sys.executable,
            "-m",
            f"{compiler}.protoc",
            f"--proto_path={BENCH}",
            f"--python_out={folder}",
            f"--grpc_python_out={folder}",
            str(BENCH / "bench.proto"),
        ]
    )


def python_servers() -> list[Server]:
    say("Compiling bench.proto")
    google, google_problem = generate("grpc_tools")
    russet, russet_problem = generate("russet")
    has_uvloop = quiet([sys.executable, "-c", "import uvloop"])

    def server(name: str, script: str, rpc: str, messages: str, uvloop: bool = False) -> Server:
        folder, problem = (
            (google, google_problem) if messages == "google" else (russet, russet_problem)
        )
        command = [
            sys.executable,
            str(BENCH / "servers" / script),
            f"--rpc={rpc}",
            f"--messages={messages}",
            f"--generated={folder}",
        ]
        if uvloop:
            command.append("--uvloop")
            problem = problem or has_uvloop
        return Server(name, command, problem)

    return [
        server("grpcio", "sync_server.py", "grpcio", "google"),
        server("russet", "sync_server.py", "russet", "russet"),
        server("russet, google's messages", "sync_server.py", "russet", "google"),
        server("grpc.aio", "aio_server.py", "grpcio", "google"),
        server("grpc.aio, uvloop", "aio_server.py", "grpcio", "google", uvloop=True),
        server("russet.aio", "aio_server.py", "russet", "russet"),
        server("russet.aio, uvloop", "aio_server.py", "russet", "russet", uvloop=True),
        server("russet.aio, google's messages", "aio_server.py", "russet", "google"),
    ]


def pinned(command: list[str], core: int) -> list[str]:
    """The command on one core, where the system can do that."""
    usable = hasattr(os, "sched_getaffinity") and core in os.sched_getaffinity(0)
    if usable and shutil.which("taskset"):
        return ["taskset", "--cpu-list", str(core), *command]
    return command


class Running:
    """A started server."""

    def __init__(self, server: Server) -> None:
        self.process = subprocess.Popen(
            pinned(server.command, SERVER_CORE),
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

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


def measure(
    load: Path, server: Server, workload: Workload, seconds: float, warmup: float
) -> dict[str, float]:
    running = Running(server)
    try:
        before = running.cpu_seconds()
        done = subprocess.run(
            pinned(
                [
                    str(load),
                    f"--address={running.address}",
                    *workload.arguments(),
                    f"--seconds={seconds}",
                    f"--warmup={warmup}",
                ],
                LOAD_CORE,
            ),
            capture_output=True,
            text=True,
            timeout=60 + 3 * (seconds + warmup),
            check=False,
        )
        after = running.cpu_seconds()
    finally:
        running.stop()
    if done.returncode != 0:
        raise RuntimeError(
            done.stderr.strip() or f"the load generator ended with {done.returncode}"
        )
    result: dict[str, float] = json.loads(done.stdout)
    if before is not None and after is not None and result["total"]:
        result["cpu_us"] = (after - before) * 1e6 / result["total"]
    return result


def peers_of(name: str) -> list[str]:
    """Whom a server is compared with."""
    if name.startswith("russet.aio"):
        return ["grpc.aio", "tonic"]
    if name.startswith("russet"):
        return ["grpcio", "tonic"]
    return []


def table(servers: list[Server], results: dict[str, dict[str, Samples]]) -> str:
    lines = []
    for workload in WORKLOADS:
        if workload.name not in results:
            continue
        unit = "calls/s" if workload.kind == "unary" else "messages/s"
        lines += [
            "",
            f"{workload.name} ({workload.connections} connections x {workload.in_flight})",
        ]
        lines.append(f"  {'server':32}{unit:>12}{'p50 us':>10}{'p99 us':>10}{'CPU us':>9}   ratio")
        rows = results[workload.name]
        for server in servers:
            samples = rows[server.name]
            rate = samples.median("per_second")
            if rate is None:
                lines.append(f"  {server.name:32}{'not run:':>12} {samples.problem}")
                continue
            cpu = samples.median("cpu_us") if "cpu_us" in samples.runs[0] else None
            ratios = []
            for peer in peers_of(server.name):
                other = rows[peer].median("per_second") if peer in rows else None
                if other:
                    ratios.append(f"{rate / other:.2f}x {peer}")
            shown_cpu = f"{cpu:9.1f}" if cpu is not None else f"{'?':>9}"
            lines.append(
                f"  {server.name:32}{rate:12,.0f}{samples.median('p50_us'):10.0f}"
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
    for package in ["grpcio", "protobuf", "uvloop", "russet"]:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one short run of each server, below 90 seconds"
    )
    parser.add_argument("--runs", type=int, help="repetitions (default 3, quick 1)")
    parser.add_argument(
        "--seconds", type=float, help="counted seconds of a run (default 2, quick 0.6)"
    )
    parser.add_argument(
        "--server", action="append", help="only servers with this in their name; may be repeated"
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
    servers = [
        server
        for server in [*python_servers(), tonic_server()]
        if chosen(server.name, arguments.server)
    ]
    workloads = [workload for workload in WORKLOADS if chosen(workload.name, arguments.workload)]
    results = {
        workload.name: {server.name: Samples(problem=server.problem) for server in servers}
        for workload in workloads
    }
    for repetition in range(runs):
        for workload in workloads:
            say(f"Run {repetition + 1} of {runs}: {workload.name}")
            for server in servers:
                samples = results[workload.name][server.name]
                if samples.problem:
                    continue
                try:
                    samples.runs.append(measure(load, server, workload, seconds, warmup))
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    samples.problem = str(error)
    print(table(servers, results))
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
