"""The channelz service of an asyncio server."""
# Static methods are what the original has; a subclass of the generated class may have them, whatever pyright says.
# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...grpc import StatusCode
from . import _answers
from . import channelz_pb2_grpc as _channelz_pb2_grpc

if TYPE_CHECKING:
    from . import channelz_pb2 as _channelz_pb2

__all__ = ["ChannelzServicer"]


class ChannelzServicer(_channelz_pb2_grpc.ChannelzServicer):
    """The channelz service of a `grpc.aio.server`."""

    @staticmethod
    async def GetTopChannels(
        request: _channelz_pb2.GetTopChannelsRequest, context: Any
    ) -> _channelz_pb2.GetTopChannelsResponse:
        return _answers.top_channels(request)

    @staticmethod
    async def GetServers(
        request: _channelz_pb2.GetServersRequest, context: Any
    ) -> _channelz_pb2.GetServersResponse:
        return _answers.servers(request)

    @staticmethod
    async def GetServer(
        request: _channelz_pb2.GetServerRequest, context: Any
    ) -> _channelz_pb2.GetServerResponse:
        response = _answers.server(request)
        if response is None:
            await context.abort(StatusCode.NOT_FOUND, f"there is no server {request.server_id}")
            raise AssertionError("abort raises")
        return response

    @staticmethod
    async def GetServerSockets(
        request: _channelz_pb2.GetServerSocketsRequest, context: Any
    ) -> _channelz_pb2.GetServerSocketsResponse:
        response = _answers.server_sockets(request)
        if response is None:
            await context.abort(StatusCode.NOT_FOUND, f"there is no server {request.server_id}")
            raise AssertionError("abort raises")
        return response

    @staticmethod
    async def GetChannel(
        request: _channelz_pb2.GetChannelRequest, context: Any
    ) -> _channelz_pb2.GetChannelResponse:
        response = _answers.channel(request)
        if response is None:
            await context.abort(StatusCode.NOT_FOUND, f"there is no channel {request.channel_id}")
            raise AssertionError("abort raises")
        return response

    @staticmethod
    async def GetSubchannel(
        request: _channelz_pb2.GetSubchannelRequest, context: Any
    ) -> _channelz_pb2.GetSubchannelResponse:
        response = _answers.subchannel(request)
        if response is None:
            await context.abort(
                StatusCode.NOT_FOUND, f"there is no subchannel {request.subchannel_id}"
            )
            raise AssertionError("abort raises")
        return response

    @staticmethod
    async def GetSocket(
        request: _channelz_pb2.GetSocketRequest, context: Any
    ) -> _channelz_pb2.GetSocketResponse:
        response = _answers.socket(request)
        if response is None:
            await context.abort(StatusCode.NOT_FOUND, f"there is no socket {request.socket_id}")
            raise AssertionError("abort raises")
        return response
