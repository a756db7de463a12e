"""Several addresses of one target: which one gets the next call, and what happens where one is gone."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from support.rpc import ECHO, WAIT, path, refused_address, rpc_error, serving

ROUND_ROBIN = ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]}))


def named(name: str) -> tuple[str, Any]:
    return "unary_unary", lambda request, context: name.encode()


@contextlib.contextmanager
def backends(grpc: Any, count: int) -> Iterator[list[str]]:
    """Servers whose method `Who` answers with their number."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(serving(grpc, Who=named(str(number)))) for number in range(count)
        ]


def who_until(channel: Any, wanted: set[bytes]) -> list[bytes]:
    """Answers, until each of these was among them: connections come one by one."""
    who = channel.unary_unary(path("Who"))
    answers: list[bytes] = []
    while not wanted <= set(answers):
        answers.append(who(b"", timeout=WAIT))
    return answers


def target(*addresses: str) -> str:
    return "ipv4:" + ",".join(addresses)


def test_pick_first_stays_with_the_first_address(grpc: ModuleType) -> None:
    with backends(grpc, 2) as addresses, grpc.insecure_channel(target(*addresses)) as channel:
        who = channel.unary_unary(path("Who"))
        assert {who(b"", timeout=WAIT) for _ in range(10)} == {b"0"}


def test_pick_first_passes_over_an_address_that_refuses(grpc: ModuleType) -> None:
    with (
        backends(grpc, 1) as addresses,
        grpc.insecure_channel(target(refused_address(), *addresses)) as channel,
    ):
        assert channel.unary_unary(path("Who"))(b"", timeout=WAIT) == b"0"


def test_an_address_that_does_not_answer_holds_nobody_up(grpc: ModuleType) -> None:
    with socket.socket() as silent, backends(grpc, 1) as addresses:
        # It is listened on, and nobody speaks.
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with grpc.insecure_channel(target(address, *addresses)) as channel:
            assert channel.unary_unary(path("Who"))(b"", timeout=WAIT) == b"0"


def test_shuffled_addresses_are_all_there(grpc: ModuleType) -> None:
    config = {"loadBalancingConfig": [{"pick_first": {"shuffleAddressList": True}}]}
    options = [("grpc.service_config", json.dumps(config)), ("grpc.use_local_subchannel_pool", 1)]
    with backends(grpc, 2) as addresses:
        seen = set()
        # One in 2^60 is without the second.
        for _ in range(60):
            with grpc.insecure_channel(target(*addresses), options=options) as channel:
                seen.add(channel.unary_unary(path("Who"))(b"", timeout=WAIT))
            if len(seen) == 2:
                break
        assert seen == {b"0", b"1"}


@pytest.mark.parametrize("option", [ROUND_ROBIN, ("grpc.lb_policy_name", "round_robin")])
def test_round_robin_takes_turns(grpc: ModuleType, option: tuple[str, str]) -> None:
    with (
        backends(grpc, 3) as addresses,
        grpc.insecure_channel(target(*addresses), options=[option]) as channel,
    ):
        who_until(channel, {b"0", b"1", b"2"})
        who = channel.unary_unary(path("Who"))
        answers = [who(b"", timeout=WAIT) for _ in range(9)]
        assert {name: answers.count(name) for name in answers} == {b"0": 3, b"1": 3, b"2": 3}
        assert answers[:3] == answers[3:6] == answers[6:]


@pytest.mark.parametrize("policy", ["round_robin", "least_request_experimental"])
def test_a_server_that_is_full_holds_nobody_up(russet: ModuleType, policy: str) -> None:
    """Chance may pick it again and again, although another one has room."""
    full, end = threading.Event(), threading.Event()

    def hold(request: bytes, context: Any) -> bytes:
        full.set()
        assert end.wait(WAIT)
        return b"full"

    config = json.dumps({"loadBalancingConfig": [{policy: {}}]})
    with (
        serving(
            russet, options=[("grpc.max_concurrent_streams", 1)], Who=("unary_unary", hold)
        ) as busy,
        backends(russet, 1) as addresses,
        russet.insecure_channel(
            target(busy, *addresses), options=[("grpc.service_config", config)]
        ) as channel,
    ):
        who = channel.unary_unary(path("Who"))
        waiting = []
        while not full.is_set():
            waiting.append(who.future(b"", timeout=WAIT))
            full.wait(0.01)
        for _ in range(200):
            assert who(b"", timeout=WAIT) == b"0"
        end.set()
        assert {call.result() for call in waiting} >= {b"full"}


def test_round_robin_goes_on_without_a_server_that_is_gone(grpc: ModuleType) -> None:
    with backends(grpc, 1) as addresses, contextlib.ExitStack() as stack:
        gone = stack.enter_context(serving(grpc, Who=named("gone")))
        channel = grpc.insecure_channel(target(*addresses, gone), options=[ROUND_ROBIN])
        who_until(channel, {b"0", b"gone"})
        stack.close()
        who = channel.unary_unary(path("Who"))
        # The end of a connection is noticed a moment later; from then on, only one is left.
        answers: list[bytes] = []
        while answers[-5:] != [b"0"] * 5:
            with contextlib.suppress(grpc.RpcError):
                answers.append(who(b"", timeout=WAIT))
        channel.close()


def test_round_robin_with_nobody_there_says_so(grpc: ModuleType) -> None:
    addresses = target(refused_address(), refused_address())
    with grpc.insecure_channel(addresses, options=[ROUND_ROBIN]) as channel:
        error = rpc_error(grpc, channel.unary_unary(path("Who")), b"", timeout=WAIT)
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        state = grpc.ChannelConnectivity
        found: list[Any] = []
        failed = threading.Event()

        def on_state(now: Any) -> None:
            found.append(now)
            if now is state.TRANSIENT_FAILURE:
                failed.set()

        channel.subscribe(on_state, try_to_connect=True)
        assert failed.wait(WAIT), found


def test_an_unknown_policy_name_is_ignored(grpc: ModuleType) -> None:
    options = [("grpc.lb_policy_name", "nope")]
    with backends(grpc, 1) as addresses, grpc.insecure_channel(addresses[0], options) as channel:
        assert channel.unary_unary(path("Who"))(b"", timeout=WAIT) == b"0"


def test_least_request_prefers_the_server_with_fewer_calls(russet: ModuleType) -> None:
    """grpcio does not know the policy."""
    config = {"loadBalancingConfig": [{"least_request_experimental": {"choiceCount": 10}}]}
    options = [("grpc.service_config", json.dumps(config))]
    opened = threading.Event()
    kept: list[str] = []
    entered = threading.Semaphore(0)

    def keeping(name: str) -> tuple[str, Any]:
        def keep(request: bytes, context: Any) -> bytes:
            kept.append(name)
            entered.release()
            opened.wait(WAIT)
            return b""

        return "unary_unary", keep

    with (
        serving(russet, workers=24, Who=named("0"), Keep=keeping("0")) as first,
        serving(russet, workers=24, Who=named("1"), Keep=keeping("1")) as second,
        russet.insecure_channel(target(first, second), options=options) as channel,
    ):
        who_until(channel, {b"0", b"1"})
        keep = channel.unary_unary(path("Keep"))
        calls = [keep.future(b"", timeout=WAIT) for _ in range(20)]
        for _ in calls:
            assert entered.acquire(timeout=WAIT)
        # The ten that are compared are all of the busier server once in 1,024 times.
        assert abs(kept.count("0") - kept.count("1")) <= 6
        opened.set()
        for call in calls:
            call.result()


def test_unix_abstract(pair: tuple[ModuleType, ModuleType]) -> None:
    server, client = pair
    from concurrent import futures

    from support.rpc import handlers

    name = f"unix-abstract:russet-test-{id(pair)}-{threading.get_native_id()}"
    with futures.ThreadPoolExecutor(2) as pool:
        served = server.server(pool, handlers=(handlers(server, {"Echo": ECHO}),))
        served.add_insecure_port(name)
        served.start()
        with client.insecure_channel(name) as channel:
            assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        assert served.stop(None).wait(WAIT)
