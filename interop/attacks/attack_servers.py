"""Attacks on servers, one after the other, with a well-behaved client beside each: what the attacker sent, what the server's memory and CPU came to, and how long the good client's calls took.

    attack_servers.py [--seconds S] [--small] [--attack NAME]... [--server LIBRARY-KIND]... [--markdown FILE]

A row is an attack, a group of columns a server. Memory is the server's highest resident size beyond what it had when the good client was served; times are the good client's 50th and 99th percentile and worst, in milliseconds.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from on_servers import ATTACKS, OVER_TLS  # noqa: E402

SERVERS = ("russet-sync", "grpcio-sync", "russet-asyncio", "grpcio-asyncio")
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Outcome:
    """What an attack came to."""

    sent: int
    memory: int
    cpu: float
    p50: float
    p99: float
    worst: float
    calls: int
    failed: tuple[str, ...]
    lived: bool

    def cells(self) -> list[str]:
        if not self.lived:
            return ["ended", "", ""]
        times = f"{self.p50:.1f} / {self.p99:.0f} / {self.worst:.0f}"
        if self.failed:
            times += f", {len(self.failed)} failed"
        return [f"{self.memory / (1 << 20):.0f}", f"{self.cpu:.1f}", times]


class Process:
    """A Python program that says one line when it is ready, and ends when its input does."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / arguments[0]), *arguments[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.first = self.process.stdout.readline().strip()

    def end(self) -> str:
        try:
            return self.process.communicate(timeout=30)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return ""

    @property
    def pid(self) -> int:
        return self.process.pid

    def lives(self) -> bool:
        return self.process.poll() is None

    def memory(self, what: str) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split(f"{what}:")[1].split()[0]) * 1024

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK


def certificate(folder: Path) -> tuple[Path, Path, Path]:
    import trustme

    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    paths = folder / "certificate.pem", folder / "key.pem", folder / "roots.pem"
    paths[0].write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    paths[1].write_bytes(issued.private_key_pem.bytes())
    paths[2].write_bytes(authority.cert_pem.bytes())
    return paths


def measure(name: str, server: str, seconds: float, small: bool) -> Outcome:
    """Attack a fresh server for so long."""
    with tempfile.TemporaryDirectory() as folder:
        more: tuple[str, ...] = ("--small",) if small else ()
        roots: tuple[str, ...] = ()
        if name in OVER_TLS:
            chain, key, root = certificate(Path(folder))
            more += ("--tls", str(chain), str(key))
            roots = (str(root),)
        serving = Process("server.py", *server.split("-"), *more)
        victim = Process("victim.py", serving.first, *roots)
        time.sleep(0.5)
        Path(f"/proc/{serving.pid}/clear_refs").write_text("5")
        before, cpu = serving.memory("VmRSS"), serving.cpu()
        stop = threading.Event()
        timer = threading.Timer(seconds, stop.set)
        timer.start()
        # In a process of its own, so that it takes no time of what measures.
        program = f"import sys, threading; sys.path.insert(0, {str(HERE)!r}); import on_servers; stop = threading.Event(); threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start(); print(on_servers.ATTACKS[{name!r}](('127.0.0.1', {serving.first}), stop))"  # fmt: skip
        attacker = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        stop.wait()
        output, _ = attacker.communicate()
        told = victim.end()
        lived = serving.lives()
        peak = serving.memory("VmHWM") - before if lived else 0
        used = serving.cpu() - cpu if lived else 0.0
        serving.end()
        found = json.loads(told.strip().splitlines()[-1]) if told.strip() else {}
        took = sorted(found.get("took") or [float("inf")])
        return Outcome(
            sent=int(output.strip() or 0),
            memory=max(0, peak),
            cpu=used,
            p50=statistics.median(took),
            p99=took[int(len(took) * 0.99)] if len(took) > 1 else took[0],
            worst=took[-1],
            calls=len(took),
            failed=tuple(found.get("failed") or ()),
            lived=lived,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--attack", action="append", choices=sorted(ATTACKS))
    parser.add_argument("--server", action="append", choices=SERVERS)
    parser.add_argument("--markdown", type=Path)
    arguments = parser.parse_args()
    servers = arguments.server or list(SERVERS)
    head = ["attack", "sent, MB"]
    for server in servers:
        head += [f"{server}: MiB", "CPU s", "p50 / p99 / worst, ms"]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---|" * (len(head) - 1)]
    print("\n".join(lines), flush=True)
    broken = 0
    for name in arguments.attack or ATTACKS:
        outcomes = [measure(name, server, arguments.seconds, arguments.small) for server in servers]
        cells = [name.replace("_", " "), f"{outcomes[0].sent / 1e6:.1f}"]
        for outcome in outcomes:
            cells += outcome.cells()
        lines.append("| " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
        for server, outcome in zip(servers, outcomes):
            if server.startswith("russet") and (outcome.failed or not outcome.lived):
                broken += 1
                print(f"  {server}: {outcome.failed[:3] or 'it ended'}", flush=True)
    if arguments.markdown:
        day = datetime.date.today().isoformat()
        arguments.markdown.write_text(f"Measured on {day}.\n\n" + "\n".join(lines) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
