"""Metadata as a peer receives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..grpc._typing import ReceivedMetadata

# What a test that expects the very metadata that was sent would not meet on a network.
_ADDED = ("grpc.metadata_added_by_runtime", "gRPC is allowed to add metadata in transmission and does so.")  # fmt: skip


def received(sent: Any) -> ReceivedMetadata:
    """What the peer gets of the pairs that were sent; None is none."""
    pairs: Any = (*(sent or ()), _ADDED)
    return pairs  # type: ignore[no-any-return]
