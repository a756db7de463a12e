"""Executors that a server is given: when they are asked, and what they give back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent import futures
from types import ModuleType
from typing import Any

from support.rpc import ECHO, WAIT, handlers, path


class Recording(futures.Executor):
    """Says what it was given, and gives nothing back."""

    def __init__(self) -> None:
        self.jobs: list[Callable[..., Any]] = []
        self._pool = futures.ThreadPoolExecutor(4)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        self.jobs.append(fn)
        self._pool.submit(fn, *args, **kwargs)


def test_one_that_returns_nothing_and_is_not_asked_before_the_first_call(grpc: ModuleType) -> None:
    executor = Recording()
    server = grpc.server(executor, handlers=(handlers(grpc, {"Echo": ECHO}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        grpc.channel_ready_future(channel).result(WAIT)
        assert executor.jobs == []
        for _ in range(3):
            assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
    assert executor.jobs
    assert server.stop(None).wait(WAIT)


def test_calls_are_served_while_others_wait(grpc: ModuleType) -> None:
    """The first worker comes with the first call, the others as they are needed."""
    together = threading.Barrier(4, timeout=WAIT)

    def meet(request: bytes, context: Any) -> bytes:
        together.wait()
        return request

    server = grpc.server(Recording(), handlers=(handlers(grpc, {"Meet": ("unary_unary", meet)}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        method = channel.unary_unary(path("Meet"))
        calls = [method.future(b"%d" % number, timeout=WAIT) for number in range(4)]
        assert [call.result() for call in calls] == [b"0", b"1", b"2", b"3"]
    assert server.stop(None).wait(WAIT)
