"""A server's descriptors, asked for over a channel (v1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._database import ReflectionDatabase
from . import reflection_pb2
from .reflection_pb2_grpc import ServerReflectionStub

if TYPE_CHECKING:
    from ...grpc import Channel

__all__ = ["ProtoReflectionDescriptorDatabase"]


class ProtoReflectionDescriptorDatabase(ReflectionDatabase):
    """A descriptor database of what the server at the other end of `channel` knows. `DescriptorPool(database)` has its types."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(ServerReflectionStub(channel).ServerReflectionInfo, reflection_pb2)
