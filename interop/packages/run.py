"""Real packages from PyPI, on the originals and on Russet, in two fresh environments each; a table of what differs.

`packages.txt` names for each program what it installs, with its argument behind a `=`; `locked/` pins it. A program of `programs/`, or of `tests/packages/programs`, does a package's main thing and prints what came of it; `suite` runs the tests in the package's source distribution. On Russet, the same versions are installed, with wheels of `russet shims` in the originals' place. `differences.txt` lists the programs that print something else, with the reason; one that stands there and does not differ is an error too.

    run.py [--quick] [--lock] [--keep FOLDER] [PROGRAM ...]
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PROGRAMS = (HERE / "programs", ROOT / "tests" / "packages" / "programs")
# Seconds that a program or an installation may take.
LIMIT = 240
# The distributions that have shims.
SHIMMED = re.compile(r"(grpcio(?:-(?:admin|channelz|csds|health-checking|observability|reflection|status|testing|tools))?|protobuf)==(\S+)")  # fmt: skip
# Whether a package is chosen or looked at must not depend on who runs this.
HIDDEN = ("RUSSET_INSTALL", "PYTHONPATH", "VIRTUAL_ENV", "GRPC_VERBOSITY", "GRPC_TRACE")


class Failed(Exception):
    """A step did not end well."""


@dataclass(frozen=True)
class Package:
    """A line of `packages.txt`."""

    program: str
    requirements: tuple[str, ...]
    quick: bool

    @property
    def lock(self) -> Path:
        """Its pinned requirements."""
        return HERE / "locked" / f"{self.name}.txt"

    @property
    def name(self) -> str:
        """The program, and what it is about where it is about several."""
        return "-".join(self.program.split("="))

    @property
    def pinned(self) -> dict[str, str]:
        """The version of each distribution."""
        found = re.findall(r"^([a-z0-9-]+)==([^\s;]+)", self.lock.read_text(), re.MULTILINE)
        return dict(found)

    @property
    def distribution(self) -> str:
        """The package itself: what is installed first."""
        name = re.split(r"[\[=<>~]", self.requirements[0])[0]
        return re.sub(r"[-_.]+", "-", name).lower()

    @property
    def source(self) -> Path:
        """Its program."""
        name = self.program.split("=")[0]
        return next(path for folder in PROGRAMS if (path := folder / f"{name}.py").exists())


def listed() -> list[Package]:
    """The packages of `packages.txt`."""
    found = []
    for line in (HERE / "packages.txt").read_text().splitlines():
        words = line.partition("#")[0].split()
        if words:
            quick = words[0].endswith("*")
            found.append(Package(words[0].rstrip("*"), tuple(words[1:]), quick))
    return found


def reasons() -> dict[str, str]:
    """The programs that are known to differ."""
    lines = (HERE / "differences.txt").read_text().splitlines()
    pairs = (line.split(": ", 1) for line in lines if line and not line.startswith("#"))
    return dict(pairs)  # type: ignore[arg-type]


def command(*words: str | Path, folder: Path = ROOT) -> str:
    """Run a command; return what it prints."""
    environment = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    # The wheels of the cache may be linked, but nothing here writes into an environment.
    try:
        done = subprocess.run([str(word) for word in words], cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False)  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{words[0]} took more than {LIMIT} s: {error.output}") from error
    if done.returncode:
        raise Failed(f"{' '.join(map(str, words))}: code {done.returncode}\n{done.stdout}\n{done.stderr}")  # fmt: skip
    return done.stdout


def tool(name: str) -> str:
    """A command beside this interpreter."""
    return str(Path(sys.executable).with_name(name))


def lock(package: Package) -> None:
    """Pin what a package installs, for every supported Python."""
    package.lock.parent.mkdir(exist_ok=True)
    source = package.lock.with_suffix(".in")
    source.write_text("".join(f"{requirement}\n" for requirement in package.requirements))
    version = "{}.{}".format(*sys.version_info[:2])
    try:
        command(tool("uv"), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python-version", version, "--output-file", package.lock, source)  # fmt: skip
    finally:
        source.unlink()


def environments(package: Package, wheel: Path, folder: Path) -> tuple[Path, Path]:
    """The interpreters of two environments: with the originals, and with Russet."""
    theirs, ours = folder / "originals", folder / "russet"
    for made in (theirs, ours):
        command(tool("uv"), "venv", "--quiet", "--python", sys.executable, made)
    install = (tool("uv"), "pip", "install", "--quiet", "--no-deps", "--python")
    command(*install, theirs / "bin/python", "-r", package.lock)
    lines = command(tool("uv"), "pip", "freeze", "--python", theirs / "bin/python").splitlines()
    shimmed = {found[1]: found[2] for line in lines if (found := SHIMMED.fullmatch(line))}
    others = [line for line in lines if not SHIMMED.fullmatch(line)]
    shims = folder / "shims"
    if shimmed:
        versions = [word for name, version in shimmed.items() for word in (f"--{name}", version)]
        command(sys.executable, "-m", "russet", "shims", "--dir", shims, *versions, *shimmed)
    command(*install, ours / "bin/python", wheel, *sorted(shims.glob("*.whl")), *others)
    return theirs / "bin/python", ours / "bin/python"


def unpack(package: Package, folder: Path) -> Path:
    """A package's source distribution, with its tests."""
    archives = folder / "source"
    distribution = f"{package.distribution}=={package.pinned[package.distribution]}"
    command(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", archives, distribution)  # fmt: skip
    (archive,) = archives.iterdir()
    shutil.unpack_archive(archive, archives)
    archive.unlink()
    (unpacked,) = archives.iterdir()
    return unpacked


def outcome(python: Path, package: Package, folder: Path) -> str:
    """What a package's program prints."""
    if package.program.startswith("suite="):
        shutil.copytree(unpack(package, folder.with_suffix(".source")), folder)
    else:
        folder.mkdir()
    return command(python, package.source, *package.program.split("=")[1:], folder=folder)


def compare(package: Package, wheel: Path, folder: Path) -> tuple[str, str]:
    """How a package fares: a word for the table, and what there is to say."""
    try:
        theirs, ours = environments(package, wheel, folder)
        expected = outcome(theirs, package, folder / "on-originals")
    except Failed as error:
        return "broken", f"it fails on the originals: {error}"
    try:
        printed = outcome(ours, package, folder / "on-russet")
        command(tool("uv"), "pip", "check", "--python", ours)
    except Failed as error:
        return "fails", str(error)
    if not expected.strip():
        return "broken", "its program prints nothing"
    if printed == expected:
        return "same", ""
    lines = difflib.unified_diff(expected.splitlines(), printed.splitlines(), "originals", "russet", lineterm="")  # fmt: skip
    return "differs", "\n".join(lines)


def versions(package: Package) -> str:
    """The package and its version, then grpcio's and protobuf's."""
    pinned = package.pinned
    name = f"{package.distribution} {pinned.get(package.distribution, '')}"
    if package.program.startswith("suite="):
        name += ", its tests"
    return name.ljust(64) + pinned.get("grpcio", "-").ljust(10) + pinned.get("protobuf", "-").ljust(10)  # fmt: skip


def build_wheel(folder: Path) -> Path:
    """Russet's wheel."""
    command(tool("maturin"), "build", "--release", "--quiet", "--interpreter", sys.executable, "--out", folder)  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    return wheel


def main() -> int:
    """Run what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("programs", nargs="*", help="which; all where none is named")
    parser.add_argument("--quick", action="store_true", help="those that are marked with * in packages.txt")  # fmt: skip
    parser.add_argument("--lock", action="store_true", help="pin the newest versions in locked/, and run nothing")  # fmt: skip
    parser.add_argument("--keep", type=Path, help="a folder for the environments, which then stay")
    given = parser.parse_args()
    chosen = [one for one in listed() if (one.quick or not given.quick) and (not given.programs or one.name in given.programs)]  # fmt: skip
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if given.lock:
        failures = 0
        for package in chosen:
            try:
                lock(package)
            except Failed as error:
                failures += 1
                print(f"{package.name}: {error}", file=sys.stderr)
        return 1 if failures else 0
    known = reasons()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as temporary:
        root: Path = given.keep or Path(temporary)
        shutil.rmtree(root, ignore_errors=True)
        wheel = build_wheel(root / "wheel")
        print(f"{'package':<64}{'grpcio':<10}{'protobuf':<10}{'s':>5}  result", flush=True)
        for package in chosen:
            start = time.monotonic()
            folder = root / package.name
            folder.mkdir()
            result, text = compare(package, wheel, folder)
            reason = known.get(package.name)
            if result == "differs" and reason:
                result, text = f"differs: {reason}", ""
            elif result == "same" and reason:
                result, text = "listed", "it is in differences.txt and does not differ"
            print(f"{versions(package)}{time.monotonic() - start:5.0f}  {result}", flush=True)
            if text:
                wrong.append(f"== {package.name}: {result}\n{text}\n")
            if given.keep is None:
                shutil.rmtree(folder)
    print(*wrong, sep="\n")
    print(f"{len(chosen) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
