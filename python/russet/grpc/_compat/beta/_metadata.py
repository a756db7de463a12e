"""Metadata of the beta API is bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Metadatum(NamedTuple):
    key: Any
    value: Any


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("ascii")


def _text(data: str | bytes) -> str:
    return data if isinstance(data, str) else data.decode("utf8")


def beta(metadata: Iterable[tuple[Any, Any]] | None) -> tuple[_Metadatum, ...]:
    """Metadata of `grpc` for the beta API."""
    return tuple(_Metadatum(_bytes(key), _bytes(value)) for key, value in metadata or ())


def unbeta(beta_metadata: Iterable[tuple[Any, Any]] | None) -> tuple[_Metadatum, ...]:
    """Metadata of the beta API for `grpc`."""
    pairs = ((_text(key), value) for key, value in beta_metadata or ())
    return tuple(_Metadatum(key, value if key.endswith("-bin") else _text(value)) for key, value in pairs)  # fmt: skip
