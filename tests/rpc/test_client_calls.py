"""The client's calls: `with_call`, futures, response iterators, request iterators, `wait_for_ready`, refused connections."""

from __future__ import annotations

import contextlib
import pickle
import socket
import threading

import pytest
from support.rpc import (
    CONCATENATE,
    ECHO,
    ECHO_EACH,
    REPEAT,
    WAIT,
    connected,
    happened,
    path,
    refused_address,
    rpc_error,
    serving,
)


class Gate:
    """A handler that waits until the test lets it go on."""

    def __init__(self):
        self.entered = threading.Event()
        self.release = threading.Event()
        self.ended = threading.Event()

    def unary(self, request, context):
        context.add_callback(self.ended.set)
        self.entered.set()
        assert happened(self.release)
        return request

    def stream(self, request, context):
        context.add_callback(self.ended.set)
        yield b"first"
        self.entered.set()
        assert happened(self.release)
        yield b"second"


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.release.set()


# with_call


def test_with_call(grpc):
    def answer(request, context):
        context.set_trailing_metadata((("k", "v"),))
        return request

    with connected(grpc, Answer=("unary_unary", answer), Concatenate=CONCATENATE) as channel:
        response, call = channel.unary_unary(path("Answer")).with_call(b"x", timeout=WAIT)
        assert response == b"x"
        assert isinstance(call, grpc.Call)
        assert call.code() is grpc.StatusCode.OK
        assert tuple(call.trailing_metadata()) == (("k", "v"),)
        assert call.is_active() is False
        assert call.cancel() in (None, False)
        assert call.add_callback(lambda: None) is False
        response, call = channel.stream_unary(path("Concatenate")).with_call(
            iter([b"a", b"b"]), timeout=WAIT
        )
        assert (response, call.code()) == (b"ab", grpc.StatusCode.OK)


def test_request_may_be_given_by_keyword(grpc):
    with connected(grpc, Echo=ECHO, Concatenate=CONCATENATE) as channel:
        assert channel.unary_unary(path("Echo"))(request=b"x", timeout=WAIT) == b"x"
        assert (
            channel.stream_unary(path("Concatenate"))(request_iterator=iter([b"x"]), timeout=WAIT)
            == b"x"
        )


# Errors


def test_error_is_a_call_and_a_future(grpc):
    def fail(request, context):
        context.abort(grpc.StatusCode.NOT_FOUND, "gone")

    with connected(grpc, Fail=("unary_unary", fail)) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Fail")), b"", timeout=WAIT)
    assert isinstance(error, grpc.RpcError)
    assert isinstance(error, grpc.Call)
    assert isinstance(error, grpc.Future)
    assert type(error).__name__ == "_InactiveRpcError"
    assert error.done() is True
    assert error.running() is False
    assert error.cancelled() is False
    assert error.exception() is error
    with pytest.raises(grpc.RpcError):
        error.result()
    text = str(error)
    assert text == repr(error)
    assert text.startswith(
        "<_InactiveRpcError of RPC that terminated with:\n\tstatus = StatusCode.NOT_FOUND\n"
    )
    assert '\tdetails = "gone"\n' in text
    assert "\tdebug_error_string = " in text
    assert isinstance(error.debug_error_string(), str)


def test_error_pickles(russet):
    """grpcio's holds a lock and does not."""

    def fail(request, context):
        context.set_trailing_metadata((("k", "v"),))
        context.abort(russet.StatusCode.NOT_FOUND, "gone")

    with connected(russet, Fail=("unary_unary", fail)) as channel:
        error = rpc_error(russet, channel.unary_unary(path("Fail")), b"", timeout=WAIT)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.code(), copy.details(), tuple(copy.trailing_metadata())) == (
        russet.StatusCode.NOT_FOUND,
        "gone",
        (("k", "v"),),
    )


def test_refused_connection_is_unavailable(grpc):
    with grpc.insecure_channel(refused_address()) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Echo")), b"", timeout=WAIT)
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert "refused" in error.details()
        error = rpc_error(
            grpc, lambda: list(channel.unary_stream(path("Repeat"))(b"1", timeout=WAIT))
        )
        assert error.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("target", ["no-such-host.invalid:1", "dns:///no-such-host.invalid:1"])
def test_unknown_host_is_unavailable(grpc, target):
    with grpc.insecure_channel(target) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Echo")), b"", timeout=WAIT)
        assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


@pytest.mark.parametrize(
    "target",
    [
        "127.0.0.1:{port}",
        "dns:127.0.0.1:{port}",
        "dns:///127.0.0.1:{port}",
        "ipv4:127.0.0.1:{port}",
        "DNS:///localhost:{port}",
        "IPV4:127.0.0.1:{port}",
        "ipv4:127.0.0.1%3A{port}",
        "ipv4:%3127.0.0.1:{port}",
        "ipv6:%5B::ffff:127.0.0.1%5D:{port}",
        "IPv6:///%5b::ffff:127.0.0.1%5d:{port}",
        "dns:///local%68ost:{port}",
        "127.0.0.1:{port}\n",
        "localhost:{port} ",
        # Outside Google's cloud, its resolver is DNS.
        "google-c2p:///127.0.0.1:{port}",
        "google-c2p:localhost:{port}",
    ],
)
def test_targets(grpc, target):
    with serving(grpc, Echo=ECHO) as address:
        _, _, port = address.rpartition(":")
        with grpc.insecure_channel(target.format(port=port)) as channel:
            assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


NOT_VALID = ["", "dns:///", "ipv4:localhost:1", "ipv6:127.0.0.1:1", "unix://host/path"]
LEADS_NOWHERE = [
    ":",
    ":1",
    "foo/bar",
    "bad:port:1",
    "localhost:port",
    "[::1",
    "ipv4:",
    "unix:",
    "nosuch:///x",
    "xds:///x",
    "https://localhost",
    "http://localhost/",
    "http://127.0.0.1:1",
]


@pytest.mark.parametrize("target", NOT_VALID + LEADS_NOWHERE)
def test_a_channel_to_any_target_is_made(grpc, target):
    expected = "UNKNOWN" if target in NOT_VALID else "UNAVAILABLE"
    with grpc.insecure_channel(target) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Echo")), b"", timeout=WAIT)
        assert error.code().name == expected
        call = channel.stream_stream(path("EchoEach"))(iter([b""]), timeout=WAIT)
        assert rpc_error(grpc, next, call).code().name == expected
    with grpc.secure_channel(target, grpc.ssl_channel_credentials()) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Echo")), b"", timeout=WAIT)
        assert error.code().name == expected


def test_a_call_to_nowhere_waits_where_it_is_told_to(grpc):
    with grpc.insecure_channel("bad:port:1") as channel:
        call = channel.unary_unary(path("Echo")).future(b"", wait_for_ready=True)
        with pytest.raises(grpc.FutureTimeoutError):
            call.result(timeout=0.1)
        call.cancel()


def test_localhost_is_the_address_of_ipv6_first(grpc):
    """Whatever the hosts file says."""
    with contextlib.ExitStack() as stack:
        try:
            first = stack.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6))
        except OSError:
            pytest.skip("this machine has no IPv6")
        port = first.getsockname()[1]
        second = stack.enter_context(socket.create_server(("127.0.0.1", port)))
        second.setblocking(False)
        channel = stack.enter_context(grpc.insecure_channel(f"localhost:{port}"))
        call = channel.unary_unary(path("Echo")).future(b"")
        first.settimeout(WAIT)
        first.accept()[0].close()
        call.cancel()


def test_localhost_is_the_address_of_ipv4_too(grpc):
    with serving(grpc, Echo=ECHO) as address:
        port = address.rpartition(":")[2]
        with grpc.insecure_channel(f"localhost:{port}") as channel:
            assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_unix_socket(pair, tmp_path):
    from concurrent import futures

    from support.rpc import handlers

    server_module, client = pair
    peers = []

    def note(request, context):
        peers.append(context.peer())
        return b""

    target = f"unix:{tmp_path / 'socket'}"
    server = server_module.server(
        futures.ThreadPoolExecutor(2),
        handlers=[handlers(server_module, {"Note": ("unary_unary", note)})],
    )
    server.add_insecure_port(target)
    server.start()
    with client.insecure_channel(target) as channel:
        channel.unary_unary(path("Note"))(b"", timeout=WAIT)
    assert happened(server.stop(None))
    assert peers[0].startswith("unix:")


def test_wait_for_ready_waits_for_the_server(pair):
    from concurrent import futures

    from support.rpc import handlers

    server_module, client = pair
    address = refused_address()
    with client.insecure_channel(
        address,
        options=(("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 50)),
    ) as channel:
        echo = channel.unary_unary(path("Echo"))
        failed = threading.Event()
        channel.subscribe(
            lambda state: (
                failed.set() if state is client.ChannelConnectivity.TRANSIENT_FAILURE else None
            ),
            try_to_connect=True,
        )
        assert happened(failed)
        call = echo.future(b"x", wait_for_ready=True, timeout=WAIT)
        assert not call.done()
        server = server_module.server(
            futures.ThreadPoolExecutor(2), handlers=[handlers(server_module, {"Echo": ECHO})]
        )
        server.add_insecure_port(address)
        server.start()
        assert call.result(WAIT) == b"x"
        assert happened(server.stop(None))


def test_wait_for_ready_obeys_the_deadline(grpc):
    with grpc.insecure_channel(refused_address()) as channel:
        error = rpc_error(
            grpc, channel.unary_unary(path("Echo")), b"", wait_for_ready=True, timeout=0.5
        )
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_channel_reconnects_after_the_server_was_replaced(grpc):
    with serving(grpc, Echo=ECHO) as address:
        channel = grpc.insecure_channel(
            address,
            options=(
                ("grpc.initial_reconnect_backoff_ms", 50),
                ("grpc.max_reconnect_backoff_ms", 50),
            ),
        )
        echo = channel.unary_unary(path("Echo"))
        assert echo(b"1", timeout=WAIT) == b"1"
    error = rpc_error(grpc, echo, b"2", timeout=WAIT)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    from concurrent import futures

    from support.rpc import handlers

    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[handlers(grpc, {"Echo": ECHO})])
    server.add_insecure_port(address)
    server.start()
    assert echo(b"3", wait_for_ready=True, timeout=WAIT) == b"3"
    channel.close()
    assert happened(server.stop(None))


# Futures


def test_future_result(grpc, gate):
    with connected(grpc, Gate=("unary_unary", gate.unary)) as channel:
        future = channel.unary_unary(path("Gate")).future(b"x", timeout=WAIT)
        assert isinstance(future, grpc.Future)
        assert isinstance(future, grpc.Call)
        assert happened(gate.entered)
        assert (future.done(), future.running(), future.cancelled()) == (False, True, False)
        assert future.is_active() is True
        with pytest.raises(grpc.FutureTimeoutError):
            future.result(timeout=0.01)
        with pytest.raises(grpc.FutureTimeoutError):
            future.exception(timeout=0.01)
        with pytest.raises(grpc.FutureTimeoutError):
            future.traceback(timeout=0.01)
        gate.release.set()
        assert future.result(timeout=WAIT) == b"x"
        assert future.result() == b"x"
        assert future.exception() is None
        assert future.traceback() is None
        assert (future.done(), future.running(), future.cancelled()) == (True, False, False)
        assert future.code() is grpc.StatusCode.OK
        assert future.cancel() is False


def test_future_error(grpc):
    def fail(request, context):
        context.abort(grpc.StatusCode.NOT_FOUND, "gone")

    with connected(grpc, Fail=("unary_unary", fail)) as channel:
        future = channel.unary_unary(path("Fail")).future(b"", timeout=WAIT)
        error = rpc_error(grpc, future.result, WAIT)
        assert error is future
        assert error.code() is grpc.StatusCode.NOT_FOUND
        assert future.exception() is future
        assert future.traceback() is not None
        assert future.cancelled() is False
        assert future.done() is True


def test_future_done_callback(grpc, gate):
    with connected(grpc, Gate=("unary_unary", gate.unary)) as channel:
        future = channel.unary_unary(path("Gate")).future(b"x", timeout=WAIT)
        called = []
        both = threading.Barrier(2)

        def callback(done):
            called.append((done, done.done()))
            both.wait(WAIT)

        future.add_done_callback(callback)
        assert happened(gate.entered)
        assert called == []
        gate.release.set()
        both.wait(WAIT)
        assert called == [(future, True)]
        # Too late for waiting: called at once, on this thread.
        late = []
        assert future.result(WAIT) == b"x"
        future.add_done_callback(lambda done: late.append((done, threading.get_ident())))
        assert late == [(future, threading.get_ident())]


def test_future_call_callback(grpc, gate):
    """`Call.add_callback`, without arguments."""
    with connected(grpc, Gate=("unary_unary", gate.unary)) as channel:
        future = channel.unary_unary(path("Gate")).future(b"x", timeout=WAIT)
        called = threading.Event()
        assert future.add_callback(called.set) is True
        gate.release.set()
        assert happened(called)
        assert future.result(WAIT) == b"x"
        assert future.add_callback(called.set) is False


def test_a_callback_that_raises_does_no_harm(grpc, gate):
    with connected(grpc, Gate=("unary_unary", gate.unary)) as channel:
        future = channel.unary_unary(path("Gate")).future(b"x", timeout=WAIT)
        after = threading.Event()

        def fail(done):
            raise ValueError("callback")

        future.add_done_callback(fail)
        future.add_done_callback(lambda done: after.set())
        gate.release.set()
        assert future.result(WAIT) == b"x"
        assert happened(after)


def test_future_cancel(grpc, gate):
    with connected(grpc, Gate=("unary_unary", gate.unary)) as channel:
        future = channel.unary_unary(path("Gate")).future(b"x", timeout=WAIT)
        assert happened(gate.entered)
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        assert future.cancel() is True
        assert happened(done)
        assert future.cancelled() is True
        assert future.done() is True
        assert future.running() is False
        for wait in (future.result, future.exception, future.traceback):
            with pytest.raises(grpc.FutureCancelledError):
                wait(WAIT)
        assert future.code() is grpc.StatusCode.CANCELLED
        assert future.details() == "Locally cancelled by application!"
        assert happened(gate.ended), "the server was not told"


def test_future_of_a_request_stream(grpc):
    with connected(grpc, Concatenate=CONCATENATE) as channel:
        future = channel.stream_unary(path("Concatenate")).future(iter([b"a", b"b"]), timeout=WAIT)
        assert future.result(WAIT) == b"ab"
        assert future.code() is grpc.StatusCode.OK


# Response iterators


def test_response_iterator_is_call_and_future(grpc):
    with connected(grpc, Repeat=REPEAT) as channel:
        call = channel.unary_stream(path("Repeat"))(b"2", timeout=WAIT)
        assert iter(call) is call
        assert isinstance(call, grpc.Call)
        assert isinstance(call, grpc.RpcError)
        assert type(call).__name__ == "_MultiThreadedRendezvous"
        assert call.is_active() is True
        assert 0 < call.time_remaining() < WAIT + 1
        assert next(call) == b"0"
        assert next(call) == b"1"
        with pytest.raises(StopIteration):
            next(call)
        with pytest.raises(StopIteration):
            next(call)
        assert call.code() is grpc.StatusCode.OK
        assert call.is_active() is False


def test_code_waits_for_the_end(grpc, gate):
    with connected(grpc, Gate=("unary_stream", gate.stream)) as channel:
        call = channel.unary_stream(path("Gate"))(b"", timeout=WAIT)
        codes = []
        thread = threading.Thread(target=lambda: codes.append(call.code()), daemon=True)
        assert next(call) == b"first"
        thread.start()
        assert codes == []
        gate.release.set()
        assert next(call) == b"second"
        assert list(call) == []
        thread.join(WAIT)
        assert codes == [grpc.StatusCode.OK]


def test_cancel_in_the_middle_of_a_stream(grpc, gate):
    with connected(grpc, Gate=("unary_stream", gate.stream)) as channel:
        call = channel.unary_stream(path("Gate"))(b"", timeout=WAIT)
        assert next(call) == b"first"
        call.cancel()
        with pytest.raises(grpc.RpcError) as raised:
            next(call)
        assert raised.value is call
        assert call.code() is grpc.StatusCode.CANCELLED
        assert call.details() == "Locally cancelled by application!"
        assert call.is_active() is False
        assert happened(gate.ended), "the server was not told"


def test_cancel_from_another_thread_wakes_the_reader(grpc, gate):
    with connected(grpc, Gate=("unary_stream", gate.stream)) as channel:
        call = channel.unary_stream(path("Gate"))(b"", timeout=WAIT)
        assert next(call) == b"first"
        assert happened(gate.entered)
        threading.Thread(target=call.cancel).start()
        with pytest.raises(grpc.RpcError):
            next(call)
        assert call.code() is grpc.StatusCode.CANCELLED


def test_an_abandoned_stream_is_cancelled(grpc, gate):
    """When the last reference to a call goes, so does the RPC."""
    with connected(grpc, Gate=("unary_stream", gate.stream)) as channel:
        call = channel.unary_stream(path("Gate"))(b"", timeout=WAIT)
        assert next(call) == b"first"
        del call
        import gc

        gc.collect()
        assert happened(gate.ended)


def test_stream_callbacks(grpc):
    with connected(grpc, Repeat=REPEAT) as channel:
        call = channel.unary_stream(path("Repeat"))(b"3", timeout=WAIT)
        ended = threading.Event()
        assert call.add_callback(ended.set) is True
        assert len(list(call)) == 3
        assert happened(ended)
        assert call.add_callback(ended.set) is False


def test_a_slow_reader_gets_everything(pair):
    """Much more than the flow-control windows hold, read only after the server wrote what it could."""
    server, client = pair
    block = bytes(64 * 1024)
    writing = threading.Event()

    def many(request, context):
        for number in range(200):
            if number == 10:
                writing.set()
            yield block

    with connected(client, server=server, Many=("unary_stream", many)) as channel:
        call = channel.unary_stream(path("Many"))(b"", timeout=WAIT)
        first = next(call)
        for _ in range(9):
            assert next(call) == first
        assert happened(writing)
        assert sum(len(response) for response in call) == 190 * len(block)


def test_a_server_that_reads_slowly_holds_back_the_requests(pair):
    server, client = pair
    block = bytes(64 * 1024)
    release = threading.Event()
    taken = []

    def requests():
        for number in range(400):
            taken.append(number)
            yield block

    def count(requests, context):
        first = next(requests)
        assert happened(release)
        return b"%d" % (len(first) + sum(map(len, requests)))

    with connected(client, server=server, Count=("stream_unary", count)) as channel:
        call = channel.stream_unary(path("Count")).future(requests(), timeout=WAIT)
        with pytest.raises(client.FutureTimeoutError):
            call.result(timeout=0.3)
        held_back = len(taken)
        release.set()
        assert call.result(WAIT) == b"%d" % (400 * len(block))
    assert held_back < 400, "all requests were taken though the server read only one"


# Request iterators


def test_a_request_iterator_that_raises(grpc):
    entered, ended = threading.Event(), threading.Event()

    def read(requests, context):
        context.add_callback(ended.set)
        entered.set()
        yield from requests

    def fails():
        yield b"1"
        assert happened(entered)
        raise ValueError("requests")

    with connected(grpc, Read=("stream_stream", read), Concatenate=CONCATENATE) as channel:
        call = channel.stream_stream(path("Read"))(fails(), timeout=WAIT)
        error = rpc_error(grpc, list, call)
        assert (error.code().name, error.details()) == ("UNKNOWN", "Exception iterating requests!")
        assert happened(ended)
        error = rpc_error(grpc, channel.stream_unary(path("Concatenate")), fails(), timeout=WAIT)
        assert (error.code().name, error.details()) == ("UNKNOWN", "Exception iterating requests!")


def test_what_is_no_iterator_as_requests(grpc):
    with (
        connected(grpc, Concatenate=CONCATENATE) as channel,
        pytest.raises((grpc.RpcError, TypeError)),
    ):
        channel.stream_unary(path("Concatenate"))(5, timeout=WAIT)


def test_any_iterable_gives_requests(russet):
    """grpcio takes iterators only."""
    with connected(russet, Concatenate=CONCATENATE) as channel:
        assert channel.stream_unary(path("Concatenate"))([b"a", b"b"], timeout=WAIT) == b"ab"
        assert channel.stream_unary(path("Concatenate"))((b"a", b"b"), timeout=WAIT) == b"ab"


def test_requests_after_the_server_has_answered_are_not_needed(pair):
    server, client = pair

    def answer_first(requests, context):
        return next(requests)

    def endless():
        number = 0
        while not done.is_set():
            yield b"%d" % number
            number += 1

    done = threading.Event()
    with connected(client, server=server, First=("stream_unary", answer_first)) as channel:
        assert channel.stream_unary(path("First"))(endless(), timeout=WAIT) == b"0"
    done.set()


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream"])
def test_request_serializer_that_raises(grpc, kind):
    def fail(request):
        raise ValueError("cannot")

    with connected(grpc, Echo=ECHO, Repeat=REPEAT) as channel:
        if kind == "unary_unary":
            method = channel.unary_unary(path("Echo"), request_serializer=fail)
            error = rpc_error(grpc, method, b"", timeout=WAIT)
        else:
            method = channel.unary_stream(path("Repeat"), request_serializer=fail)
            error = rpc_error(grpc, lambda: list(method(b"", timeout=WAIT)))
        assert (error.code().name, error.details()) == (
            "INTERNAL",
            "Exception serializing request!",
        )


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream"])
def test_response_deserializer_that_raises(grpc, kind):
    def fail(response):
        raise ValueError("cannot")

    with connected(grpc, Echo=ECHO, Repeat=REPEAT) as channel:
        if kind == "unary_unary":
            method = channel.unary_unary(path("Echo"), response_deserializer=fail)
            error = rpc_error(grpc, method, b"", timeout=WAIT)
        else:
            method = channel.unary_stream(path("Repeat"), response_deserializer=fail)
            error = rpc_error(grpc, lambda: list(method(b"1", timeout=WAIT)))
        assert (error.code().name, error.details()) == (
            "INTERNAL",
            "Exception deserializing response!",
        )


@pytest.mark.parametrize("request_", ["text", 5, [b"x"]], ids=repr)
def test_a_request_that_is_not_bytes(grpc, request_):
    with connected(grpc, Echo=ECHO) as channel:
        with pytest.raises((TypeError, grpc.RpcError)):
            channel.unary_unary(path("Echo"))(request_, timeout=WAIT)
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_a_streamed_request_that_is_not_bytes(russet):
    """With grpcio the call hangs until its deadline."""
    with connected(russet, EchoEach=ECHO_EACH) as channel:
        with pytest.raises((TypeError, russet.RpcError)) as raised:
            list(channel.stream_stream(path("EchoEach"))(iter(["text"]), timeout=WAIT))
        if isinstance(raised.value, russet.RpcError):
            assert raised.value.code() is not russet.StatusCode.DEADLINE_EXCEEDED


# Closing


def test_close_ends_calls_in_flight(grpc, gate):
    with serving(
        grpc, Gate=("unary_unary", gate.unary), Stream=("unary_stream", gate.stream)
    ) as address:
        channel = grpc.insecure_channel(address)
        future = channel.unary_unary(path("Gate")).future(b"x", timeout=WAIT)
        stream = channel.unary_stream(path("Stream"))(b"", timeout=WAIT)
        assert next(stream) == b"first"
        assert happened(gate.entered)
        channel.close()
        assert future.code() is grpc.StatusCode.CANCELLED
        assert future.details() == "Channel closed!"
        error = rpc_error(grpc, next, stream)
        assert error.code() is grpc.StatusCode.CANCELLED
        assert "Channel closed!" in error.details()
        assert happened(gate.ended)
        gate.release.set()


def test_a_closed_channel_refuses_calls(grpc):
    with serving(grpc, Echo=ECHO, Repeat=REPEAT) as address:
        channel = grpc.insecure_channel(address)
        echo = channel.unary_unary(path("Echo"))
        repeat = channel.unary_stream(path("Repeat"))
        assert echo(b"x", timeout=WAIT) == b"x"
        channel.close()
        channel.close()
        for call in (echo, echo.future, repeat):
            with pytest.raises(ValueError, match="closed"):
                call(b"x", timeout=WAIT)


def test_channel_as_a_context_manager(grpc):
    with serving(grpc, Echo=ECHO) as address:
        with grpc.insecure_channel(address) as channel:
            assert isinstance(channel, grpc.Channel)
            echo = channel.unary_unary(path("Echo"))
            assert echo(b"x", timeout=WAIT) == b"x"
        with pytest.raises(ValueError, match="closed"):
            echo(b"x", timeout=WAIT)


def test_many_channels(grpc):
    with serving(grpc, Echo=ECHO) as address:
        channels = [grpc.insecure_channel(address) for _ in range(20)]
        for number, channel in enumerate(channels):
            assert channel.unary_unary(path("Echo"))(b"%d" % number, timeout=WAIT) == b"%d" % number
        for channel in channels:
            channel.close()


@pytest.mark.parametrize("options", [[("key",)], [5], "text", [("key", 1, 2)]], ids=repr)
def test_malformed_channel_options(grpc, options):
    with pytest.raises((ValueError, TypeError)):
        grpc.insecure_channel("127.0.0.1:1", options=options)


def test_unknown_channel_options_are_accepted(grpc):
    with (
        serving(grpc, Echo=ECHO) as address,
        grpc.insecure_channel(
            address, options=[("grpc.no_such_option", 1), ("my.option", "text")]
        ) as channel,
    ):
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


@pytest.mark.parametrize("compression", ["NoCompression", "Deflate", "Gzip"])
def test_compression(pair, compression):
    server, client = pair
    message = b"compressible " * 10_000
    with connected(client, server=server, Echo=ECHO) as channel:
        algorithm = getattr(client.Compression, compression)
        assert (
            channel.unary_unary(path("Echo"))(message, compression=algorithm, timeout=WAIT)
            == message
        )
