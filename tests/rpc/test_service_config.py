"""The service config of a channel: what it gives calls, and what is said of one that is wrong."""

from __future__ import annotations

import json
import threading
from types import ModuleType
from typing import Any

import pytest
from support.policy import config
from support.rpc import ECHO, SERVICE, WAIT, connected, path, refused_address, rpc_error, serving


def never(request: bytes, context: Any) -> bytes:
    ended = threading.Event()
    context.add_callback(ended.set)
    ended.wait(WAIT)
    return b""


def test_the_configs_timeout_is_the_deadline(grpc: ModuleType) -> None:
    with connected(
        grpc, Never=("unary_unary", never), channel_options=config(timeout="0.2s")
    ) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Never")), b"", timeout=WAIT)
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_the_earlier_deadline_counts(grpc: ModuleType) -> None:
    with connected(
        grpc, Never=("unary_unary", never), channel_options=config(timeout="100s")
    ) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Never")), b"", timeout=0.2)
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_calls_wait_for_a_connection_where_the_config_says_so(grpc: ModuleType) -> None:
    options = config(waitForReady=True)
    with grpc.insecure_channel(refused_address(), options=options) as channel:
        echo = channel.unary_unary(path("Echo"))
        assert rpc_error(grpc, echo, b"", timeout=0.3).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        error = rpc_error(grpc, echo, b"", timeout=WAIT, wait_for_ready=False)
        assert error.code() is grpc.StatusCode.UNAVAILABLE


def test_lengths_of_messages(grpc: ModuleType) -> None:
    options = config(maxRequestMessageBytes=10, maxResponseMessageBytes=5)
    with connected(grpc, Echo=ECHO, channel_options=options) as channel:
        echo = channel.unary_unary(path("Echo"))
        assert echo(b"12345", timeout=WAIT) == b"12345"
        for length in (6, 11):
            error = rpc_error(grpc, echo, b"x" * length, timeout=WAIT)
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "larger than max" in error.details()


def test_other_methods_are_left_alone(grpc: ModuleType) -> None:
    names = [{"service": SERVICE, "method": "Other"}, {"service": "other.Service"}]
    text = json.dumps({"methodConfig": [{"name": names, "maxRequestMessageBytes": 0}]})
    with connected(grpc, Echo=ECHO, channel_options=[("grpc.service_config", text)]) as channel:
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


METHOD = "errors validating service config: [field:methodConfig[0]."


@pytest.mark.newest_grpcio
@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[]", "errors validating service config: [field: error:is not an object]"),
        ('{"methodConfig":[{"timeout":5}]}', METHOD + "timeout error:is not a string]"),
        (
            '{"methodConfig":[{"retryPolicy":{"maxAttempts":1,"initialBackoff":"1s","maxBackoff":"1s",'
            '"backoffMultiplier":1,"retryableStatusCodes":["UNAVAILABLE"]}}]}',
            METHOD + "retryPolicy.maxAttempts error:must be at least 2]",
        ),
        (
            '{"loadBalancingConfig":[{"nope":{}}]}',
            "errors validating service config: [field:loadBalancingConfig error:No known policies in list: nope]",
        ),
    ],
)
def test_a_wrong_config_ends_every_call(grpc: ModuleType, text: str, error: str) -> None:
    with serving(grpc, Echo=ECHO) as address:
        options = [("grpc.service_config", text)]
        with grpc.insecure_channel(address, options=options) as channel:
            for _ in range(2):
                found = rpc_error(grpc, channel.unary_unary(path("Echo")), b"", timeout=WAIT)
                assert found.code() is grpc.StatusCode.INVALID_ARGUMENT
                assert found.details() == f"Failed to create channel to '{address}':{error}"


def test_what_is_no_json_ends_every_call(grpc: ModuleType) -> None:
    options = [("grpc.service_config", "{")]
    with connected(grpc, Echo=ECHO, channel_options=options) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Echo")), b"", timeout=WAIT)
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "JSON parsing failed" in error.details()
