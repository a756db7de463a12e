"""The channelz service: `add_channelz_servicer(server)` lets tools see what this process's channels, servers and connections do.

Counting is always on; the service shows the counts to whoever can call the server, so it belongs on a port that only operators reach.
"""

from __future__ import annotations

from ... import grpc
from . import _async as aio
from . import channelz_pb2_grpc as _channelz_pb2_grpc
from ._servicer import ChannelzServicer

__all__ = ["ChannelzServicer", "add_channelz_servicer", "aio"]


def add_channelz_servicer(server: grpc.Server | grpc.aio.Server) -> None:
    """Adds the service to a server of either kind, before it starts."""
    servicer = aio.ChannelzServicer() if isinstance(server, grpc.aio.Server) else ChannelzServicer()
    _channelz_pb2_grpc.add_ChannelzServicer_to_server(servicer, server)
