"""Policies that go by what servers report and how calls end: `weighted_round_robin`, `outlier_detection`, `ring_hash`."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from types import ModuleType
from typing import Any

import pytest
from support.rpc import WAIT, handlers, path, refused_address, rpc_error

Behaviour = Callable[[bytes, Any], Any]


def balancing(policy: str, **config: Any) -> list[tuple[str, Any]]:
    return [("grpc.service_config", json.dumps({"loadBalancingConfig": [{policy: config}]}))]


def report(cpu: float, calls: float) -> bytes:
    """An `OrcaLoadReport` with `cpu_utilization` and `rps_fractional`."""
    return b"\x09" + struct.pack("<d", cpu) + b"\x31" + struct.pack("<d", calls)


def out_of_band(grpc: Any, load: bytes) -> Any:
    """A service that streams one report until its client leaves."""

    def stream(request: bytes, context: Any) -> Iterator[bytes]:
        ended = futures.Future[None]()
        context.add_callback(lambda: ended.set_result(None))
        yield load
        ended.result(WAIT)

    method = grpc.unary_stream_rpc_method_handler(stream)
    return grpc.method_handlers_generic_handler(
        "xds.service.orca.v3.OpenRcaService", {"StreamCoreMetrics": method}
    )


@contextlib.contextmanager
def backends(grpc: Any, *behaviours: Behaviour, loads: tuple[bytes, ...] = ()) -> Iterator[str]:
    """Servers whose method `Who` behaves so; their target."""
    with contextlib.ExitStack() as stack:
        addresses = []
        for number, behaviour in enumerate(behaviours):
            generic = [handlers(grpc, {"Who": ("unary_unary", behaviour)})]
            if loads:
                generic.append(out_of_band(grpc, loads[number]))
            pool = futures.ThreadPoolExecutor(4)
            server = grpc.server(pool, handlers=generic)
            addresses.append(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
            server.start()
            stack.callback(lambda server=server: server.stop(None).wait(WAIT))
        yield "ipv4:" + ",".join(addresses)


def named(name: bytes, load: bytes | None = None) -> Behaviour:
    def who(request: bytes, context: Any) -> bytes:
        if load is not None:
            context.set_trailing_metadata((("endpoint-load-metrics-bin", load),))
        return name

    return who


def until(true: Callable[[], bool]) -> None:
    """Try again until it holds: what it waits for is made by time and calls."""
    end = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < end


WEIGHTS = {"blackoutPeriod": "0s", "weightUpdatePeriod": "0.1s"}


@pytest.mark.parametrize("streamed", [False, True], ids=["with calls", "out of band"])
def test_calls_follow_the_load(grpc: ModuleType, streamed: bool) -> None:
    # The first does three times as much with the same load.
    loads = report(0.5, 300), report(0.5, 100)
    behaviours = [
        named(name, None if streamed else load) for name, load in zip((b"strong", b"weak"), loads)
    ]
    options = balancing(
        "weighted_round_robin",
        enableOobLoadReport=streamed,
        oobReportingPeriod="0.1s",
        **WEIGHTS,
    )
    with (
        backends(grpc, *behaviours, loads=loads if streamed else ()) as target,
        grpc.insecure_channel(target, options=options) as channel,
    ):
        who = channel.unary_unary(path("Who"))

        def share() -> int:
            return [who(b"", timeout=WAIT) for _ in range(100)].count(b"strong")

        # Weights that are looked at within the hundred calls make the share a little uneven.
        until(lambda: 65 <= share() <= 85)


def test_without_reports_servers_take_turns(grpc: ModuleType) -> None:
    options = balancing("weighted_round_robin", **WEIGHTS)
    with (
        backends(grpc, named(b"0"), named(b"1")) as target,
        grpc.insecure_channel(target, options=options) as channel,
    ):
        who = channel.unary_unary(path("Who"))
        until(lambda: [who(b"", timeout=WAIT) for _ in range(20)].count(b"0") in (9, 10, 11))


def test_a_report_that_is_none_is_passed_over(grpc: ModuleType) -> None:
    options = balancing("weighted_round_robin", **WEIGHTS)
    behaviours = named(b"0", b"\xff\xff"), named(b"1", report(float("nan"), -1))
    with (
        backends(grpc, *behaviours) as target,
        grpc.insecure_channel(target, options=options) as channel,
    ):
        who = channel.unary_unary(path("Who"))
        until(lambda: [who(b"", timeout=WAIT) for _ in range(20)].count(b"0") in (9, 10, 11))


def test_a_server_whose_calls_fail_is_left_out(grpc: ModuleType) -> None:
    def fail(request: bytes, context: Any) -> None:
        context.abort(grpc.StatusCode.INTERNAL, "always")

    judge = {"minimumHosts": 2, "requestVolume": 2, "threshold": 50}
    options = balancing(
        "outlier_detection_experimental",
        interval="0.2s",
        baseEjectionTime="600s",
        maxEjectionPercent=50,
        failurePercentageEjection=judge,
        childPolicy=[{"round_robin": {}}],
    )
    with (
        backends(grpc, fail, named(b"1"), named(b"2")) as target,
        grpc.insecure_channel(target, options=options) as channel,
    ):
        who = channel.unary_unary(path("Who"))

        def is_well() -> bool:
            try:
                return {who(b"", timeout=WAIT) for _ in range(30)} == {b"1", b"2"}
            except grpc.RpcError:
                return False

        until(is_well)


def test_outlier_detection_leaves_pick_first_alone(russet: ModuleType) -> None:
    def fail(request: bytes, context: Any) -> None:
        context.abort(russet.StatusCode.INTERNAL, "always")

    judge = {"minimumHosts": 1, "requestVolume": 1, "threshold": 0}
    options = balancing(
        "outlier_detection_experimental",
        interval="0.01s",
        failurePercentageEjection=judge,
        childPolicy=[{"pick_first": {}}],
    )
    with (
        backends(russet, fail) as target,
        russet.insecure_channel(target, options=options) as channel,
    ):
        who = channel.unary_unary(path("Who"))
        end = time.monotonic() + 0.1
        while time.monotonic() < end:
            assert rpc_error(russet, who, b"", timeout=WAIT).code() is russet.StatusCode.INTERNAL


RING = balancing("ring_hash_experimental", requestHashHeader="x-key")
KEYS = [f"key-{number}" for number in range(40)]


def placed(channel: Any, keys: list[str]) -> list[bytes]:
    who = channel.unary_unary(path("Who"))
    return [who(b"", timeout=WAIT, metadata=[("x-key", key)]) for key in keys]


def test_calls_with_one_key_go_to_one_server(russet: ModuleType) -> None:
    servers = [named(b"%d" % number) for number in range(4)]
    with backends(russet, *servers) as target:
        with russet.insecure_channel(target, options=RING) as channel:
            first = placed(channel, KEYS)
            assert placed(channel, KEYS) == first
        assert set(first) == {b"0", b"1", b"2", b"3"}
        backwards = "ipv4:" + ",".join(reversed(target.removeprefix("ipv4:").split(",")))
        # Another channel, to which the servers are named in another order, places them alike.
        with russet.insecure_channel(backwards, options=RING) as channel:
            assert placed(channel, KEYS) == first


def test_calls_are_placed_as_grpcio_places_them(russet: ModuleType) -> None:
    servers = [named(b"%d" % number) for number in range(3)]
    with backends(russet, *servers) as target:
        with russet.insecure_channel(target, options=RING) as channel:
            ours = placed(channel, KEYS)
        program = """
import json, sys, grpc
target, options, method, keys = json.loads(sys.argv[1])
with grpc.insecure_channel(target, options=[tuple(option) for option in options]) as channel:
    who = channel.unary_unary(method)
    print([who(b"", timeout=20, metadata=[("x-key", key)]) for key in keys])
"""
        given = json.dumps([target, RING, path("Who"), KEYS])
        environment = {
            **os.environ,
            "GRPC_EXPERIMENTAL_RING_HASH_SET_REQUEST_HASH_KEY": "true",
        }
        theirs = subprocess.run(
            [sys.executable, "-c", program, given],
            env=environment,
            capture_output=True,
            text=True,
            timeout=3 * WAIT,
            check=True,
        )
        assert theirs.stdout.strip() == repr(ours)


def test_the_cap_of_the_ring_leaves_servers_out(russet: ModuleType) -> None:
    servers = [named(b"%d" % number) for number in range(4)]
    options = [*RING, ("grpc.lb.ring_hash.ring_size_cap", 1)]
    with (
        backends(russet, *servers) as target,
        russet.insecure_channel(target, options=options) as channel,
    ):
        assert len(set(placed(channel, KEYS))) == 1


def test_a_server_that_is_gone_is_passed_over(russet: ModuleType) -> None:
    with backends(russet, named(b"0")) as target:
        target += f",{refused_address()},{refused_address()}"
        with russet.insecure_channel(target, options=RING) as channel:
            who = channel.unary_unary(path("Who"))
            for key in KEYS:
                metadata = [("x-key", key)]
                assert who(b"", timeout=WAIT, metadata=metadata, wait_for_ready=True) == b"0"
            # Without a key a call goes where a connection stands.
            assert who(b"", timeout=WAIT) == b"0"


def test_all_servers_gone_is_an_error(russet: ModuleType) -> None:
    target = f"ipv4:{refused_address()},{refused_address()}"
    with russet.insecure_channel(target, options=RING) as channel:
        who = channel.unary_unary(path("Who"))
        error = rpc_error(russet, who, b"", timeout=WAIT, metadata=[("x-key", "k")])
        assert error.code() is russet.StatusCode.UNAVAILABLE


def test_a_ring_without_a_key_is_an_error(grpc: ModuleType) -> None:
    options = balancing("ring_hash_experimental")
    with (
        backends(grpc, named(b"0")) as target,
        grpc.insecure_channel(target, options=options) as channel,
    ):
        error = rpc_error(grpc, channel.unary_unary(path("Who")), b"", timeout=WAIT)
        assert error.code() is grpc.StatusCode.INTERNAL
        assert "hash attribute not present" in error.details()


CHILD: dict[str, Any] = {"childPolicy": [{"round_robin": {}}]}
BAD: dict[str, list[tuple[dict[str, Any], str]]] = {
    "weighted_round_robin": [
        ({"blackoutPeriod": "x"}, "field:blackoutPeriod error:Not a duration (no s suffix)"),
        (
            {"errorUtilizationPenalty": -1},
            "field:errorUtilizationPenalty error:must be non-negative",
        ),
        ({"enableOobLoadReport": "yes"}, "field:enableOobLoadReport error:is not a boolean"),
    ],
    "ring_hash_experimental": [
        ({"minRingSize": 0}, "field:minRingSize error:must be in the range [1, 8388608]"),
        (
            {"minRingSize": 10, "maxRingSize": 5},
            "field: error:maxRingSize cannot be smaller than minRingSize",
        ),
    ],
    "outlier_detection_experimental": [
        ({}, "field:childPolicy error:field not present"),
        (
            {"childPolicy": [{"nope": {}}]},
            "field:childPolicy error:No known policies in list: nope",
        ),
        (
            {"maxEjectionPercent": 101, **CHILD},
            "field:max_ejection_percent error:value must be <= 100",
        ),
        (
            {"failurePercentageEjection": {"threshold": 101}, **CHILD},
            "field:failurePercentageEjection.threshold error:value must be <= 100",
        ),
        (
            {"successRateEjection": {"enforcementPercentage": 101}, **CHILD},
            "field:successRateEjection.enforcement_percentage error:value must be <= 100",
        ),
    ],
}


@pytest.mark.parametrize(
    ("policy", "config", "text"),
    [(policy, config, text) for policy, configs in BAD.items() for config, text in configs],
    ids=str,
)
def test_a_wrong_config_is_named(
    grpc: ModuleType, policy: str, config: dict[str, Any], text: str
) -> None:
    with grpc.insecure_channel("localhost:1", options=balancing(policy, **config)) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Who")), b"", timeout=WAIT)
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        told = (
            "errors validating service config: [field:loadBalancingConfig error:errors validating "
        )
        assert told + f"{policy.removesuffix('_experimental')} LB policy config: [{text}]]" in (
            error.details()
        )
