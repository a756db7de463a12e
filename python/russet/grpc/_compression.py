"""Message compression as users choose it, and its names on the wire. Compresses nothing itself."""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class Compression(IntEnum):
    """Algorithm for the messages that one side sends."""

    NoCompression = 0
    Deflate = 1
    Gzip = 2


# Values of the `grpc-encoding` header (PROTOCOL-HTTP2, "Message-Encoding"), indexed by `Compression`.
ENCODINGS: tuple[str, ...] = ("identity", "deflate", "gzip")

# The channel or server option that `compression=` stands for.
COMPRESSION_OPTION = "grpc.default_compression_algorithm"


def encoding(compression: Compression | int | None) -> str | None:
    """The wire name of an algorithm; None stays None, meaning "whatever the channel or server says".

    Raises ValueError for a number that is no `Compression`.
    """
    return None if compression is None else ENCODINGS[Compression(compression)]
