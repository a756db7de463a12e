"""The soak: mixed calls for SOAK_SECONDS (1800), while connections are reset, servers killed, certificates changed and connections told to go away; then the life of 50 processes of each sort.

Prints how much memory and how many descriptors the clients and the servers have in the course of it, and what became of the calls. Fails where memory or descriptors grow, a call is lost, or a process hangs or complains. Usage: run.py WORK_FOLDER. The Python that runs it has russet and trustme installed; it runs on Linux, since it reads /proc.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import life
import trustme

HERE = Path(__file__).parent
SECONDS = float(os.environ.get("SOAK_SECONDS", "1800"))
CONNECTIONS = int(os.environ.get("SOAK_CONNECTIONS", "2000"))

# Rows of the printed series.
SAMPLES = 20

# Seconds between two deaths of the server that is killed.
LIFE = 4.0

# How much more of it there may be in the last third than in the middle one, as a part and beyond that: descriptors come back at once, memory when the allocator and the collector please.
MEMORY_GROWTH = (0.10, 8.0)
DESCRIPTOR_GROWTH = (0.02, 50)

# What may become of a rough call. A calm one, and a secure one that nobody cancels, must be well.
ROUGH = {"OK", "CANCELLED", "DEADLINE_EXCEEDED", "UNAVAILABLE"}
ALLOWED = {"rough": ROUGH, "secure": ROUGH - {"UNAVAILABLE"}, "calm": {"OK"}}


class Process:
    """A part of the soak that prints its ports and ends with its input."""

    def __init__(self, script: str, *arguments: str) -> None:
        self._command = [sys.executable, str(HERE / script), *arguments]
        self.process = self._start()
        self.ports = self._ports()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def _ports(self) -> list[str]:
        assert self.process.stdout is not None
        return self.process.stdout.readline().split()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def revive(self, port: str) -> None:
        """Starts again, on the port it had."""
        self._command[3] = port
        self.process = self._start()
        self._ports()

    def megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def descriptors(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/fd").iterdir())


def certificates(folder: Path) -> None:
    """One authority, and two certificates for the same name."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    for name in ("first", "second"):
        made = authority.issue_cert("localhost")
        made.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        made.cert_chain_pems[0].write_to_path(str(folder / f"{name}.pem"))


@contextlib.contextmanager
def killing(*processes: Process) -> Iterator[None]:
    try:
        yield
    finally:
        for process in processes:
            process.kill()


def grows(series: list[float], allowed: tuple[float, float]) -> bool:
    """Whether the last third is above the middle one by more than is allowed; the first third is for warming up."""
    third = len(series) // 3
    middle, last = series[third:-third], series[-third:]
    before, after = statistics.median(middle), statistics.median(last)
    return after > before * (1 + allowed[0]) + allowed[1]


def calls(work: Path) -> list[str]:
    """What was wrong while calls were made."""
    certificates(work)
    stays = [Process("server.py", kind, "0", str(work)) for kind in ("sync", "asyncio")]
    dies = Process("server.py", "sync", "0", str(work))
    port = dies.ports[0]
    calm, secure = zip(*(server.ports for server in stays))
    proxy = Process("proxy.py", *calm, port)
    with killing(*stays, proxy):
        arguments = ["--rough", *proxy.ports, "--secure", *secure, "--calm", *calm]
        arguments += [f"--seconds={SECONDS}", f"--connections={CONNECTIONS}"]
        load = Process("load.py", *arguments, f"--authority={work / 'authority.pem'}")
        return watch(load, stays, dies, port)


def watch(load: Process, stays: list[Process], dies: Process, port: str) -> list[str]:
    """Samples, kills and revives until the load ends, and judges."""
    watched = {"clients": load, "sync server": stays[0], "asyncio server": stays[1]}
    memory: dict[str, list[float]] = {name: [] for name in watched}
    descriptors: dict[str, list[float]] = {name: [] for name in watched}
    print(f"{'seconds':>8}" + "".join(f"{name + ' MiB, fds':>25}" for name in watched))
    start = time.monotonic()
    deaths = 0
    for sample in range(1, SAMPLES + 1):
        # The load closes its connections at the end; the last sample comes before.
        while (left := start + (SECONDS - 1) * sample / SAMPLES - time.monotonic()) > 0:
            time.sleep(min(left, LIFE))
            dies.kill()
            dies.revive(port)
            deaths += 1
        cells = []
        for name, process in watched.items():
            memory[name].append(process.megabytes())
            descriptors[name].append(process.descriptors())
            cells.append(f"{memory[name][-1]:17.1f}{descriptors[name][-1]:8}")
        print(f"{time.monotonic() - start:8.0f}" + "".join(cells), flush=True)
    # A load that hangs ends itself and says so.
    output, _ = load.process.communicate()
    dies.kill()
    found = json.loads(output)
    print(f"{sum(found['outcomes'].values())} calls, {deaths} servers killed")
    for outcome in sorted(found["outcomes"]):
        print(f"  {outcome}: {found['outcomes'][outcome]}")
    wrong = [f"memory of {name} grows" for name in watched if grows(memory[name], MEMORY_GROWTH)]
    wrong += [
        f"descriptors of {name} grow"
        for name in watched
        if grows(descriptors[name], DESCRIPTOR_GROWTH)
    ]
    wrong += [f"{found['hanging']} workers hang"] if found["hanging"] else []
    wrong += [f"a worker died: {error}" for error in found["errors"]]
    for outcome, times in found["outcomes"].items():
        way, code = outcome.split()
        if code not in ALLOWED[way]:
            wrong.append(f"{times} {way} calls ended with {code}")
    return wrong


def main() -> int:
    # For the connections at both ends; the processes have it from here.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    wrong = calls(Path(sys.argv[1]).absolute())
    wrong += life.run()
    for each in wrong:
        print(f"FAILED: {each}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
