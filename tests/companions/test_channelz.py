"""Channelz, asked by its stub: of grpcio's server about itself, and of Russet's by both clients."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from types import SimpleNamespace
from typing import Any

import pytest
from support import tls
from support.rpc import WAIT, echo, handlers, path, rpc_error

# Higher than any number that a process gives.
NOBODY = 1 << 40


@contextlib.contextmanager
def served(
    stack: Any,
    client: Any = None,
    *,
    options: list[tuple[str, int]] | None = None,
    secure: bool = False,
) -> Iterator[SimpleNamespace]:
    """A server with the service and a method `Echo`, its channel and stub. `client` is the stub's implementation, if it is another; `options` are those of both sides."""
    client = client or stack
    server = stack.grpc.server(
        futures.ThreadPoolExecutor(4),
        handlers=(handlers(stack.grpc, {"Echo": ("unary_unary", echo)}),),
        options=options,
    )
    stack.module("channelz.v1.channelz").add_channelz_servicer(server)
    if secure:
        credentials = stack.grpc.ssl_server_credentials([tls.pair("localhost", "127.0.0.1")])
        port = server.add_secure_port("127.0.0.1:0", credentials)
        trust = client.grpc.ssl_channel_credentials(tls.root())
        made = client.grpc.secure_channel(f"127.0.0.1:{port}", trust, options)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
        made = client.grpc.insecure_channel(f"127.0.0.1:{port}", options)
    server.start()
    with made as channel:
        yield SimpleNamespace(
            grpc=client.grpc,
            channel=channel,
            port=port,
            messages=client.module("channelz.v1.channelz_pb2"),
            stub=client.module("channelz.v1.channelz_pb2_grpc").ChannelzStub(channel),
        )
    assert server.stop(None).wait(WAIT)


def all_of(ask: Callable[[int], Any], field: str, number: str) -> list[Any]:
    """What all pages of a list hold."""
    found: list[Any] = []
    start = 0
    while True:
        answer = ask(start)
        found += getattr(answer, field)
        if answer.end:
            return found
        start = getattr(found[-1].ref, number) + 1


def server_at(served: SimpleNamespace) -> Any:
    """The server that is asked, as it describes itself."""
    m, stub = served.messages, served.stub
    for server in all_of(
        lambda start: stub.GetServers(m.GetServersRequest(start_server_id=start), timeout=WAIT),
        "server",
        "server_id",
    ):
        # By its connection with the channel that asks: grpcio names a listener by the port 0 that it was given.
        sockets = stub.GetServerSockets(
            m.GetServerSocketsRequest(server_id=server.ref.server_id), timeout=WAIT
        )
        for ref in sockets.socket_ref:
            request = m.GetSocketRequest(socket_id=ref.socket_id)
            found = stub.GetSocket(request, timeout=WAIT).socket
            if found.local.tcpip_address.port == served.port:
                return server
    raise AssertionError("the server does not list itself")


def channels_to(served: SimpleNamespace, port: int) -> list[Any]:
    """The channels of this process to a port of this machine."""
    m, stub = served.messages, served.stub
    return [
        channel
        for channel in all_of(
            lambda start: stub.GetTopChannels(
                m.GetTopChannelsRequest(start_channel_id=start), timeout=WAIT
            ),
            "channel",
            "channel_id",
        )
        if channel.data.target.endswith(f"127.0.0.1:{port}")
    ]


def channel_to(served: SimpleNamespace) -> Any:
    """The channel that asks, which is of the same process."""
    [found] = channels_to(served, served.port)
    return found


def subchannel_of(served: SimpleNamespace, channel: Any) -> Any:
    """The only one."""
    [below] = channel.subchannel_ref
    request = served.messages.GetSubchannelRequest(subchannel_id=below.subchannel_id)
    return served.stub.GetSubchannel(request, timeout=WAIT).subchannel


def test_a_server_counts_its_calls(stack: Any) -> None:
    with served(stack) as its:
        for _ in range(3):
            its.channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        error = rpc_error(its.grpc, its.channel.unary_unary(path("None")), b"", timeout=WAIT)
        assert error.code() is its.grpc.StatusCode.UNIMPLEMENTED
        number = server_at(its).ref.server_id
        request = its.messages.GetServerRequest(server_id=number)
        # The server's end of a call may be counted a moment after the client's.
        deadline = time.monotonic() + WAIT
        while (data := its.stub.GetServer(request, timeout=WAIT).server.data).calls_succeeded < 4:
            assert time.monotonic() < deadline, data
        assert data.calls_started >= data.calls_succeeded + data.calls_failed
        assert data.last_call_started_timestamp.seconds > 1_600_000_000


def test_a_channel_counts_its_calls(stack: Any) -> None:
    with served(stack) as its:
        for _ in range(3):
            its.channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        rpc_error(its.grpc, its.channel.unary_unary(path("None")), b"", timeout=WAIT)
        number = channel_to(its).ref.channel_id
        answer = its.stub.GetChannel(
            its.messages.GetChannelRequest(channel_id=number), timeout=WAIT
        )
        data = answer.channel.data
        assert data.calls_started >= 5
        assert data.calls_succeeded >= 3
        assert data.calls_failed >= 1
        assert data.state.state == its.messages.ChannelConnectivityState.READY
        assert data.last_call_started_timestamp.seconds > 1_600_000_000


def test_from_a_channel_to_its_socket(stack: Any) -> None:
    with served(stack) as its:
        m = its.messages
        its.channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        channel = channel_to(its)
        subchannel = subchannel_of(its, channel)
        assert subchannel.ref.subchannel_id == channel.subchannel_ref[0].subchannel_id
        assert subchannel.data.target.endswith(f"127.0.0.1:{its.port}")
        [ref] = subchannel.socket_ref
        socket = its.stub.GetSocket(
            m.GetSocketRequest(socket_id=ref.socket_id), timeout=WAIT
        ).socket
        assert socket.ref.socket_id == ref.socket_id
        assert socket.data.streams_started >= 3
        assert socket.data.streams_succeeded >= 2
        assert socket.data.messages_sent >= 3
        assert socket.data.messages_received >= 2
        assert socket.data.HasField("last_local_stream_created_timestamp")
        assert not socket.data.HasField("last_remote_stream_created_timestamp")
        assert socket.remote.tcpip_address.port == its.port
        assert socket.remote.tcpip_address.ip_address == bytes([127, 0, 0, 1])


def test_the_sockets_of_a_server(stack: Any) -> None:
    with served(stack) as its:
        m = its.messages
        its.channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        server = server_at(its)
        answer = its.stub.GetServerSockets(
            m.GetServerSocketsRequest(server_id=server.ref.server_id), timeout=WAIT
        )
        assert answer.end
        [ref] = answer.socket_ref
        socket = its.stub.GetSocket(
            m.GetSocketRequest(socket_id=ref.socket_id), timeout=WAIT
        ).socket
        assert socket.data.streams_started >= 3
        assert socket.data.HasField("last_remote_stream_created_timestamp")
        assert socket.local.tcpip_address.port == its.port
        [listener] = server.listen_socket
        listening = its.stub.GetSocket(
            m.GetSocketRequest(socket_id=listener.socket_id), timeout=WAIT
        ).socket
        assert listening.ref == listener
        if stack.name == "russet":
            assert listening.local.tcpip_address.port == its.port


def test_what_has_happened_to_a_channel_that_connects(stack: Any) -> None:
    with served(stack) as its:
        its.channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        channel = channel_to(its)
        for node in (channel, subchannel_of(its, channel)):
            trace = node.data.trace
            assert trace.creation_timestamp.seconds > 1_600_000_000
            told = [event.description for event in trace.events]
            [connecting, *_] = [at for at, text in enumerate(told) if "CONNECTING" in text]
            [ready] = [at for at, text in enumerate(told) if "READY" in text]
            assert connecting < ready
            for event in trace.events:
                assert event.severity == its.messages.ChannelTraceEvent.CT_INFO
                assert event.timestamp.seconds >= trace.creation_timestamp.seconds
        if stack.name == "russet":
            made = [
                event for event in channel.data.trace.events if event.HasField("subchannel_ref")
            ]
            assert [event.subchannel_ref for event in made] == list(channel.subchannel_ref)
            assert channel.data.trace.num_events_logged == len(channel.data.trace.events)


def test_what_has_happened_to_a_channel_that_does_not_connect(stack: Any) -> None:
    with served(stack) as its, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        with its.grpc.insecure_channel(f"127.0.0.1:{port}") as lost:
            rpc_error(its.grpc, lost.unary_unary(path("Echo")), b"", timeout=WAIT)
            [channel] = channels_to(its, port)
            for node in (channel, subchannel_of(its, channel)):
                [failure, *_] = [
                    event
                    for event in node.data.trace.events
                    if "TRANSIENT_FAILURE" in event.description
                ]
                assert "Connection refused" in failure.description
                if stack.name == "russet":
                    assert failure.severity == its.messages.ChannelTraceEvent.CT_WARNING


def test_what_has_happened_to_a_server(stack: Any) -> None:
    with served(stack) as its:
        trace = server_at(its).data.trace
        assert trace.creation_timestamp.seconds > 1_600_000_000
        if stack.name == "russet":
            told = [event.description for event in trace.events]
            assert told == [f"listening on ipv4:127.0.0.1:{its.port}", "calls are taken"]


def test_without_traces(stack: Any) -> None:
    with served(stack, options=[("grpc.max_channel_trace_event_memory_per_node", 0)]) as its:
        its.channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        channel = channel_to(its)
        assert channel.data.calls_succeeded >= 1
        for node in (channel, subchannel_of(its, channel), server_at(its)):
            assert not node.data.trace.events


def test_without_channelz(stack: Any) -> None:
    with served(stack) as its:
        options = [("grpc.enable_channelz", 0)]
        with its.grpc.insecure_channel(f"127.0.0.1:{its.port}", options) as hidden:
            hidden.unary_unary(path("Echo"))(b"x", timeout=WAIT)
            assert len(channels_to(its, its.port)) == 1


def test_the_sockets_of_tls(stack: Any) -> None:
    with served(stack, secure=True) as its:
        its.channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        [ref] = subchannel_of(its, channel_to(its)).socket_ref
        request = its.messages.GetSocketRequest(socket_id=ref.socket_id)
        security = its.stub.GetSocket(request, timeout=WAIT).socket.security
        assert security.tls.remote_certificate.startswith(b"-----BEGIN CERTIFICATE-----\n")
        server = server_at(its)
        sockets = its.stub.GetServerSockets(
            its.messages.GetServerSocketsRequest(server_id=server.ref.server_id), timeout=WAIT
        )
        [ref] = sockets.socket_ref
        request = its.messages.GetSocketRequest(socket_id=ref.socket_id)
        accepted = its.stub.GetSocket(request, timeout=WAIT).socket.security
        assert accepted.HasField("tls") or stack.name == "grpcio"
        # The client has shown none.
        assert accepted.tls.remote_certificate == b""
        if stack.name == "russet":
            assert security.tls.standard_name == accepted.tls.standard_name
            assert security.tls.standard_name.startswith("TLS_")


def test_what_is_not_there_is_not_found(stack: Any) -> None:
    with served(stack) as its:
        m = its.messages
        for method, request in (
            (its.stub.GetServer, m.GetServerRequest(server_id=NOBODY)),
            (its.stub.GetServerSockets, m.GetServerSocketsRequest(server_id=NOBODY)),
            (its.stub.GetChannel, m.GetChannelRequest(channel_id=NOBODY)),
            (its.stub.GetSubchannel, m.GetSubchannelRequest(subchannel_id=NOBODY)),
            (its.stub.GetSocket, m.GetSocketRequest(socket_id=NOBODY)),
        ):
            error = rpc_error(its.grpc, method, request, timeout=WAIT)
            assert error.code() is its.grpc.StatusCode.NOT_FOUND


def test_a_page_begins_where_it_is_asked_to(stack: Any) -> None:
    with served(stack) as its:
        m = its.messages
        own = server_at(its).ref.server_id
        answer = its.stub.GetServers(m.GetServersRequest(start_server_id=own), timeout=WAIT)
        assert own in [server.ref.server_id for server in answer.server]
        answer = its.stub.GetServers(m.GetServersRequest(start_server_id=NOBODY), timeout=WAIT)
        assert (list(answer.server), answer.end) == ([], True)
        answer = its.stub.GetTopChannels(
            m.GetTopChannelsRequest(start_channel_id=NOBODY), timeout=WAIT
        )
        assert (list(answer.channel), answer.end) == ([], True)


def test_no_more_than_was_asked_for(russet: Any) -> None:
    """grpcio heeds `max_results` for sockets alone."""
    with served(russet) as its, contextlib.ExitStack() as others:
        m = its.messages
        channels = [
            others.enter_context(russet.grpc.insecure_channel(f"127.0.0.1:{its.port}"))
            for _ in range(3)
        ]
        for channel in channels:
            channel.unary_unary(path("Echo"))(b"", timeout=WAIT)
        first = its.stub.GetTopChannels(m.GetTopChannelsRequest(max_results=2), timeout=WAIT)
        assert (len(first.channel), first.end) == (2, False)
        start = first.channel[-1].ref.channel_id + 1
        rest = its.stub.GetTopChannels(
            m.GetTopChannelsRequest(start_channel_id=start), timeout=WAIT
        )
        assert len(rest.channel) >= 2
        assert all(channel.ref.channel_id >= start for channel in rest.channel)
        number = server_at(its).ref.server_id
        sockets: list[int] = []
        while True:
            page = its.stub.GetServerSockets(
                m.GetServerSocketsRequest(
                    server_id=number,
                    start_socket_id=sockets[-1] + 1 if sockets else 0,
                    max_results=1,
                ),
                timeout=WAIT,
            )
            sockets += [ref.socket_id for ref in page.socket_ref]
            if page.end:
                break
            assert len(page.socket_ref) == 1
        assert len(sockets) == 4
        assert sockets == sorted(sockets)


def test_grpcio_asks_russet(grpcio: Any, russet: Any) -> None:
    with served(russet, client=grpcio) as its:
        its.channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        server = server_at(its)
        assert server.data.calls_started >= 2
        [listener] = server.listen_socket
        answer = its.stub.GetSocket(
            its.messages.GetSocketRequest(socket_id=listener.socket_id), timeout=WAIT
        )
        assert answer.socket.local.tcpip_address.port == its.port
        error = rpc_error(
            its.grpc,
            its.stub.GetServer,
            its.messages.GetServerRequest(server_id=NOBODY),
            timeout=WAIT,
        )
        assert error.details() == f"there is no server {NOBODY}"


@pytest.mark.parametrize("kind", ["sync", "aio"])
def test_an_asyncio_server_answers_too(stack: Any, kind: str) -> None:
    if kind == "sync" and stack.name == "grpcio":
        pytest.skip("its loop and its threads share one poller")
    grpc = stack.grpc
    m = stack.module("channelz.v1.channelz_pb2")
    stubs = stack.module("channelz.v1.channelz_pb2_grpc")

    def ask(address: str) -> tuple[Any, Any, Any]:
        with grpc.insecure_channel(address) as channel:
            stub = stubs.ChannelzStub(channel)
            servers = stub.GetServers(m.GetServersRequest(), timeout=WAIT)
            channels = stub.GetTopChannels(m.GetTopChannelsRequest(), timeout=WAIT)
            missing = rpc_error(
                grpc, stub.GetSocket, m.GetSocketRequest(socket_id=NOBODY), timeout=WAIT
            )
            return servers, channels, missing.code()

    async def ask_on_the_loop(address: str) -> tuple[Any, Any, Any]:
        async with grpc.aio.insecure_channel(address) as channel:
            stub = stubs.ChannelzStub(channel)
            servers = await stub.GetServers(m.GetServersRequest(), timeout=WAIT)
            channels = await stub.GetTopChannels(m.GetTopChannelsRequest(), timeout=WAIT)
            with pytest.raises(grpc.aio.AioRpcError) as missing:
                await stub.GetSocket(m.GetSocketRequest(socket_id=NOBODY), timeout=WAIT)
            return servers, channels, missing.value.code()

    async def main() -> None:
        server = grpc.aio.server()
        stack.module("channelz.v1.channelz").add_channelz_servicer(server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        address = f"127.0.0.1:{port}"
        if kind == "aio":
            servers, channels, missing = await ask_on_the_loop(address)
        else:
            loop = asyncio.get_running_loop()
            servers, channels, missing = await loop.run_in_executor(None, ask, address)
        names = [ref.name for one in servers.server for ref in one.listen_socket]
        assert names
        if stack.name == "russet":
            assert f"ipv4:{address}" in names
        assert any(one.data.target.endswith(address) for one in channels.channel)
        assert missing is grpc.StatusCode.NOT_FOUND
        await server.stop(None)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("uri", "kind", "value"),
    [
        ("ipv4:127.0.0.1:80", "tcpip_address", (bytes([127, 0, 0, 1]), 80)),
        ("ipv6:[::1]:8080", "tcpip_address", (bytes(15) + b"\1", 8080)),
        ("ipv6:%5B::1%5D:8080", "tcpip_address", (bytes(15) + b"\1", 8080)),
        ("ipv6:[fe80::1%25eth0]:1", "tcpip_address", (b"\xfe\x80" + bytes(13) + b"\1", 1)),
        ("unix:/tmp/socket", "uds_address", "/tmp/socket"),
        ("unix-abstract:name", "other_address", "unix-abstract:name"),
        ("ipv4:nonsense", "other_address", "ipv4:nonsense"),
    ],
)
def test_addresses(uri: str, kind: str, value: Any) -> None:
    from russet.channelz.v1 import _answers

    address = _answers._address(uri)
    assert address.WhichOneof("address") == kind
    found = getattr(address, kind)
    if kind == "tcpip_address":
        assert (found.ip_address, found.port) == value
    else:
        assert (found.filename if kind == "uds_address" else found.name) == value
