# The whole version is deprecated, but asked for.
# pyright: reportDeprecated=false
"""What the servicers for synchronous and asyncio servers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._answers import Answers
from . import reflection_pb2, reflection_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...protobuf.descriptor_pool import DescriptorPool

__all__ = ["BaseReflectionServicer"]


class BaseReflectionServicer(reflection_pb2_grpc.ServerReflectionServicer):
    """Answers from a pool's descriptors; `pool` is the default pool if None."""

    def __init__(self, service_names: Iterable[str], pool: DescriptorPool | None = None) -> None:
        self._answer = Answers(reflection_pb2.ServerReflectionResponse, service_names, pool).answer
