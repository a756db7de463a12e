"""`ServicerContext`: every method, from inside a handler."""

from __future__ import annotations

import threading

import pytest
from support.rpc import ECHO, WAIT, connected, happened, path, rpc_error


def run(grpc, inside, kind="unary_unary", client=None, **options):
    """Run `inside(request, context)` as a handler and return what it returned."""
    results = []

    def unary(request, context):
        results.append(inside(request, context))
        return b""

    def stream(request, context):
        results.append(inside(request, context))
        yield b""

    behavior = stream if kind.endswith("stream") else unary
    client = client or grpc
    with connected(client, server=grpc, Method=(kind, behavior)) as channel:
        request = iter([b""]) if kind.startswith("stream") else b""
        response = getattr(channel, kind)(path("Method"))(request, timeout=WAIT, **options)
        assert (list(response) if kind.endswith("stream") else response) in (b"", [b""])
    return results[0]


KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]


@pytest.mark.parametrize("kind", KINDS)
def test_type(grpc, kind):
    is_context = run(grpc, lambda request, context: isinstance(context, grpc.ServicerContext), kind)
    assert is_context is True


def test_peer(pair):
    server, client = pair
    peer = run(server, lambda request, context: context.peer(), client=client)
    scheme, host, port = peer.split(":")
    assert (scheme, host) == ("ipv4", "127.0.0.1")
    assert 0 < int(port) < 65536


def test_peer_without_authentication(grpc):
    def inside(request, context):
        return context.peer_identities(), context.peer_identity_key(), dict(context.auth_context())

    identities, key, auth_context = run(grpc, inside)
    assert identities is None
    assert key is None
    assert auth_context == {
        "transport_security_type": [b"insecure"],
        "security_level": [b"TSI_SECURITY_NONE"],
    }


def test_status_as_it_was_set(grpc):
    def inside(request, context):
        before = (context.code(), context.details(), context.trailing_metadata())
        context.set_code(grpc.StatusCode.OK)
        context.set_details("details")
        context.set_trailing_metadata((("k", "v"),))
        return before, (context.code(), context.details(), context.trailing_metadata())

    before, after = run(grpc, inside)
    assert before == (None, None, None)
    code, details, metadata = after
    assert code is grpc.StatusCode.OK
    assert details == b"details"
    assert metadata == (("k", "v"),)


@pytest.mark.parametrize("code", [5, "NOT_FOUND", None])
def test_a_code_comes_back_as_it_was_given(grpc, code):
    def look(request, context):
        context.set_code(code)
        seen.append(context.code())
        return b""

    seen = []
    with connected(grpc, Look=("unary_unary", look)) as channel:
        method = channel.unary_unary(path("Look"))
        if code is None:
            assert method(b"", timeout=WAIT) == b""
        else:
            assert rpc_error(grpc, method, b"", timeout=WAIT).code() is grpc.StatusCode.UNKNOWN
    assert seen == [code]


@pytest.mark.parametrize("metadata", [[("k", "v")], (("k", "v"), ("b-bin", b"v")), (), None])
def test_trailing_metadata_comes_back_as_it_was_given(grpc, metadata):
    def inside(request, context):
        context.set_trailing_metadata(metadata)
        return context.trailing_metadata()

    assert run(grpc, inside) == metadata


def trailing(grpc, metadata):
    """What a client gets of a call whose handler sets this trailing metadata."""

    def give(request, context):
        context.set_trailing_metadata(metadata)
        return b"response"

    with connected(grpc, Give=("unary_unary", give)) as channel:
        method = channel.unary_unary(path("Give"))
        try:
            response, call = method.with_call(b"", timeout=WAIT)
        except grpc.RpcError as error:
            return error.code().name, error.details()
        return response, [tuple(pair) for pair in call.trailing_metadata()]


@pytest.mark.parametrize("metadata", [(("K", "v"),), (("k", "a\nb"),), (("a b", "v"),)])
def test_trailing_metadata_that_cannot_be_sent(grpc, metadata):
    assert trailing(grpc, metadata) == ("INTERNAL", "Invalid metadata")


def test_trailing_metadata_without_a_value(grpc):
    assert trailing(grpc, (("k", None),)) == (b"response", [("k", "")])


@pytest.mark.parametrize("metadata", [7, ("abc",), (("k", 1),), (("k-bin", None),), {"key": "v"}])
def test_trailing_metadata_of_a_wrong_type(russet, metadata):
    """The handler gets a TypeError; with grpcio the call is never answered."""
    code, details = trailing(russet, metadata)
    assert code == "UNKNOWN"
    assert details.startswith("Exception calling application: ")


def test_is_active_and_time_remaining(grpc):
    def inside(request, context):
        return context.is_active(), context.time_remaining()

    active, remaining = run(grpc, inside)
    assert active is True
    assert 0 < remaining < WAIT + 2


def test_invocation_metadata_is_the_same_each_time(grpc):
    def inside(request, context):
        return context.invocation_metadata(), context.invocation_metadata()

    first, second = run(grpc, inside, metadata=(("k", "v"),))
    assert first == second
    assert ("k", "v") in first


def test_initial_metadata_only_once(grpc):
    def inside(request, context):
        context.send_initial_metadata((("k", "v"),))
        with pytest.raises(ValueError):
            context.send_initial_metadata((("k", "w"),))

    run(grpc, inside)


def test_initial_metadata_not_after_a_response(grpc):
    raised = []

    def late(request, context):
        yield b"1"
        try:
            context.send_initial_metadata((("k", "v"),))
        except ValueError as error:
            raised.append(error)

    with connected(grpc, Late=("unary_stream", late)) as channel:
        assert list(channel.unary_stream(path("Late"))(b"", timeout=WAIT)) == [b"1"]
    assert len(raised) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_compression_methods(grpc, kind):
    def inside(request, context):
        context.set_compression(grpc.Compression.Gzip)
        context.disable_next_message_compression()

    run(grpc, inside, kind)


def test_add_callback_runs_when_the_call_ends_well(grpc):
    ended = threading.Event()
    order = []

    def inside(request, context):
        assert context.add_callback(lambda: order.append("first")) is True
        assert context.add_callback(lambda: (order.append("second"), ended.set())) is True

    run(grpc, inside)
    assert happened(ended)
    assert order == ["first", "second"]


def test_a_callback_that_raises_does_no_harm(grpc):
    ended = threading.Event()

    def fail():
        raise ValueError("callback")

    def answer(request, context):
        context.add_callback(fail)
        context.add_callback(ended.set)
        return b""

    with connected(grpc, Answer=("unary_unary", answer), Echo=ECHO) as channel:
        assert channel.unary_unary(path("Answer"))(b"", timeout=WAIT) == b""
        assert happened(ended)
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_cancel_from_inside(pair):
    server, client = pair
    ended = threading.Event()

    def cancel(request, context):
        context.add_callback(ended.set)
        context.cancel()
        return b""

    with connected(client, server=server, Cancel=("unary_unary", cancel)) as channel:
        error = rpc_error(client, channel.unary_unary(path("Cancel")), b"", timeout=WAIT)
        assert error.code() is client.StatusCode.CANCELLED
        assert happened(ended)


def test_context_from_another_thread(grpc):
    """A context may be handed to another thread, while the handler waits."""
    results = []

    def hand_over(request, context):
        thread = threading.Thread(
            target=lambda: (
                results.append((context.is_active(), context.peer())),
                context.send_initial_metadata((("from", "thread"),)),
            )
        )
        thread.start()
        thread.join(WAIT)
        return b""

    with connected(grpc, HandOver=("unary_unary", hand_over)) as channel:
        _, call = channel.unary_unary(path("HandOver")).with_call(b"", timeout=WAIT)
        assert ("from", "thread") in tuple(call.initial_metadata())
    assert results[0][0] is True


def test_context_after_the_call_is_over(grpc):
    """A context that is kept must stay harmless."""
    kept = []
    ended = threading.Event()

    def keep(request, context):
        kept.append(context)
        context.add_callback(ended.set)
        return b""

    with connected(grpc, Keep=("unary_unary", keep), Echo=ECHO) as channel:
        channel.unary_unary(path("Keep"))(b"", timeout=WAIT)
        assert happened(ended)
        (context,) = kept
        assert context.is_active() is False
        assert context.add_callback(lambda: None) is False
        context.set_code(grpc.StatusCode.INTERNAL)
        context.set_details("too late")
        context.set_trailing_metadata((("k", "v"),))
        context.cancel()
        assert isinstance(context.invocation_metadata(), tuple)
        assert isinstance(context.peer(), str)
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_handlers_run_on_the_pool_of_the_server(grpc):
    from concurrent import futures

    from support.rpc import handlers

    names = []

    def note(request, context):
        names.append(threading.current_thread().name)
        return b""

    pool = futures.ThreadPoolExecutor(2, thread_name_prefix="my-pool")
    server = grpc.server(pool, handlers=[handlers(grpc, {"Note": ("unary_unary", note)})])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        channel.unary_unary(path("Note"))(b"", timeout=WAIT)
    assert happened(server.stop(None))
    assert names[0].startswith("my-pool")
