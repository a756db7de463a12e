"""Whom the benchmark compares: the servers and the clients, how each is built and started, and under which workloads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
GENERATED = ROOT / "target" / "bench-generated"


@dataclass
class Contestant:
    """A server or a client to be measured. `kinds` are the workloads that it can do, where it cannot do all."""

    name: str
    command: list[str]
    problem: str | None = None
    kinds: tuple[str, ...] = ()


@dataclass
class Workload:
    """What is called, and how much of it at once. A workload of clients is done by each client with the fastest server there is, one of servers by the load generator with each server."""

    name: str
    kind: str
    connections: int = 1
    in_flight: int = 1
    # Flags of the server.
    server: list[str] = field(default_factory=list)

    @property
    def is_of_clients(self) -> bool:
        return self.kind.endswith("client")

    @property
    def unit(self) -> str:
        return "messages/s" if self.kind in STREAMS else "calls/s"

    def load_flags(self) -> list[str]:
        """What the load generator is told."""
        kind = "unary" if self.kind == "sleeping" else self.kind
        return [
            f"--workload={kind}",
            f"--connections={self.connections}",
            f"--in-flight={self.in_flight}",
        ]

    def takes(self, contestant: Contestant) -> bool:
        return not contestant.kinds or self.kind in contestant.kinds


STREAMS = ("server_stream", "client_stream", "bidirectional")
# What a server with coroutines as handlers is not asked: its handlers would sleep at no cost.
OF_EVERY_SERVER = ("unary", *STREAMS)

WORKLOADS = [
    Workload("unary 1 x 1", "unary", 1, 1),
    Workload("unary 4 x 25", "unary", 4, 25),
    Workload("server stream", "server_stream", 1, 4),
    Workload("client stream", "client_stream", 1, 4),
    Workload("ping-pong", "bidirectional", 2, 10),
    Workload(
        "handlers that sleep 1 ms", "sleeping", 4, 16, server=["--threads=64", "--sleep-ms=1"]
    ),
    Workload("client, one thread", "sync_client", 1, 1),
    Workload("client, ten threads", "sync_client", 1, 10),
    Workload("asyncio client", "aio_client", 1, 100),
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


def tonic_server() -> Contestant:
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
    program = str(target / "release" / "tonic-server")
    return Contestant("tonic", [program], problem, OF_EVERY_SERVER)


@dataclass
class Code:
    """What a compiler wrote of bench.proto."""

    folder: Path
    problem: str | None


def generate(name: str, compiler: str, *outputs: str) -> Code:
    """Compiles bench.proto with `grpc_tools` or `russet` into a folder of its own, for each of the outputs."""
    folder = GENERATED / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    flags = [f"--{output}_out={folder}" for output in outputs]
    source = str(BENCH / "bench.proto")
    command = [sys.executable, "-m", f"{compiler}.protoc", f"--proto_path={BENCH}", *flags, source]
    # Plugins stand beside this Python.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return Code(folder, quiet(command, env={**os.environ, "PATH": path}))


def missing(module: str) -> str | None:
    """What went wrong when Python looked for a module."""
    return quiet([sys.executable, "-c", f"import {module}"])


class Python:
    """The contestants in Python, with the code that was generated for each."""

    def __init__(self) -> None:
        say("Compiling bench.proto")
        self._google = generate("grpc_tools", "grpc_tools", "python", "grpc_python")
        self._russet = generate("russet", "russet", "python", "grpc_python")
        self._grpclib = generate("grpclib", "grpc_tools", "python", "grpclib_python")
        self._connectrpc = generate("bench_connectrpc", "grpc_tools", "py", "connectrpc")
        self._no_uvloop = missing("uvloop")

    def _made(self, name: str, script: str, code: Code, *flags: str, kinds: tuple[str, ...]) -> Any:
        command = [sys.executable, str(BENCH / script), *flags, f"--generated={code.folder}"]
        return Contestant(name, command, code.problem, kinds)

    def servers(self) -> list[Contestant]:
        def one(name: str, script: str, rpc: str, messages: str, uvloop: bool = False) -> Any:
            code = self._google if messages == "google" else self._russet
            flags = [f"--rpc={rpc}", f"--messages={messages}", *(["--uvloop"] if uvloop else [])]
            kinds = (*OF_EVERY_SERVER, *(["sleeping"] if script == "sync_server.py" else []))
            made = self._made(name, f"servers/{script}", code, *flags, kinds=kinds)
            if uvloop:
                made.problem = made.problem or self._no_uvloop
            return made

        def other(name: str, code: Code) -> Any:
            return self._made(name, f"servers/{name}_server.py", code, kinds=OF_EVERY_SERVER)

        return [
            one("grpcio", "sync_server.py", "grpcio", "google"),
            one("russet", "sync_server.py", "russet", "russet"),
            one("russet, google's messages", "sync_server.py", "russet", "google"),
            one("grpc.aio", "aio_server.py", "grpcio", "google"),
            one("grpc.aio, uvloop", "aio_server.py", "grpcio", "google", uvloop=True),
            other("grpclib", self._grpclib),
            other("connectrpc", self._connectrpc),
            one("russet.aio", "aio_server.py", "russet", "russet"),
            one("russet.aio, uvloop", "aio_server.py", "russet", "russet", uvloop=True),
            one("russet.aio, google's messages", "aio_server.py", "russet", "google"),
        ]

    def clients(self) -> list[Contestant]:
        def one(name: str, script: str, code: Code, *flags: str) -> Any:
            kind = "sync_client" if script.startswith("sync") else "aio_client"
            return self._made(name, f"clients/{script}", code, *flags, kinds=(kind,))

        connectrpc = "clients/connectrpc_client.py"
        return [
            one("grpcio", "sync_client.py", self._google, "--rpc=grpcio"),
            self._made("connectrpc", connectrpc, self._connectrpc, kinds=("sync_client",)),
            one("russet", "sync_client.py", self._russet, "--rpc=russet"),
            one("grpc.aio", "aio_client.py", self._google, "--rpc=grpcio"),
            one("grpclib", "grpclib_client.py", self._grpclib),
            self._made(
                "connectrpc", connectrpc, self._connectrpc, "--asyncio", kinds=("aio_client",)
            ),
            one("russet.aio", "aio_client.py", self._russet, "--rpc=russet"),
        ]
