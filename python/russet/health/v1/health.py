"""The health service: `HealthServicer` for `grpc.server`, `aio.HealthServicer` for `grpc.aio.server`.

The statuses are set by the program: `servicer.set("users.Users", HealthCheckResponse.SERVING)`. `enter_graceful_shutdown()` tells clients to go elsewhere before the server stops.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Callable, Optional

from ... import grpc
from . import _async as aio
from . import health_pb2_grpc as _health_pb2_grpc
from ._statuses import MAX_LISTED, Statuses
from .health_pb2 import DESCRIPTOR, HealthCheckResponse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import ThreadPoolExecutor

    from .health_pb2 import HealthCheckRequest, HealthListRequest, HealthListResponse

__all__ = ["OVERALL_HEALTH", "SERVICE_NAME", "HealthServicer", "aio"]

# The full name of the health service.
SERVICE_NAME: str = DESCRIPTOR.services_by_name["Health"].full_name
# The name of the server as a whole.
OVERALL_HEALTH = ""

_Send = Callable[[Optional[HealthCheckResponse]], None]


class _Latest:
    """The answers of one watching call: the newest is kept, what was not read before it is passed over."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._response: HealthCheckResponse | None = None
        self._is_open = True

    def send(self, response: HealthCheckResponse | None) -> None:
        """Offers the next answer; None ends the call once the last answer is taken."""
        with self._changed:
            if response is None:
                self._is_open = False
            else:
                self._response = response
            self._changed.notify()

    def __iter__(self) -> Iterator[HealthCheckResponse]:
        return self

    def __next__(self) -> HealthCheckResponse:
        with self._changed:
            self._changed.wait_for(lambda: self._response is not None or not self._is_open)
            response, self._response = self._response, None
        if response is None:
            raise StopIteration
        return response


class HealthServicer(_health_pb2_grpc.HealthServicer):
    """The health service of a synchronous server; all methods may be called from any thread.

    A call of `Watch` keeps no thread of the server's pool, unless `experimental_non_blocking` is false; then it does, on `experimental_thread_pool` if that is given.
    """

    def __init__(
        self,
        experimental_non_blocking: bool = True,
        experimental_thread_pool: ThreadPoolExecutor | None = None,
    ) -> None:
        self._lock = threading.RLock()
        self._statuses = Statuses()
        self._watching: dict[str, set[_Send]] = {}
        # A server that can do without a thread asks the method, which all servicers share.
        watch: Any = self.Watch.__func__  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
        watch.experimental_non_blocking = experimental_non_blocking
        watch.experimental_thread_pool = experimental_thread_pool

    def Check(self, request: HealthCheckRequest, context: grpc.ServicerContext) -> HealthCheckResponse:  # fmt: skip
        with self._lock:
            response = self._statuses.check(request.service)
        if response is None:
            context.set_code(grpc.StatusCode.NOT_FOUND)
            context.set_details(f"unknown service {request.service!r}")
            return HealthCheckResponse()
        return response

    def List(self, request: HealthListRequest, context: grpc.ServicerContext) -> HealthListResponse:  # fmt: skip
        with self._lock:
            response = self._statuses.listed()
        if response is None:
            context.abort(
                grpc.StatusCode.RESOURCE_EXHAUSTED, f"there are more than {MAX_LISTED} services"
            )
        return response

    def Watch(
        self,
        request: HealthCheckRequest,
        context: grpc.ServicerContext,
        send_response_callback: _Send | None = None,
    ) -> Any:
        latest = None
        if send_response_callback is None:
            latest = _Latest()
            send_response_callback = latest.send
        service, send = request.service, send_response_callback
        with self._lock:
            send(HealthCheckResponse(status=self._statuses.watched(service)))
            self._watching.setdefault(service, set()).add(send)

        def end() -> None:
            with self._lock:
                watching = self._watching.get(service, set())
                watching.discard(send)
                if not watching:
                    self._watching.pop(service, None)
            send(None)

        if not context.add_callback(end):
            # The call has ended already, so nobody would call it.
            end()
        return latest

    def set(self, service: str, status: HealthCheckResponse.ServingStatus) -> None:
        """Sets the status of a service and tells those who watch it. While shutting down it does nothing."""
        with self._lock:
            if self._statuses.put(service, status):
                self._tell(service)

    def enter_graceful_shutdown(self) -> None:
        """Sets all services to NOT_SERVING, for good: later calls of `set` do nothing."""
        with self._lock:
            self._statuses.shut_down()
            for service in self._watching:
                self._tell(service)

    def on_server_stop(self) -> None:
        """What the server calls when it is stopped with a grace: NOT_SERVING is told, and the calls that watch end, since they would last as long as the grace."""
        with self._lock:
            self.enter_graceful_shutdown()
            for send in [send for watching in self._watching.values() for send in watching]:
                send(None)

    def _tell(self, service: str) -> None:
        response = HealthCheckResponse(status=self._statuses.watched(service))
        for send in self._watching.get(service, ()):
            send(response)
