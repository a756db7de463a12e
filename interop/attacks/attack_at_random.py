"""A random attacker on servers with small limits: their memory must stay below what docs/limits.md says, and a good client's calls must all succeed.

attack_at_random.py [--seconds S] [--seed N] [--server KIND]...
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from attack_servers import Process  # noqa: E402

CONNECTIONS = 12
MIB = 1 << 20
# docs/limits.md, "What a peer can make a server hold": of the limits that server.py sets with --small.
SERVER_MEMORY = 64 * MIB
OF_A_CONNECTION = 3 * MIB // 2
WORKERS = 16
LONGEST_MESSAGE = 4 * MIB
MARGIN = 1.25


def most(kind: str) -> int:
    handlers = WORKERS * 2 * LONGEST_MESSAGE if kind == "sync" else 2 * LONGEST_MESSAGE
    return int(MARGIN * (SERVER_MEMORY + CONNECTIONS * OF_A_CONNECTION + handlers))


def quantiles(took: list[float]) -> tuple[float, float, float]:
    took.sort()
    return took[len(took) // 2], took[int(len(took) * 0.99)], took[-1]


def watch(victim: Process) -> dict[str, list]:  # type: ignore[type-arg]
    told = victim.end().strip()
    return json.loads(told.splitlines()[-1]) if told else {"took": [float("inf")], "failed": ["it did not end"]}  # fmt: skip


def run(kind: str, seconds: float, seed: int) -> bool:
    serving = Process("server.py", "russet", kind, "--small")
    quiet = Process("victim.py", serving.first)
    time.sleep(min(5.0, seconds / 4))
    _, calm, _ = quantiles(watch(quiet)["took"])
    before = serving.memory("VmRSS")
    Path(f"/proc/{serving.pid}/clear_refs").write_text("5")
    victim = Process("victim.py", serving.first)
    program = f"import sys, threading; sys.path.insert(0, {str(HERE)!r}); import at_random; stop = threading.Event(); threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start(); print(at_random.attack(('127.0.0.1', {serving.first}), stop, seed={seed}, connections={CONNECTIONS}))"  # fmt: skip
    attacker = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + seconds
    while time.monotonic() < end and attacker.poll() is None and serving.lives():
        time.sleep(0.2)
    sent, _ = attacker.communicate()
    found = watch(victim)
    lived = serving.lives()
    peak = serving.memory("VmHWM") - before if lived else 0
    serving.end()
    p50, p99, worst = quantiles(found["took"])
    limit = most(kind)
    good = lived and peak <= limit and not found["failed"]
    print(
        f"{'ok  ' if good else 'FAIL'} {kind}, seed {seed}, {seconds:.0f} s, {int(sent.strip() or 0) / 1e6:.0f} MB sent: "
        f"{peak / MIB:.0f} MiB of {limit / MIB:.0f}; {len(found['took'])} calls, {len(found['failed'])} failed, "
        f"p50 {p50:.1f}, p99 {p99:.1f} (quiet {calm:.1f}), worst {worst:.0f} ms"
        + ("" if lived else "; the server ended"),
        flush=True,
    )
    for failure in found["failed"][:3]:
        print(f"     {failure}")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--server", action="append", choices=("sync", "asyncio"))
    arguments = parser.parse_args()
    kinds = arguments.server or ["sync", "asyncio"]
    outcomes = [run(kind, arguments.seconds, arguments.seed) for kind in kinds]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
