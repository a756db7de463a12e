"""Metadata both ways: ASCII and binary, order, duplicates, what is refused."""

from __future__ import annotations

import pytest
from support.rpc import ECHO, ECHO_EACH, REPEAT, WAIT, connected, path, rpc_error

# All printable ASCII that a value may hold, in one string.
PRINTABLE = "".join(map(chr, range(0x20, 0x7F))).strip()

METADATA = (
    ("first", "1"),
    ("key-with.all_characters-09", PRINTABLE),
    ("same", "a"),
    ("data-bin", bytes(range(256))),
    ("same", "b"),
    ("empty-bin", b""),
    ("same", "c"),
)


def mine(metadata):
    """Received metadata without what the library itself sends."""
    return [
        (key, value)
        for key, value in metadata
        if key not in ("user-agent", "grpc-accept-encoding", "accept-encoding")
    ]


def test_invocation_metadata(pair):
    server, client = pair
    seen = []

    def note(request, context):
        seen.append(context.invocation_metadata())
        return b""

    with connected(client, server=server, Note=("unary_unary", note)) as channel:
        channel.unary_unary(path("Note"))(b"", metadata=METADATA, timeout=WAIT)
    assert mine(seen[0]) == list(METADATA)
    assert isinstance(seen[0], tuple)
    assert all(type(value) is (bytes if key.endswith("-bin") else str) for key, value in seen[0])


def test_metadata_items_have_names(grpc):
    """What is received are pairs that also have `.key` and `.value`."""
    seen = []

    def note(request, context):
        seen.extend(context.invocation_metadata())
        context.send_initial_metadata((("k", "v"),))
        return b""

    with connected(grpc, Note=("unary_unary", note)) as channel:
        _, call = channel.unary_unary(path("Note")).with_call(
            b"", metadata=(("a", "b"),), timeout=WAIT
        )
        (received,) = call.initial_metadata()
    sent = next(item for item in seen if item.key == "a")
    assert (sent.key, sent.value) == ("a", "b")
    assert (received.key, received.value) == ("k", "v")
    assert dict([received]) == {"k": "v"}


def test_user_agent_is_sent(pair):
    server, client = pair
    seen = []

    def note(request, context):
        seen.extend(context.invocation_metadata())
        return b""

    with connected(
        client,
        server=server,
        channel_options=(("grpc.primary_user_agent", "my-program/1"),),
        Note=("unary_unary", note),
    ) as channel:
        channel.unary_unary(path("Note"))(b"", timeout=WAIT)
    agents = dict(seen)["user-agent"].split()
    # The release of grpcio whose API it is; what follows is the implementation's own.
    assert agents[:2] == ["my-program/1", f"grpc-python/{client.__version__}"]
    assert ("russet/" in agents[2]) is (client.__name__ == "russet.grpc")


def test_a_secondary_user_agent_comes_last(grpc):
    seen = []

    def note(request, context):
        seen.extend(context.invocation_metadata())
        return b""

    options = (("grpc.secondary_user_agent", "last/2"),)
    with connected(grpc, channel_options=options, Note=("unary_unary", note)) as channel:
        channel.unary_unary(path("Note"))(b"", timeout=WAIT)
    agents = dict(seen)["user-agent"].split()
    assert agents[0] == f"grpc-python/{grpc.__version__}"
    assert agents[-1] == "last/2"


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream", "stream_unary", "stream_stream"])
def test_initial_and_trailing_metadata(pair, kind):
    server, client = pair

    def answer(request, context):
        context.send_initial_metadata(METADATA)
        context.set_trailing_metadata(METADATA[::-1])
        return b""

    def answers(request, context):
        context.send_initial_metadata(METADATA)
        yield b""
        context.set_trailing_metadata(METADATA[::-1])

    request_streams, response_streams = (part == "stream" for part in kind.split("_"))
    with connected(
        client, server=server, Method=(kind, answers if response_streams else answer)
    ) as channel:
        method = getattr(channel, kind)(path("Method"))
        request = iter([b""]) if request_streams else b""
        if response_streams:
            call = method(request, timeout=WAIT)
            assert mine(call.initial_metadata()) == list(METADATA)
            assert list(call) == [b""]
        else:
            _, call = method.with_call(request, timeout=WAIT)
            assert mine(call.initial_metadata()) == list(METADATA)
        assert mine(call.trailing_metadata()) == list(METADATA[::-1])
        assert call.code() is client.StatusCode.OK
        assert call.details() == ""


def test_no_metadata_is_empty(pair):
    server, client = pair
    with connected(client, server=server, Echo=ECHO) as channel:
        _, call = channel.unary_unary(path("Echo")).with_call(b"", timeout=WAIT)
        assert mine(call.initial_metadata()) == []
        assert mine(call.trailing_metadata()) == []


def test_initial_metadata_arrives_before_any_response(pair):
    server, client = pair

    def wait_for_request(requests, context):
        context.send_initial_metadata((("early", "yes"),))
        yield from requests

    with connected(client, server=server, Wait=("stream_stream", wait_for_request)) as channel:
        import queue

        requests: queue.Queue = queue.Queue()
        call = channel.stream_stream(path("Wait"))(iter(requests.get, None), timeout=WAIT)
        assert mine(call.initial_metadata()) == [("early", "yes")]
        requests.put(b"x")
        assert next(call) == b"x"
        requests.put(None)
        assert list(call) == []


def test_metadata_of_an_error(pair):
    server, client = pair

    def fail(request, context):
        context.send_initial_metadata((("initial", "i"),))
        context.set_trailing_metadata((("trailing", "t"), ("details-bin", b"\x00\x01")))
        context.abort(server.StatusCode.NOT_FOUND, "gone")

    with connected(client, server=server, Fail=("unary_unary", fail)) as channel:
        error = rpc_error(client, channel.unary_unary(path("Fail")), b"", timeout=WAIT)
        assert mine(error.initial_metadata()) == [("initial", "i")]
        assert mine(error.trailing_metadata()) == [("trailing", "t"), ("details-bin", b"\x00\x01")]


def test_last_trailing_metadata_wins(grpc):
    def replace(request, context):
        context.set_trailing_metadata((("a", "1"),))
        context.set_trailing_metadata((("b", "2"),))
        return b""

    with connected(grpc, Replace=("unary_unary", replace)) as channel:
        _, call = channel.unary_unary(path("Replace")).with_call(b"", timeout=WAIT)
        assert mine(call.trailing_metadata()) == [("b", "2")]


def test_large_metadata_within_the_limit(pair):
    """The soft limit for received metadata is 8 KiB, the hard one 16 KiB."""
    server, client = pair
    value = "v" * 7000

    def send_back(request, context):
        context.set_trailing_metadata(
            [(k, v) for k, v in context.invocation_metadata() if k == "large"]
        )
        return b""

    with connected(client, server=server, SendBack=("unary_unary", send_back)) as channel:
        _, call = channel.unary_unary(path("SendBack")).with_call(
            b"", metadata=[("large", value)], timeout=WAIT
        )
        assert mine(call.trailing_metadata()) == [("large", value)]


@pytest.mark.parametrize(
    "metadata",
    [
        (("Upper-Case", "value"),),
        (("key", "new\nline"),),
        (("key", "ünicode"),),
        (("key with space", "value"),),
        (("", "value"),),
        (("key", "nul\0"),),
        ((":pseudo", "value"),),
    ],
    ids=repr,
)
@pytest.mark.parametrize("kind", ["unary_unary", "future", "unary_stream", "stream_stream"])
def test_invalid_metadata_ends_the_call_before_it_is_sent(grpc, metadata, kind):
    with connected(grpc, Echo=ECHO, Repeat=REPEAT, EchoEach=ECHO_EACH) as channel:

        def call():
            if kind == "unary_unary":
                return channel.unary_unary(path("Echo"))(b"", metadata=metadata, timeout=WAIT)
            if kind == "future":
                return (
                    channel.unary_unary(path("Echo"))
                    .future(b"", metadata=metadata, timeout=WAIT)
                    .result(WAIT)
                )
            if kind == "unary_stream":
                return list(
                    channel.unary_stream(path("Repeat"))(b"1", metadata=metadata, timeout=WAIT)
                )
            return list(
                channel.stream_stream(path("EchoEach"))(
                    iter([b"1"]), metadata=metadata, timeout=WAIT
                )
            )

        # grpcio raised ValueError once and gives INTERNAL now; ours raises, since that can name the value at fault.
        with pytest.raises((ValueError, grpc.RpcError)) as raised:
            call()
        if isinstance(raised.value, grpc.RpcError):
            assert raised.value.code() is grpc.StatusCode.INTERNAL
            assert raised.value.details().startswith("Invalid metadata")
        else:
            assert str(raised.value).startswith("metadata was invalid")
        # The channel lives on.
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


@pytest.mark.parametrize(
    "metadata",
    [(("key", 5),), (("key",),), ("key",), 7, ((5, "value"),), (("key-bin", "text"),)],
    ids=repr,
)
def test_metadata_of_the_wrong_type_is_refused(grpc, metadata):
    with connected(grpc, Echo=ECHO) as channel:
        with pytest.raises((TypeError, ValueError, AttributeError)):
            channel.unary_unary(path("Echo"))(b"", metadata=metadata, timeout=WAIT)
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


@pytest.mark.parametrize("place", ["initial", "trailing"])
@pytest.mark.newest_grpcio
def test_invalid_metadata_of_a_handler_ends_its_call(grpc, place):
    def answer(request, context):
        if place == "initial":
            context.send_initial_metadata((("Upper-Case", "value"),))
        else:
            context.set_trailing_metadata((("Upper-Case", "value"),))
        return b""

    with connected(grpc, Answer=("unary_unary", answer), Echo=ECHO) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Answer")), b"", timeout=WAIT)
        assert error.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_none_is_an_empty_value(pair):
    server, client = pair

    def note(request, context):
        seen = [value for key, value in context.invocation_metadata() if key == "none"]
        context.send_initial_metadata((("initial", None),))
        context.set_trailing_metadata((("trailing", None),))
        return repr(seen).encode()

    with connected(client, server=server, Note=("unary_unary", note)) as channel:
        unary = channel.unary_unary(path("Note"))
        response, call = unary.with_call(b"", metadata=(("none", None),), timeout=WAIT)
        assert response == b"['']"
        assert ("initial", "") in [tuple(pair) for pair in call.initial_metadata()]
        assert ("trailing", "") in [tuple(pair) for pair in call.trailing_metadata()]


def test_none_is_no_value_of_a_binary_key(grpc):
    with connected(grpc, Echo=ECHO) as channel, pytest.raises(TypeError):
        channel.unary_unary(path("Echo"))(b"", metadata=(("none-bin", None),), timeout=WAIT)


def test_ascii_values_may_be_bytes(grpc):
    seen = []

    def note(request, context):
        seen.extend(context.invocation_metadata())
        return b""

    with connected(grpc, Note=("unary_unary", note)) as channel:
        channel.unary_unary(path("Note"))(b"", metadata=[("key", b"bytes")], timeout=WAIT)
    assert ("key", "bytes") in seen


def test_metadata_may_be_any_sequence_of_pairs(grpc):
    seen = []

    def note(request, context):
        seen.append(mine(context.invocation_metadata()))
        return b""

    with connected(grpc, Note=("unary_unary", note)) as channel:
        for metadata in ([("a", "b")], (["a", "b"],), [], (), None):
            channel.unary_unary(path("Note"))(b"", metadata=metadata, timeout=WAIT)
    assert seen == [[("a", "b")]] * 2 + [[]] * 3
