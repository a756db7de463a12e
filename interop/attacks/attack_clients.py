"""Hostile servers and the clients that call them: memory, CPU, how late the calls' deadlines were kept, what the calls came to, how often the client connected, and how long calls to a good server took meanwhile.

attack_clients.py [--attack NAME]... [--client LIBRARY-KIND]...
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from on_clients import ATTACKS  # noqa: E402
from attack_servers import Process  # noqa: E402

CLIENTS = ("russet-sync", "grpcio-sync", "russet-asyncio", "grpcio-asyncio")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attack", action="append", choices=sorted(ATTACKS))
    parser.add_argument("--client", action="append", choices=CLIENTS)
    arguments = parser.parse_args()
    columns = ("attack", "client", "MiB", "CPU s", "late, ms", "connections", "p99 / worst, ms", "calls")  # fmt: skip
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns), flush=True)
    for name in arguments.attack or ATTACKS:
        for client in arguments.client or CLIENTS:
            good = Process("server.py", "grpcio", "sync")
            hostile = ATTACKS[name]()
            try:
                done = subprocess.run(
                    [
                        sys.executable,
                        str(HERE / "caller.py"),
                        *client.split("-"),
                        str(hostile.port),
                        good.first,
                        str(int("streams" in name)),
                    ],
                    stdout=subprocess.PIPE,
                    text=True,
                    timeout=120,
                    check=False,
                )
                told = json.loads(done.stdout) if done.stdout.strip() else None
            except subprocess.TimeoutExpired:
                told = None
            hostile.listener.close()
            good.end()
            cells = [name.replace("_", " "), client]
            if told is None:
                cells += ["it did not end", "", "", str(hostile.connections), "", ""]
            else:
                codes = ", ".join(f"{count} {code}" for code, count in told["codes"].items())
                cells += [
                    f"{told['memory'] / (1 << 20):.0f}",
                    f"{told['cpu']:.1f}",
                    f"{max(0, told['late']):.0f}",
                    str(hostile.connections),
                    f"{told['p99']:.0f} / {told['worst']:.0f}",
                    codes,
                ]
            print("| " + " | ".join(cells) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
