"""What Russet and its peers cost before the first call and between calls: time to import, memory of a server.

Importing is measured on the wall clock in processes of their own, which take turns, against an interpreter that does nothing. The servers are those of the benchmark; each has answered calls, a hundred at a time, before its memory is read.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from contestants import Contestant, Python, Workload, build_load, say
from measuring import Running, Time, told

# What is imported, by the name that it has in the table.
IMPORTS = {
    "a bare interpreter": "pass",
    "russet": "from russet import grpc",
    "russet, with asyncio": "from russet import grpc; grpc.aio",
    "grpcio": "import grpc",
    "russet's messages": "import russet.protobuf.message, russet.protobuf.internal.builder",
    "upb": "import google.protobuf.message, google.protobuf.internal.builder",
}
CALLS = Workload("unary 4 x 25", "unary", 4, 25)


def import_times(rounds: int) -> None:
    """Prints what each import adds to a bare interpreter's start, in milliseconds."""
    with tempfile.TemporaryDirectory() as compiled:
        # The modules are compiled once, as they are when installed.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        taken: dict[str, list[float]] = {name: [] for name in IMPORTS}
        for repetition in range(rounds + 1):
            for name, code in IMPORTS.items():
                began = time.perf_counter()
                subprocess.run([sys.executable, "-c", code], env=environment, check=True)
                if repetition:
                    taken[name].append((time.perf_counter() - began) * 1e3)
    medians = {name: statistics.median(runs) for name, runs in taken.items()}
    bare = medians.pop("a bare interpreter")
    print(f"\nms that importing adds to a bare interpreter's {bare:.1f} (medians of {rounds})")
    for name, median in medians.items():
        print(f"  {name:32}{median - bare:12.1f}")


def memory(process: int) -> tuple[float, float]:
    """Resident memory of a process, and the part of it that no other process shares, in MB."""
    fields = {}
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, value = line.partition(":")
        fields[name] = int(value.split()[0]) / 1000
    return fields["Rss"], fields["Private_Clean"] + fields["Private_Dirty"]


def server_memory(servers: list[Contestant], load: Path, seconds: float) -> None:
    """Prints the memory of each server after some load."""
    print(f"\n{'MB of a server':34}{'resident':>12}{'private':>12}")
    for server in servers:
        if server.problem:
            print(f"  {server.name:32}{'not run:':>12} {server.problem}")
            continue
        with Running(server) as running:
            flags = [f"--address={running.address}", *CALLS.load_flags()]
            told([str(load), *flags, *Time(seconds, 0.1).flags()], Time(seconds, 0.1))
            resident, private = memory(running.process.pid)
        print(f"  {server.name:32}{resident:12.1f}{private:12.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer starts, shorter load")
    quick = parser.parse_args().quick
    load = build_load()
    servers = [one for one in Python().servers() if "google" not in one.name]
    say("Starting interpreters")
    import_times(5 if quick else 30)
    if Path("/proc/self/smaps_rollup").exists():
        say("Starting servers")
        server_memory(servers, load, 0.3 if quick else 2)


if __name__ == "__main__":
    main()
