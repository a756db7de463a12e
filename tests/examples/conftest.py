"""Fixtures of the examples' tests: services compiled into a folder, servers as processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
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
    def server(self, script: str, *arguments: str) -> Iterator[int]:
        """The port of a server that runs meanwhile, and that Ctrl-C must end without an error."""
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
            yield int(line[len(STARTED) :])
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, errors
            assert errors == ""
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def client(self, script: str, port: int) -> str:
        """What a client prints."""
        result = self._run(script, port)
        assert result.returncode == 0, result.stderr
        assert result.stderr == ""
        return result.stdout

    def failing_client(self, script: str, port: int) -> str:
        """What a client that fails says of it."""
        result = self._run(script, port)
        assert result.returncode != 0, result.stdout
        return result.stderr

    def _run(self, script: str, port: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(self.folder / script), f"--port={port}"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture(scope="session")
def helloworld(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return Example("helloworld", tmp_path_factory.mktemp("helloworld"))


@pytest.fixture(scope="session")
def route_guide(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return Example("route_guide", tmp_path_factory.mktemp("route_guide"))


@pytest.fixture(scope="session")
def users(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return Example("users", tmp_path_factory.mktemp("users"))


@pytest.fixture(scope="session")
def tyk_dispatcher(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return Example("tyk_dispatcher", tmp_path_factory.mktemp("tyk_dispatcher"))
