"""Runs the gRPC interop cases: Russet's client and server, synchronous and asyncio, with grpcio's and with those of gRPC in Go, in plaintext and over TLS.

Prints a table, and fails where a case fails. Usage: run.py WORK_FOLDER. The Python that runs it has russet, grpcio-tools and trustme installed. The Go programs are built with the Go command; without one they are named as not run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import client
import trustme

HERE = Path(__file__).parent
GO_VERSION = "v1.85.0"
HOST = "foo.test.example"

# Seconds for one case, the start of a process included.
LIMIT = 60

# What the Go programs do not know: their server compresses nothing on request, and their client has no such cases.
NOT_IN_GO = {name for name in client.NAMES if "compressed" in name}

SERVERS = ("russet", "russet-asyncio", "grpcio", "go")
CLIENTS = ("russet", "grpcio", "go")


def certificates(work: Path) -> dict[str, str]:
    """Makes an authority and a server's certificate, and returns their files."""
    ca = trustme.CA()
    made = ca.issue_cert(HOST, "127.0.0.1")
    files = {name: str(work / name) for name in ("ca.pem", "server.pem", "server.key")}
    ca.cert_pem.write_to_path(files["ca.pem"])
    made.cert_chain_pems[0].write_to_path(files["server.pem"])
    made.private_key_pem.write_to_path(files["server.key"])
    return files


def go_programs(work: Path) -> bool:
    """Builds the Go client and server; False where there is no Go."""
    if shutil.which("go") is None:
        return False
    environment = {**os.environ, "GOBIN": str(work)}
    for name in ("client", "server"):
        if not (work / name).exists():
            package = f"google.golang.org/grpc/interop/{name}@{GO_VERSION}"
            subprocess.run(["go", "install", package], env=environment, check=True)
    return True


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
    raise RuntimeError(f"the server ended with {process.returncode}")


@contextlib.contextmanager
def serving(name: str, tls: bool, files: dict[str, str], work: Path) -> Iterator[int]:
    flags = [f"--use_tls={str(tls).lower()}"]
    if tls:
        flags += [f"--tls_cert_file={files['server.pem']}", f"--tls_key_file={files['server.key']}"]
    if name == "go":
        port = free_port()
        command = [str(work / "server"), f"--port={port}", *flags]
    else:
        implementation, _, kind = name.partition("-")
        command = [sys.executable, str(HERE / "server.py"), *flags]
        command += ["--implementation", implementation, *(["--asyncio"] if kind else [])]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        if name == "go":
            wait_for(port, process)
        else:
            assert process.stdout is not None
            port = int(process.stdout.readline())
        yield port
    finally:
        process.kill()
        process.communicate()


def run_case(name: str, case: str, port: int, tls: bool, files: dict[str, str], work: Path) -> str:
    """The error's last line; empty where the case passed."""
    flags = [f"--use_tls={str(tls).lower()}", f"--test_case={case}"]
    flags += ["--server_host=127.0.0.1", f"--server_port={port}"]
    if tls:
        flags += [f"--ca_file={files['ca.pem']}", f"--server_host_override={HOST}"]
    if name == "go":
        flags += ["--use_test_ca=true"] if tls else []
        command = [str(work / "client"), *flags]
    else:
        command = [sys.executable, str(HERE / "client.py"), "--implementation", name, *flags]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return f"no end within {LIMIT} s"
    lines = (done.stderr or done.stdout).strip().splitlines()
    return "" if done.returncode == 0 else (lines or ["no output"])[-1]


def main() -> int:
    work = Path(sys.argv[1])
    work.mkdir(parents=True, exist_ok=True)
    files = certificates(work)
    has_go = go_programs(work)
    failures = []
    print(f"{'server':16}{'client':10}{'':11}passed")
    for server in SERVERS:
        for caller in CLIENTS:
            if not any(name.startswith("russet") for name in (server, caller)):
                continue
            if "go" in (server, caller) and not has_go:
                print(f"{server:16}{caller:10}not run: there is no Go command")
                continue
            cases = [
                case
                for case in client.NAMES
                if "go" not in (server, caller) or case not in NOT_IN_GO
            ]
            for tls in (False, True):
                passed = 0
                with serving(server, tls, files, work) as port:
                    for case in cases:
                        error = run_case(caller, case, port, tls, files, work)
                        passed += not error
                        if error:
                            failures.append(f"{server}, {caller}, tls={tls}, {case}: {error}")
                kind = "TLS" if tls else "plaintext"
                print(f"{server:16}{caller:10}{kind:11}{passed} of {len(cases)}", flush=True)
    for failure in failures:
        print(failure)
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
