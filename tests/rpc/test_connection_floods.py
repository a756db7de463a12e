"""The floods that HTTP/2 is known for, from several connections at once against a running server: each connection is ended, what they cost is bounded, and another client's calls go on. How many frames each takes stands with the engine's own tests."""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Callable
from types import ModuleType

import hpack
import pytest
from support.process import Program
from support.rpc import WAIT

HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 1, 2, 3, 4, 6, 8, 9
DATA, GOAWAY = 0, 7
END_HEADERS = 4
ENHANCE_YOUR_CALM = 11

# Connections that attack side by side, and how often each begins anew.
ATTACKERS, ROUNDS = 3, 20
# The most frames or groups of frames that one connection sends; each flood is ended long before.
MOST = 200_000


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def request(stream: int) -> bytes:
    fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/s/echo"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    ]
    # Without a table, so that each request is the same whatever came before.
    block = hpack.Encoder().encode([hpack.NeverIndexedHeaderTuple(*field) for field in fields])
    return frame(HEADERS, END_HEADERS, stream, block)


REQUEST = request(1)


def numbered(number: int) -> tuple[int, bytes]:
    """A new stream's number and its request."""
    stream = 2 * number + 1
    return stream, REQUEST[:5] + struct.pack(">I", stream) + REQUEST[9:]


def rapid_reset(number: int) -> bytes:
    stream, opening = numbered(number)
    return opening + frame(RST_STREAM, 0, stream, struct.pack(">I", 8))


def made_you_reset(number: int) -> bytes:
    stream, opening = numbered(number)
    return opening + frame(WINDOW_UPDATE, 0, stream, bytes(4))


def continuation(number: int) -> bytes:
    return frame(CONTINUATION, 0, 1) if number else frame(HEADERS, 0, 1)


def empty_data(number: int) -> bytes:
    return frame(DATA, 0, 1) if number else REQUEST


FLOODS: dict[str, Callable[[int], bytes]] = {
    "rapid reset": rapid_reset,
    "made you reset": made_you_reset,
    "CONTINUATION": continuation,
    "empty DATA": empty_data,
    "PING": lambda _: frame(PING, 0, 0, bytes(8)),
    "SETTINGS": lambda _: frame(SETTINGS, 0, 0),
    "PRIORITY": lambda _: frame(PRIORITY, 0, 9, bytes(5)),
    "unknown frames": lambda _: frame(0x77, 0, 0, b"?"),
}


def attack(address: str, unit: Callable[[int], bytes]) -> int | None:
    """Sends one after the other until the server ends the connection. The error code that it gave; `None` where its last words were lost with the connection."""
    host, port = address.rsplit(":", 1)
    received = b""
    with socket.create_connection((host, int(port)), timeout=WAIT) as peer:
        try:
            peer.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0))
            for start in range(0, MOST, 100):
                peer.sendall(b"".join(unit(number) for number in range(start, start + 100)))
                readable, _, _ = select.select([peer], [], [], 0)
                if readable:
                    data = peer.recv(1 << 20)
                    if not data:
                        break
                    received += data
            else:
                raise AssertionError(f"{MOST} are not too many")
        except ConnectionError:
            pass
    return error_code(received)


def error_code(data: bytes) -> int | None:
    """The error code of the GOAWAY among some frames."""
    while len(data) >= 9:
        end = 9 + int.from_bytes(data[:3], "big")
        if data[3] == GOAWAY and len(data) >= end:
            return int.from_bytes(data[13:17], "big")
        data = data[end:]
    return None


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_ends_its_connection_and_harms_no_other(russet: ModuleType, flood: str) -> None:
    with Program(
        russet,
        """
        server, address = serve(handlers)
        say(address)
        sys.stdin.read()
        """,
    ) as program:
        address = program.read_line()
        with russet.insecure_channel(address) as channel:
            echo = channel.unary_unary("/s/echo")
            assert echo(b"x", timeout=WAIT) == b"x"
            before = program.peak_memory()
            codes: list[int | None] = []

            def attacks() -> None:
                codes.extend(attack(address, FLOODS[flood]) for _ in range(ROUNDS))

            attackers = [threading.Thread(target=attacks) for _ in range(ATTACKERS)]
            for attacker in attackers:
                attacker.start()
            while any(attacker.is_alive() for attacker in attackers):
                assert echo(b"x", timeout=WAIT) == b"x"
            assert len(codes) == ATTACKERS * ROUNDS
            assert set(codes) <= {ENHANCE_YOUR_CALM, None}
            assert echo(b"x", timeout=WAIT) == b"x"
            assert program.peak_memory() - before < 20 << 20
