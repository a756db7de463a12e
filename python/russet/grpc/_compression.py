"""Message compression as users choose it. Compresses nothing itself."""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class Compression(IntEnum):
    """Algorithm for the messages that one side sends."""

    NoCompression = 0
    Deflate = 1
    Gzip = 2
