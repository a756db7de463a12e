"""What `grpc._compression` has: how a channel and a call are told of an algorithm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._cython.constants import (
    GRPC_COMPRESSION_CHANNEL_DEFAULT_ALGORITHM,
    GRPC_COMPRESSION_REQUEST_ALGORITHM_MD_KEY,
    CompressionAlgorithm,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._compression import Compression

NoCompression = CompressionAlgorithm.none
Deflate = CompressionAlgorithm.deflate
Gzip = CompressionAlgorithm.gzip
_METADATA_STRING_MAPPING = {NoCompression: "identity", Deflate: "deflate", Gzip: "gzip"}


def _compression_algorithm_to_metadata_value(compression: Compression) -> str:
    return _METADATA_STRING_MAPPING[compression]


def compression_algorithm_to_metadata(compression: Compression) -> tuple[str, str]:
    """The pair of metadata by which grpcio asks its core to compress a call's messages. Russet sends it as it is; a call's argument `compression` compresses."""
    return (
        GRPC_COMPRESSION_REQUEST_ALGORITHM_MD_KEY,
        _compression_algorithm_to_metadata_value(compression),
    )


def create_channel_option(compression: Compression | None) -> tuple[tuple[str, int], ...]:
    """The option by which a channel compresses."""
    return ((GRPC_COMPRESSION_CHANNEL_DEFAULT_ALGORITHM, int(compression)),) if compression else ()


def augment_metadata(
    metadata: Iterable[Any] | None, compression: Compression | None
) -> tuple[Any, ...] | None:
    """Metadata with that pair, or None where there is neither."""
    if not metadata and not compression:
        return None
    pairs = tuple(metadata) if metadata else ()
    return (*pairs, compression_algorithm_to_metadata(compression)) if compression else pairs
