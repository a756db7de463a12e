"""Calls that are sent to several servers at once, or again before an answer came. grpcio reads the policy and does nothing with it, so Russet alone is shown, against servers of both."""

from __future__ import annotations

from types import ModuleType

import pytest
from support.policy import Flaky, Gate, hedging
from support.rpc import WAIT, connected, happened, path, refused_address, rpc_error


@pytest.fixture(params=["grpcio", "russet"])
def server(request: pytest.FixtureRequest) -> ModuleType:
    """The server's implementation."""
    from support import modules

    return modules.load(request.param)


def test_the_first_answer_counts_and_the_others_are_cancelled(
    russet: ModuleType, server: ModuleType
) -> None:
    gate = Gate(kept=2)
    with connected(russet, server=server, Gate=gate.method(), channel_options=hedging()) as channel:
        answer = channel.unary_unary(path("Gate"))(b"", timeout=WAIT)
        assert answer == b"3"
        assert happened(gate.cancelled)
        gate.opened.set()
    assert gate.attempts == 3


def test_the_next_attempt_starts_after_the_delay(russet: ModuleType, server: ModuleType) -> None:
    gate = Gate(kept=1)
    with connected(
        russet,
        server=server,
        Gate=gate.method(),
        channel_options=hedging(attempts=2, delay="0.05s"),
    ) as channel:
        assert channel.unary_unary(path("Gate"))(b"", timeout=WAIT) == b"2"
        gate.opened.set()


def test_a_quick_answer_needs_one_attempt(russet: ModuleType, server: ModuleType) -> None:
    gate = Gate(kept=0)
    with connected(
        russet, server=server, Gate=gate.method(), channel_options=hedging(delay="600s")
    ) as channel:
        assert channel.unary_unary(path("Gate"))(b"", timeout=WAIT) == b"1"
    assert gate.attempts == 1


def test_a_failure_that_is_not_fatal_brings_the_next_forward(
    russet: ModuleType, server: ModuleType
) -> None:
    flaky = Flaky(2)
    options = hedging("UNAVAILABLE", delay="600s")
    with connected(
        russet, server=server, channel_options=options, **flaky.methods(server)
    ) as channel:
        for kind in ("unary_stream", "stream_stream"):
            flaky.attempts.clear()
            if kind == "unary_stream":
                answers = channel.unary_stream(path("Stream"))(b"ab", timeout=WAIT)
                assert list(answers) == [b"ab", b"ab"]
            else:
                answers = channel.stream_stream(path("Each"))(iter([b"a", b"b"]), timeout=WAIT)
                assert list(answers) == [b"a", b"b"]
            assert flaky.attempts == [None, "1", "2"]


def test_other_failures_end_the_call(russet: ModuleType, server: ModuleType) -> None:
    flaky = Flaky(2, "INTERNAL")
    options = hedging("UNAVAILABLE", delay="600s")
    with connected(
        russet, server=server, channel_options=options, **flaky.methods(server)
    ) as channel:
        error = rpc_error(russet, channel.unary_unary(path("Unary")), b"", timeout=WAIT)
        assert error.details() == "attempt 1"


def test_the_last_failure_is_the_calls(russet: ModuleType, server: ModuleType) -> None:
    flaky = Flaky(9)
    options = hedging("UNAVAILABLE", attempts=2, delay="600s")
    with connected(
        russet, server=server, channel_options=options, **flaky.methods(server)
    ) as channel:
        error = rpc_error(russet, channel.unary_unary(path("Unary")), b"", timeout=WAIT)
        assert error.details() == "attempt 2"


def test_a_server_that_says_no_gets_no_more(russet: ModuleType, server: ModuleType) -> None:
    flaky = Flaky(9, trailing=(("grpc-retry-pushback-ms", "-1"),))
    options = hedging("UNAVAILABLE", delay="600s")
    with connected(
        russet, server=server, channel_options=options, **flaky.methods(server)
    ) as channel:
        rpc_error(russet, channel.unary_unary(path("Unary")), b"", timeout=WAIT)
    assert flaky.attempts == [None]


def test_a_hedged_call_can_be_cancelled(russet: ModuleType, server: ModuleType) -> None:
    gate = Gate(kept=3)
    with connected(russet, server=server, Gate=gate.method(), channel_options=hedging()) as channel:
        call = channel.unary_unary(path("Gate")).future(b"", timeout=WAIT)
        for _ in range(3):
            assert gate.entered.acquire(timeout=WAIT)
        call.cancel()
        assert call.cancelled()
        assert happened(gate.cancelled)
        gate.opened.set()


def test_the_deadline_ends_all_attempts(russet: ModuleType, server: ModuleType) -> None:
    gate = Gate(kept=3)
    with connected(russet, server=server, Gate=gate.method(), channel_options=hedging()) as channel:
        error = rpc_error(russet, channel.unary_unary(path("Gate")), b"", timeout=0.5)
        assert error.code() is russet.StatusCode.DEADLINE_EXCEEDED
        gate.opened.set()


@pytest.mark.parametrize("codes", [(), ("UNAVAILABLE",)])
def test_servers_that_cannot_be_reached_end_the_call(
    russet: ModuleType, codes: tuple[str, ...]
) -> None:
    options = hedging(*codes, delay="0.05s")
    with russet.insecure_channel(refused_address(), options=options) as channel:
        error = rpc_error(russet, channel.unary_unary(path("Gate")), b"", timeout=WAIT)
        assert error.code() is russet.StatusCode.UNAVAILABLE
