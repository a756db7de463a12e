"""The channelz service of a synchronous server."""
# Static methods are what the original has; a subclass of the generated class may have them, whatever pyright says.
# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

from typing import TYPE_CHECKING

from ...grpc import StatusCode
from . import _answers
from . import channelz_pb2_grpc as _channelz_pb2_grpc

if TYPE_CHECKING:
    from ...grpc import ServicerContext
    from . import channelz_pb2 as _channelz_pb2

__all__ = ["ChannelzServicer"]


class ChannelzServicer(_channelz_pb2_grpc.ChannelzServicer):
    """The channelz service of a `grpc.server`."""

    @staticmethod
    def GetTopChannels(
        request: _channelz_pb2.GetTopChannelsRequest, context: ServicerContext
    ) -> _channelz_pb2.GetTopChannelsResponse:
        return _answers.top_channels(request)

    @staticmethod
    def GetServers(
        request: _channelz_pb2.GetServersRequest, context: ServicerContext
    ) -> _channelz_pb2.GetServersResponse:
        return _answers.servers(request)

    @staticmethod
    def GetServer(
        request: _channelz_pb2.GetServerRequest, context: ServicerContext
    ) -> _channelz_pb2.GetServerResponse:
        response = _answers.server(request)
        if response is None:
            context.abort(StatusCode.NOT_FOUND, f"there is no server {request.server_id}")
        return response

    @staticmethod
    def GetServerSockets(
        request: _channelz_pb2.GetServerSocketsRequest, context: ServicerContext
    ) -> _channelz_pb2.GetServerSocketsResponse:
        response = _answers.server_sockets(request)
        if response is None:
            context.abort(StatusCode.NOT_FOUND, f"there is no server {request.server_id}")
        return response

    @staticmethod
    def GetChannel(
        request: _channelz_pb2.GetChannelRequest, context: ServicerContext
    ) -> _channelz_pb2.GetChannelResponse:
        response = _answers.channel(request)
        if response is None:
            context.abort(StatusCode.NOT_FOUND, f"there is no channel {request.channel_id}")
        return response

    @staticmethod
    def GetSubchannel(
        request: _channelz_pb2.GetSubchannelRequest, context: ServicerContext
    ) -> _channelz_pb2.GetSubchannelResponse:
        response = _answers.subchannel(request)
        if response is None:
            context.abort(StatusCode.NOT_FOUND, f"there is no subchannel {request.subchannel_id}")
        return response

    @staticmethod
    def GetSocket(
        request: _channelz_pb2.GetSocketRequest, context: ServicerContext
    ) -> _channelz_pb2.GetSocketResponse:
        response = _answers.socket(request)
        if response is None:
            context.abort(StatusCode.NOT_FOUND, f"there is no socket {request.socket_id}")
        return response
