"""Runs the gRPC interop cases: Russet's client and server, synchronous and asyncio, with those of grpcio, Go, Java, Node.js, Ruby and Rust, in plaintext and over TLS.

Prints a table, and fails where a case fails. Usage: run.py WORK_FOLDER [PEER ...], with peers by their names in the table. The Python that runs it has russet, grpcio-tools, trustme and cryptography installed.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import peers
import trustme
from cryptography.hazmat.primitives import serialization

# Seconds for a process of one case, its start included, and for one of all cases.
LIMIT = 60
LIMIT_OF_ALL = 240


def certificates(folder: Path) -> None:
    """Makes an authority and a server's certificate, under the names that the standard programs look for."""
    folder.mkdir(exist_ok=True)
    authority = trustme.CA()
    made = authority.issue_cert(peers.HOST, "127.0.0.1")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    made.cert_chain_pems[0].write_to_path(str(folder / "server1.pem"))
    # Java reads keys in PKCS #8 alone.
    key = serialization.load_pem_private_key(made.private_key_pem.bytes(), None)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "server1.key").write_bytes(pem)


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    """Until the server takes connections."""
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
    raise RuntimeError(f"the server ended with {process.returncode}")


@contextlib.contextmanager
def serving(peer: peers.Peer, tls: bool, work: Path) -> Iterator[int]:
    """The port of a server that runs meanwhile."""
    flags = [f"--use_tls={str(tls).lower()}"]
    if tls:
        certs = work / "certs"
        flags += [f"--tls_cert_file={certs}/server1.pem", f"--tls_key_file={certs}/server1.key"]
    port = 0
    if not peer.prints_port:
        port = free_port()
        flags.append(f"--port={port}")
    process = subprocess.Popen(
        peer.server(flags),
        env={**os.environ, **peer.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if peer.prints_port else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        if process.stdout is not None:
            port = int(process.stdout.readline())
        else:
            wait_for(port, process)
        yield port
    finally:
        process.kill()
        process.communicate()


def call(peer: peers.Peer, cases: list[str], port: int, tls: bool, work: Path) -> dict[str, str]:
    """What became of each case: "ok", or what went wrong."""
    flags = [f"--use_tls={str(tls).lower()}", "--server_host=127.0.0.1", f"--server_port={port}"]
    if tls:
        flags += [f"--ca_file={work}/certs/ca.pem", f"--server_host_override={peers.HOST}"]
    if peer.takes_several:
        _, printed, error = outcome(peer, [*flags, f"--test_case={','.join(cases)}"], LIMIT_OF_ALL)
        told = dict(line.split(": ", 1) for line in printed.splitlines() if ": " in line)
        return {case: told.get(case, f"no outcome; {last_line(error)}") for case in cases}
    outcomes = {}
    for case in cases:
        code, printed, error = outcome(peer, [*flags, f"--test_case={case}"], LIMIT)
        outcomes[case] = "ok" if code == 0 else last_line(error or printed)
    return outcomes


def outcome(peer: peers.Peer, flags: list[str], limit: int) -> tuple[int, str, str]:
    """The exit code and what was printed by a client."""
    with subprocess.Popen(
        peer.client(flags),
        env={**os.environ, **peer.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            printed, error = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            process.kill()
            printed, _ = process.communicate()
            return 1, printed, f"no end within {limit} s"
    return process.returncode, printed, error


def last_line(text: str) -> str:
    return next(reversed(text.strip().splitlines()), "nothing was printed")


def pairs(foreign: tuple[peers.Peer, ...]) -> Iterator[tuple[peers.Peer, peers.Peer]]:
    """Servers and clients: ours with ours, ours with each of theirs, theirs with ours."""
    for server in peers.RUSSET:
        for caller in (*peers.RUSSET, *foreign):
            yield server, caller
    for server in foreign:
        for caller in peers.RUSSET:
            yield server, caller


def main() -> int:
    work = Path(sys.argv[1]).absolute()
    work.mkdir(parents=True, exist_ok=True)
    certificates(work / "certs")
    foreign = tuple(each for each in peers.FOREIGN if not sys.argv[2:] or each.name in sys.argv[2:])
    absent = {peer.name: reason for peer in foreign if (reason := peer.prepare(work))}
    notes, failures, runs = [], [], 0
    print(f"{'server':17}{'client':17}{'plaintext':>12}{'TLS':>12}")
    for server, caller in pairs(foreign):
        reason = absent.get(server.name) or absent.get(caller.name)
        if reason:
            print(f"{server.name:17}{caller.name:17}  not run: {reason}")
            continue
        missing = {**server.not_served, **caller.not_called}
        cases = [case for case in peers.CASES if case not in missing]
        counts = []
        for tls in (False, True):
            with serving(server, tls, work) as port:
                outcomes = call(caller, cases, port, tls, work)
            wrong = {case: error for case, error in outcomes.items() if error != "ok"}
            place = f"{server.name}, {caller.name}, {'TLS' if tls else 'plaintext'}"
            failures += [f"{place}, {case}: {error}" for case, error in wrong.items()]
            counts.append(f"{len(cases) - len(wrong)} of {len(cases)}")
            runs += len(cases)
        print(f"{server.name:17}{caller.name:17}{counts[0]:>12}{counts[1]:>12}", flush=True)
    for peer in foreign:
        for role, left_out in (("server", peer.not_served), ("client", peer.not_called)):
            for reason in dict.fromkeys(left_out.values()):
                names = ", ".join(case for case, given in left_out.items() if given == reason)
                notes.append(f"  {peer.name} as {role}: {names}: {reason}")
    notes += [f"  {case}: {reason}" for case, reason in peers.NOT_RUN.items()]
    print("Not run:", *notes, sep="\n")
    print(f"{runs - len(failures)} of {runs} runs passed")
    for each in failures:
        print(each)
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
