"""Bad input: each gives a clear error to whoever caused it, and the server goes on serving the others."""

from __future__ import annotations

import contextlib
import random
import socket
import threading

import pytest
from support.rpc import CONCATENATE, ECHO, WAIT, happened, path, rpc_error, serving
from support.wire import RawClient, grpc_message

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@pytest.fixture
def address(grpc):
    """A server; at the end it must still serve well-behaved clients, an old and a new one."""
    with (
        serving(grpc, Echo=ECHO, Concatenate=CONCATENATE) as address,
        grpc.insecure_channel(address) as old,
    ):
        assert old.unary_unary(path("Echo"))(b"before", timeout=WAIT) == b"before"
        yield address
        assert old.unary_unary(path("Echo"))(b"after", timeout=WAIT) == b"after"
        with grpc.insecure_channel(address) as new:
            assert new.unary_unary(path("Echo"))(b"new", timeout=WAIT) == b"new"


def send_and_read_to_the_end(address, data):
    """Send bytes, half-close, and read until the server closes; what it answered."""
    host, port = address.rsplit(":", 1)
    answer = b""
    with socket.create_connection((host, int(port)), timeout=WAIT) as peer:
        with contextlib.suppress(OSError):
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while part := peer.recv(65536):
                answer += part
    return answer


@pytest.mark.parametrize("seed", range(8))
def test_random_bytes(address, seed):
    rng = random.Random(seed)
    send_and_read_to_the_end(address, rng.randbytes(rng.choice([1, 10, 100, 10_000, 200_000])))


@pytest.mark.parametrize("seed", range(8))
def test_random_bytes_after_the_preface(address, seed):
    rng = random.Random(seed)
    send_and_read_to_the_end(
        address, PREFACE + SETTINGS + rng.randbytes(rng.choice([1, 9, 100, 10_000]))
    )


@pytest.mark.parametrize("seed", range(8))
def test_random_frames(address, seed):
    """Frames with valid headers, any type, flags and stream, and random payloads."""
    rng = random.Random(seed)
    frames = b""
    for _ in range(20):
        payload = rng.randbytes(rng.randrange(50))
        frames += len(payload).to_bytes(3, "big") + bytes([rng.randrange(12), rng.randrange(256)])
        frames += rng.choice([0, 1, 1, 3, 5, 2**31 - 1]).to_bytes(4, "big") + payload
    send_and_read_to_the_end(address, PREFACE + SETTINGS + frames)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        PREFACE[:10],
        PREFACE,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["nothing", "a zero", "HTTP/1.1", "half a preface", "no settings", "TLS"],
)
def test_other_protocols(address, data):
    send_and_read_to_the_end(address, data)


def test_a_frame_over_the_limit(address):
    """A frame larger than SETTINGS_MAX_FRAME_SIZE is a FRAME_SIZE_ERROR (RFC 9113, section 4.2)."""
    huge = b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + b"x" * 100_000
    answer = send_and_read_to_the_end(address, PREFACE + SETTINGS + huge)
    assert goaway_code(answer) in (None, 6)


def goaway_code(answer):
    """The error code of the GOAWAY frame among frames, or None."""
    while len(answer) >= 9:
        length, kind = int.from_bytes(answer[:3], "big"), answer[3]
        if kind == 7:
            return int.from_bytes(answer[13:17], "big")
        answer = answer[9 + length :]
    return None


def test_a_client_that_disappears_before_its_request(grpc):
    entered, ended = threading.Event(), threading.Event()

    def read(requests, context):
        context.add_callback(ended.set)
        entered.set()
        return b"".join(requests)

    with serving(grpc, Read=("stream_unary", read), Echo=ECHO) as address:
        with RawClient(address) as client:
            stream = client.call("Read")
            client.send(stream, grpc_message(b"first"))
            assert happened(entered)
        assert happened(ended), "the handler was not told that the client has gone"
        with grpc.insecure_channel(address) as channel:
            assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_a_client_that_disappears_while_it_is_answered(grpc):
    entered, closed = threading.Event(), threading.Event()

    def endless(request, context):
        entered.set()
        try:
            while True:
                yield b"x" * 10_000
        finally:
            closed.set()

    with serving(grpc, Endless=("unary_stream", endless), Echo=ECHO) as address:
        with RawClient(address) as client:
            stream = client.call("Endless")
            client.send(stream, grpc_message(b""), end_stream=True)
            assert happened(entered)
        assert happened(closed)
        with grpc.insecure_channel(address) as channel:
            assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_a_client_that_disappears_inside_a_message(grpc):
    ended = threading.Event()

    def read(requests, context):
        context.add_callback(ended.set)
        entered.set()
        return b"".join(requests)

    entered = threading.Event()
    with serving(grpc, Read=("stream_unary", read), Echo=ECHO) as address:
        with RawClient(address) as client:
            stream = client.call("Read")
            client.send(stream, grpc_message(b"half", length=8))
            assert happened(entered)
        assert happened(ended)
        with grpc.insecure_channel(address) as channel:
            assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_many_clients_that_disappear(grpc):
    entered, gone = threading.Semaphore(0), threading.Semaphore(0)

    def block(request, context):
        ended = threading.Event()
        context.add_callback(ended.set)
        entered.release()
        ended.wait(WAIT)
        gone.release()
        return b""

    with serving(grpc, workers=20, Block=("unary_unary", block), Echo=ECHO) as address:
        clients = [RawClient(address) for _ in range(20)]
        for client in clients:
            client.send(client.call("Block"), grpc_message(b""), end_stream=True)
        for _ in clients:
            assert entered.acquire(timeout=WAIT)
        for client in clients:
            client.socket.close()
        for _ in clients:
            assert gone.acquire(timeout=WAIT)
        with grpc.insecure_channel(address) as channel:
            assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_a_reset_in_the_middle(grpc):
    ended = threading.Event()
    entered = threading.Event()

    def read(requests, context):
        context.add_callback(ended.set)
        entered.set()
        return b"".join(requests)

    with (
        serving(grpc, Read=("stream_unary", read), Echo=ECHO) as address,
        RawClient(address) as client,
    ):
        stream = client.call("Read")
        assert happened(entered)
        client.reset(stream)
        assert happened(ended)
        # The same connection goes on.
        stream = client.call("Echo")
        client.send(stream, grpc_message(b"x"), end_stream=True)
        assert client.outcome(stream)["grpc-status"] == "0"


@pytest.mark.newest_grpcio
def test_a_message_prefix_over_the_limit_needs_no_message(address):
    """The length alone ends the RPC; the server does not wait for gigabytes."""
    with RawClient(address) as client:
        stream = client.call("Echo")
        client.send(stream, grpc_message(b"", length=2**32 - 1))
        outcome = client.outcome(stream)
        assert outcome["grpc-status"] == "8"
        assert str(2**32 - 1) in outcome["grpc-message"]


@pytest.mark.parametrize("flag", [2, 128, 255])
def test_a_message_with_an_unknown_flag(russet, flag):
    """Only 0 and 1 are defined (PROTOCOL-HTTP2, "Compressed-Flag"); grpcio ignores the upper bits."""
    with serving(russet, Echo=ECHO) as address, RawClient(address) as client:
        stream = client.call("Echo")
        client.send(stream, grpc_message(b"x", flag=flag), end_stream=True)
        outcome = client.outcome(stream)
        assert outcome.get("grpc-status", outcome.get("reset")) not in (None, "0")


def test_a_request_that_ends_inside_a_message(address):
    with RawClient(address) as client:
        stream = client.call("Echo")
        client.send(stream, grpc_message(b"half", length=100), end_stream=True)
        outcome = client.outcome(stream)
        assert outcome.get("grpc-status", outcome.get("reset")) not in (None, "0")


@pytest.mark.newest_grpcio
def test_a_compressed_message_without_grpc_encoding(address):
    with RawClient(address) as client:
        stream = client.call("Echo")
        client.send(stream, grpc_message(b"x", flag=1), end_stream=True)
        outcome = client.outcome(stream)
        assert outcome.get("grpc-status", outcome.get("reset")) not in (None, "0")


@pytest.mark.newest_grpcio
def test_an_unknown_encoding(address):
    """The specification asks for UNIMPLEMENTED; grpcio answers INTERNAL."""
    with RawClient(address) as client:
        stream = client.call("Echo", ("grpc-encoding", "no-such-encoding"))
        client.send(stream, grpc_message(b"x", flag=1), end_stream=True)
        assert client.outcome(stream)["grpc-status"] in ("12", "13")


def test_rubbish_instead_of_gzip(address):
    with RawClient(address) as client:
        stream = client.call("Echo", ("grpc-encoding", "gzip"))
        client.send(stream, grpc_message(b"no gzip", flag=1), end_stream=True)
        assert client.outcome(stream)["grpc-status"] in ("13", "12")


@pytest.mark.parametrize(
    "header",
    [
        (":method", "GET"),
        ("content-type", "text/html"),
        (":path", "no-slash"),
        ("grpc-timeout", "soon"),
        ("key-bin", "!!!"),
    ],
    ids=lambda header: header[0],
)
def test_headers_that_are_no_grpc(address, header):
    """Whatever the answer, there is one: an error status, an HTTP status or a reset."""
    with RawClient(address) as client:
        stream = client.call("Echo", header)
        client.send(stream, grpc_message(b"x"), end_stream=True)
        try:
            outcome = client.outcome(stream)
        except ConnectionError:
            return
        assert outcome


@pytest.mark.parametrize("without", ["te", ":path", ":scheme", "content-type", ":authority"])
def test_headers_that_lack_something(address, without):
    with RawClient(address) as client:
        stream = client.call("Echo", without=without)
        with contextlib.suppress(ConnectionError):
            client.send(stream, grpc_message(b"x"), end_stream=True)
            assert client.outcome(stream)


def test_a_server_that_is_none(grpc):
    """A client that reaches something that does not speak HTTP/2."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        stop = threading.Event()

        def answer():
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    peer, _ = listener.accept()
                    with peer:
                        peer.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with grpc.insecure_channel(address) as channel:
            error = rpc_error(grpc, channel.unary_unary(path("Echo")), b"", timeout=WAIT)
            assert error.code() is grpc.StatusCode.UNAVAILABLE
        stop.set()
        with contextlib.suppress(OSError):
            socket.create_connection(listener.getsockname(), timeout=1).close()
        thread.join(WAIT)


def test_a_server_that_closes_at_once(grpc):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        stop = threading.Event()

        def close():
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    listener.accept()[0].close()

        thread = threading.Thread(target=close, daemon=True)
        thread.start()
        with grpc.insecure_channel(f"127.0.0.1:{listener.getsockname()[1]}") as channel:
            error = rpc_error(grpc, channel.unary_unary(path("Echo")), b"", timeout=WAIT)
            assert error.code() is grpc.StatusCode.UNAVAILABLE
        stop.set()
        with contextlib.suppress(OSError):
            socket.create_connection(listener.getsockname(), timeout=1).close()
        thread.join(WAIT)
