"""Compiles all of googleapis with Russet and with the other compilers, and prints a table.

Every compiler gets the same files: those of the googleapis package of the corpus that all of them take, which leaves out protobuf's own tests (protox knows no editions). The compilers take turns within each round, so that a slow minute of the machine hits all alike; what is shown are medians of wall time, of CPU time (user and system) and of peak memory of the whole process, on all cores. The outputs of Russet and protoc are compared too: a run with different bytes fails.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "interop" / "protoc"))

from corpus import FETCHED, ROOT, trees

RESULTS = ROOT / "bench" / "results"
PROTOX = "protox@0.10.0"
# A measurement of one process may take this long, in seconds.
LIMIT = 180
BUF_CONFIG = "version: v2\nmodules:\n  - path: .\n"


@dataclass
class Compiler:
    """What is run; `{out}` is the output's path, `{files}` an argument file."""

    name: str
    command: list[str]
    runs: list[tuple[float, float, int]] = field(default_factory=list)
    problem: str | None = None

    def median(self, index: int) -> float:
        return statistics.median(run[index] for run in self.runs)


@dataclass
class Job:
    """What all compilers are asked for."""

    name: str
    compilers: list[Compiler]
    # Whether the first two must write the same bytes.
    compared: bool = True


def prepare() -> tuple[Path, list[str]]:
    """A folder with the files and nothing else, since buf takes a folder."""
    (tree,) = trees(["googleapis"])
    names = [
        name
        for name in tree.files
        if not name.startswith("google/protobuf/") and name != "package.proto"
    ]
    folder = FETCHED / "bench-googleapis"
    if not folder.is_dir():
        partial = folder.with_name("bench-googleapis.partial")
        shutil.rmtree(partial, ignore_errors=True)
        for name in names:
            target = partial / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(tree.roots[0] / name, target)
        (partial / "buf.yaml").write_text(BUF_CONFIG)
        partial.rename(folder)
    return folder, names


def protox() -> str | None:
    """protox's command line, built once."""
    home = ROOT / "target" / "bench-tools"
    binary = home / "bin" / "protox"
    if not binary.exists():
        print(f"building {PROTOX}", file=sys.stderr)
        subprocess.run(
            ["cargo", "install", "--quiet", "--locked", PROTOX, "--features=bin", "--root", home],
            check=False,
        )
    return str(binary) if binary.exists() else None


def script(name: str) -> str | None:
    return shutil.which(name, path=sysconfig.get_path("scripts"))


def jobs() -> list[Job]:
    russet = [script("russet") or "russet", "protoc"]
    protoc, buf, protox_path = script("protoc"), script("buf"), protox()
    found = []
    for name, info in (("descriptor set", False), ("descriptor set with source info", True)):
        flags = ["-I.", *(["--include_source_info"] if info else []), "-o{out}", "@{files}"]
        compilers = [Compiler("russet", [*russet, *flags])]
        if protoc:
            compilers.append(Compiler("protoc", [protoc, *flags]))
        if buf:
            without = [] if info else ["--exclude-source-info"]
            command = [
                buf,
                "build",
                "--as-file-descriptor-set",
                *without,
                "-o",
                "{out}#format=binpb",
            ]
            compilers.append(Compiler("buf", command))
        if protox_path:
            command = [protox_path, "-I.", *(["--include_source_info"] if info else [])]
            compilers.append(Compiler("protox", [*command, "-o{out}", "{names}"]))
        found.append(Job(name, compilers))
    outs = ["--python_out={out}", "--pyi_out={out}", "--grpc_python_out={out}"]
    flags = ["-I.", *outs, "@{files}"]
    original = ["--python_opt=runtime=google", "--pyi_opt=runtime=google"]
    found.append(
        Job(
            "Python: _pb2.py, .pyi, _pb2_grpc.py",
            [
                Compiler("russet", [*russet, *flags]),
                Compiler(
                    "russet, the originals' text",
                    [*russet, *original, "--grpc_python_opt=runtime=grpcio", *flags],
                ),
                Compiler("grpc_tools", [sys.executable, "-m", "grpc_tools.protoc", *flags]),
            ],
            compared=False,
        )
    )
    return found


def measure(compiler: Compiler, folder: Path, names: list[str], out: Path, files: Path) -> None:
    """One run as a process of its own; its figures come from the system's accounting."""
    command = []
    for part in compiler.command:
        if part == "{names}":
            command += names
        else:
            command.append(part.replace("{out}", str(out)).replace("{files}", str(files)))
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            text = said.read().decode("utf-8", "replace").strip()
            compiler.problem = text.splitlines()[-1][:200] if text else "failed"
            return
    compiler.runs.append((wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss))


def run(job: Job, folder: Path, names: list[str], rounds: int) -> bool:
    """Whether the outputs that must be equal are."""
    equal = True
    with tempfile.TemporaryDirectory() as scratch:
        files = Path(scratch, "files")
        files.write_text("\n".join(names))
        for number in range(rounds):
            written: list[Path] = []
            for index, compiler in enumerate(job.compilers):
                # Nothing is removed before the end: ext4 is slow at making files where thousands have just been deleted, and whoever comes next would pay for it.
                out = Path(scratch, f"{index}-{number}")
                if not job.compared:
                    out.mkdir()
                if compiler.problem is None:
                    print(
                        f"  {job.name}: {compiler.name}, {number + 1} of {rounds}", file=sys.stderr
                    )
                    measure(compiler, folder, names, out, files)
                written.append(out)
            named = {compiler.name: out for compiler, out in zip(job.compilers, written)}
            if job.compared and "protoc" in named:
                equal = equal and named["protoc"].read_bytes() == named["russet"].read_bytes()
    return equal


def show(job: Job) -> None:
    print(f"\n{job.name}")
    print(
        f"{'':34}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}{'x wall':>9}{'x CPU':>9}{'x memory':>10}"
    )
    first = job.compilers[0]
    for compiler in job.compilers:
        if not compiler.runs:
            print(f"  {compiler.name:32}{compiler.problem}")
            continue
        wall, cpu, memory = (compiler.median(index) for index in range(3))
        print(f"  {compiler.name:32}{wall:9.2f}{cpu:9.2f}{memory / 1024:9.0f}", end="")
        if compiler is not first and first.runs:
            ratios = [compiler.median(index) / first.median(index) for index in range(3)]
            print(f"{ratios[0]:9.1f}{ratios[1]:9.1f}{ratios[2]:10.1f}", end="")
        print()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round")
    arguments = parser.parse_args()
    folder, names = prepare()
    size = sum((folder / name).stat().st_size for name in names)
    print(f"{len(names)} files of googleapis, {size / 1e6:.0f} MB, {os.cpu_count()} cores")
    equal = True
    figures = {}
    for job in jobs():
        equal = run(job, folder, names, 1 if arguments.quick else arguments.rounds) and equal
        show(job)
        figures[job.name] = {compiler.name: compiler.runs for compiler in job.compilers}
    RESULTS.mkdir(exist_ok=True)
    output = RESULTS / f"compiler-{time.strftime('%Y%m%d-%H%M%S')}.json"
    output.write_text(json.dumps(figures, indent=1))
    if not equal:
        print("\nRusset and protoc wrote different bytes.")
    return int(not equal)


if __name__ == "__main__":
    sys.exit(main())
