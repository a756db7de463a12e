"""Hostile servers: what each does to the clients that come. A server listens, and counts its connections."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from wire import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    data,
    field,
    frame,
    gzip_bomb,
    long_block,
    message,
    settings,
)

HEAD = b"\x88" + field("content-type", "application/grpc")
OK = field("grpc-status", "0")


class Hostile:
    """A server that answers each request of a client with what `answer` gives for its stream."""

    def __init__(
        self, hello: bytes, answer: Callable[[int], bytes], *, leaves: bool = False
    ) -> None:
        self.hello, self.answer, self.leaves = hello, answer, leaves
        self.connections = 0
        self.calls = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.sendall(self.hello)
            if self.leaves:
                return
            held = b""
            while piece := client.recv(1 << 16):
                held += piece
                if held.startswith(PREFACE):
                    held = held[len(PREFACE) :]
                elif PREFACE.startswith(held):
                    continue
                while len(held) >= 9 and len(held) >= 9 + (
                    length := int.from_bytes(held[:3], "big")
                ):
                    kind, flags = held[3], held[4]
                    stream = int.from_bytes(held[5:9], "big")
                    held = held[9 + length :]
                    if kind == HEADERS:
                        self.calls += 1
                        client.sendall(self.answer(stream))
                    elif kind == SETTINGS and not flags & 1:
                        client.sendall(frame(SETTINGS, 1, 0))


def bombs() -> Hostile:
    """Sixteen messages, each four megabytes when it is decompressed, as the first window allows."""
    head = HEAD + field("grpc-encoding", "gzip")
    body = message(gzip_bomb(4 << 20), compressed=True)

    def answer(stream: int) -> bytes:
        return frame(HEADERS, END_HEADERS, stream, head) + data(stream, body)

    return Hostile(settings(), answer)


def bombs_in_streams() -> Hostile:
    head = HEAD + field("grpc-encoding", "gzip")
    body = message(gzip_bomb(4 << 20), compressed=True) * 15

    def answer(stream: int) -> bytes:
        return frame(HEADERS, END_HEADERS, stream, head) + data(stream, body)

    return Hostile(settings(), answer)


def long_trailers() -> Hostile:
    """A status of three megabytes to every other call."""
    text = HEAD + field("grpc-status", "13") + field("grpc-message", "x" * 3_000_000)
    short = HEAD + OK
    body = message(b"x")

    def answer(stream: int) -> bytes:
        if stream % 4 == 1:
            return long_block(stream, text, end=True)
        return (
            frame(HEADERS, END_HEADERS, stream, HEAD)
            + data(stream, body)
            + frame(HEADERS, END_HEADERS | END_STREAM, stream, OK)
        )

    assert short
    return Hostile(settings(), answer)


def goes_away_at_once() -> Hostile:
    return Hostile(settings() + frame(GOAWAY, 0, 0, bytes(8)), lambda stream: b"")


def closes_at_once() -> Hostile:
    return Hostile(settings(), lambda stream: b"", leaves=True)


def refuses_every_stream() -> Hostile:
    return Hostile(settings(), lambda stream: frame(RST_STREAM, 0, stream, b"\0\0\0\x07"))


def empty_frames() -> Hostile:
    """Frames that say nothing, without end."""
    return Hostile(
        settings(),
        lambda stream: frame(HEADERS, END_HEADERS, stream, HEAD) + frame(DATA, 0, stream) * 100_000,
    )


def continuations() -> Hostile:
    return Hostile(
        settings(),
        lambda stream: (
            frame(HEADERS, 0, stream, HEAD)
            + frame(CONTINUATION, 0, stream, field("k", "v" * 100)) * 100_000
        ),
    )


ATTACKS: dict[str, Callable[[], Hostile]] = {
    function.__name__: function
    for function in (
        bombs,
        bombs_in_streams,
        long_trailers,
        goes_away_at_once,
        closes_at_once,
        refuses_every_stream,
        empty_frames,
        continuations,
    )
}
