"""The statuses of a server's services, without locks: what both servicers keep."""

from __future__ import annotations

from .health_pb2 import HealthCheckResponse, HealthListResponse

# A request that lists more services than this is refused, as the protocol asks for.
MAX_LISTED = 100


class Statuses:
    """Status by service name; the empty name is the server as a whole."""

    def __init__(self) -> None:
        self._by_service: dict[str, HealthCheckResponse.ServingStatus] = {
            "": HealthCheckResponse.SERVING
        }
        self._is_shutting_down = False

    def check(self, service: str) -> HealthCheckResponse | None:
        """The answer of `Check`; None where the service is not known."""
        status = self._by_service.get(service)
        return None if status is None else HealthCheckResponse(status=status)

    def watched(self, service: str) -> HealthCheckResponse.ServingStatus:
        """What `Watch` tells of a service."""
        return self._by_service.get(service, HealthCheckResponse.SERVICE_UNKNOWN)

    def listed(self) -> HealthListResponse | None:
        """The answer of `List`; None where there are too many services."""
        if len(self._by_service) > MAX_LISTED:
            return None
        statuses = self._by_service.items()
        return HealthListResponse(
            statuses={name: HealthCheckResponse(status=status) for name, status in statuses}
        )

    def put(self, service: str, status: HealthCheckResponse.ServingStatus) -> bool:
        """Sets a status; False while shutting down, when nothing changes any more."""
        if not self._is_shutting_down:
            self._by_service[service] = status
        return not self._is_shutting_down

    def shut_down(self) -> None:
        """All services are NOT_SERVING from now on."""
        self._is_shutting_down = True
        self._by_service = dict.fromkeys(self._by_service, HealthCheckResponse.NOT_SERVING)
