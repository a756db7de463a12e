"""Packages that people use run on Russet as on the originals: each program prints the same after `russet.install()`.

A program runs in a process of its own, since what `import` means holds for the whole process.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import modules

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
# The versions of protoc whose output stands in `gencode`.
GENCODE = sorted(folder.name for folder in HERE.glob("gencode/protoc_*"))
# Those whose code makes descriptors by itself, which protobuf since 4 refuses.
OLD_GENCODE = sorted(folder.name for folder in HERE.glob("gencode/before_3_19/*"))
# Seconds; far beyond what one takes.
LIMIT = 50

# What a program imports, besides Russet.
NEEDS = {
    "api_core": "google.api_core",
    "cel": "celpy",
    "grpclib_peer": "grpclib",
    "google_transports": "google.cloud.secretmanager_v1",
    "googleapis": "google.api",
    "interceptor": "grpc_interceptor",
    "opentelemetry_grpc": "opentelemetry.instrumentation.grpc",
    "opentelemetry_proto": "opentelemetry.proto",
    "protoplus": "proto",
    "qdrant": "qdrant_client",
    "reflection_and_health": "grpc_reflection",
    "secret_manager": "google.cloud.secretmanager_v1",
    "status": "grpc_status",
    "testing": "grpc_testing",
}

# Older packages, which older interpreters get, do not run on the newest protobuf.
pytestmark = pytest.mark.skipif(
    not modules.grpcio_is_newest(), reason="the newest grpcio is not to be had on this interpreter"
)


def outcome(command: list[str], program: str, *arguments: str, **variables: str) -> str:
    """What a program prints."""
    done = subprocess.run(
        [sys.executable, *command, str(PROGRAMS / f"{program}.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        env={**os.environ, **variables},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def on_both(program: str, *arguments: str) -> tuple[str, str]:
    """What a program prints on the originals and on Russet."""
    ours = outcome(["-m", "russet", "run"], program, *arguments)
    return outcome([], program, *arguments), ours


@pytest.mark.parametrize("program", NEEDS)
def test_a_package_does_the_same(program: str) -> None:
    assert importlib.util.find_spec(NEEDS[program]) is not None
    theirs, ours = on_both(program)
    assert ours == theirs
    assert ours


@pytest.mark.parametrize("version", GENCODE)
def test_code_of_every_protoc_does_the_same(version: str) -> None:
    theirs, ours = on_both("gencode", str(HERE / "gencode" / version))
    assert ours == theirs
    assert ours


@pytest.mark.parametrize("version", OLD_GENCODE)
@pytest.mark.parametrize(
    "variables",
    [{"RUSSET_PROTOBUF_VERSION": "3.20.3"}, {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}],
    ids=lambda variables: next(iter(variables)),
)
def test_code_of_old_protocs_does_the_same(version: str, variables: dict[str, str]) -> None:
    """As code of a later protoc on the original, where a program pins protobuf before 4 or asks for pure Python. (The original 7's pure Python takes most such code, but no maps.)"""
    folder = HERE / "gencode"
    theirs = outcome([], "gencode", str(folder / "protoc_3_19"))
    old = str(folder / "before_3_19" / version)
    ours = outcome(["-m", "russet", "run"], "gencode", old, **variables)
    assert ours == theirs


@pytest.mark.skipif(sys.version_info < (3, 10), reason="protovalidate 1 needs Python 3.10")
def test_protovalidate_does_the_same(tmp_path: Path) -> None:
    """Rules in options, read by a program that evaluates them; the rules' own file is compiled too."""
    command = [sys.executable, "-m", "russet.protoc", f"-I{HERE / 'gencode'}", "--python_opt=runtime=google", f"--python_out={tmp_path}", "validated.proto", "buf/validate/validate.proto"]  # fmt: skip
    subprocess.run(command, check=True, timeout=LIMIT)
    theirs, ours = on_both("validate", str(tmp_path))
    assert ours == theirs
    assert ours


def test_code_that_other_programs_generate(tmp_path: Path) -> None:
    """What russet's own compiler writes for the originals, and mypy-protobuf's stubs beside it."""
    commands = [
        [sys.executable, "-m", "russet.protoc", f"-I{HERE / 'gencode'}", "--python_opt=runtime=google", "--grpc_python_opt=runtime=grpcio", f"--python_out={tmp_path}", f"--grpc_python_out={tmp_path}", "gencode.proto"],
        [sys.executable, "-m", "grpc_tools.protoc", f"-I{HERE / 'gencode'}", f"--mypy_out={tmp_path}", f"--plugin=protoc-gen-mypy={Path(sys.executable).with_name('protoc-gen-mypy')}", "gencode.proto"],
    ]  # fmt: skip
    for command in commands:
        subprocess.run(command, check=True, timeout=LIMIT)
    theirs, ours = on_both("gencode", str(tmp_path))
    assert ours == theirs
    # The stub names classes of google.protobuf.internal; they are there, under the same names.
    stub = (tmp_path / "gencode_pb2.pyi").read_text()
    names = [line.split()[3] for line in stub.splitlines() if line.startswith("from google.protobuf.internal import")]  # fmt: skip
    imports = "; ".join(f"import google.protobuf.internal.{name}" for name in names)
    assert names
    command = [sys.executable, "-m", "russet", "run", "-c", imports]
    subprocess.run(command, check=True, timeout=LIMIT)
