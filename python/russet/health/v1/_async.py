"""The health service of an asyncio server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ...grpc import StatusCode
from . import health_pb2_grpc as _health_pb2_grpc
from ._statuses import MAX_LISTED, Statuses
from .health_pb2 import HealthCheckResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .health_pb2 import HealthCheckRequest, HealthListRequest, HealthListResponse

__all__ = ["HealthServicer"]


class HealthServicer(_health_pb2_grpc.HealthServicer):
    """The health service of a `grpc.aio.server`, to be used on the server's own loop."""

    def __init__(self) -> None:
        self._statuses = Statuses()
        self._is_stopped = False
        # For each service, an event of each call that watches it.
        self._watching: dict[str, set[asyncio.Event]] = {}

    async def Check(self, request: HealthCheckRequest, context: Any) -> HealthCheckResponse:
        response = self._statuses.check(request.service)
        if response is None:
            await context.abort(StatusCode.NOT_FOUND, f"unknown service {request.service!r}")
            raise AssertionError("abort raises")
        return response

    async def List(self, request: HealthListRequest, context: Any) -> HealthListResponse:
        response = self._statuses.listed()
        if response is None:
            await context.abort(
                StatusCode.RESOURCE_EXHAUSTED, f"there are more than {MAX_LISTED} services"
            )
            raise AssertionError("abort raises")
        return response

    async def Watch(
        self, request: HealthCheckRequest, context: Any
    ) -> AsyncIterator[HealthCheckResponse]:
        service, changed, told = request.service, asyncio.Event(), None
        self._watching.setdefault(service, set()).add(changed)
        try:
            while True:
                changed.clear()
                status = self._statuses.watched(service)
                # What came and went while an answer was on its way is not told.
                if status != told:
                    told = status
                    yield HealthCheckResponse(status=status)
                if self._is_stopped and told == self._statuses.watched(service):
                    return
                await changed.wait()
        finally:
            self._watching[service].discard(changed)
            if not self._watching[service]:
                del self._watching[service]

    async def set(self, service: str, status: HealthCheckResponse.ServingStatus) -> None:
        """Sets the status of a service and tells those who watch it. While shutting down it does nothing."""
        if self._statuses.put(service, status):
            self._tell(service)

    async def enter_graceful_shutdown(self) -> None:
        """Sets all services to NOT_SERVING, for good: later calls of `set` do nothing."""
        self._shut_down()

    def on_server_stop(self) -> None:
        """What the server calls when it is stopped with a grace: NOT_SERVING is told, and the calls that watch end, since they would last as long as the grace."""
        self._is_stopped = True
        self._shut_down()

    def _shut_down(self) -> None:
        self._statuses.shut_down()
        for service in self._watching:
            self._tell(service)

    def _tell(self, service: str) -> None:
        for changed in self._watching.get(service, ()):
            changed.set()
