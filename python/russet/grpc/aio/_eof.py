"""`EOF`, what `read()` returns at the end of a stream."""

from __future__ import annotations

from typing import Final


class EOFType:
    """The type of `EOF`, which is false, equal only to itself, and stays itself when copied or pickled."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "<grpc.aio.EOF>"

    def __reduce__(self) -> str:
        return "EOF"


EOF: Final = EOFType()
