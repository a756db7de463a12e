"""The pair that received metadata is made of."""

from __future__ import annotations

from typing import NamedTuple, Union

__all__ = ("_Metadatum",)  # the name that grpcio's has


class _Metadatum(NamedTuple):
    """A key and its value: `bytes` for a key that ends in "-bin", else `str`."""

    key: str
    value: Union[str, bytes]  # noqa: UP007 (evaluated at run time on 3.9)
