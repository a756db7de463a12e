"""An attacker that does anything, from a seed: frames, sizes, compression, windows, resets, slow reads, in any order on many connections."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

from on_servers import Address, Flow, run
from wire import (
    ACK,
    CONTINUATION,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    block,
    data,
    field,
    frame,
    gzip_bomb,
    integer,
    long_block,
    message,
    settings,
    zstd_bomb,
)

# Methods whose handlers are quick: a handler that waits is the program's affair.
METHODS = ("/a/Echo", "/a/Echo", "/a/Big", "/no/method", "/a/", "")
BOMBS = {
    ("gzip", size): gzip_bomb(size) for size in (1 << 10, 1 << 16, 1 << 20, 4 << 20, 5 << 20)
} | {("zstd", size): zstd_bomb(size) for size in (1 << 10, 4 << 20, 1 << 30)}


class Mischief:
    """What one connection sends."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.next = 1
        self.open: list[int] = []
        # Most keep to the server's windows, so that they get far.
        self.minds_windows = dice.random() < 0.8
        self.credit = 65_535
        self.first = 65_535
        self.credits: dict[int, int] = {}

    def hear(self, kind: int, stream: int, payload: bytes) -> None:
        if kind == WINDOW_UPDATE and stream == 0:
            self.credit += int.from_bytes(payload, "big")
        elif kind == WINDOW_UPDATE and stream in self.credits:
            self.credits[stream] += int.from_bytes(payload, "big")
        elif kind == RST_STREAM or (kind == HEADERS and stream in self.credits):
            # Answered, or nearly.
            self.credits.pop(stream, None)
            if stream in self.open and self.dice.random() < 0.9:
                self.open.remove(stream)

    def hello(self) -> bytes:
        dice = self.dice
        values = {}
        if dice.random() < 0.5:
            values["window"] = dice.choice((0, 1, 1000, 65_535, 1 << 20, (1 << 31) - 1))
        if dice.random() < 0.3:
            values["header_table"] = dice.choice((0, 100, 4096, 1 << 20))
        if dice.random() < 0.3:
            values["header_list"] = dice.choice((0, 100, 8192, 1 << 20))
        if dice.random() < 0.3:
            values["frame"] = dice.choice((16_384, 1 << 20, (1 << 24) - 1))
        return settings(**values)

    def stream(self) -> int:
        """One that is open, or was, or never will be."""
        if self.open and self.dice.random() < 0.95:
            return self.dice.choice(self.open[-50:])
        return self.dice.randrange(1, self.next + 4)

    def call(self) -> bytes:
        dice = self.dice
        stream, self.next = self.next, self.next + dice.choice((2, 2, 2, 2, 200, 1 << 17))
        if self.next >= 1 << 30:
            self.next = 1
        self.open.append(stream)
        self.credits[stream] = self.first
        if len(self.open) > 4000:
            del self.open[:1000]
        more = []
        if dice.random() < 0.3:
            more.append(field("grpc-encoding", dice.choice(("gzip", "zstd", "deflate", "no"))))
        if dice.random() < 0.2:
            more.append(
                field("k" * dice.randrange(1, 50), "v" * dice.randrange(12_000), index=True)
            )
        if dice.random() < 0.1:
            more.append(b"\xbe" * dice.randrange(2000))
        if dice.random() < 0.1:
            more.append(field("grpc-timeout", dice.choice(("1m", "1S", "0n", "99999999H", "x"))))
        if dice.random() < 0.02:
            more.append(field("long", "x" * dice.randrange(1 << 20)))
        if dice.random() < 0.05:
            more.insert(0, integer(dice.choice((0, 4096, 1 << 20)), 5, 0x20) * dice.randrange(3))
        payload = block(dice.choice(METHODS), *more)
        return long_block(stream, payload, end=dice.random() < 0.2)

    def body(self) -> bytes:
        dice = self.dice
        end = dice.random() < 0.5
        kind = dice.random()
        if kind < 0.4:
            payload = message(bytes(dice.choice((0, 1, 100, 10_000, 100_000))))
        elif kind < 0.6:
            payload = message(dice.choice(list(BOMBS.values())), compressed=True)
        elif kind < 0.8:
            # The beginning of one that never ends.
            payload = message(bytes(dice.randrange(60_000)), length=dice.randrange(1 << 24))
        else:
            payload = dice.randbytes(dice.randrange(200))
        stream = self.stream()
        if self.minds_windows:
            room = min(self.credit, self.credits.get(stream, 0))
            if room <= 0:
                return b""
            payload = payload[:room]
            self.credits[stream] -= len(payload)
            self.credit -= len(payload)
        if end and stream in self.open:
            self.open.remove(stream)
        return data(stream, payload, end=end)

    def odd_frame(self) -> bytes:
        dice = self.dice
        return dice.choice(
            (
                lambda: frame(RST_STREAM, 0, self.stream(), b"\0\0\0\x08"),
                lambda: frame(WINDOW_UPDATE, 0, 0, dice.randrange(1, 1 << 20).to_bytes(4, "big")),
                lambda: frame(
                    WINDOW_UPDATE, 0, self.stream(), dice.randrange(1, 1 << 20).to_bytes(4, "big")
                ),
                lambda: frame(PING, dice.choice((0, ACK)), 0, bytes(8)) * dice.randrange(1, 50),
                lambda: settings(window=dice.choice((0, 1000, 1 << 20))),
                lambda: frame(SETTINGS, ACK, 0),
                lambda: frame(PRIORITY, 0, self.stream(), b"\0\0\0\0\1") * dice.randrange(1, 50),
                lambda: frame(0x42, dice.randrange(256), 0, dice.randbytes(dice.randrange(100))),
                lambda: frame(HEADERS, END_HEADERS | END_STREAM, self.stream(), block("/a/Echo")),
                lambda: frame(HEADERS, 0, self.next, b"") + frame(CONTINUATION, 0, self.next, b""),
                lambda: frame(GOAWAY, 0, 0, bytes(8)),
                lambda: dice.randbytes(dice.randrange(50)),
            )
        )()

    def pieces(self) -> Iterator[bytes]:
        dice = self.dice
        # Some mind the rules for long, so that they get far.
        rude = dice.choice((0.0, 0.0, 0.0, 0.02, 0.2))
        calls = dice.choice((0.1, 0.5, 0.9))
        for _ in range(dice.randrange(1, 20_000)):
            if dice.random() < rude:
                piece = self.odd_frame()
            elif not self.open or dice.random() < calls:
                piece = self.call()
            else:
                piece = self.body()
            if piece:
                yield piece
            else:
                # Nothing may be sent before the server gives credit; or another call is made.
                yield self.call() if dice.random() < 0.01 else b""


def attack(address: Address, stop: threading.Event, *, seed: int, connections: int = 12) -> int:
    """Runs until it is told to stop; the bytes that were sent."""
    dice = random.Random(seed)

    def flow() -> Flow:
        current: list[Mischief] = []

        def start() -> tuple[bytes, Iterator[bytes]]:
            one = Mischief(random.Random(dice.random()))
            current[:] = [one]
            return one.hello(), one.pieces()

        def hears(kind: int, stream: int, payload: bytes) -> None:
            current[0].hear(kind, stream, payload)

        return Flow(address, start, reads=dice.random() < 0.8, renews=True, hears=hears)

    return run([flow() for _ in range(connections)], stop)
