"""Runs h2spec, the HTTP/2 conformance suite, in strict mode against a Russet server in plaintext and over TLS. Fails where a case fails or is skipped.

Usage: run.py WORK_FOLDER. The Python that runs it has russet and trustme installed; h2spec is built with the Go command, and without one the suite is named as not run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

# The newest version that can be had as a Go module.
H2SPEC = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible"

# Seconds that h2spec waits for what should come: generous, for a loaded machine. Only a failing case waits that long.
TIMEOUT = 10


def run(h2spec: Path, tls: bool) -> bool:
    """Prints the counts, and the failures if there are any."""
    server = Path(__file__).with_name("server.py")
    command = [sys.executable, str(server), *(["--tls"] if tls else [])]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        flags = ["--strict", "-h", "127.0.0.1", "-p", port, "-o", str(TIMEOUT)]
        flags += ["--path", "/h2spec/Echo", *(["-t", "-k"] if tls else [])]
        done = subprocess.run([h2spec, *flags], capture_output=True, text=True)
        process.communicate()
    counts = re.search(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed", done.stdout)
    print(f"{'TLS' if tls else 'plaintext':11}{counts[0] if counts else done.stdout}", flush=True)
    clean = counts is not None and counts[3] == counts[4] == "0"
    if not clean:
        print(done.stdout.partition("Failures:")[2])
    return clean


def main() -> int:
    if shutil.which("go") is None:
        print("h2spec: not run, there is no Go command")
        return 0
    work = Path(sys.argv[1]).absolute()
    work.mkdir(parents=True, exist_ok=True)
    h2spec = work / "h2spec"
    if not h2spec.exists():
        subprocess.run(
            ["go", "install", H2SPEC], env={**os.environ, "GOBIN": str(work)}, check=True
        )
    outcomes = [run(h2spec, tls) for tls in (False, True)]
    return not all(outcomes)


if __name__ == "__main__":
    sys.exit(main())
