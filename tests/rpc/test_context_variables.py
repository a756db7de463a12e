"""`contextvars` of a synchronous server: a call's interceptors and its handler share a context, which begins empty."""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from concurrent import futures
from types import ModuleType
from typing import Any

import pytest
from support.rpc import WAIT, connected, path

VARIABLE: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)
KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]


def three_calls(grpc: ModuleType, kind: str, behavior: Any, *interceptors: Any) -> None:
    with connected(grpc, workers=1, interceptors=interceptors, Method=(kind, behavior)) as channel:
        for _ in range(3):
            request = iter([b""]) if kind.startswith("stream") else b""
            response = getattr(channel, kind)(path("Method"))(request, timeout=WAIT)
            if kind.endswith("stream"):
                list(response)


def intercepting(grpc: ModuleType, step: Any) -> Any:
    class Interceptor(grpc.ServerInterceptor):
        def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
            step()
            return continuation(handler_call_details)

    return Interceptor()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("handler_sets", [False, True])
@pytest.mark.parametrize("interceptor_sets", [None, False, True])
def test_nothing_is_left_for_the_next_call(
    grpc: ModuleType, kind: str, handler_sets: bool, interceptor_sets: bool | None
) -> None:
    seen = []

    def look(who: str, sets: bool) -> None:
        seen.append((who, VARIABLE.get()))
        if sets:
            VARIABLE.set(VARIABLE.get() + 1)

    def single(request: Any, context: Any) -> bytes:
        look("handler", handler_sets)
        return b""

    def several(request: Any, context: Any) -> Iterator[bytes]:
        yield single(request, context)
        look("later", False)

    interceptors = []
    one_call = [("handler", 0)]
    if interceptor_sets is not None:
        interceptors = [intercepting(grpc, lambda: look("interceptor", interceptor_sets))]
        one_call = [("interceptor", 0), ("handler", int(interceptor_sets))]
    if kind.endswith("stream"):
        one_call.append(("later", one_call[-1][1] + handler_sets))
    three_calls(grpc, kind, several if kind.endswith("stream") else single, *interceptors)
    assert seen == one_call * 3


def test_what_the_executor_s_threads_have_is_not_seen(grpc: ModuleType) -> None:
    seen = []
    pool = futures.ThreadPoolExecutor(1, initializer=lambda: VARIABLE.set(7))
    handler = grpc.unary_unary_rpc_method_handler(
        lambda request, context: seen.append(VARIABLE.get()) or b""
    )
    server = grpc.server(
        pool, handlers=(grpc.method_handlers_generic_handler("s", {"m": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        channel.unary_unary("/s/m")(b"", timeout=WAIT)
    server.stop(None).wait(WAIT)
    assert seen == [0]


def test_a_handler_with_a_pool_of_its_own_sees_what_interceptors_set(grpc: ModuleType) -> None:
    seen = []

    def handler(request: bytes, context: Any) -> bytes:
        seen.append(VARIABLE.get())
        return b""

    handler.experimental_thread_pool = futures.ThreadPoolExecutor(1)  # type: ignore[attr-defined]
    three_calls(
        grpc, "unary_unary", handler, intercepting(grpc, lambda: VARIABLE.set(VARIABLE.get() + 1))
    )
    assert seen == [1, 1, 1]
