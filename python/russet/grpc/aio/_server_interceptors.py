"""The chain of server interceptors around the lookup of a handler, for the asyncio server."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._base_server import HandlerCallDetails, RpcMethodHandler
    from ._base_interceptor import ServerInterceptor

    Lookup = Callable[[HandlerCallDetails], Optional[RpcMethodHandler[Any, Any]]]


class ServicePipeline:
    """Interceptors in the order in which they run: the first is the outermost."""

    __slots__ = ("interceptors",)

    def __init__(self, interceptors: Sequence[ServerInterceptor]) -> None:
        self.interceptors = tuple(interceptors)

    async def execute(
        self, lookup: Lookup, details: HandlerCallDetails
    ) -> RpcMethodHandler[Any, Any] | None:
        """Find the handler for an RPC through all interceptors; `lookup` is what the innermost continues with."""
        return await self._continue(lookup, 0, details)

    async def _continue(
        self, lookup: Lookup, index: int, details: HandlerCallDetails
    ) -> RpcMethodHandler[Any, Any] | None:
        if index == len(self.interceptors):
            return lookup(details)
        return await self.interceptors[index].intercept_service(
            partial(self._continue, lookup, index + 1), details
        )


def service_pipeline(
    interceptors: Sequence[ServerInterceptor] | None,
) -> ServicePipeline | None:
    """The pipeline for a server's interceptors; None if there are none, so that the common case costs nothing."""
    return ServicePipeline(interceptors) if interceptors else None
