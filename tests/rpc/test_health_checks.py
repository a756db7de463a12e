"""Connections that are used only while the server says that the service is healthy (gRFC A17)."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from concurrent import futures
from types import ModuleType
from typing import Any

import pytest
from support.rpc import ECHO, WAIT, handlers, path, rpc_error, serving

WATCHED = "shop.Orders"
# `HealthCheckResponse` with its one field.
SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"


def checked(policy: str, **options: Any) -> list[tuple[str, Any]]:
    config = {
        "loadBalancingConfig": [{policy: {}}],
        "healthCheckConfig": {"serviceName": WATCHED},
    }
    return [("grpc.service_config", json.dumps(config)), *options.items()]


class Health:
    """A health service that says what the test wants, and counts the streams."""

    def __init__(self, *first: bytes) -> None:
        self._state = threading.Condition()
        self._said = list(first)
        self._ends: list[tuple[Any, str]] = []
        self.requests: list[bytes] = []
        self.opened = threading.Semaphore(0)
        self._closed = False

    def say(self, answer: bytes) -> None:
        with self._state:
            self._said.append(answer)
            self._state.notify_all()

    def end(self, code: Any) -> None:
        """End the present stream, or the next one."""
        with self._state:
            self._ends.append(code)
            self._state.notify_all()

    def close(self) -> None:
        with self._state:
            self._closed = True
            self._state.notify_all()

    def watch(self, request: bytes, context: Any) -> Iterator[bytes]:
        self.requests.append(request)
        self.opened.release()

        def wake() -> None:
            with self._state:
                self._state.notify_all()

        context.add_callback(wake)
        # A new stream begins with what holds.
        told = max(0, len(self._said) - 1)
        while True:
            with self._state:
                while context.is_active() and not (
                    self._closed or self._ends or len(self._said) > told
                ):
                    self._state.wait()
                answers, told = self._said[told:], len(self._said)
                code = self._ends.pop() if self._ends and not answers else None
                if not answers and code is None:
                    return
            if code is not None:
                context.abort(code, "the test ends it")
            yield from answers

    def handler(self, grpc: Any) -> Any:
        watch = grpc.unary_stream_rpc_method_handler(self.watch)
        return grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Watch": watch})


@contextlib.contextmanager
def backend(grpc: Any, health: Health, name: bytes = b"ok") -> Iterator[str]:
    pool = futures.ThreadPoolExecutor(4)
    methods = {"Who": ("unary_unary", lambda request, context: name)}
    server = grpc.server(pool, handlers=(handlers(grpc, methods), health.handler(grpc)))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        health.close()
        assert server.stop(None).wait(WAIT), "the server did not stop"
        pool.shutdown(wait=False)


def states(grpc: Any, channel: Any) -> Any:
    """The states that the channel tells, one by one."""
    from queue import Queue

    told: Queue[Any] = Queue()
    channel.subscribe(told.put, try_to_connect=True)
    return lambda wanted: next(s for s in iter(lambda: told.get(timeout=WAIT), None) if s == wanted)


@pytest.mark.parametrize("policy", ["round_robin"])
def test_a_server_is_used_once_it_serves(grpc: ModuleType, policy: str) -> None:
    health = Health(NOT_SERVING)
    with (
        backend(grpc, health) as address,
        grpc.insecure_channel(address, options=checked(policy)) as channel,
    ):
        until = states(grpc, channel)
        until(grpc.ChannelConnectivity.TRANSIENT_FAILURE)
        who = channel.unary_unary(path("Who"))
        error = rpc_error(grpc, who, b"", timeout=WAIT)
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        waiting = who.future(b"", timeout=WAIT, wait_for_ready=True)
        health.say(SERVING)
        assert waiting.result(WAIT) == b"ok"
        assert health.requests == [b"\x0a" + bytes([len(WATCHED)]) + WATCHED.encode()]
        until(grpc.ChannelConnectivity.READY)
        health.say(NOT_SERVING)
        until(grpc.ChannelConnectivity.TRANSIENT_FAILURE)
        assert rpc_error(grpc, who, b"", timeout=WAIT).code() is grpc.StatusCode.UNAVAILABLE


def test_calls_go_to_the_servers_that_serve(grpc: ModuleType) -> None:
    sick, well = Health(NOT_SERVING), Health(SERVING)
    with backend(grpc, sick, b"sick") as first, backend(grpc, well, b"well") as second:
        target = f"ipv4:{first},{second}"
        with grpc.insecure_channel(target, options=checked("round_robin")) as channel:
            who = channel.unary_unary(path("Who"))
            assert {who(b"", timeout=WAIT, wait_for_ready=True) for _ in range(10)} == {b"well"}
            sick.say(SERVING)
            while who(b"", timeout=WAIT) != b"sick":
                pass


def test_a_server_without_the_health_service_counts_as_healthy(grpc: ModuleType) -> None:
    with (
        serving(grpc, Echo=ECHO) as address,
        grpc.insecure_channel(address, options=checked("round_robin")) as channel,
    ):
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_a_broken_stream_is_opened_again_after_a_wait(grpc: ModuleType) -> None:
    health = Health(SERVING)
    options = [*checked("round_robin"), ("grpc.initial_reconnect_backoff_ms", 20)]
    with (
        backend(grpc, health) as address,
        grpc.insecure_channel(address, options=options) as channel,
    ):
        who = channel.unary_unary(path("Who"))
        assert who(b"", timeout=WAIT) == b"ok"
        assert health.opened.acquire(timeout=WAIT)
        health.end(grpc.StatusCode.INTERNAL)
        assert health.opened.acquire(timeout=WAIT), "the stream was not opened again"
        assert who(b"", timeout=WAIT, wait_for_ready=True) == b"ok"


def test_a_stream_is_watched_after_a_long_call(grpc: ModuleType) -> None:
    """The thread that drives what nobody waits for has nothing to do during a long call, and must be there after it."""
    health = Health(SERVING)
    options = [*checked("round_robin"), ("grpc.initial_reconnect_backoff_ms", 20)]
    pool = futures.ThreadPoolExecutor(4)
    never = threading.Event()

    def slow(request: bytes, context: Any) -> bytes:
        # Longer than that thread looks for work.
        never.wait(0.3)
        return request

    server = grpc.server(pool, handlers=(handlers(grpc, {"Slow": ("unary_unary", slow)}), health.handler(grpc)))  # fmt: skip
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        assert channel.unary_unary(path("Slow"))(b"x", timeout=WAIT) == b"x"
        assert health.opened.acquire(timeout=WAIT)
        health.end(grpc.StatusCode.INTERNAL)
        assert health.opened.acquire(timeout=WAIT), "the stream was not opened again"
    health.close()
    assert server.stop(None).wait(WAIT), "the server did not stop"
    pool.shutdown(wait=False)


@pytest.mark.parametrize(
    "options",
    [
        checked("pick_first"),
        checked("round_robin", **{"grpc.inhibit_health_checking": 1}),
    ],
    ids=["pick_first", "inhibited"],
)
def test_health_is_not_asked_for(grpc: ModuleType, options: list[tuple[str, Any]]) -> None:
    health = Health(NOT_SERVING)
    with (
        backend(grpc, health) as address,
        grpc.insecure_channel(address, options=options) as channel,
    ):
        assert channel.unary_unary(path("Who"))(b"", timeout=WAIT) == b"ok"
        assert health.requests == []


def test_an_answer_that_is_no_message_is_a_failure(grpc: ModuleType) -> None:
    health = Health(b"\xff")
    with (
        backend(grpc, health) as address,
        grpc.insecure_channel(address, options=checked("round_robin")) as channel,
    ):
        states(grpc, channel)(grpc.ChannelConnectivity.TRANSIENT_FAILURE)


def test_a_server_that_stops_is_not_held_by_the_stream(russet: ModuleType) -> None:
    health = Health(SERVING)
    pool = futures.ThreadPoolExecutor(4)
    server = russet.server(pool, handlers=(health.handler(russet),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    options = checked("round_robin")
    with russet.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        states(russet, channel)(russet.ChannelConnectivity.READY)
        # The client lets go of the stream when the server asks it to leave, long before the grace is over.
        assert server.stop(10 * WAIT).wait(WAIT)
    pool.shutdown(wait=False)
