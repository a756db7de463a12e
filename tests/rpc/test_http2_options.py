"""Options of the connection and of compression, as the other side sees them on the wire."""

from __future__ import annotations

import gzip
import socket
import threading
import zlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from h2.settings import SettingCodes
from russet import _core
from support.rpc import WAIT, connected, happened, path, rpc_error, serving
from support.wire import RawClient, RawServer, grpc_message

# Where the windows grow, grpcio announces what it has measured or guessed instead.
FIXED = ("grpc.http2.bdp_probe", 0)

ANNOUNCED = [
    (("grpc.http2.lookahead_bytes", 1024), SettingCodes.INITIAL_WINDOW_SIZE),
    (("grpc.http2.max_frame_size", 1 << 20), SettingCodes.MAX_FRAME_SIZE),
    (("grpc.http2.hpack_table_size.decoder", 100), SettingCodes.HEADER_TABLE_SIZE),
    (("grpc.http2.hpack_table_size.decoder", 0), SettingCodes.HEADER_TABLE_SIZE),
]

COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}
BITS = "grpc.compression_enabled_algorithms_bitset"
LEVEL = "grpc.default_compression_level"
ALGORITHM = "grpc.default_compression_algorithm"


def twice(request: bytes, context: Any) -> bytes:
    return request * 2


def answer(grpc: ModuleType, options: list[Any], accept: str = "identity") -> dict[str, str]:
    """The fields of a server's answer to an uncompressed call of a client that accepts these."""
    with (
        serving(grpc, options=options, Twice=("unary_unary", twice)) as address,
        RawClient(address) as client,
    ):
        stream = client.call("Twice", ("grpc-accept-encoding", accept))
        client.send(stream, grpc_message(b"x" * 1000), end_stream=True)
        return client.outcome(stream)


@pytest.mark.parametrize(("option", "setting"), ANNOUNCED)
def test_what_a_client_announces(
    grpc: ModuleType, option: tuple[str, int], setting: SettingCodes
) -> None:
    with (
        RawServer("answer") as server,
        grpc.insecure_channel(server.address, [option, FIXED]) as channel,
    ):
        call = channel.unary_unary(path("Echo"))
        for _ in range(3):
            assert call(b"x", timeout=WAIT) == b"x"
        assert server.settings[setting] == option[1]


@pytest.mark.parametrize(("option", "setting"), ANNOUNCED)
def test_what_a_server_announces(
    grpc: ModuleType, option: tuple[str, int], setting: SettingCodes
) -> None:
    with (
        serving(grpc, options=[option, FIXED], Twice=("unary_unary", twice)) as address,
        RawClient(address) as client,
    ):
        for _ in range(3):
            stream = client.call("Twice")
            client.send(stream, grpc_message(b"x"), end_stream=True)
            assert client.outcome(stream)["grpc-status"] == "0"
        assert client.connection.remote_settings[setting] == option[1]


@pytest.mark.parametrize(
    "option",
    [
        *(option for option, _ in ANNOUNCED),
        ("grpc.http2.lookahead_bytes", 8 << 20),
        ("grpc.http2.hpack_table_size.decoder", 1 << 16),
        ("grpc.http2.hpack_table_size.encoder", 0),
        ("grpc.http2.hpack_table_size.encoder", 1 << 16),
        ("grpc.dscp", 46),
        ("grpc.dscp", 1000),
        ("grpc.dns_ares_query_timeout", 10_000),
        ("grpc.http2.ping_timeout_ms", 10_000),
    ],
)
def test_calls_go_on_with_any_of_them(
    pair: tuple[ModuleType, ModuleType], option: tuple[str, int]
) -> None:
    """Large messages and many different fields, between both implementations."""
    server, client = pair
    options = [option, FIXED]
    with connected(
        client,
        server=server,
        channel_options=options,
        options=options,
        Twice=("unary_unary", twice),
    ) as channel:
        call = channel.unary_unary(path("Twice"))
        for number in range(20):
            message = bytes([number]) * 150_000
            metadata = [(f"key-{number % 7}", "value " * (number + 1))]
            assert call(message, timeout=WAIT, metadata=metadata) == message * 2


@pytest.mark.parametrize(
    ("bits", "names"),
    [(1, {"identity"}), (3, {"identity", "deflate"}), (5, {"identity", "gzip"})],
)
def test_what_is_accepted(grpc: ModuleType, bits: int, names: set[str]) -> None:
    with (
        RawServer("answer") as server,
        grpc.insecure_channel(server.address, [(BITS, bits)]) as channel,
    ):
        channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        [request] = server.requests
        assert set(request["grpc-accept-encoding"].split(", ")) == names
    fields = answer(grpc, [(BITS, bits)])
    assert set(fields["grpc-accept-encoding"].split(", ")) == names


@pytest.mark.parametrize(("bits", "encoding"), [(3, "gzip"), (5, "deflate")])
def test_a_server_refuses_what_it_does_not_accept(
    grpc: ModuleType, bits: int, encoding: str
) -> None:
    with (
        serving(grpc, options=[(BITS, bits)], Twice=("unary_unary", twice)) as address,
        RawClient(address) as client,
    ):
        stream = client.call("Twice", ("grpc-encoding", encoding))
        message = grpc_message(COMPRESSED[encoding](b"x" * 1000), flag=1)
        client.send(stream, message, end_stream=True)
        outcome = client.outcome(stream)
        assert outcome["grpc-status"] == "12"
        assert outcome["grpc-message"] == f"Compression algorithm '{encoding}' is disabled."


def test_a_client_refuses_what_it_does_not_accept(russet: ModuleType) -> None:
    """grpcio logs the same words, and takes the answer all the same where its end has come too."""

    class Insistent(RawServer):
        """Compresses whatever the client accepts."""

        HEADERS = (*RawServer.HEADERS, ("grpc-encoding", "gzip"))

    with (
        Insistent("answer") as server,
        russet.insecure_channel(server.address, [(BITS, 3)]) as channel,
    ):
        error = rpc_error(russet, channel.unary_unary(path("Echo")), b"x", timeout=WAIT)
        assert error.code() is russet.StatusCode.UNIMPLEMENTED
        assert error.details() == "Compression algorithm 'gzip' is disabled."


@pytest.mark.parametrize("bits", [3, 7])
def test_a_default_that_is_turned_off_is_not_used(grpc: ModuleType, bits: int) -> None:
    options = [(ALGORITHM, 2), (BITS, bits)]
    expected = "gzip" if bits == 7 else None
    with (
        RawServer("answer") as server,
        grpc.insecure_channel(server.address, options) as channel,
    ):
        channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        assert server.requests[0].get("grpc-encoding") == expected
    assert answer(grpc, options, "gzip").get("grpc-encoding") == expected


@pytest.mark.parametrize(
    ("level", "accepted", "encoding"),
    [
        (0, "identity, deflate, gzip", None),
        (1, "identity, deflate, gzip", "gzip"),
        (1, "identity, deflate", "deflate"),
        (2, "identity, deflate, gzip", "deflate"),
        (2, "identity, gzip", "gzip"),
        (3, "identity, deflate, gzip", "deflate"),
        (3, "identity", None),
    ],
)
def test_levels(grpc: ModuleType, level: int, accepted: str, encoding: str | None) -> None:
    for more in ([], [(ALGORITHM, 2)] if level else []):
        fields = answer(grpc, [(LEVEL, level), *more], accepted)
        assert fields.get("grpc-encoding") == encoding


def test_pings_without_end(grpc: ModuleType) -> None:
    options = [
        ("grpc.keepalive_time_ms", 100),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    ]
    with (
        RawServer("answer") as server,
        grpc.insecure_channel(server.address, options) as channel,
    ):
        channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        for _ in range(6):
            server.pings.get(timeout=WAIT)


def test_a_server_that_is_pinged_too_often_is_pinged_less(russet: ModuleType) -> None:
    options = [
        ("grpc.keepalive_time_ms", 50),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    ]
    with connected(russet, channel_options=options, Twice=("unary_unary", twice)) as channel:
        idle = threading.Event()
        channel.unary_unary(path("Twice"))(b"", timeout=WAIT)
        channel.subscribe(lambda state: state is russet.ChannelConnectivity.IDLE and idle.set())
        # The server has ended the connection.
        assert happened(idle)
        [census] = [one for one in _core.census()["channels"] if one["target"] == channel._target]
        assert census["trace"] is not None
        told = [description for _, description, *_ in census["trace"]["events"]]
        assert "a server said too_many_pings: keepalive after 100ms of silence" in told


def test_settings_must_be_acknowledged(grpc: ModuleType) -> None:
    options = [("grpc.http2.settings_timeout", 100)]
    with serving(grpc, options=options) as address:
        host, port = address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=WAIT) as peer:
            peer.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
            while peer.recv(65536):
                pass
