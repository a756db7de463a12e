"""Calls that are sent again: by a retry policy, and where no server saw them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from support.policy import Flaky, retrying
from support.rpc import ECHO, WAIT, connected, happened, path, refused_address, rpc_error, serving

Pair = tuple[ModuleType, ModuleType]


ANSWERS = [b"ab", [b"ab", b"ab"], b"ab", [b"a", b"b"]]


@pytest.mark.parametrize("kind", range(4))
def test_a_failed_call_of_each_kind_is_sent_again(pair: Pair, kind: int) -> None:
    server, client = pair
    flaky = Flaky(2)
    methods = flaky.methods(server)
    name = list(methods)[kind]
    with connected(
        client, server=server, channel_options=retrying(), **{name: methods[name]}
    ) as channel:
        answer = [
            lambda: channel.unary_unary(path("Unary"))(b"ab", timeout=WAIT),
            lambda: list(channel.unary_stream(path("Stream"))(b"ab", timeout=WAIT)),
            lambda: channel.stream_unary(path("Gather"))(iter([b"a", b"b"]), timeout=WAIT),
            lambda: list(channel.stream_stream(path("Each"))(iter([b"a", b"b"]), timeout=WAIT)),
        ][kind]()
    assert answer == ANSWERS[kind]
    assert flaky.attempts == [None, "1", "2"]


def test_the_last_attempts_status_is_the_calls(grpc: ModuleType) -> None:
    flaky = Flaky(9)
    with connected(grpc, channel_options=retrying(attempts=3), **flaky.methods(grpc)) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Unary")), b"", timeout=WAIT)
    assert (error.code(), error.details()) == (grpc.StatusCode.UNAVAILABLE, "attempt 3")
    assert flaky.attempts == [None, "1", "2"]


def test_five_attempts_are_the_most(grpc: ModuleType) -> None:
    flaky = Flaky(9)
    with connected(grpc, channel_options=retrying(attempts=50), **flaky.methods(grpc)) as channel:
        rpc_error(grpc, channel.unary_unary(path("Unary")), b"", timeout=WAIT)
    assert len(flaky.attempts) == 5


def test_other_codes_end_the_call(grpc: ModuleType) -> None:
    flaky = Flaky(9, "INTERNAL")
    with connected(grpc, channel_options=retrying(), **flaky.methods(grpc)) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Unary")), b"", timeout=WAIT)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert len(flaky.attempts) == 1


def test_a_call_that_was_answered_in_part_is_not_sent_again(grpc: ModuleType) -> None:
    attempts = []

    def half(request: bytes, context: Any) -> Any:
        attempts.append(1)
        yield b"first"
        context.abort(grpc.StatusCode.UNAVAILABLE, "the rest is lost")

    with connected(grpc, Half=("unary_stream", half), channel_options=retrying()) as channel:
        call = channel.unary_stream(path("Half"))(b"", timeout=WAIT)
        assert next(call) == b"first"
        assert rpc_error(grpc, next, call).details() == "the rest is lost"
    assert len(attempts) == 1


@pytest.mark.parametrize(("value", "attempts"), [("20", 3), ("-1", 1), ("soon", 1)])
def test_the_server_says_when_or_that_no_more(grpc: ModuleType, value: str, attempts: int) -> None:
    flaky = Flaky(2, trailing=(("grpc-retry-pushback-ms", value),))
    with connected(grpc, channel_options=retrying(), **flaky.methods(grpc)) as channel:
        call = channel.unary_unary(path("Unary"))
        if attempts == 3:
            assert call(b"x", timeout=WAIT) == b"x"
        else:
            rpc_error(grpc, call, b"x", timeout=WAIT)
    assert len(flaky.attempts) == attempts


def test_too_many_failures_stop_all_retries(grpc: ModuleType) -> None:
    flaky = Flaky(99)
    options = retrying(retryThrottling={"maxTokens": 4, "tokenRatio": 0.1})
    with connected(grpc, channel_options=options, **flaky.methods(grpc)) as channel:
        for _ in range(3):
            rpc_error(grpc, channel.unary_unary(path("Unary")), b"", timeout=WAIT)
    # Two of the first call bring the tokens to half; then each call has one attempt.
    assert len(flaky.attempts) == 4


def test_more_bytes_than_are_kept_commit_the_call(grpc: ModuleType) -> None:
    flaky = Flaky(2)
    options = [*retrying(), ("grpc.per_rpc_retry_buffer_size", 10_000)]
    with connected(grpc, channel_options=options, **flaky.methods(grpc)) as channel:
        call = channel.unary_unary(path("Unary"))
        error = rpc_error(grpc, call, b"x" * 100_000, timeout=WAIT)
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert call(b"x", timeout=WAIT) == b"x"
    assert flaky.attempts == [None, None, "1"]


def test_the_option_switches_retries_off(grpc: ModuleType) -> None:
    flaky = Flaky(1)
    options = [*retrying(), ("grpc.enable_retries", 0)]
    with connected(grpc, channel_options=options, **flaky.methods(grpc)) as channel:
        rpc_error(grpc, channel.unary_unary(path("Unary")), b"", timeout=WAIT)
    assert flaky.attempts == [None]


def test_the_deadline_is_of_all_attempts_together(grpc: ModuleType) -> None:
    flaky = Flaky(99, trailing=(("grpc-retry-pushback-ms", "600000"),))
    with connected(grpc, channel_options=retrying(), **flaky.methods(grpc)) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Unary")), b"", timeout=0.3)
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert len(flaky.attempts) == 1


def test_a_pausing_call_can_be_cancelled(grpc: ModuleType) -> None:
    flaky = Flaky(99, trailing=(("grpc-retry-pushback-ms", "600000"),))
    with connected(grpc, channel_options=retrying(), **flaky.methods(grpc)) as channel:
        call = channel.unary_unary(path("Unary")).future(b"", timeout=WAIT)
        assert happened(flaky.entered)
        call.cancel()
        assert call.cancelled()


def test_a_server_that_cannot_be_reached_counts_as_attempts(grpc: ModuleType) -> None:
    with grpc.insecure_channel(refused_address(), options=retrying(attempts=2)) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Unary")), b"", timeout=WAIT)
        assert error.code() is grpc.StatusCode.UNAVAILABLE


def test_without_a_policy_a_failed_call_ends(grpc: ModuleType) -> None:
    flaky = Flaky(1)
    with connected(grpc, **flaky.methods(grpc)) as channel:
        rpc_error(grpc, channel.unary_unary(path("Unary")), b"", timeout=WAIT)
    assert flaky.attempts == [None]


def test_the_next_server_answers_after_the_first_has_gone(grpc: ModuleType) -> None:
    with serving(grpc, Echo=ECHO) as address:
        channel = grpc.insecure_channel(address, options=retrying())
        assert channel.unary_unary(path("Echo"))(b"1", timeout=WAIT) == b"1"
    error = rpc_error(grpc, channel.unary_unary(path("Echo")), b"2", timeout=WAIT)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    channel.close()
