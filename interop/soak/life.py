"""The life of processes: programs that fork, are interrupted, end with calls open or leave things behind, each many times. None may hang, end otherwise than it should, or complain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading

TIMES = int(os.environ.get("SOAK_TIMES", "50"))

# Seconds for a program; far beyond what one takes.
LIMIT = 30.0

PRELUDE = """
import asyncio, gc, os, signal, socket, sys, threading, time
from concurrent import futures
from russet import grpc

# A shell that starts a program in the background has it ignore SIGINT.
signal.signal(signal.SIGINT, signal.default_int_handler)
entered = threading.Event()

def block(request, context):
    ended = threading.Event()
    if not context.add_callback(ended.set):
        return b""
    entered.set()
    ended.wait(60)
    return b""

def stream(request, context):
    yield b"first"
    block(request, context)

methods = {
    "echo": grpc.unary_unary_rpc_method_handler(lambda request, context: request),
    "block": grpc.unary_unary_rpc_method_handler(block),
    "stream": grpc.unary_stream_rpc_method_handler(stream),
}
server = grpc.server(futures.ThreadPoolExecutor(4))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s", methods),))
target = "127.0.0.1:%d" % server.add_insecure_port("127.0.0.1:0")
server.start()
channel = grpc.insecure_channel(target)

def echo(channel=channel):
    assert channel.unary_unary("/s/echo")(b"x", timeout=30) == b"x"

def echo_in_child():
    # On a channel of its own.
    with grpc.insecure_channel(target) as own:
        echo(own)
    os._exit(0)

def child_ends_well(pid):
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, status

echo()
"""

# What each does after the prelude, and its exit code.
PROGRAMS: dict[str, tuple[str, int]] = {
    "fork with an idle channel": (
        """
        pid = os.fork()
        if pid == 0:
            echo_in_child()
        echo()
        child_ends_well(pid)
        """,
        0,
    ),
    "fork with a call in flight": (
        """
        call = channel.unary_stream("/s/stream")(b"")
        assert next(call) == b"first"
        pid = os.fork()
        if pid == 0:
            echo_in_child()
        child_ends_well(pid)
        call.cancel()
        echo()
        """,
        0,
    ),
    "fork, and a server in the child": (
        """
        pid = os.fork()
        if pid == 0:
            server = grpc.server(futures.ThreadPoolExecutor(4))
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s", methods),))
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            with grpc.insecure_channel("127.0.0.1:%d" % port) as own:
                echo(own)
            server.stop(None).wait()
            os._exit(0)
        child_ends_well(pid)
        echo()
        """,
        0,
    ),
    "SIGINT in a blocking call": (
        """
        interrupt = lambda: (entered.wait(), os.kill(os.getpid(), signal.SIGINT))
        threading.Thread(target=interrupt, daemon=True).start()
        try:
            channel.unary_unary("/s/block")(b"")
        except KeyboardInterrupt:
            echo()
            sys.exit(7)
        """,
        7,
    ),
    "SIGTERM with a handler, in wait_for_termination": (
        """
        signal.signal(signal.SIGTERM, lambda number, frame: server.stop(None))
        threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
        server.wait_for_termination()
        sys.exit(8)
        """,
        8,
    ),
    "SIGKILL while a call is open": (
        """
        call = channel.unary_stream("/s/stream")(b"")
        next(call)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        -signal.SIGKILL,
    ),
    "exit with calls open, and nothing closed": (
        """
        calls = [channel.unary_stream("/s/stream")(b"") for _ in range(3)]
        assert next(calls[0]) == b"first"
        future = channel.unary_unary("/s/block").future(b"")
        entered.wait()
        """,
        0,
    ),
    "exit with asyncio calls open": (
        """
        async def main():
            channel = grpc.aio.insecure_channel(target)
            call = channel.unary_stream("/s/stream")(b"")
            assert await call.read() == b"first"
        asyncio.run(main())
        """,
        0,
    ),
    "channels and calls that are left to the collector": (
        """
        def descriptors():
            return len(os.listdir("/proc/self/fd"))
        def leave():
            for _ in range(10):
                left = grpc.insecure_channel(target)
                echo(left)
                calls = [left.unary_stream("/s/stream")(b"") for _ in range(2)]
                calls[0].cancel()
                del left, calls
                gc.collect()
        leave()
        before = descriptors()
        for _ in range(3):
            leave()
        # Their threads close them, once they get a turn.
        until = time.monotonic() + 10
        while (after := descriptors()) > before + 30 and time.monotonic() < until:
            time.sleep(0.01)
        assert after <= before + 30, (before, after)
        """,
        0,
    ),
    "exit with daemon threads that wait": (
        """
        # Its connections are never answered.
        silent = socket.create_server(("127.0.0.1", 0))
        own = grpc.insecure_channel("127.0.0.1:%d" % silent.getsockname()[1])
        waits = [
            lambda: own.unary_unary("/s/echo")(b"", wait_for_ready=True),
            lambda: next(own.unary_stream("/s/stream")(b"", wait_for_ready=True)),
            lambda: grpc.channel_ready_future(own).result(),
        ]
        started = threading.Barrier(len(waits) + 1)
        for wait in waits:
            work = lambda wait=wait: (started.wait(), wait())
            threading.Thread(target=work, daemon=True).start()
        started.wait()
        """,
        0,
    ),
}


def once(source: str, expected: int) -> str:
    """What was wrong with a program, or nothing."""
    with subprocess.Popen(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(source)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        # Its children hold the pipes: a hanging one must go, too.
        watchdog = threading.Timer(LIMIT, lambda: os.killpg(process.pid, signal.SIGKILL))
        watchdog.start()
        output, errors = process.communicate()
        hung = not watchdog.is_alive()
        watchdog.cancel()
    if hung:
        return f"it hung; {errors.strip()[-500:]}"
    if process.returncode != expected:
        return f"it ended with {process.returncode}; {errors.strip()[-500:]}"
    if output or errors:
        return f"it said {(output + errors).strip()[-500:]}"
    return ""


def run() -> list[str]:
    """Runs each program many times, prints a line for each, and returns what was wrong."""
    wrong = []
    for name, (source, expected) in PROGRAMS.items():
        found = [error for error in (once(source, expected) for _ in range(TIMES)) if error]
        print(f"{name}: {TIMES - len(found)} of {TIMES} are right", flush=True)
        wrong += [f"{name}: {error}" for error in dict.fromkeys(found)]
    return wrong


if __name__ == "__main__":
    problems = run()
    for problem in problems:
        print(f"FAILED: {problem}")
    sys.exit(bool(problems))
