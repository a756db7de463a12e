"""A process's life: Ctrl-C in every blocking call, and a quiet exit with calls open."""

from __future__ import annotations

import os

import pytest
from support.process import Program

BLOCKING = {
    "unary call": 'channel.unary_unary("/s/block")(b"")',
    "call with a deadline": 'channel.unary_unary("/s/block")(b"", timeout=1000)',
    "with_call": 'channel.unary_unary("/s/block").with_call(b"")',
    "future's result": 'channel.unary_unary("/s/block").future(b"").result()',
    "future's exception": 'channel.unary_unary("/s/block").future(b"").exception(timeout=1000)',
    "response iterator": 'list(channel.unary_stream("/s/stream")(b""))',
    "code of a stream": 'call = channel.unary_stream("/s/stream")(b""); call.code()',
    "initial metadata": 'channel.unary_unary("/s/block").future(b"").initial_metadata()',
    "trailing metadata": 'channel.unary_unary("/s/block").future(b"").trailing_metadata()',
    "wait_for_termination": 'say("entered"); server.wait_for_termination()',
    "wait_for_termination with a timeout": 'say("entered"); server.wait_for_termination(timeout=1000)',
    "channel_ready_future": 'say("entered"); grpc.channel_ready_future(refused).result()',
    "wait_for_ready": 'say("entered"); refused.unary_unary("/s/echo")(b"", wait_for_ready=True)',
    "stop's event": (
        'call = channel.unary_unary("/s/block").future(b""); entered.wait(); server.stop(1000).wait()'
    ),
}


@pytest.mark.parametrize("blocking", BLOCKING.values(), ids=BLOCKING)
@pytest.mark.newest_grpcio
def test_interrupt_ends_a_blocking_call_at_once(grpc, blocking):
    with Program(
        grpc,
        f"""
        import socket
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            nobody = free.getsockname()
        server, address = serve(handlers)
        channel = grpc.insecure_channel(address)
        refused = grpc.insecure_channel("%s:%d" % nobody)
        try:
            {blocking}
        except KeyboardInterrupt:
            say("interrupted")
        else:
            say("went on")
        sys.stdout.flush()
        os._exit(7)
        """,
    ) as program:
        program.expect("entered")
        program.interrupt()
        program.expect("interrupted")
        code, _, _ = program.end()
        assert code == 7


def test_interrupt_ends_a_server_program(grpc):
    """The usual program: no `except`, a traceback of KeyboardInterrupt, and gone."""
    with Program(
        grpc,
        """
        server, address = serve(handlers)
        say("serving")
        server.wait_for_termination()
        """,
    ) as program:
        program.expect("serving")
        program.interrupt()
        code, _, errors = program.end()
        assert code != 0
        assert errors.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.newest_grpcio
def test_an_interrupted_call_leaves_the_channel_usable(grpc):
    with Program(
        grpc,
        """
        server, address = serve(handlers)
        channel = grpc.insecure_channel(address)
        try:
            channel.unary_unary("/s/block")(b"")
        except KeyboardInterrupt:
            say(channel.unary_unary("/s/echo")(b"fine", timeout=10).decode())
        channel.close()
        server.stop(None).wait()
        """,
    ) as program:
        program.expect("entered")
        program.interrupt()
        program.expect("fine")
        code, _, _ = program.end()
        assert code == 0


def test_an_interrupted_call_is_cancelled_on_the_server(russet):
    """With grpcio the server is not always told."""
    with Program(
        russet,
        """
        def watched(request, context):
            ended = threading.Event()
            context.add_callback(ended.set)
            say("entered")
            say("ended" if ended.wait(15) else "went on")
            return b""
        server, address = serve({"watched": grpc.unary_unary_rpc_method_handler(watched)})
        channel = grpc.insecure_channel(address)
        try:
            channel.unary_unary("/s/watched")(b"")
        except KeyboardInterrupt:
            pass
        say("caught")
        server.stop(15).wait()
        """,
    ) as program:
        program.expect("entered")
        program.interrupt()
        program.expect("ended")


EXITS = {
    "idle channel": 'channel.unary_unary("/s/echo")(b"")',
    "channel never used": "pass",
    "stream half read": 'call = channel.unary_stream("/s/stream")(b""); next(call)',
    "future running": 'call = channel.unary_unary("/s/echo").future(b"")',
    "subscription": "channel.subscribe(lambda state: None, try_to_connect=True)",
    "ready future": "future = grpc.channel_ready_future(channel)",
    "refused channel": 'refused = grpc.insecure_channel("127.0.0.1:1"); refused.subscribe(lambda state: None, try_to_connect=True)',
    "closed channel": 'channel.unary_unary("/s/echo")(b""); channel.close()',
}


@pytest.mark.parametrize("last_words", EXITS.values(), ids=EXITS)
@pytest.mark.newest_grpcio
def test_exit_is_quick_and_silent(grpc, last_words):
    """A client program that ends with things open. The server is another program."""
    with Program(
        grpc,
        """
        server, address = serve(handlers)
        say(address)
        say("serving")
        sys.stdin.read()
        """,
    ) as server:
        address = server._process.stdout.readline().strip()
        with Program(
            grpc,
            f"""
            channel = grpc.insecure_channel({address!r})
            {last_words}
            say("last words")
            """,
        ) as client:
            client.expect("last words")
            code, output, errors = client.end()
            assert (code, output, errors) == (0, "", "")


def test_exit_with_a_server_running(grpc):
    """Neither stopped nor waited for."""
    with Program(
        grpc,
        """
        server, address = serve(handlers)
        channel = grpc.insecure_channel(address)
        channel.unary_unary("/s/echo")(b"")
        say("last words")
        """,
    ) as program:
        program.expect("last words")
        code, _, errors = program.end()
        assert (code, errors) == (0, "")


def test_importing_starts_no_thread(russet):
    with Program(
        russet,
        """
        import russet.grpc.aio
        say(threading.active_count(), len(os.listdir("/proc/self/task")) if os.path.exists("/proc/self/task") else 1)
        """,
    ) as program:
        program.expect("1 1")


def test_importing_leaves_asyncio_alone(russet):
    with Program(
        russet,
        """
        import os, subprocess
        # GRPC_VERBOSITY would set logging up.
        plain = {name: value for name, value in os.environ.items() if not name.startswith("GRPC_")}
        modules = subprocess.check_output([sys.executable, "-c", "import sys; from russet import grpc; print(*sys.modules)"], text=True, env=plain).split()
        say("asyncio" in modules, "logging" in modules, "typing" in modules)
        """,
    ) as program:
        program.expect("False False False")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_may_drop_what_its_parent_made(russet):
    """A thread of the parent has the lock of its server most of the time; a child that waited for it would wait for ever."""
    with Program(
        russet,
        """
        server, address = serve(handlers)
        channel = grpc.insecure_channel(address)
        def busy():
            while True:
                channel.unary_unary("/s/echo")(b"x")
        threading.Thread(target=busy, daemon=True).start()
        channel.unary_unary("/s/echo")(b"x")
        codes = []
        for _ in range(20):
            child = os.fork()
            if child == 0:
                del server, channel
                server, address = serve(handlers)
                with grpc.insecure_channel(address) as channel:
                    assert channel.unary_unary("/s/echo")(b"y", timeout=30) == b"y"
                os._exit(0)
            codes.append(os.waitpid(child, 0)[1])
        say(set(codes))
        os._exit(0)
        """,
    ) as program:
        program.expect("{0}")
