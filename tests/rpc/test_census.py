"""What the channels and servers of a process are counted to have done: what channelz is built on."""

from __future__ import annotations

import gc
import time
from types import ModuleType
from typing import Any

from russet import _core
from support.policy import Flaky, retrying
from support.rpc import ECHO, REPEAT, WAIT, path, rpc_error, serving


def channels_to(address: str) -> list[Any]:
    return [channel for channel in _core.census()["channels"] if channel["target"] == address]


def server_at(address: str) -> Any:
    """The server that listens there; its own end of a call may be counted a moment after the client's."""
    [server] = [
        server
        for server in _core.census()["servers"]
        if f"ipv4:{address}" in [listener["local"] for listener in server["listeners"]]
    ]
    return server


def server_counting(address: str, wanted: tuple[int, int, int]) -> Any:
    deadline = time.monotonic() + WAIT
    while calls_of(server := server_at(address)) != wanted:
        assert time.monotonic() < deadline, server
    return server


def calls_of(node: Any) -> tuple[int, int, int]:
    return node["calls_started"], node["calls_succeeded"], node["calls_failed"]


def test_calls_and_messages_are_counted(russet: ModuleType) -> None:
    def fail(request: bytes, context: Any) -> bytes:
        context.abort(russet.StatusCode.NOT_FOUND, "no")
        return b""

    before = time.time()
    methods: dict[str, Any] = {"Echo": ECHO, "Repeat": REPEAT, "Fail": ("unary_unary", fail)}
    with serving(russet, **methods) as address, russet.insecure_channel(address) as channel:
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        assert len(list(channel.unary_stream(path("Repeat"))(b"5", timeout=WAIT))) == 5
        rpc_error(russet, channel.unary_unary(path("Fail")), b"", timeout=WAIT)
        [client] = channels_to(address)
        [subchannel] = client["subchannels"]
        [socket] = subchannel["sockets"]
        assert calls_of(client) == calls_of(subchannel) == (3, 2, 1)
        assert (client["state"], subchannel["state"]) == (2, 2)
        assert subchannel["target"] == f"ipv4:{address}"
        assert (socket["messages_sent"], socket["messages_received"]) == (3, 6)
        streams = [socket[f"streams_{what}"] for what in ("started", "succeeded", "failed")]
        assert streams == [3, 3, 0]
        assert socket["remote"] == f"ipv4:{address}"
        assert socket["tls"] is None
        for when in (client["last_call_started"], socket["last_stream_created"]):
            # The two clocks are not read at one moment.
            assert before - 1 <= when <= time.time() + 1
        server = server_counting(address, (3, 2, 1))
        [accepted] = server["sockets"]
        assert (accepted["messages_sent"], accepted["messages_received"]) == (6, 3)
        assert (accepted["local"], accepted["remote"]) == (socket["remote"], socket["local"])
        numbers = [client["id"], subchannel["id"], socket["id"], server["id"], accepted["id"]]
        numbers += [listener["id"] for listener in server["listeners"]]
        assert len(set(numbers)) == len(numbers)


def test_a_call_that_is_sent_again_is_one_call_and_several_attempts(russet: ModuleType) -> None:
    methods = Flaky(2).methods(russet)
    with (
        serving(russet, **methods) as address,
        russet.insecure_channel(address, options=retrying()) as channel,
    ):
        assert channel.unary_unary(path("Unary"))(b"x", timeout=WAIT) == b"x"
        [client] = channels_to(address)
        assert calls_of(client) == (1, 1, 0)
        assert calls_of(client["subchannels"][0]) == (3, 1, 2)


def test_a_cancelled_call_has_failed(russet: ModuleType) -> None:
    with serving(russet, Repeat=REPEAT) as address, russet.insecure_channel(address) as channel:
        call = channel.unary_stream(path("Repeat"))(b"1000000", timeout=WAIT)
        assert next(call) == b"0"
        assert call.cancel()
        rpc_error(russet, list, call)
        [client] = channels_to(address)
        assert calls_of(client) == calls_of(client["subchannels"][0]) == (1, 0, 1)
        server_counting(address, (1, 0, 1))


def test_closed_channels_are_not_told(russet: ModuleType) -> None:
    with russet.insecure_channel("localhost:1"):
        assert channels_to("localhost:1")
    gc.collect()
    assert not channels_to("localhost:1")
