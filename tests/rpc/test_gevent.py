"""gevent: programs whose threads are greenlets. Each is a process of its own, since patching holds for the whole process."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from types import ModuleType

import pytest

pytest.importorskip("gevent")

# Seconds within which a program ends unless it hangs.
LIMIT = 50

PRELUDE = """
PATCH
import gevent, os, threading
import gevent.event
from concurrent import futures
IMPORT
native = IDENT
def echo(request, context):
    return request
def count(request, context):
    for number in range(int(request)):
        yield b"%d" % number
def total(requests, context):
    return b"%d" % sum(map(int, requests))
def echoes(requests, context):
    for request in requests:
        yield request
def block(request, context):
    ended = threading.Event()
    context.add_callback(ended.set)
    entered.set()
    ended.wait(30)
    return b"late"
entered = threading.Event()
def serving(workers=20, **more):
    handlers = {
        "Echo": grpc.unary_unary_rpc_method_handler(echo),
        "Count": grpc.unary_stream_rpc_method_handler(count),
        "Total": grpc.stream_unary_rpc_method_handler(total),
        "Echoes": grpc.stream_stream_rpc_method_handler(echoes),
        "Block": grpc.unary_unary_rpc_method_handler(block),
        **{name: grpc.unary_unary_rpc_method_handler(handler) for name, handler in more.items()},
    }
    server = grpc.server(futures.ThreadPoolExecutor(workers))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channel = grpc.insecure_channel("127.0.0.1:%d" % port)
    return server, channel
"""
PATCHED = "from gevent import monkey; monkey.patch_all()"
INIT = "import grpc.experimental.gevent; grpc.experimental.gevent.init_gevent()"
# The thread that Python code runs in, whatever is patched.
IDENT = "__import__('gevent.monkey').monkey.get_original('_thread', 'get_ident')"


def outcome(name: str, source: str, patch: str = PATCHED, init: bool = True) -> str:
    """What a program prints, with the library of that name."""
    imports = "import grpc" if name == "grpc" else "import russet; russet.install(); import grpc"
    prelude = PRELUDE.replace("PATCH", patch).replace("IDENT", IDENT)
    prelude = prelude.replace("IMPORT", f"{imports}\n{INIT}" if init else imports)
    done = subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(source)],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if name != "grpc":
        assert not done.stderr
    return done.stdout.strip()


MEETING = """
met = threading.Barrier(15)
def meet(request, context):
    met.wait(30)
    return request
server, channel = serving(Meet=meet)
call = channel.unary_unary("/s/Meet")
greenlets = [gevent.spawn(call, b"%d" % number, timeout=30) for number in range(15)]
print(*[greenlet.get().decode() for greenlet in greenlets])
channel.close()
server.stop(None)
"""

# What it prints; on grpcio it does not end, since that runs one handler at a time under gevent.
MET = " ".join(map(str, range(15)))

# Programs, and what they print.
PROGRAMS = {
    "every kind of call lets others run": (
        """
        server, channel = serving()
        turns = []
        def others():
            while True:
                turns.append(1)
                gevent.sleep(0)
        beside = gevent.spawn(others)
        def slowly():
            for number in range(3):
                gevent.sleep(0.01)
                yield b"%d" % number
        print(channel.unary_unary("/s/Echo")(b"x").decode(), bool(turns)); turns.clear()
        print(len(list(channel.unary_stream("/s/Count")(b"300"))), bool(turns)); turns.clear()
        print(channel.stream_unary("/s/Total")(slowly()).decode(), bool(turns)); turns.clear()
        print(len(list(channel.stream_stream("/s/Echoes")(slowly()))), bool(turns))
        beside.kill()
        channel.close()
        server.stop(None)
        """,
        "x True\n300 True\n3 True\n3 True",
    ),
    "a callback may wait": (
        """
        server, channel = serving()
        call = channel.unary_unary("/s/Echo")
        told = gevent.event.AsyncResult()
        def callback(future):
            again = call(future.result() + b"again", timeout=30)
            told.set((again.decode(), native() == main))
        main = native()
        call.future(b"once ").add_done_callback(callback)
        print(*told.get(timeout=30))
        channel.close()
        server.stop(None)
        """,
        "once again True",
    ),
    "gevent's timeout ends a wait": (
        """
        server, channel = serving()
        try:
            with gevent.Timeout(0.1):
                channel.unary_unary("/s/Block")(b"")
        except gevent.Timeout:
            print("timeout")
        print(channel.unary_unary("/s/Echo")(b"still there", timeout=30).decode())
        channel.close()
        server.stop(None)
        """,
        "timeout\nstill there",
    ),
    "a greenlet that waits is killed": (
        """
        server, channel = serving()
        waiting = gevent.spawn(channel.unary_unary("/s/Block"), b"")
        assert entered.wait(30)
        waiting.kill(timeout=30)
        print(waiting.dead, channel.unary_unary("/s/Echo")(b"still there", timeout=30).decode())
        channel.close()
        server.stop(None)
        """,
        "True still there",
    ),
    "a deadline passes": (
        """
        server, channel = serving()
        try:
            channel.unary_unary("/s/Block")(b"", timeout=0.2)
        except grpc.RpcError as error:
            print(error.code().name)
        channel.close()
        server.stop(None)
        """,
        "DEADLINE_EXCEEDED",
    ),
    "a channel tells when it is ready": (
        """
        server, channel = serving()
        grpc.channel_ready_future(channel).result(timeout=30)
        states = gevent.event.AsyncResult()
        channel.subscribe(states.set)
        print(states.get(timeout=30).name)
        channel.close()
        server.stop(None)
        """,
        "READY",
    ),
    "a server ends its calls": (
        """
        server, channel = serving()
        call = channel.unary_unary("/s/Block").future(b"")
        assert entered.wait(30)
        stopped = server.stop(0.1)
        print(stopped.wait(30), call.exception(timeout=30).code().name in ("CANCELLED", "UNAVAILABLE"))
        channel.close()
        """,
        "True True",
    ),
    "many messages both ways": (
        """
        server, channel = serving()
        def requests():
            for number in range(2000):
                yield b"x" * 5000
        print(sum(len(response) for response in channel.stream_stream("/s/Echoes")(requests())))
        channel.close()
        server.stop(None)
        """,
        "10000000",
    ),
}


@pytest.mark.newest_grpcio
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_patched_program_runs(grpc: ModuleType, program: str) -> None:
    source, printed = PROGRAMS[program]
    assert outcome(grpc.__name__, source) == printed


@pytest.mark.parametrize("init", [True, False], ids=["told", "untold"])
def test_calls_of_greenlets_run_at_once(init: bool) -> None:
    """Also where a patched program does not call `init_gevent`."""
    assert outcome("russet", MEETING, init=init) == MET


def test_a_program_that_patches_nothing_says_so() -> None:
    """The server's handlers run in threads, the calls in greenlets of one thread."""
    assert outcome("russet", MEETING, patch="") == MET


def test_threads_have_hubs_of_their_own() -> None:
    source = """
    server, channel = serving()
    call = channel.unary_unary("/s/Echo")
    def in_thread():
        greenlets = [gevent.spawn(call, b"%d" % number, timeout=30) for number in range(10)]
        return [int(greenlet.get(timeout=30)) for greenlet in greenlets], native()
    pool = gevent.get_hub().threadpool
    done = [pool.spawn(in_thread) for _ in range(3)]
    results = [each.get() for each in done]
    print(all(numbers == list(range(10)) for numbers, _ in results), native() in [i for _, i in results])
    channel.close()
    server.stop(None)
    """
    assert outcome("russet", source) == "True False"


def test_the_child_of_a_fork_calls_too() -> None:
    """As servers do that load the program first and then fork their workers."""
    source = """
    server, channel = serving()
    call = channel.unary_unary("/s/Echo")
    assert call(b"x", timeout=30) == b"x"
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        greenlets = [gevent.spawn(call, b"%d" % number, timeout=30) for number in range(5)]
        os.write(write, b" ".join(greenlet.get(timeout=30) for greenlet in greenlets))
        os._exit(0)
    # The child's calls are served here.
    _, status = os.waitpid(child, 0)
    print(os.read(read, 100).decode(), status, call(b"and the parent", timeout=30).decode())
    channel.close()
    server.stop(None)
    """
    assert outcome("russet", source) == "0 1 2 3 4 0 and the parent"


def test_a_program_ends_with_calls_open() -> None:
    source = """
    server, channel = serving()
    def block():
        # The server of this process ends the call, and gevent may let the greenlet see that.
        try:
            channel.unary_unary("/s/Block")(b"")
        except grpc.RpcError:
            pass
    gevent.spawn(block)
    assert entered.wait(30)
    print("the end")
    """
    assert outcome("russet", source) == "the end"
