"""The reflection service of an asyncio server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._base import BaseReflectionServicer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

__all__ = ["ReflectionServicer"]


class ReflectionServicer(BaseReflectionServicer):
    """The reflection service of a `grpc.aio.server`."""

    async def ServerReflectionInfo(
        self, request_iterator: AsyncIterator[ServerReflectionRequest], context: Any
    ) -> AsyncIterator[ServerReflectionResponse]:
        async for request in request_iterator:
            yield self._answer(request)
