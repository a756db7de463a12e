"""What a signal's handler raises comes out of the call that it interrupts, wherever that is, and nothing else does: no error of a lock, no thread that ends early, no call that goes on without its caller."""

from __future__ import annotations

from types import ModuleType

import pytest
from support.process import Program

PROGRAM = """
import gc, random, signal, traceback

class Alarm(Exception):
    pass

armed = False
def ring(*_):
    if armed:
        raise Alarm
signal.signal(signal.SIGALRM, ring)
strays = []
def stray(where, error):
    strays.append(where + "".join(traceback.format_exception(type(error), error, error.__traceback__)))
threading.excepthook = lambda args: stray("thread: ", args.exc_value)
sys.unraisablehook = lambda args: stray(f"{args.object!r}: ", args.exc_value)

def each(requests, context):
    yield from requests
def join(requests, context):
    return b"".join(requests)
def repeat(request, context):
    for _ in range(20):
        yield b"x"
handlers.update(
    each=grpc.stream_stream_rpc_method_handler(each),
    join=grpc.stream_unary_rpc_method_handler(join),
    repeat=grpc.unary_stream_rpc_method_handler(repeat),
)
server, address = serve(handlers)
channel = grpc.insecure_channel(address)
echo = channel.unary_unary("/s/echo")
repeat = channel.unary_stream("/s/repeat")
join = channel.stream_unary("/s/join")
each = channel.stream_stream("/s/each")
many = [b"x"] * 20
def endless():
    while True:
        yield b"x"

def unary():
    assert echo(b"x") == b"x"
def future():
    answer = echo.future(b"x")
    answer.add_done_callback(lambda _: None)
    assert answer.result() == b"x"
def unary_stream():
    assert list(repeat(b"")) == many
def stream_unary():
    assert join(iter(many)) == b"x" * 20
def stream_unary_future():
    answer = join.future(iter(many))
    answer.add_done_callback(lambda _: None)
    assert answer.result() == b"x" * 20
def stream_stream():
    assert list(each(iter(many))) == many
def left_alone():
    responses = each(endless())
    assert next(responses) == b"x"
def ready():
    grpc.channel_ready_future(channel).result()
def connect():
    other = grpc.insecure_channel(address)
    try:
        grpc.channel_ready_future(other).result()
    finally:
        other.close()
def terminate():
    server.wait_for_termination(0.001)
works = [
    unary, future, unary_stream, stream_unary, stream_unary_future, stream_stream, left_alone,
    ready, connect, terminate,
]
choices = random.Random(SEED)
rung = 0
for number in range(1500):
    work = works[number % len(works)]
    try:
        try:
            armed = True
            signal.setitimer(signal.ITIMER_REAL, choices.uniform(0.00001, 0.001))
            work()
        finally:
            armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)
    except Alarm:
        rung += 1
    except BaseException as error:
        stray(f"{work.__name__}: ", error)
assert rung > 10, rung
gc.collect()
# The server's side of each call that was left alone has ended too.
server.stop(10).wait()
for line in strays:
    say(line)
say("strays:", len(strays))
say("calls:", channel._channel.running_calls())
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.parametrize("seed", range(3))
def test_what_a_handler_raises_is_all_that_comes_out(russet: ModuleType, seed: int) -> None:
    with Program(russet, PROGRAM.replace("SEED", str(seed))) as program:
        _, output, errors = program.end()
    assert output.splitlines() == ["strays: 0", "calls: 0"], output + errors
    assert "Traceback" not in errors
