"""Builds the Greeter in five languages, calls every server with every client, and prints the matrix.

Usage: python run.py [--work FOLDER] [LANGUAGE ...]. What is built stands in FOLDER, by default `target/polyglot` of the project. A language whose toolchain is missing is named as not run. Fails where a pair does.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
STARTED = "Server started, listening on "

# The generators of Go's code.
GO_PLUGINS = (
    "google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12",
    "google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2",
)

# Seconds for a client, its start included.
LIMIT = 60


class Programs(NamedTuple):
    """What starts a language's server and client, and the folder they run in."""

    server: list[str]
    client: list[str]
    environment: dict[str, str]


def run(command: list[str], folder: Path, **environment: str) -> None:
    """A step of a build; what it says is shown where it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed\n{done.stdout}{done.stderr}")


def python(work: Path) -> Programs:
    russet = [sys.executable, "-m", "russet.protoc", "-I.", "polyglot.proto"]
    run([*russet, f"--python_out={work}", f"--grpc_python_out={work}"], HERE)
    scripts = [
        [sys.executable, str(HERE / "python" / f"{role}.py")] for role in ("server", "client")
    ]
    return Programs(*scripts, {"PYTHONPATH": str(work)})


def go(work: Path) -> Programs:
    shutil.copytree(HERE / "go", work, dirs_exist_ok=True)
    tools = work / "tools"
    for plugin in GO_PLUGINS:
        run(["go", "install", plugin], work, GOBIN=str(tools))
    compiler = [sys.executable, "-m", "russet.protoc", "-I.", "polyglot.proto"]
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    run([*compiler, f"--go_out={work.parent}", f"--go-grpc_out={work.parent}"], HERE, PATH=path)
    (work / "pb").mkdir(exist_ok=True)
    for made in (work.parent / "polyglot" / "pb").iterdir():
        made.replace(work / "pb" / made.name)
    run(["go", "build", "-o", "bin/", "./server", "./client"], work)
    return Programs([str(work / "bin" / "server")], [str(work / "bin" / "client")], {})


def java(work: Path) -> Programs:
    copy = ["dependency:copy-dependencies", f"-DoutputDirectory={work}/lib"]
    run(
        [
            "mvn",
            "-q",
            "-B",
            "-f",
            str(HERE / "java" / "pom.xml"),
            f"-Dwork={work}",
            "compile",
            *copy,
        ],
        HERE,
    )
    command = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    command += ["-cp", f"{work}/classes{os.pathsep}{work}/lib/*"]
    return Programs([*command, "polyglot.GreeterServer"], [*command, "polyglot.GreeterClient"], {})


def node(work: Path) -> Programs:
    shutil.copytree(HERE / "node", work / "node", dirs_exist_ok=True)
    shutil.copy(HERE / "polyglot.proto", work)
    run(["npm", "ci", "--silent"], work / "node")
    scripts = [["node", str(work / "node" / f"{role}.js")] for role in ("server", "client")]
    return Programs(*scripts, {})


def rust(work: Path) -> Programs:
    build = ["cargo", "build", "--quiet", "--release", "--locked", "--target-dir", str(work)]
    run(build, HERE / "rust")
    release = work / "release"
    return Programs([str(release / "server")], [str(release / "client")], {})


# How each is built, and the commands that it needs.
LANGUAGES: dict[str, tuple[Callable[[Path], Programs], tuple[str, ...]]] = {
    "python": (python, ()),
    "go": (go, ("go",)),
    "java": (java, ("java", "mvn")),
    "node": (node, ("node", "npm")),
    "rust": (rust, ("cargo",)),
}


def expected(server: str, client: str) -> list[str]:
    """What a client prints."""
    return [
        "unary: Hello, Ada!",
        f"metadata: {server} for {client}",
        "server streaming: Hello, Ada, 1! Hello, Ada, 2! Hello, Ada, 3!",
        "client streaming: Hello, Ada and Grace and Mary!",
        "both streaming: Hello, Ada! Hello, Grace! Hello, Mary!",
        f"error: 3, a name is needed, to {client}",
    ]


@contextmanager
def serving(programs: Programs) -> Iterator[str]:
    """The port of a server that runs meanwhile."""
    process = subprocess.Popen(
        [*programs.server, "--port=0"],
        env={**os.environ, **programs.environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip().removeprefix(STARTED)
    finally:
        process.kill()
        process.communicate()


def difference(programs: Programs, port: str, wanted: list[str]) -> str:
    """What a client printed otherwise than it should; nothing where all is right."""
    done = subprocess.run(
        [*programs.client, f"--port={port}"],
        env={**os.environ, **programs.environment},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    lines = done.stdout.splitlines()
    if lines == wanted:
        return ""
    wrong = [line for line in lines if line not in wanted]
    return "\n".join([*(wrong or lines), done.stderr]).strip() or "nothing was printed"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--work", type=Path, default=HERE.parents[1] / "target" / "polyglot")
    parser.add_argument("languages", nargs="*", metavar="LANGUAGE", help=", ".join(LANGUAGES))
    given = parser.parse_args()
    unknown = set(given.languages) - set(LANGUAGES)
    if unknown:
        parser.error(
            f"there is no {', '.join(sorted(unknown))} here; there are {', '.join(LANGUAGES)}"
        )
    built = {}
    for name in given.languages or LANGUAGES:
        build, needed = LANGUAGES[name]
        missing = [command for command in needed if shutil.which(command) is None]
        if missing:
            print(f"{name}: not run, there is no {missing[0]} command")
            continue
        work = (given.work / name).absolute()
        work.mkdir(parents=True, exist_ok=True)
        print(f"building {name}", flush=True)
        built[name] = build(work)
    print(f"\n{'server / client':17}" + "".join(f"{name:8}" for name in built))
    differences, right = [], 0
    for server, programs in built.items():
        cells = []
        with serving(programs) as port:
            for client, calling in built.items():
                wrong = difference(calling, port, expected(server, client))
                right += not wrong
                cells.append("wrong" if wrong else "right")
                if wrong:
                    differences.append(f"{server} as server, {client} as client:\n{wrong}")
        print(f"{server:17}" + "".join(f"{cell:8}" for cell in cells), flush=True)
    print(f"{right} of {len(built) ** 2} pairs are right")
    for each in differences:
        print(each)
    return bool(differences)


if __name__ == "__main__":
    sys.exit(main())
