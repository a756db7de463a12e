"""`os.fork()` at any time: the parent goes on, and the child uses the channels that it inherits.

Each case is a program of its own, since a fork of the test runner would be one of its threads and descriptors too. grpcio hangs or fails in most of them, so that these tests are Russet's alone.
"""

from __future__ import annotations

import pytest
from support import modules
from support.process import Program

grpc = modules.load("russet")

# What the programs have in common: a child that runs a function, and what it printed and returned.
FORKS = """
# Python 3.12 warns of every fork of a process with threads, ours or its own.
import warnings
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
def in_child(function):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            function()
            code = 0
        finally:
            sys.stdout.flush()
            os._exit(code)
    return child
def ended(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""


def run(source: str) -> list[str]:
    """What a program prints that ends well."""
    with Program(grpc, FORKS + source) as program:
        code, printed, errors = program.end()
    assert (code, errors) == (0, "")
    return printed.splitlines()


@pytest.mark.parametrize("state", ["unused", "idle", "used"])
def test_an_inherited_channel_works_on_both_sides(state: str) -> None:
    assert run(f"""
server, address = serve(handlers)
channel = grpc.insecure_channel(address)
echo = channel.unary_unary("/s/echo")
if {state!r} == "used":
    echo(b"before", timeout=20)
elif {state!r} == "idle":
    grpc.channel_ready_future(channel).result(20)
child = in_child(lambda: say("child", echo(b"in the child", timeout=20)))
say("ended", ended(child))
say("parent", echo(b"in the parent", timeout=20))
""") == ["child b'in the child'", "ended 0", "parent b'in the parent'"]  # fmt: skip


def test_a_call_in_flight_goes_on_in_the_parent_alone() -> None:
    assert run("""
def stream(request, context):
    yield b"first"
    entered.wait(20)
server, address = serve({**handlers, "stream": grpc.unary_stream_rpc_method_handler(stream)})
channel = grpc.insecure_channel(address)
call = channel.unary_stream("/s/stream")(b"")
say(next(call))
def look():
    try:
        next(call)
    except grpc.RpcError as error:
        say(error.code().name, error.details())
    say(channel.unary_unary("/s/echo")(b"child", timeout=20))
child = in_child(look)
say("ended", ended(child))
say("active", call.is_active())
entered.set()
say("rest", list(call), call.code().name)
""") == [
        "b'first'",
        "UNAVAILABLE the process was forked; the call goes on in the parent process alone",
        "b'child'",
        "ended 0",
        "active True",
        "rest [] OK",
    ]  # fmt: skip


def test_the_child_of_a_server_does_not_serve() -> None:
    """The parent's port is free when the parent ends, even where the child lives on."""
    assert run("""
server, address = serve(handlers)
reader, writer = os.pipe()
child = in_child(lambda: os.read(reader, 1))
with grpc.insecure_channel(address) as channel:
    say(channel.unary_unary("/s/echo")(b"parent", timeout=20))
server.stop(None).wait()
again = grpc.server(futures.ThreadPoolExecutor(1), options=[("grpc.so_reuseport", 0)])
say(again.add_insecure_port(address) == int(address.rpartition(":")[2]))
os.write(writer, b"x")
say("ended", ended(child))
""") == ["b'parent'", "True", "ended 0"]  # fmt: skip


def test_a_server_that_is_made_before_the_fork_is_started_in_the_child() -> None:
    assert run("""
server = grpc.server(futures.ThreadPoolExecutor(2))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s", handlers),))
port = server.add_insecure_port("127.0.0.1:0")
reader, writer = os.pipe()
def serve_until_told():
    server.start()
    os.read(reader, 1)
    server.stop(5).wait()
child = in_child(serve_until_told)
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    say(channel.unary_unary("/s/echo")(b"served", timeout=20, wait_for_ready=True))
os.write(writer, b"x")
say("ended", ended(child))
""") == ["b'served'", "ended 0"]  # fmt: skip


def test_a_fork_while_threads_call_and_serve() -> None:
    """Locks that other threads hold at that moment must not stay locked in the child."""
    assert run("""
server, address = serve(handlers, workers=8)
channel = grpc.insecure_channel(address)
echo = channel.unary_unary("/s/echo")
stop = threading.Event()
def call():
    while not stop.is_set():
        echo(b"x" * 1000, timeout=20)
threads = [threading.Thread(target=call) for _ in range(4)]
for thread in threads:
    thread.start()
codes = []
for _ in range(40):
    codes.append(ended(in_child(lambda: echo(b"child", timeout=20))))
stop.set()
for thread in threads:
    thread.join()
say(codes.count(0), "of", len(codes))
""") == ["40 of 40"]  # fmt: skip


def test_forks_of_several_threads() -> None:
    assert run("""
server, address = serve(handlers, workers=8)
channel = grpc.insecure_channel(address)
echo = channel.unary_unary("/s/echo")
codes = []
def fork():
    for _ in range(10):
        codes.append(ended(in_child(lambda: echo(b"child", timeout=20))))
        echo(b"parent", timeout=20)
threads = [threading.Thread(target=fork) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
say(codes.count(0), "of", len(codes))
""") == ["30 of 30"]  # fmt: skip


def test_a_fork_within_a_handler() -> None:
    assert run("""
def forks(request, context):
    child = in_child(lambda: say("active in the child:", context.is_active()))
    say("ended", ended(child))
    return request
server, address = serve({"forks": grpc.unary_unary_rpc_method_handler(forks)})
with grpc.insecure_channel(address) as channel:
    say(channel.unary_unary("/s/forks")(b"answer", timeout=20))
""") == ["active in the child: False", "ended 0", "b'answer'"]  # fmt: skip


def test_multiprocessing_and_a_child_of_a_child() -> None:
    assert run("""
import multiprocessing
server, address = serve(handlers)
channel = grpc.insecure_channel(address)
echo = channel.unary_unary("/s/echo")
echo(b"before", timeout=20)
def work(depth):
    say("depth", depth, echo(b"answer", timeout=20))
    if depth < 3:
        process = multiprocessing.get_context("fork").Process(target=work, args=(depth + 1,))
        process.start()
        process.join()
        assert process.exitcode == 0
work(1)
""") == [f"depth {depth} b'answer'" for depth in (1, 2, 3)]  # fmt: skip


def test_a_new_loop_in_the_child_of_an_asyncio_program() -> None:
    assert run("""
import asyncio
server, address = serve(handlers)
async def ask(word):
    async with grpc.aio.insecure_channel(address) as channel:
        say(word, await channel.unary_unary("/s/echo")(b"answer", timeout=20))
asyncio.run(ask("before"))
child = in_child(lambda: asyncio.run(ask("child")))
say("ended", ended(child))
asyncio.run(ask("parent"))
""") == ["before b'answer'", "child b'answer'", "ended 0", "parent b'answer'"]  # fmt: skip


def test_the_child_of_a_running_asyncio_server() -> None:
    assert run("""
import asyncio
async def main():
    server = grpc.aio.server()
    async def echo(request, context):
        return request
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s", {"echo": grpc.unary_unary_rpc_method_handler(echo)}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    address = f"127.0.0.1:{port}"
    async with grpc.aio.insecure_channel(address) as channel:
        await channel.unary_unary("/s/echo")(b"before", timeout=20)
        child = in_child(lambda: grpc.insecure_channel(address).unary_unary("/s/echo")(b"child", timeout=20))
        # The child is answered by this loop.
        say("ended", await asyncio.to_thread(ended, child))
        say(await channel.unary_unary("/s/echo")(b"parent", timeout=20))
    await server.stop(1)
asyncio.run(main())
""") == ["ended 0", "b'parent'"]  # fmt: skip


def test_descriptors_of_the_parent_are_closed_in_the_child() -> None:
    assert run("""
def sockets():
    names = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")]
    return sum(name.startswith("socket:") for name in names)
server, address = serve(handlers)
channel = grpc.insecure_channel(address)
channel.unary_unary("/s/echo")(b"", timeout=20)
say(sockets() > 0)
child = in_child(lambda: say("sockets in the child:", sockets()))
say("ended", ended(child))
""") == ["True", "sockets in the child: 0", "ended 0"]  # fmt: skip
