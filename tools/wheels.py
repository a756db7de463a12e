"""Builds the wheels that a release has, and tries each that this machine can run.

For every CPython from 3.9 to 3.14 that is found, a manylinux wheel and a musllinux wheel; then each manylinux wheel is installed in a fresh virtual environment, which compiles a service, serves it and calls it, and what was installed is weighed. `--target aarch64-unknown-linux-gnu` and the like build for another processor, from the same recipe; such wheels and those for musl are built, not run.

A target needs Rust's standard library for it (`rustup target add`); where it is not installed, a nightly toolchain with `rust-src` builds it. A target that has neither is named and left out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
VERSIONS = [(3, minor) for minor in range(9, 15)]
GNU, MUSL = "x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"
# The oldest systems that wheels run on: glibc 2.17, of 2012; musl 1.2, of 2020.
TAGS = {"gnu": "manylinux2014", "musl": "musllinux_1_2"}
# What all of Russet may take once it is installed, in MiB; grpcio, grpcio-tools and protobuf take 31.
LARGEST = 12

PROGRAM = '''
import pathlib, subprocess, sys
from concurrent import futures

pathlib.Path("greeter.proto").write_text("""
syntax = "proto3";
package greeter;
message Name { string name = 1; }
service Greeter { rpc Hello(Name) returns (Name); }
""")
command = [sys.executable, "-m", "russet.protoc", "-I.", "--python_out=.", "--grpc_python_out=.", "greeter.proto"]
subprocess.run(command, check=True)
sys.path.insert(0, ".")
import greeter_pb2, greeter_pb2_grpc
from russet import grpc

class Greeter(greeter_pb2_grpc.GreeterServicer):
    def Hello(self, request, context):
        return greeter_pb2.Name(name="Hello, " + request.name)

server = grpc.server(futures.ThreadPoolExecutor(2))
greeter_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
port = server.add_insecure_port("localhost:0")
server.start()
with grpc.insecure_channel(f"localhost:{port}") as channel:
    answer = greeter_pb2_grpc.GreeterStub(channel).Hello(greeter_pb2.Name(name="wheel"), timeout=30)
assert answer.name == "Hello, wheel", answer
server.stop(None).wait()
'''


def candidates() -> list[Path]:
    """Where interpreters are looked for: $PYTHONS, those of pyenv, then PATH."""
    named = [Path(path) for path in os.environ.get("PYTHONS", "").split()]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    names = [f"python{major}.{minor}" for major, minor in VERSIONS]
    on_path = [Path(found) for name in names if (found := shutil.which(name))]
    return [*named, *sorted(pyenv.glob("*/bin/python")), *on_path]


def interpreters() -> dict[tuple[int, int], Path]:
    """One interpreter of each version, by version."""
    found: dict[tuple[int, int], Path] = {}
    question = "import sys; print(*sys.version_info[:2], sys.implementation.name)"
    for path in candidates():
        answer = subprocess.run([path, "-c", question], capture_output=True, text=True)
        if answer.returncode:
            continue
        major, minor, name = answer.stdout.split()
        version = (int(major), int(minor))
        if name == "cpython" and version in VERSIONS:
            found.setdefault(version, path)
    return dict(sorted(found.items()))


def rust_for(target: str) -> tuple[list[str], dict[str, str]] | None:
    """The flags and the environment that let cargo build for a target; `None` where no toolchain can."""
    stable = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True)
    if (Path(stable.stdout.strip()) / "lib/rustlib" / target / "lib").is_dir():
        return [], {}
    nightly = subprocess.run(
        ["rustc", "+nightly", "--print", "sysroot"], capture_output=True, text=True
    )
    source = Path(nightly.stdout.strip()) / "lib/rustlib/src/rust/library"
    if nightly.returncode == 0 and source.is_dir():
        return ["-Z", "build-std=std,panic_abort"], {"RUSTUP_TOOLCHAIN": "nightly"}
    return None


def build(version: tuple[int, int], interpreter: Path, target: str, out: Path) -> Path | None:
    """The wheel for an interpreter and a target."""
    rust = rust_for(target)
    if rust is None:
        return None
    flags, environment = rust
    name = "python{}.{}".format(*version)
    with tempfile.TemporaryDirectory(dir=out) as folder:
        command = [
            "maturin", "build", "--profile", "dist", "--zig", "--quiet", "--target", target,
            "--compatibility", TAGS["musl" if target.endswith("musl") else "gnu"],
            "--interpreter", str(interpreter) if target == GNU else name,
            "--out", folder, *flags,
        ]  # fmt: skip
        subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, **environment})
        (wheel,) = Path(folder).glob("*.whl")
        return wheel.replace(out / wheel.name)


def installed_size(wheel: Path) -> float:
    """The MiB that a wheel's files take once installed."""
    with zipfile.ZipFile(wheel) as archive:
        return sum(file.file_size for file in archive.infolist()) / 2**20


def try_out(interpreter: Path, wheel: Path) -> None:
    """Installs a wheel where nothing else is, and has it compile, serve and call."""
    with tempfile.TemporaryDirectory() as folder:
        venv = Path(folder) / "venv"
        subprocess.run([interpreter, "-m", "venv", venv], check=True)
        python = venv / "bin" / "python"
        install = [python, "-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check", wheel]  # fmt: skip
        subprocess.run(install, check=True)
        subprocess.run([python, "-c", PROGRAM], check=True, cwd=folder, timeout=120)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--out", type=Path, default=ROOT / "target" / "wheels")
    parser.add_argument("--target", action="append", help="Rust's name of a target; by default this processor with glibc and with musl")  # fmt: skip
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    found = interpreters()
    missing = [f"{major}.{minor}" for major, minor in VERSIONS if (major, minor) not in found]
    if missing:
        print(f"not on this machine, so not built: CPython {', '.join(missing)}", flush=True)
    wrong = False
    for version, interpreter in found.items():
        for target in options.target or [GNU, MUSL]:
            name = "CPython {}.{}, {}".format(*version, target)
            wheel = build(version, interpreter, target, options.out)
            if wheel is None:
                print(f"{name}: not built, Rust has no standard library for it here")
                wrong = True
                continue
            if target == GNU:
                try_out(interpreter, wheel)
            size = installed_size(wheel)
            wrong |= size > LARGEST
            tried = "works" if target == GNU else "built, not run"
            print(f"{name}: {tried}, {size:.1f} MiB installed{' (too large)' if size > LARGEST else ''}, {wheel.name}", flush=True)  # fmt: skip
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
