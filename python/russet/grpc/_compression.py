"""Message compression as users choose it. Compresses nothing itself."""

from __future__ import annotations

from enum import IntEnum, unique

from ._private_names import private_names


@unique
class Compression(IntEnum):
    """Algorithm for the messages that one side sends."""

    NoCompression = 0
    Deflate = 1
    Gzip = 2


# What else grpcio has here.
__getattr__ = private_names(__name__)
