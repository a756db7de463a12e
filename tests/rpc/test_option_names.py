"""Options that nobody knows, or of the wrong type: a warning that names the right one, once; an error where the program wants that."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import pytest
from russet import grpc
from russet.grpc import _option_names, aio

Open = Callable[[list[tuple[str, Any]]], None]


def open_channel(options: list[tuple[str, Any]]) -> None:
    grpc.insecure_channel("localhost:1", options=options).close()


def open_server(options: list[tuple[str, Any]]) -> None:
    grpc.server(futures.ThreadPoolExecutor(1), options=options).stop(None)


BOTH = pytest.mark.parametrize("make", [open_channel, open_server])


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(_option_names, "_told", set())
    monkeypatch.delenv("RUSSET_STRICT_OPTIONS", raising=False)
    yield


UNKNOWN = [
    ("grpc.keepalive_tme_ms", "did you mean 'grpc.keepalive_time_ms'?"),
    ("grpc.max_recieve_message_length", "did you mean 'grpc.max_receive_message_length'?"),
    ("grpc.max_message_size", "did you mean 'grpc.max_message_length'?"),
    ("keepalive_time_ms", "did you mean 'grpc.keepalive_time_ms'?"),
    ("grpc.http2.keepalive_time_ms", "did you mean 'grpc.keepalive_time_ms'?"),
    ("my.own.option", "no option is named 'my.own.option'; it is ignored"),
]


@BOTH
@pytest.mark.parametrize(("key", "told"), UNKNOWN)
def test_an_unknown_key_is_told_once(
    make: Open, key: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        make([(key, 5)])
    (record,) = caplog.records
    assert record.name == "grpc._options"
    assert record.levelno == logging.WARNING
    assert f"no option is named {key!r}" in record.getMessage()
    assert told in record.getMessage()


@BOTH
@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("grpc.keepalive_time_ms", "5"), "'grpc.keepalive_time_ms' takes a whole number, not str '5'"),
        (("grpc.default_authority", 5), "'grpc.default_authority' takes text, not int 5"),
        (("grpc.default_compression_algorithm", "gzip"), "takes a whole number, not str 'gzip'"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_told(
    make: Open, option: tuple[str, Any], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    make([option])
    assert told in caplog.text


@BOTH
def test_what_is_known_is_not_told(make: Open, caplog: pytest.LogCaptureFixture) -> None:
    """Nor what has an effect on the other side alone, or in grpcio alone."""
    make(
        [
            ("grpc.max_concurrent_streams", 5),
            ("grpc.client_idle_timeout_ms", 5000),
            ("grpc.default_authority", "x"),
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.optimization_target", "throughput"),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.so_reuseport", 0),
            (grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1),
        ]
    )
    assert not caplog.records


def test_the_popular_misspelling_is_understood(caplog: pytest.LogCaptureFixture) -> None:
    from russet.grpc._options import server_settings

    wrong = "grpc.http2.min_recv_ping_interval_without_data_ms"
    assert server_settings([(wrong, 10_000)]) == {"min_ping_interval_ms": 10_000}
    right = "grpc.http2.min_ping_interval_without_data_ms"
    for options in ([(wrong, 5), (right, 7)], [(right, 7), (wrong, 5)]):
        assert server_settings(options) == {"min_ping_interval_ms": 7}
    assert "it is read as 'grpc.http2.min_ping_interval_without_data_ms'" in caplog.text


STRICT: list[tuple[str, Any]] = [
    ("grpc.keepalive_tme_ms", 5),
    ("grpc.keepalive_time_ms", "5"),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5),
]


@BOTH
@pytest.mark.parametrize("option", STRICT)
def test_a_strict_program_gets_errors(
    make: Open, option: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"grpc\.(keepalive_time_ms|http2\.min_ping_interval)"):
        make([option, ("russet.strict_options", 1)])
    monkeypatch.setenv("RUSSET_STRICT_OPTIONS", "1")
    with pytest.raises(ValueError, match="option"):
        make([option])
    make([("grpc.keepalive_time_ms", 50_000)])


def test_asyncio_tells_too(caplog: pytest.LogCaptureFixture) -> None:
    import asyncio

    async def main() -> None:
        await aio.insecure_channel("localhost:1", options=[("grpc.keepalive_tme_ms", 5)]).close()
        await aio.server(options=[("grpc.max_conections", 5)]).stop(None)

    asyncio.run(main())
    assert "keepalive_time_ms" in caplog.text
    assert "max_conections" in caplog.text


def test_the_page_of_limits_lists_what_is_read() -> None:
    from russet.grpc._options import _CHANNEL_NUMBERS, _KNOWN, _SERVER_NUMBERS

    page = (Path(__file__).parents[2] / "docs" / "limits.md").read_text()
    section = page.partition("## Options that are read")[2].partition("What else")[0]
    both, channels, servers = (
        set(re.findall(r"`((?:grpc|russet)\.[a-z0-9_.]+)`(?! \()", part))
        for part in re.split(r"\| for \|.*\|", section)[1:]
    )
    of_one = re.findall(r"`([a-z0-9_.]+)` \((channels|servers)\)", section)
    channels |= {key for key, side in of_one if side == "channels"}
    servers |= {key for key, side in of_one if side == "servers"}
    assert both | channels | servers == _KNOWN
    assert servers == _SERVER_NUMBERS.keys() - _CHANNEL_NUMBERS.keys()
    assert channels >= _CHANNEL_NUMBERS.keys() - _SERVER_NUMBERS.keys()
    assert not channels & _SERVER_NUMBERS.keys()
