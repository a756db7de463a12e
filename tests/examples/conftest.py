"""Fixtures of the examples' tests: services compiled into a folder, servers as processes."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import russet.protoc

EXAMPLES = Path(__file__).parents[2] / "examples"
STARTED = "Server started, listening on "

# How long a process may take, in seconds: a hanging one must not hang the tests.
PATIENCE = 60


class Example:
    """One folder of examples, its service compiled elsewhere."""

    def __init__(self, name: str, compiled: Path) -> None:
        self.folder = EXAMPLES / name
        protos = sorted(str(path) for path in self.folder.glob("*.proto"))
        argv = [
            "protoc",
            f"-I{self.folder}",
            f"--python_out={compiled}",
            f"--grpc_python_out={compiled}",
            *protos,
        ]
        assert russet.protoc.main(argv) == 0
        self.environment = dict(os.environ)
        self.environment["PYTHONPATH"] = os.pathsep.join(
            [str(compiled), *filter(None, [os.environ.get("PYTHONPATH")])]
        )

    @contextmanager
    def server(self, script: str, *arguments: str) -> Iterator[int | str]:
        """The port, or the ports as they are printed, of a server that runs meanwhile, and that Ctrl-C must end without an error."""
        with self.process(script, *arguments) as (_, port):
            yield port

    @contextmanager
    def process(
        self, script: str, *arguments: str
    ) -> Iterator[tuple[subprocess.Popen[str], int | str]]:
        """As `server`, with the process."""
        process = subprocess.Popen(
            [sys.executable, str(self.folder / script), "--port=0", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            if not line.startswith(STARTED):
                process.kill()
                pytest.fail(f"{script} did not start: {line}\n{process.communicate()[1]}")
            bound = line[len(STARTED) :]
            yield process, int(bound) if bound.isdecimal() else bound
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, errors
            assert errors == ""
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def client(self, script: str, port: int | str, *arguments: str) -> str:
        """What a client prints; it is given a port, or a whole argument."""
        result = self._run(script, port, *arguments)
        assert result.returncode == 0, result.stderr
        assert result.stderr == ""
        return result.stdout

    def failing_client(self, script: str, port: int, *arguments: str) -> str:
        """What a client that fails says of it."""
        result = self._run(script, port, *arguments)
        assert result.returncode != 0, result.stdout
        return result.stderr

    def _run(
        self, script: str, port: int | str, *arguments: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                sys.executable,
                str(self.folder / script),
                f"--port={port}" if isinstance(port, int) else port,
                *arguments,
            ],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Example]:
    """An example by the name of its folder, compiled once."""
    return functools.cache(lambda name: Example(name, tmp_path_factory.mktemp(name)))
