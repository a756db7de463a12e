"""What a runtime costs beside time: memory a parsed message, and importing. Each figure is of a process of its own."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

# How many messages of each shape are held when memory is measured.
HELD = {"Hello": 200_000, "Note": 100_000, "Mid": 20_000, "Catalog": 100, "Doubles": 30}
# Messages of the generated module whose import is measured, and fields of each.
MESSAGES, FIELDS = 200, 8
IMPORT_RUNS = 7

# Holds messages parsed from bytes of their own, as they come from a network. Prints how much memory they took.
_MEMORY = """
import os, sys
sys.path[:0] = {path}
from sides_memory import parser
parse, data = parser({side!r}, {shape!r})
def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
parse(bytes(bytearray(data)))
held = [None] * {count}
before = resident()
for n in range({count}):
    held[n] = parse(bytes(bytearray(data)))
print((resident() - before) / {count})
"""

# Prints the CPU time of importing the runtime's parts that generated code uses, and then of a generated module.
_IMPORT = """
import sys, time
sys.path.insert(0, {path!r})
a = time.process_time()
import {runtime}
import {runtime}.descriptor, {runtime}.descriptor_pool, {runtime}.symbol_database, {runtime}.internal.builder, {runtime}.message
b = time.process_time()
import {module}
c = time.process_time()
print(b - a, c - b)
"""


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout


def memory(folder: Path, side: str, shape: str) -> float:
    """Bytes that a parsed message keeps."""
    path = [str(Path(__file__).parent), str(folder)]
    return float(_run(_MEMORY.format(path=path, side=side, shape=shape, count=HELD[shape])))


def write_large_module(folder: Path) -> None:
    """Generates the module of many messages for both runtimes."""
    lines = ['syntax = "proto3";', "package russet.bench.large;"]
    for number in range(MESSAGES):
        lines.append(f"message Message{number} {{")
        kinds = ("string", "int64", "bool", "double", "bytes", f"repeated Message{number // 2}")
        lines += [f"  {kinds[n % len(kinds)]} field_{n} = {n + 1};" for n in range(FIELDS)]
        lines.append("}")
    from grpc_tools import protoc as google_protoc

    for package in ("upb_large", "russet_large"):
        (folder / package).mkdir()
        (folder / package / "large.proto").write_text("\n".join(lines))
    arguments = [f"-I{folder}", f"--python_out={folder}"]
    if google_protoc.main(["protoc", *arguments, "upb_large/large.proto"]) != 0:
        raise SystemExit("the large module does not compile")
    command = [sys.executable, "-m", "russet.protoc", *arguments, "russet_large/large.proto"]
    subprocess.run(command, check=True)


def imports(folder: Path, runtime: str, module: str) -> tuple[float, float]:
    """Seconds of CPU time to import a runtime, and a generated module after it."""
    code = _IMPORT.format(path=str(folder), runtime=runtime, module=module)
    runs = [tuple(map(float, _run(code).split())) for _ in range(IMPORT_RUNS + 1)]
    # The first run writes the compiled files.
    first, second = zip(*runs[1:])
    return statistics.median(first), statistics.median(second)
