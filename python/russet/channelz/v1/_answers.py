"""What channelz answers, from the engine's counts: what both servicers share.

An answer is a message, or None where there is nothing of the number that was asked for. The options of sockets are left out, as by grpcio.
"""

from __future__ import annotations

import ipaddress
import math
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from ... import _core
from . import channelz_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..._core import (
        _Calls,
        _CountedChannel,
        _CountedServer,
        _Listener,
        _Socket,
        _Subchannel,
        _Trace,
    )

# An answer lists no more than this many, whatever `max_results` says; so does grpcio's.
MAX_LISTED = 100

_T = TypeVar("_T", bound=Any)


def top_channels(request: pb.GetTopChannelsRequest) -> pb.GetTopChannelsResponse:
    """The channels from `start_channel_id` on."""
    page, end = _page(_core.census()["channels"], request.start_channel_id, request.max_results)
    return pb.GetTopChannelsResponse(channel=map(_channel, page), end=end)


def servers(request: pb.GetServersRequest) -> pb.GetServersResponse:
    """The servers from `start_server_id` on."""
    page, end = _page(_core.census()["servers"], request.start_server_id, request.max_results)
    return pb.GetServersResponse(server=map(_server, page), end=end)


def server(request: pb.GetServerRequest) -> pb.GetServerResponse | None:
    """A server."""
    found = _find(_core.census()["servers"], request.server_id)
    return None if found is None else pb.GetServerResponse(server=_server(found))


def server_sockets(request: pb.GetServerSocketsRequest) -> pb.GetServerSocketsResponse | None:
    """A server's connections from `start_socket_id` on."""
    found = _find(_core.census()["servers"], request.server_id)
    if found is None:
        return None
    page, end = _page(found["sockets"], request.start_socket_id, request.max_results)
    return pb.GetServerSocketsResponse(socket_ref=map(_socket_ref, page), end=end)


def channel(request: pb.GetChannelRequest) -> pb.GetChannelResponse | None:
    """A channel."""
    found = _find(_core.census()["channels"], request.channel_id)
    return None if found is None else pb.GetChannelResponse(channel=_channel(found))


def subchannel(request: pb.GetSubchannelRequest) -> pb.GetSubchannelResponse | None:
    """A subchannel."""
    found = _find(_subchannels(), request.subchannel_id)
    return None if found is None else pb.GetSubchannelResponse(subchannel=_subchannel(found))


def socket(request: pb.GetSocketRequest) -> pb.GetSocketResponse | None:
    """A connection of a channel or a server, or a socket that a server listens on."""
    for node in _core.census()["servers"]:
        listener = _find(node["listeners"], request.socket_id)
        if listener is not None:
            return pb.GetSocketResponse(
                socket=pb.Socket(ref=_listener_ref(listener), local=_address(listener["local"]))
            )
        accepted = _find(node["sockets"], request.socket_id)
        if accepted is not None:
            return pb.GetSocketResponse(socket=_socket(accepted, is_server=True))
    for below in _subchannels():
        made = _find(below["sockets"], request.socket_id)
        if made is not None:
            return pb.GetSocketResponse(socket=_socket(made, is_server=False))
    return None


def _subchannels() -> list[_Subchannel]:
    return [below for one in _core.census()["channels"] for below in one["subchannels"]]


def _find(those: Iterable[_T], wanted: int) -> _T | None:
    return next((one for one in those if one["id"] == wanted), None)


def _page(those: Iterable[_T], start: int, max_results: int) -> tuple[list[_T], bool]:
    """What a request gets by rising number, and whether it is all there is."""
    found = sorted((one for one in those if one["id"] >= start), key=lambda one: int(one["id"]))
    count = min(max_results, MAX_LISTED) if max_results > 0 else MAX_LISTED
    return found[:count], len(found) <= count


def _channel(one: _CountedChannel) -> pb.Channel:
    return pb.Channel(
        ref=pb.ChannelRef(channel_id=one["id"], name=one["target"]),
        data=_channel_data(one),
        subchannel_ref=[
            pb.SubchannelRef(subchannel_id=below["id"], name=below["target"])
            for below in one["subchannels"]
        ],
    )


def _subchannel(one: _Subchannel) -> pb.Subchannel:
    return pb.Subchannel(
        ref=pb.SubchannelRef(subchannel_id=one["id"], name=one["target"]),
        data=_channel_data(one),
        socket_ref=map(_socket_ref, one["sockets"]),
    )


def _channel_data(one: _CountedChannel | _Subchannel) -> pb.ChannelData:
    data = pb.ChannelData(target=one["target"])
    # The engine's numbers begin with IDLE, those of the message with UNKNOWN.
    data.state.state = pb.ChannelConnectivityState.State.Value(
        pb.ChannelConnectivityState.State.Name(one["state"] + 1)
    )
    _describe(data, one)
    return data


def _server(one: _CountedServer) -> pb.Server:
    data = pb.ServerData()
    _describe(data, one)
    return pb.Server(
        ref=pb.ServerRef(server_id=one["id"]),
        data=data,
        listen_socket=map(_listener_ref, one["listeners"]),
    )


def _describe(data: pb.ChannelData | pb.ServerData, one: _Calls) -> None:
    data.calls_started = one["calls_started"]
    data.calls_succeeded = one["calls_succeeded"]
    data.calls_failed = one["calls_failed"]
    _set_time(data.last_call_started_timestamp, one["last_call_started"])
    if one["trace"] is not None:
        _trace(data.trace, one["trace"])


def _trace(trace: pb.ChannelTrace, one: _Trace) -> None:
    trace.num_events_logged = one["logged"]
    _set_time(trace.creation_timestamp, one["created"])
    for at, description, failure, subchannel in one["events"]:
        event = trace.events.add(
            description=description,
            severity="CT_WARNING" if failure else "CT_INFO",
        )
        _set_time(event.timestamp, at)
        if subchannel is not None:
            event.subchannel_ref.subchannel_id, event.subchannel_ref.name = subchannel


def _set_time(field: Any, seconds: float | None) -> None:
    """Sets a timestamp to seconds since 1970; None leaves it absent."""
    if seconds is not None:
        fraction, whole = math.modf(seconds)
        field.seconds, field.nanos = int(whole), int(fraction * 1e9)


def _listener_ref(one: _Listener) -> pb.SocketRef:
    return pb.SocketRef(socket_id=one["id"], name=one["local"])


def _socket_ref(one: _Socket) -> pb.SocketRef:
    return pb.SocketRef(socket_id=one["id"], name=f"{one['local']} {one['remote']}")


def _socket(one: _Socket, *, is_server: bool) -> pb.Socket:
    data = pb.SocketData(
        streams_started=one["streams_started"],
        streams_succeeded=one["streams_succeeded"],
        streams_failed=one["streams_failed"],
        messages_sent=one["messages_sent"],
        messages_received=one["messages_received"],
        keep_alives_sent=one["keepalives_sent"],
    )
    # Streams are made by clients: a server's are remote ones.
    made = data.last_remote_stream_created_timestamp if is_server else data.last_local_stream_created_timestamp  # fmt: skip
    _set_time(made, one["last_stream_created"])
    _set_time(data.last_message_sent_timestamp, one["last_message_sent"])
    _set_time(data.last_message_received_timestamp, one["last_message_received"])
    data.local_flow_control_window.value = one["local_flow_control_window"]
    data.remote_flow_control_window.value = one["remote_flow_control_window"]
    answer = pb.Socket(
        ref=_socket_ref(one),
        data=data,
        local=_address(one["local"]),
        remote=_address(one["remote"]),
    )
    if one["tls"] is not None:
        tls = answer.security.tls
        tls.standard_name, certificate = one["tls"]
        tls.remote_certificate = (certificate or "").encode()
    return answer


def _address(uri: str) -> pb.Address:
    """An address of the engine, such as `ipv4:127.0.0.1:443`, `ipv6:%5B::1%5D:443` or `unix:/path`."""
    scheme, _, rest = uri.partition(":")
    if scheme in ("ipv4", "ipv6"):
        host, _, port = unquote(rest).rpartition(":")
        try:
            # A zone, as in fe80::1%eth0, is no part of the bytes.
            packed = ipaddress.ip_address(host.strip("[]").partition("%")[0]).packed
            return pb.Address(
                tcpip_address=pb.Address.TcpIpAddress(ip_address=packed, port=int(port))
            )
        except ValueError:
            pass
    elif scheme == "unix":
        return pb.Address(uds_address=pb.Address.UdsAddress(filename=rest))
    return pb.Address(other_address=pb.Address.OtherAddress(name=uri))
