"""Frames, header blocks and messages as an attacker makes them: bytes, without the rules of a library."""

from __future__ import annotations

import socket
import struct
import zlib

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = (
    range(10)
)
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(**values: int) -> bytes:
    numbers = {"header_table": 1, "streams": 3, "window": 4, "frame": 5, "header_list": 6}
    return frame(
        SETTINGS, 0, 0, b"".join(struct.pack(">HI", numbers[k], v) for k, v in values.items())
    )


def integer(value: int, bits: int, pattern: int) -> bytes:
    """RFC 7541, section 5.1."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([pattern | value])
    value -= most
    out = [pattern | most]
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def text(value: bytes) -> bytes:
    return integer(len(value), 7, 0) + value


def field(name: str, value: str | bytes, *, index: bool = False) -> bytes:
    """A literal field, which goes into the table if `index`."""
    raw = value.encode() if isinstance(value, str) else value
    return (b"\x40" if index else b"\0") + text(name.encode()) + text(raw)


def block(method: str, *more: bytes) -> bytes:
    """The header block of a request; nothing of it goes into the table."""
    return b"".join(
        (
            b"\x83\x86",
            field(":path", method),
            field(":authority", "localhost"),
            field("te", "trailers"),
            field("content-type", "application/grpc"),
            *more,
        )
    )


def request(stream: int, method: str, *more: bytes, end: bool = False) -> bytes:
    flags = END_HEADERS | (END_STREAM if end else 0)
    return frame(HEADERS, flags, stream, block(method, *more))


def long_block(stream: int, payload: bytes, *, end: bool = False, size: int = 16_000) -> bytes:
    """HEADERS and CONTINUATION frames of `size` bytes each."""
    pieces = [payload[at : at + size] for at in range(0, len(payload), size)]
    out = []
    for number, piece in enumerate(pieces):
        flags = (END_STREAM if end and number == 0 else 0) | (
            END_HEADERS if number + 1 == len(pieces) else 0
        )
        out.append(frame(CONTINUATION if number else HEADERS, flags, stream, piece))
    return b"".join(out)


def message(payload: bytes, *, compressed: bool = False, length: int | None = None) -> bytes:
    size = len(payload) if length is None else length
    return struct.pack(">BI", compressed, size) + payload


def data(stream: int, payload: bytes, *, end: bool = False) -> bytes:
    """DATA frames of the length that everybody takes."""
    pieces = [payload[at : at + 16_384] for at in range(0, len(payload), 16_384)] or [b""]
    last = len(pieces) - 1
    return b"".join(
        frame(DATA, END_STREAM if end and number == last else 0, stream, piece)
        for number, piece in enumerate(pieces)
    )


def zstd_bomb(size: int) -> bytes:
    """Zeros, 128 KiB in four bytes (RFC 8878, "RLE_Block")."""
    most = 128 << 10
    out = [b"\x28\xb5\x2f\xfd", bytes([0, (17 - 10) << 3])]
    while size > 0:
        part = min(size, most)
        size -= part
        out.append(((part << 3) | (1 << 1) | (size == 0)).to_bytes(3, "little") + b"\0")
    return b"".join(out)


def gzip_bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(bytes(size)) + packer.flush()


def connect(address: tuple[str, int], *, hello: bytes = b"") -> socket.socket:
    """A connection with the preface and an empty SETTINGS frame, or `hello` in its place."""
    peer = socket.create_connection(address, timeout=10)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.sendall(PREFACE + (hello or settings()))
    return peer
