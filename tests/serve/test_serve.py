"""`russet serve`: several processes on one port, replaced, reloaded and stopped without losing calls."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from russet import grpc

PATIENCE = 50
SYNC = """
    import os, time
    from concurrent import futures
    from russet import grpc

    def answer(request, context):
        if request:
            os.write(1, b"running\\n")
            time.sleep(float(request))
        return f"{os.getpid()} WORD".encode()

    def make_server():
        handler = grpc.unary_unary_rpc_method_handler(answer)
        server = grpc.server(futures.ThreadPoolExecutor(4))
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {"Who": handler}),))
        return server
"""
ASYNC = """
    import os
    from russet import grpc

    async def answer(request, context):
        return f"{os.getpid()} WORD".encode()

    async def make_server():
        handler = grpc.unary_unary_rpc_method_handler(answer)
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {"Who": handler}),))
        return server
"""
PLAIN_GRPCIO = SYNC.replace("from russet import grpc", "import grpc").replace("WORD", "{grpc.__file__}")  # fmt: skip


class Serving:
    """A supervisor that runs, and what it has logged."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first of the next lines that the pattern is found in."""
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found
        pytest.fail(f"{pattern} was never logged: {''.join(self.lines)}")

    def all_serve(self, workers: int) -> tuple[str, set[int]]:
        """The address, and the processes, once so many workers serve."""
        found = [self.wait_for(r"\(process (\d+)\) serves (\S+)$") for _ in range(workers)]
        return found[0][2], {int(match[1]) for match in found}

    def end(self) -> int:
        _, errors = self.process.communicate(timeout=PATIENCE)
        self.lines.append(errors)
        return self.process.returncode


@contextmanager
def serving(folder: Path, source: str, *arguments: str, factory: str = "app:make_server") -> Iterator[Serving]:  # fmt: skip
    (folder / "app.py").write_text(textwrap.dedent(source))
    process = subprocess.Popen(
        [sys.executable, "-m", "russet", "serve", factory, "--bind=127.0.0.1:0", *arguments],
        cwd=folder,
        # A module that is written anew in the same second must not be taken from the cache.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Serving(process)
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def who(address: str, request: bytes = b"") -> tuple[int, str]:
    """The process that answers a call over a connection of its own, and its word."""
    with grpc.insecure_channel(address) as channel:
        answer = channel.unary_unary("/t.T/Who")(request, timeout=PATIENCE, wait_for_ready=True)
    process, _, word = answer.decode().partition(" ")
    return int(process), word


def gone(process: int) -> None:
    """Waits for the end of a process that is not a child."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return
    assert select.select([descriptor], [], [], PATIENCE)[0]
    os.close(descriptor)


def test_workers_share_a_port(tmp_path: Path) -> None:
    with serving(tmp_path, SYNC, "--workers=3") as running:
        address, processes = running.all_serve(3)
        seen: set[int] = set()
        # The kernel chooses by a hash of the connection's ports.
        while seen != processes:
            seen.add(who(address)[0])


@pytest.mark.parametrize("flag", [[], ["--uvloop"]], ids=["asyncio", "uvloop"])
def test_a_coroutine_function_may_make_the_server(tmp_path: Path, flag: list[str]) -> None:
    with serving(tmp_path, ASYNC, "--workers=1", *flag) as running:
        address, processes = running.all_serve(1)
        assert who(address)[0] in processes
        running.process.terminate()
        assert running.end() == 0


def test_a_program_of_grpcio(tmp_path: Path) -> None:
    with serving(tmp_path, PLAIN_GRPCIO, "--workers=1", "--drop-in") as running:
        address, _ = running.all_serve(1)
        assert Path(who(address)[1]).parts[-3:] == ("russet", "grpc", "__init__.py")


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path, SYNC, "--workers=1") as running:
        address, (first,) = running.all_serve(1)
        os.kill(first, signal.SIGKILL)
        running.wait_for(r"was ended by SIGKILL; another one starts in 0.5 s")
        _, (second,) = running.all_serve(1)
        assert who(address)[0] == second != first


def test_calls_that_run_may_end(tmp_path: Path) -> None:
    with serving(tmp_path, SYNC, "--workers=1") as running:
        address, processes = running.all_serve(1)
        with grpc.insecure_channel(address) as channel:
            call = channel.unary_unary("/t.T/Who").future(b"1.5", timeout=PATIENCE)
            assert running.process.stdout
            assert running.process.stdout.readline() == "running\n"
            running.process.terminate()
            assert int(call.result().split()[0]) in processes
        assert running.end() == 0
        assert "calls have 30 s to end" in "".join(running.lines)


def test_asked_twice_it_stops_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, SYNC, "--workers=1") as running:
        address, (worker,) = running.all_serve(1)
        with grpc.insecure_channel(address) as channel:
            call = channel.unary_unary("/t.T/Who").future(b"40", timeout=PATIENCE)
            assert running.process.stdout
            assert running.process.stdout.readline() == "running\n"
            running.process.terminate()
            # A second time counts a second after the first.
            with pytest.raises(subprocess.TimeoutExpired):
                running.process.wait(1.2)
            running.process.terminate()
            assert call.code() is grpc.StatusCode.UNAVAILABLE
        assert running.end() == 1
        gone(worker)


def test_a_reload_takes_the_new_program_and_loses_no_call(tmp_path: Path) -> None:
    words: list[str] = []
    with serving(tmp_path, SYNC, "--workers=2") as running:
        address, old = running.all_serve(2)
        done = threading.Event()

        def call_again_and_again() -> None:
            with grpc.insecure_channel(address) as channel:
                method = channel.unary_unary("/t.T/Who")
                while not done.is_set():
                    answer = method(b"", timeout=PATIENCE, wait_for_ready=True)
                    words.append(answer.decode().partition(" ")[2])

        caller = threading.Thread(target=call_again_and_again)
        caller.start()
        (tmp_path / "app.py").write_text(textwrap.dedent(SYNC.replace("WORD", "NEW")))
        running.process.send_signal(signal.SIGHUP)
        _, new = running.all_serve(2)
        for process in old:
            gone(process)
        while who(address)[1] != "NEW" or "NEW" not in words:
            pass
        done.set()
        caller.join(PATIENCE)
    assert not new & old
    assert words == sorted(words, reverse=True), "the old program answered after the new one"


def test_a_program_that_does_not_start_leaves_the_old_one_running(tmp_path: Path) -> None:
    with serving(tmp_path, SYNC, "--workers=2") as running:
        address, old = running.all_serve(2)
        (tmp_path / "app.py").write_text("1 / 0\n")
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("before it served; the reload is given up, the old workers go on")
        assert who(address)[0] in old
        (tmp_path / "app.py").write_text(textwrap.dedent(SYNC))
        running.process.send_signal(signal.SIGHUP)
        _, new = running.all_serve(2)
        assert not new & old


# Of two workers one ends, and one says that it will never serve but stays, until the next program has started.
LINGERS = """
import os, pathlib, signal, sys, time
def wait_for(name):
    while not pathlib.Path(name).exists():
        time.sleep(0.01)
try:
    os.close(os.open("first", os.O_CREAT | os.O_EXCL))
    wait_for("lingers")
except FileExistsError:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.close(int(sys.argv[2]))
    pathlib.Path("number").write_text(str(os.getpid()))
    pathlib.Path("number").rename("lingers")
    wait_for("next")
os._exit(1)
"""
AFTER_IT = """
import os, pathlib, time
lingering = int(pathlib.Path("lingers").read_text())
pathlib.Path("next").touch()
while True:
    try:
        os.kill(lingering, 0)
    except ProcessLookupError:
        break
    time.sleep(0.01)
"""


def test_a_worker_that_lingers_does_not_disturb_the_next_reload(tmp_path: Path) -> None:
    with serving(tmp_path, SYNC, "--workers=2") as running:
        _, old = running.all_serve(2)
        (tmp_path / "app.py").write_text(LINGERS)
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("the reload is given up")
        (tmp_path / "app.py").write_text(AFTER_IT + textwrap.dedent(SYNC))
        running.process.send_signal(signal.SIGHUP)
        _, new = running.all_serve(2)
        assert not new & old
        for process in old:
            gone(process)


def test_workers_end_with_their_supervisor(tmp_path: Path) -> None:
    with serving(tmp_path, SYNC, "--workers=2") as running:
        _, processes = running.all_serve(2)
        running.process.kill()
        for process in processes:
            gone(process)


def test_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    identity = authority.issue_cert("localhost", "127.0.0.1")
    (tmp_path / "chain.pem").write_bytes(
        b"".join(part.bytes() for part in identity.cert_chain_pems)
    )
    identity.private_key_pem.write_to_path(tmp_path / "key.pem")
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    flags = [
        "--tls-certificate=chain.pem",
        "--tls-key=key.pem",
        "--tls-client-authority=authority.pem",
    ]
    client = authority.issue_cert("client@example.org")
    credentials = grpc.ssl_channel_credentials(
        authority.cert_pem.bytes(),
        client.private_key_pem.bytes(),
        client.cert_chain_pems[0].bytes(),
    )
    with serving(tmp_path, SYNC, "--workers=1", *flags) as running:
        address, (process,) = running.all_serve(1)
        with grpc.secure_channel(address, credentials) as channel:
            answer = channel.unary_unary("/t.T/Who")(b"", timeout=PATIENCE)
        assert int(answer.split()[0]) == process


@pytest.mark.parametrize(
    ("factory", "arguments", "code", "message"),
    [
        ("app:nope", [], 1, "app:nope: app has no 'nope'"),
        ("app:number", [], 1, "app:number is 3, not a function that returns a server"),
        ("app:three", [], 1, "app:three returned 3, not a server"),
        ("app:fails", [], 1, "RuntimeError: no database"),
        ("nowhere:x", [], 1, "there is no module 'nowhere' in "),
        ("app:three", ["--tls-certificate=no.pem", "--tls-key=no.pem"], 1, "app:three returned 3"),
        ("app", [], 2, "FACTORY is module:function, as app:make_server, and not 'app'"),
        ("app:three", ["--no-bind"], 2, "--no-bind leaves addresses and TLS to the factory"),
        ("app:three", ["--tls-key=key.pem"], 2, "--tls-certificate and --tls-key belong together"),
        ("app:three", ["--workers=0"], 2, "argument --workers: at least one"),
        ("app:three", ["--grace=-1"], 2, "argument --grace: seconds, not negative"),
        ("app:three", ["--workers=2", "--bind=unix:x"], 2, "unix:x: only TCP ports"),
        ("app:three", ["--bind=192.0.2.1:1"], 2, "192.0.2.1:1: Cannot assign requested address"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, factory: str, arguments: list[str], code: int, message: str) -> None:  # fmt: skip
    source = """
        number = 3
        def three(): return 3
        def fails(): raise RuntimeError("no database")
    """
    with serving(tmp_path, source, "--workers=1", *arguments, factory=factory) as running:
        assert running.end() == code
    assert message in "".join(running.lines)


def test_the_factory_may_bind(tmp_path: Path) -> None:
    source = SYNC.replace("return server", 'os.write(1, b"%d\\n" % server.add_insecure_port("127.0.0.1:0")); return server')  # fmt: skip
    (tmp_path / "app.py").write_text(textwrap.dedent(source))
    process = subprocess.Popen(
        [sys.executable, "-m", "russet", "serve", "app:make_server", "--no-bind", "--workers=1"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    port = int(process.stdout.readline())
    assert who(f"127.0.0.1:{port}")[0] > 0
    process.terminate()
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "serves the ports that the factory binds" in errors
