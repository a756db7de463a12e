"""Programs of their own, for what a signal or the end of the interpreter does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from types import ModuleType

# Seconds within which a program that was told to end must have ended.
LIMIT = 20.0

PRELUDE = """
import os, sys, threading
from concurrent import futures
if {name!r} == "grpc":
    import grpc
else:
    from russet import grpc
def say(*words):
    # In one piece: two threads may speak at once.
    sys.stdout.write(" ".join(map(str, words)) + "\\n")
    sys.stdout.flush()
def serve(handlers, workers=4, options=()):
    server = grpc.server(futures.ThreadPoolExecutor(workers), options=options)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, f"127.0.0.1:{{port}}"
entered = threading.Event()
def block(request, context):
    ended = threading.Event()
    context.add_callback(ended.set)
    entered.set()
    say("entered")
    ended.wait({limit})
    return b""
def stream(request, context):
    yield b"first"
    block(request, context)
def echo(request, context):
    return request
handlers = {{
    "block": grpc.unary_unary_rpc_method_handler(block),
    "stream": grpc.unary_stream_rpc_method_handler(stream),
    "echo": grpc.unary_unary_rpc_method_handler(echo),
}}
"""


class Program:
    """A Python program with `grpc` imported and helpers to serve; it is killed at the end of the `with` block."""

    def __init__(self, grpc: ModuleType, source: str) -> None:
        prelude = PRELUDE.format(name=grpc.__name__, limit=2 * LIMIT)
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-c", prelude + textwrap.dedent(source)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "GRPC_VERBOSITY": "ERROR"},
        )

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def read_line(self) -> str:
        """The next line."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def expect(self, line: str) -> None:
        """Read lines until this one."""
        watchdog = threading.Timer(LIMIT, self._process.kill)
        watchdog.start()
        assert self._process.stdout is not None
        try:
            for said in self._process.stdout:
                if said.strip() == line:
                    return
        finally:
            watchdog.cancel()
        _, errors = self._process.communicate()
        raise AssertionError(
            f"the program ended or hung before it said {line!r}; stderr:\n{errors}"
        )

    def peak_memory(self) -> int:
        """The most memory that it has held so far, in bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str, str]:
        """Wait for the end; (exit code, the rest of standard output, standard error)."""
        try:
            output, errors = self._process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            output, errors = self._process.communicate()
            raise AssertionError(f"the program did not end; stderr:\n{errors}") from error
        return self._process.returncode, output, errors
