"""Calls that no server saw are sent again without any policy (gRFC A6, "transparent retries"). grpcio does so after a GOAWAY, and takes a refused stream for a failure."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from support.policy import retrying
from support.rpc import WAIT, path, rpc_error
from support.wire import RawServer


def echo(grpc: Any, server: RawServer, request: bytes = b"x", **options: Any) -> Any:
    with grpc.insecure_channel(server.address, **options) as channel:
        return channel.unary_unary(path("Echo"))(request, timeout=WAIT)


def test_a_call_beyond_the_last_stream_is_sent_again(grpc: ModuleType) -> None:
    with RawServer("goaway", "answer") as server:
        assert echo(grpc, server) == b"x"
        assert server.calls == ["goaway", "answer"]


def test_a_refused_call_is_sent_again(russet: ModuleType) -> None:
    with RawServer("refuse", "answer") as server:
        assert echo(russet, server) == b"x"
        assert server.calls == ["refuse", "answer"]


@pytest.mark.parametrize("action", ["refuse", "goaway"])
def test_but_only_once(russet: ModuleType, action: str) -> None:
    with RawServer(action) as server:
        assert rpc_error(russet, echo, russet, server).code() is russet.StatusCode.UNAVAILABLE
        assert server.calls == [action, action]


def test_a_call_that_may_have_been_processed_is_not(grpc: ModuleType) -> None:
    with RawServer("lose", "answer") as server:
        assert rpc_error(grpc, echo, grpc, server).code() is grpc.StatusCode.UNAVAILABLE
        assert server.calls == ["lose"]


def test_it_does_not_count_as_an_attempt_of_the_policy(russet: ModuleType) -> None:
    with RawServer("refuse", "refuse", "refuse", "answer") as server:
        # One for nothing, then the three of the policy.
        assert echo(russet, server, options=retrying(attempts=3)) == b"x"
        assert len(server.calls) == 4


def test_messages_of_streams_are_sent_again_in_their_order(grpc: ModuleType) -> None:
    with RawServer("goaway", "answer") as server, grpc.insecure_channel(server.address) as channel:
        call = channel.stream_stream(path("Each"))(iter([b"a", b"bc", b""]), timeout=WAIT)
        assert list(call) == [b"a", b"bc", b""]


def test_without_retries_each_call_is_sent_once(grpc: ModuleType) -> None:
    with RawServer("refuse", "answer") as server:
        options = [("grpc.enable_retries", 0)]
        error = rpc_error(grpc, echo, grpc, server, options=options)
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert server.calls == ["refuse"]


@pytest.mark.parametrize("size", [0, 5_000, 60_000])
def test_messages_up_to_the_limit_are_kept(russet: ModuleType, size: int) -> None:
    with RawServer("refuse", "answer") as server:
        assert echo(russet, server, b"x" * size) == b"x" * size
