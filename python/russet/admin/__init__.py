"""The services that tell what a process does, as `grpc_admin`: channelz and CSDS, in one call."""

from __future__ import annotations

from ..channelz.v1 import channelz
from ..csds import add_csds_servicer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .. import grpc


def add_admin_servicers(server: grpc.Server | grpc.aio.Server) -> None:
    """Adds channelz and CSDS to a server, synchronous or asyncio. Whoever reaches the server can then see its connections: give them a port of their own."""
    channelz.add_channelz_servicer(server)
    add_csds_servicer(server)


__all__ = ["add_admin_servicers"]
