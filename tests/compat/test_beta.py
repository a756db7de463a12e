"""`grpc.beta`, the API before grpcio 1.0: a program of it prints the same with the original and with Russet."""

from __future__ import annotations

import subprocess
import sys

# Seconds; far beyond what one takes.
LIMIT = 50
PROGRAM = """
import threading
from grpc.beta import implementations, interfaces, utilities
from grpc.framework.common import cardinality
from grpc.framework.foundation import future, stream
from grpc.framework.interfaces.face import face, utilities as fu

C = cardinality.Cardinality


def up(request, context):
    context.initial_metadata([(b"i", b"1")])
    return request.upper()


def twice(request, context):
    yield request
    yield request


def join(requests, context):
    return b"".join(requests)


def echo(requests, context):
    for request in requests:
        yield request


def up_e(request, callback, context):
    threading.Thread(target=callback, args=(request.upper(),)).start()


def twice_e(request, consumer, context):
    consumer.consume(request)
    consumer.consume_and_terminate(request)


class Join(stream.Consumer):
    def __init__(self, callback):
        self.callback = callback
        self.values = []

    def consume(self, value):
        self.values.append(value)

    def terminate(self):
        self.callback(b"".join(self.values))

    def consume_and_terminate(self, value):
        self.consume(value)
        self.terminate()


def join_e(callback, context):
    return Join(callback)


def echo_e(consumer, context):
    return consumer


def bad(request, context):
    raise ValueError("x")


def code(request, context):
    context.code(interfaces.StatusCode.UNIMPLEMENTED)
    context.details("no")
    return b""


def meta(request, context):
    print(sorted(m for m in context.invocation_metadata() if m[0].startswith(b"k")))
    return b""


impl = {
    ("S", "uu"): fu.unary_unary_inline(up),
    ("S", "us"): fu.unary_stream_inline(twice),
    ("S", "su"): fu.stream_unary_inline(join),
    ("S", "ss"): fu.stream_stream_inline(echo),
    ("S", "uue"): fu.unary_unary_event(up_e),
    ("S", "use"): fu.unary_stream_event(twice_e),
    ("S", "sue"): fu.stream_unary_event(join_e),
    ("S", "sse"): fu.stream_stream_event(echo_e),
    ("S", "bad"): fu.unary_unary_inline(bad),
    ("S", "code"): fu.unary_unary_inline(code),
    ("S", "meta"): fu.unary_unary_inline(meta),
}
server = implementations.server(
    impl,
    options=implementations.server_options(
        response_serializers={("S", "uu"): lambda r: r + b"!"}, thread_pool_size=6
    ),
)
port = server.add_insecure_port("localhost:0")
with server:
    ch = implementations.insecure_channel("localhost", port)
    f = utilities.channel_ready_future(ch)
    f.result(20)
    print(f.done(), f.cancelled(), f.running())
    cards = {"uu": C.UNARY_UNARY, "us": C.UNARY_STREAM, "su": C.STREAM_UNARY, "ss": C.STREAM_STREAM}
    cards.update({k + "e": v for k, v in list(cards.items())})
    cards.update(bad=C.UNARY_UNARY, code=C.UNARY_UNARY, meta=C.UNARY_UNARY, none=C.UNARY_UNARY)
    with implementations.dynamic_stub(
        ch,
        "S",
        cards,
        implementations.stub_options(
            metadata_transformer=lambda m: list(m) + [(b"k1", b"v")],
            request_serializers={("S", "uu"): lambda r: r + b"?"},
        ),
    ) as stub:
        print(
            stub.uu(b"a", 20),
            stub.uue(b"a", 20),
            list(stub.us(b"a", 20)),
            list(stub.use(b"a", 20)),
            stub.su(iter([b"a", b"b"]), 20),
            stub.sue(iter([b"a", b"b"]), 20),
            list(stub.ss(iter([b"a", b"b"]), 20)),
            list(stub.sse(iter([b"a", b"b"]), 20)),
        )
        r, c = stub.uu(b"a", 20, with_call=True)
        print(r, c.code(), [m for m in c.initial_metadata() if m[0] == b"i"])
        fut = stub.uu.future(b"b", 20)
        print(fut.result(), fut.exception(), fut.done(), fut.code())
        print(stub.su.future(iter([b"x"]), 20).result())
        print(stub.meta(b"", 20, metadata=[(b"k2", b"w")]))
        for name in ("bad", "code", "none"):
            try:
                getattr(stub, name)(b"", 20)
            except face.AbortionError as e:
                print(type(e).__name__, e.code, e.details[:20], isinstance(e, Exception))
            g = getattr(stub, name).future(b"", 20)
            ev = threading.Event()
            got = []
            print(type(g.exception()).__name__)
            g.add_abortion_callback(lambda a: (got.append(a), ev.set()))
            ev.wait(20)
            print(got[0].kind, got[0].code)
        try:
            stub.zzz
        except AttributeError as e:
            print(e)
        s = stub.ss(iter([b"a"]), 20)
        s.cancel()
        try:
            list(s)
        except face.CancellationError as e:
            print("cancelled", e.code)
    gs = implementations.generic_stub(ch)
    print(
        gs.blocking_unary_unary("S", "uu", b"g", 20),
        gs.future_unary_unary("S", "uu", b"g", 20).result(),
        list(gs.inline_unary_stream("S", "us", b"g", 20)),
        gs.blocking_stream_unary("S", "su", iter([b"g"]), 20),
        gs.future_stream_unary("S", "su", iter([b"g"]), 20).result(),
        list(gs.inline_stream_stream("S", "ss", iter([b"g"]), 20)),
    )
    print(interfaces.ChannelConnectivity.FATAL_FAILURE)
    print(
        isinstance(
            implementations.metadata_call_credentials(lambda c, cb: cb([(b"a", b"b")], None)),
            implementations.CallCredentials,
        )
    )
    n = utilities.channel_ready_future(implementations.insecure_channel("localhost:1", None))
    try:
        n.result(0.01)
    except future.TimeoutError:
        print("timeout")
    got = []
    n.add_done_callback(got.append)
    print(n.cancel(), n.cancelled(), got == [n])
    try:
        n.result()
    except future.CancelledError:
        print("cancelled")
"""


def test_a_program_of_the_beta_api() -> None:
    """Methods of all kinds and both styles, stubs of both sorts, metadata, errors, cancelling, and futures of channels."""
    printed: list[str] = []
    for beginning in ("", "import russet; russet.install()\n"):
        done = subprocess.run([sys.executable, "-c", beginning + PROGRAM], capture_output=True, text=True, timeout=LIMIT, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)
    assert printed[1].splitlines() == printed[0].splitlines()
    assert printed[1].endswith("timeout\nTrue True True\ncancelled\n")
