# The whole version is deprecated, but asked for.
# pyright: reportDeprecated=false
"""The reflection service, v1alpha: `enable_server_reflection(names, server)`, for servers of both kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import grpc
from .._answers import enable
from . import _async as aio
from ._base import BaseReflectionServicer
from .reflection_pb2 import DESCRIPTOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...protobuf.descriptor_pool import DescriptorPool
    from .reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

__all__ = ["SERVICE_NAME", "ReflectionServicer", "aio", "enable_server_reflection"]

# The full name of the reflection service.
SERVICE_NAME: str = DESCRIPTOR.services_by_name["ServerReflection"].full_name


class ReflectionServicer(BaseReflectionServicer):
    """The reflection service of a synchronous server."""

    def ServerReflectionInfo(
        self, request_iterator: Iterator[ServerReflectionRequest], context: grpc.ServicerContext
    ) -> Iterator[ServerReflectionResponse]:
        return map(self._answer, request_iterator)


def enable_server_reflection(
    service_names: Iterable[str],
    server: grpc.Server | grpc.aio.Server,
    pool: DescriptorPool | None = None,
) -> None:
    """Lets clients ask `server` for these services (their full names) and the descriptors of `pool`, the default pool if None.

    Both versions of the service are added, v1 and v1alpha, since tools differ in which one they ask for.
    """
    enable(service_names, server, pool)
