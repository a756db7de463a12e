"""Compression by Zstandard, where both sides have it."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from russet import _core
from support import modules
from support.rpc import WAIT, path, rpc_error, serving

TEXT = b"to be or not to be " * 10_000


def compressing(request: bytes, context: Any) -> bytes:
    """Answer by Zstandard, if the client accepts it."""
    context.set_compression(zstd())
    return request


def zstd() -> Any:
    from russet.grpc.experimental import ZSTD

    return ZSTD


def test_messages_go_compressed_in_both_directions(russet: ModuleType) -> None:
    with (
        serving(russet, Echo=("unary_unary", compressing)) as address,
        russet.insecure_channel(address) as channel,
    ):
        echo = channel.unary_unary(path("Echo"))
        assert echo(TEXT, timeout=WAIT, compression=zstd()) == TEXT
        [counted] = [one for one in _core.census()["channels"] if one["target"] == address]
        [socket] = counted["subchannels"][0]["sockets"]
        assert (socket["messages_sent"], socket["messages_received"]) == (1, 1)


@pytest.mark.parametrize("where", ["channel", "option"])
def test_a_channels_compression(russet: ModuleType, where: str) -> None:
    given: dict[str, Any] = {"compression": zstd()}
    if where == "option":
        given = {"options": [("grpc.default_compression_algorithm", int(zstd()))]}
    with (
        serving(russet, Echo=("unary_unary", compressing)) as address,
        russet.insecure_channel(address, **given) as channel,
    ):
        assert channel.unary_unary(path("Echo"))(TEXT, timeout=WAIT) == TEXT


def test_the_limit_is_of_the_message_not_of_its_compressed_form(russet: ModuleType) -> None:
    options = [("grpc.max_receive_message_length", len(TEXT) - 1)]
    with (
        serving(russet, options=options, Echo=("unary_unary", compressing)) as address,
        russet.insecure_channel(address) as channel,
    ):
        echo = channel.unary_unary(path("Echo"))
        error = rpc_error(russet, echo, TEXT, timeout=WAIT, compression=zstd())
        assert error.code() is russet.StatusCode.RESOURCE_EXHAUSTED
        assert echo(TEXT[1:], timeout=WAIT, compression=zstd()) == TEXT[1:]


def test_a_client_that_does_not_know_it_is_not_sent_it(russet: ModuleType) -> None:
    grpcio = modules.load("grpcio")
    with (
        serving(russet, Echo=("unary_unary", compressing)) as address,
        grpcio.insecure_channel(address) as channel,
    ):
        assert channel.unary_unary(path("Echo"))(TEXT, timeout=WAIT) == TEXT


def test_a_server_that_does_not_know_it_says_so(russet: ModuleType) -> None:
    grpcio = modules.load("grpcio")
    echo = ("unary_unary", lambda request, context: request)
    with serving(grpcio, Echo=echo) as address, russet.insecure_channel(address) as channel:
        call = channel.unary_unary(path("Echo"))
        error = rpc_error(russet, call, TEXT, timeout=WAIT, compression=zstd())
        # The protocol wants UNIMPLEMENTED; grpcio says INTERNAL.
        assert error.code() in (russet.StatusCode.UNIMPLEMENTED, russet.StatusCode.INTERNAL)
