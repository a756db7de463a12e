"""A server that answers each call with anything, from a seed."""

from __future__ import annotations

import random

from on_clients import HEAD, OK, Hostile
from wire import (
    ACK,
    CONTINUATION,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    PUSH,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    data,
    field,
    frame,
    gzip_bomb,
    long_block,
    message,
    settings,
    zstd_bomb,
)

BOMBS = {
    "gzip": [gzip_bomb(1 << 20), gzip_bomb(4 << 20), gzip_bomb(5 << 20)],
    "zstd": [zstd_bomb(1 << 20), zstd_bomb(4 << 20), zstd_bomb(1 << 30)],
}


class Answers:
    """What the next call is answered with."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def __call__(self, stream: int) -> bytes:
        dice = self.dice
        kind = dice.random()
        if kind < 0.4:
            return self.good(stream)
        if kind < 0.6:
            return self.bad(stream)
        if kind < 0.75:
            return self.messages(stream)
        if kind < 0.98:
            return self.frames(stream)
        return dice.randbytes(dice.randrange(100))

    def good(self, stream: int) -> bytes:
        return (
            frame(HEADERS, END_HEADERS, stream, HEAD)
            + data(stream, message(bytes(self.dice.choice((0, 10, 10_000)))))
            + frame(HEADERS, END_HEADERS | END_STREAM, stream, OK)
        )

    def bad(self, stream: int) -> bytes:
        """Headers and trailers that are not what they should be."""
        dice = self.dice
        block = HEAD + b"".join(
            dice.choice(
                (
                    field("grpc-status", str(dice.randrange(30))),
                    field("grpc-message", "%" * dice.randrange(100)),
                    field("grpc-message", "x" * dice.randrange(1 << 21)),
                    field("x-bin", "!" * dice.randrange(5)),
                    field("k", "v" * dice.randrange(20_000), index=True),
                    field(":status", "100"),
                    field("Upper", "case"),
                    field("content-length", "7"),
                    b"\xbe" * dice.randrange(5000),
                )
            )
            for _ in range(dice.randrange(4))
        )
        return long_block(stream, block, end=dice.random() < 0.7)

    def messages(self, stream: int) -> bytes:
        dice = self.dice
        name = dice.choice(("gzip", "zstd"))
        start = frame(HEADERS, END_HEADERS, stream, HEAD + field("grpc-encoding", name))
        parts = (self.part(name) for _ in range(dice.randrange(1, 6)))
        body = b"".join(parts)[:60_000]
        end = frame(HEADERS, END_HEADERS | END_STREAM, stream, OK) if dice.random() < 0.6 else b""
        return start + data(stream, body) + end

    def part(self, name: str) -> bytes:
        dice = self.dice
        return dice.choice(
            (
                message(dice.choice(BOMBS[name]), compressed=True),
                message(b"no", compressed=True),
                message(bytes(100), length=dice.randrange(1 << 24)),
                message(b"two"),
                bytes([dice.randrange(256)]) * dice.randrange(20),
            )
        )

    def frames(self, stream: int) -> bytes:
        dice = self.dice
        code = dice.randrange(16).to_bytes(4, "big")
        last = dice.choice((0, stream, 1 << 20)).to_bytes(4, "big")
        return dice.choice(
            (
                lambda: frame(RST_STREAM, 0, stream, code),
                lambda: frame(GOAWAY, 0, 0, last + code),
                lambda: frame(PING, dice.choice((0, ACK)), 0, bytes(8)) * dice.randrange(1, 2000),
                lambda: settings(window=dice.choice((0, 1, 65_535)), streams=dice.randrange(3)),
                lambda: settings(window=65_535, streams=100),
                lambda: frame(SETTINGS, ACK, 0),
                lambda: frame(WINDOW_UPDATE, 0, dice.choice((0, stream)), b"\0\0\1\0"),
                lambda: frame(PUSH, END_HEADERS, stream, b"\0\0\0\2" + HEAD),
                lambda: frame(HEADERS, 0, stream, HEAD) + frame(CONTINUATION, 0, stream, b"") * 100,
                lambda: frame(HEADERS, END_HEADERS, stream + 2, HEAD),
                lambda: b"",
            )
        )()


def server(seed: int) -> Hostile:
    return Hostile(settings(), Answers(seed))
