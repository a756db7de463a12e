"""`russet.prometheus`: what the interceptors of synchronous servers and channels count."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry
from russet import grpc, prometheus
from russet.interceptors import ServerInterceptor
from russet.prometheus import _metrics
from support.rpc import (
    CONCATENATE,
    ECHO,
    ECHO_EACH,
    REPEAT,
    SERVICE,
    WAIT,
    connected,
    happened,
    path,
    rpc_error,
    serving_handlers,
)


def counted(registry: CollectorRegistry, side: str) -> Iterator[tuple[str, ...]]:
    """What was counted: (metric, method, type, code or none, value)."""
    for metric in registry.collect():
        for sample in metric.samples:
            labels = sample.labels
            if not sample.name.startswith(f"grpc_{side}_") or sample.name.endswith(
                ("_created", "_bucket", "_sum")
            ):
                continue
            assert labels["grpc_service"] == SERVICE
            name = sample.name.removeprefix(f"grpc_{side}_")
            code = labels.get("grpc_code", "")
            yield (
                name,
                labels["grpc_method"],
                labels["grpc_type"],
                code,
                str(int(sample.value)),
            )


class Ends(ServerInterceptor):
    """Tells of RPCs' ends. Behind the other interceptor, so that its callback, which is added later, runs later."""

    def __init__(self) -> None:
        self.ended = threading.Semaphore(0)

    def intercept(self, call, request, context):
        context.add_callback(self.ended.release)
        return call(request, context)

    def wait(self, calls: int = 1) -> None:
        for _ in range(calls):
            assert self.ended.acquire(timeout=WAIT)


def table(kind: str, method: str, incoming: int, outgoing: int, code: str = "OK") -> set:
    """What one call of a method must have counted."""
    return {
        ("started_total", method, kind, "", "1"),
        ("handled_total", method, kind, code, "1"),
        ("msg_received_total", method, kind, "", str(incoming)),
        ("msg_sent_total", method, kind, "", str(outgoing)),
        ("handling_seconds_count", method, kind, "", "1"),
    }


def test_calls_of_all_kinds_are_counted_on_both_sides() -> None:
    registry, ends = CollectorRegistry(), Ends()
    with connected(
        grpc,
        Echo=ECHO,
        Repeat=REPEAT,
        Concatenate=CONCATENATE,
        EchoEach=ECHO_EACH,
        interceptors=[prometheus.ServerInterceptor(registry), ends],
    ) as plain:
        channel = grpc.intercept_channel(plain, prometheus.ClientInterceptor(registry))
        assert channel.unary_unary(path("Echo"))(b"1", timeout=WAIT) == b"1"
        assert len(list(channel.unary_stream(path("Repeat"))(b"3", timeout=WAIT))) == 3
        channel.stream_unary(path("Concatenate"))(iter([b"1", b"2"]), timeout=WAIT)
        each = channel.stream_stream(path("EchoEach"))
        assert len(list(each(iter([b"1", b"2"]), timeout=WAIT))) == 2
        error = rpc_error(grpc, channel.unary_unary(path("Nobody")), b"", timeout=WAIT)
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        ends.wait(4)
    assert set(counted(registry, "server")) == (
        table("UNARY", "Echo", 1, 1)
        | table("SERVER_STREAMING", "Repeat", 1, 3)
        | table("CLIENT_STREAMING", "Concatenate", 2, 1)
        | table("BIDI_STREAMING", "EchoEach", 2, 2)
    )
    assert set(counted(registry, "client")) == (
        table("UNARY", "Echo", 1, 1)
        | table("SERVER_STREAMING", "Repeat", 3, 1)
        | table("CLIENT_STREAMING", "Concatenate", 1, 2)
        | table("BIDI_STREAMING", "EchoEach", 2, 2)
        | table("UNARY", "Nobody", 0, 1, "UNIMPLEMENTED")
    )


def ended_badly(request, context):
    if request == b"abort":
        context.abort(grpc.StatusCode.NOT_FOUND, "no figs")
    if request == b"raise":
        raise ValueError("a bug")
    context.set_code(grpc.StatusCode.ABORTED)
    return b""


def stream_ended_badly(request, context):
    yield ended_badly(request, context)


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("request_", "code"), [(b"abort", "NOT_FOUND"), (b"raise", "UNKNOWN"), (b"set", "ABORTED")]
)
def test_codes_of_failures(streaming: bool, request_: bytes, code: str) -> None:
    registry, ends = CollectorRegistry(), Ends()
    method = ("unary_stream", stream_ended_badly) if streaming else ("unary_unary", ended_badly)
    kind = "SERVER_STREAMING" if streaming else "UNARY"
    interceptors = [prometheus.ServerInterceptor(registry), ends]
    with connected(grpc, M=method, interceptors=interceptors) as plain:
        channel = grpc.intercept_channel(plain, prometheus.ClientInterceptor(registry))
        if streaming:
            rpc_error(grpc, list, channel.unary_stream(path("M"))(request_, timeout=WAIT))
        else:
            rpc_error(grpc, channel.unary_unary(path("M")), request_, timeout=WAIT)
        ends.wait()
    for side in ("server", "client"):
        assert ("handled_total", "M", kind, code, "1") in set(counted(registry, side))


def test_futures_are_counted_when_they_end() -> None:
    registry = CollectorRegistry()
    goes_on, called = threading.Event(), threading.Event()

    def handler(request, context):
        assert happened(goes_on)
        return b""

    with connected(grpc, M=("unary_unary", handler)) as plain:
        channel = grpc.intercept_channel(plain, prometheus.ClientInterceptor(registry))
        future = channel.unary_unary(path("M")).future(b"", timeout=WAIT)
        assert ("started_total", "M", "UNARY", "", "1") in set(counted(registry, "client"))
        # Before the call can end, so that it is called after the interceptor's.
        future.add_done_callback(lambda _: called.set())
        goes_on.set()
        assert happened(called)
    assert set(counted(registry, "client")) == table("UNARY", "M", 1, 1)


def test_a_call_that_is_cancelled_before_its_handler_ends() -> None:
    registry, ends = CollectorRegistry(), Ends()
    started, goes_on, called = threading.Event(), threading.Event(), threading.Event()

    def handler(request, context):
        started.set()
        assert happened(goes_on)
        return b""

    interceptors = [prometheus.ServerInterceptor(registry), ends]
    with connected(grpc, M=("unary_unary", handler), interceptors=interceptors) as plain:
        channel = grpc.intercept_channel(plain, prometheus.ClientInterceptor(registry))
        future = channel.unary_unary(path("M")).future(b"", timeout=WAIT)
        future.add_done_callback(lambda _: called.set())
        assert happened(started)
        future.cancel()
        ends.wait()
        assert happened(called)
        goes_on.set()
    for side in ("server", "client"):
        rows = {row for row in counted(registry, side) if row[0] == "handled_total"}
        assert rows == {("handled_total", "M", "UNARY", "CANCELLED", "1")}


def test_a_stream_that_nobody_reads_any_more_is_cancelled() -> None:
    registry, ends = CollectorRegistry(), Ends()

    def handler(request, context):
        ended = threading.Event()
        context.add_callback(ended.set)
        yield b""
        assert happened(ended)

    interceptors = [prometheus.ServerInterceptor(registry), ends]
    with connected(grpc, M=("unary_stream", handler), interceptors=interceptors) as plain:
        channel = grpc.intercept_channel(plain, prometheus.ClientInterceptor(registry))
        gc.disable()
        try:
            responses = channel.unary_stream(path("M"))(b"", timeout=WAIT * 10)
            next(responses)
            del responses
            ends.wait()
        finally:
            gc.enable()
    for side in ("server", "client"):
        rows = {row for row in counted(registry, side) if row[0] == "handled_total"}
        assert rows == {("handled_total", "M", "SERVER_STREAMING", "CANCELLED", "1")}


def test_a_server_s_call_whose_deadline_passed() -> None:
    class Context:
        """Of a call that ended before its handler began, which no real server can be made to do at will."""

        def add_callback(self, callback):
            return False

        def code(self):
            return None

        def time_remaining(self):
            return 0.0

    details = SimpleNamespace(method=path("M"), invocation_metadata=())
    handler = grpc.unary_unary_rpc_method_handler(lambda request, context: request)
    registry = CollectorRegistry()
    interceptor = prometheus.ServerInterceptor(registry)
    wrapped = interceptor.intercept_service(lambda _: handler, details)
    wrapped.unary_unary(b"", Context())
    assert ("handled_total", "M", "UNARY", "DEADLINE_EXCEEDED", "1") in set(
        counted(registry, "server")
    )


def test_interceptors_of_a_registry_share_its_metrics() -> None:
    registry = CollectorRegistry()
    prometheus.ServerInterceptor(registry, buckets=(0.1, 1.0))
    prometheus.ServerInterceptor(registry, buckets=[0.1, 1.0])
    prometheus.aio.ServerInterceptor(registry, buckets=[0.1, 1.0])
    with pytest.raises(ValueError, match=r"with the buckets \(0.1, 1.0\), not \(0.1, 2.0\)"):
        prometheus.ServerInterceptor(registry, buckets=(0.1, 2.0))


def test_without_the_package_the_import_says_what_to_do() -> None:
    code = "import sys; sys.modules['prometheus_client'] = None; import russet.prometheus"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "ImportError: russet.prometheus needs the package prometheus-client" in ended.stderr


class TakesAll(grpc.GenericRpcHandler):
    """Serves methods of any name, as proxies do."""

    def service(self, handler_call_details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: request)


def test_names_that_clients_make_up_become_other(monkeypatch) -> None:
    monkeypatch.setattr(_metrics, "MAX_METHODS", 3)
    registry, ends = CollectorRegistry(), Ends()
    interceptors = [prometheus.ServerInterceptor(registry), ends]
    names = ["a", "b", "c" * 5000, "d", *(f"e{number}" for number in range(20)), "a"]
    with serving_handlers(grpc, TakesAll(), interceptors=interceptors) as channel:
        for name in names:
            channel.unary_unary(f"/s/{name}")(b"", timeout=WAIT)
        ends.wait(len(names))
    started = {
        sample.labels["grpc_method"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "grpc_server_started_total"
    }
    assert started == {"a": 2, "b": 1, "d": 1, "other": 21}
