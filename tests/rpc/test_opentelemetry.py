"""`russet.opentelemetry` on synchronous channels and servers. Counts of the metrics are those that grpcio-observability 1.85 gives for the same calls."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent import futures
from types import SimpleNamespace

import pytest
from opentelemetry import trace
from opentelemetry.propagate import get_global_textmap
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from russet import grpc
from russet.opentelemetry import GrpcTraceBinPropagator, OpenTelemetryPlugin
from russet.opentelemetry._traces import Traces
from support.policy import Flaky, hedging, retrying
from support.rpc import (
    CONCATENATE,
    ECHO,
    ECHO_EACH,
    REPEAT,
    SERVICE,
    WAIT,
    connected,
    handlers,
    path,
    refused_address,
    rpc_error,
)
from support.telemetry import Telemetry, events, is_child


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


def fail(request, context):
    context.abort(grpc.StatusCode.NOT_FOUND, "no figs")


def test_metrics_of_registered_methods(telemetry: Telemetry) -> None:
    method = {
        "Echo": grpc.unary_unary_rpc_method_handler(lambda request, context: request),
        "Count": grpc.unary_stream_rpc_method_handler(lambda request, context: iter([b"abc"] * 3)),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
    }
    with OpenTelemetryPlugin(meter_provider=telemetry.meters):
        server = grpc.server(futures.ThreadPoolExecutor(4))
        server.add_registered_method_handlers("s", method)
        target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        with grpc.insecure_channel(target) as channel:
            echo = channel.unary_unary("/s/Echo", _registered_method=True)
            echo(b"x" * 1000, timeout=WAIT)
            echo(b"x" * 5000, timeout=WAIT, compression=grpc.Compression.Gzip)
            count = channel.unary_stream("/s/Count", _registered_method=True)
            assert len(list(count(b"x", timeout=WAIT))) == 3
            failing = channel.unary_unary("/s/Fail", _registered_method=True)
            rpc_error(grpc, failing, b"", timeout=WAIT)
        assert server.stop(None).wait(WAIT)
    sent = "attempt.sent_total_compressed_message_size"
    received = "attempt.rcvd_total_compressed_message_size"
    assert telemetry.counts() == {
        ("client.attempt.started", "s/Echo"): 2,
        ("client.attempt.started", "s/Count"): 1,
        ("client.attempt.started", "s/Fail"): 1,
        ("client.attempt.duration", "s/Echo", "OK"): 2,
        ("client.attempt.duration", "s/Count", "OK"): 1,
        ("client.attempt.duration", "s/Fail", "NOT_FOUND"): 1,
        (f"client.{sent}", "s/Echo", "OK"): (2, 1040),
        (f"client.{sent}", "s/Count", "OK"): (1, 1),
        (f"client.{sent}", "s/Fail", "NOT_FOUND"): (1, 0),
        (f"client.{received}", "s/Echo", "OK"): (2, 6000),
        (f"client.{received}", "s/Count", "OK"): (1, 9),
        (f"client.{received}", "s/Fail", "NOT_FOUND"): (1, 0),
        ("client.call.duration", "s/Echo", "OK"): 2,
        ("client.call.duration", "s/Count", "OK"): 1,
        ("client.call.duration", "s/Fail", "NOT_FOUND"): 1,
        ("server.call.started", "s/Echo"): 2,
        ("server.call.started", "s/Count"): 1,
        ("server.call.started", "s/Fail"): 1,
        ("server.call.duration", "s/Echo", "OK"): 2,
        ("server.call.duration", "s/Count", "OK"): 1,
        ("server.call.duration", "s/Fail", "NOT_FOUND"): 1,
        ("server.call.sent_total_compressed_message_size", "s/Echo", "OK"): (2, 6000),
        ("server.call.sent_total_compressed_message_size", "s/Count", "OK"): (1, 9),
        ("server.call.sent_total_compressed_message_size", "s/Fail", "NOT_FOUND"): (1, 0),
        ("server.call.rcvd_total_compressed_message_size", "s/Echo", "OK"): (2, 1040),
        ("server.call.rcvd_total_compressed_message_size", "s/Count", "OK"): (1, 1),
        ("server.call.rcvd_total_compressed_message_size", "s/Fail", "NOT_FOUND"): (1, 0),
    }


def test_instruments_are_those_of_grfc_a66(telemetry: Telemetry) -> None:
    with (
        OpenTelemetryPlugin(meter_provider=telemetry.meters),
        connected(grpc, Echo=ECHO) as channel,
    ):
        channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
    bounds = {}
    units = {}
    for metric, point in telemetry.points():
        units[metric.name] = metric.unit
        bounds[metric.unit] = getattr(point, "explicit_bounds", None)
    assert units == {
        "grpc.client.attempt.started": "{attempt}",
        "grpc.client.attempt.duration": "s",
        "grpc.client.attempt.sent_total_compressed_message_size": "By",
        "grpc.client.attempt.rcvd_total_compressed_message_size": "By",
        "grpc.client.call.duration": "s",
        "grpc.server.call.started": "{call}",
        "grpc.server.call.duration": "s",
        "grpc.server.call.sent_total_compressed_message_size": "By",
        "grpc.server.call.rcvd_total_compressed_message_size": "By",
    }
    assert bounds["s"][:5] == (0, 0.00001, 0.00005, 0.0001, 0.0003)
    assert (len(bounds["s"]), bounds["s"][-1]) == (41, 100)
    assert bounds["By"][:4] == (0, 1024, 2048, 4096)
    assert (len(bounds["By"]), bounds["By"][-1]) == (14, 1 << 32)


def test_labels_that_clients_could_make_up_are_other(telemetry: Telemetry) -> None:
    with (
        OpenTelemetryPlugin(
            meter_provider=telemetry.meters,
            generic_method_attribute_filter=lambda method: method.endswith("/Echo"),
            target_attribute_filter=lambda target: False,
        ),
        connected(grpc, Echo=ECHO, Repeat=REPEAT) as channel,
    ):
        channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        list(channel.unary_stream(path("Repeat"))(b"2", timeout=WAIT))
        rpc_error(grpc, channel.unary_unary("/made/Up"), b"", timeout=WAIT)
    methods, targets = set(), set()
    for _, point in telemetry.points():
        methods.add(point.attributes["grpc.method"])
        targets.add(point.attributes.get("grpc.target"))
    assert methods == {f"{SERVICE}/Echo", "other"}
    # A server has none.
    assert targets == {"other", None}


def test_each_attempt_counts(telemetry: Telemetry) -> None:
    flaky = Flaky(2)
    with (
        OpenTelemetryPlugin(
            meter_provider=telemetry.meters,
            tracer_provider=telemetry.tracers,
            generic_method_attribute_filter=lambda _: True,
        ),
        connected(grpc, channel_options=retrying(), **flaky.methods(grpc)) as channel,
    ):
        channel.unary_unary(path("Unary"))(b"ab", timeout=WAIT)
    counts = telemetry.counts()
    method = f"{SERVICE}/Unary"
    assert counts["client.attempt.started", method] == 3
    assert counts["client.attempt.duration", method, "UNAVAILABLE"] == 2
    assert counts["client.attempt.duration", method, "OK"] == 1
    assert counts["client.call.duration", method, "OK"] == 1
    spans = telemetry.all_spans
    call = spans[0]
    attempts = [span for span in spans if span.name.startswith("Attempt.")]
    assert all(is_child(attempt, call) for attempt in attempts)
    assert [dict(attempt.attributes) for attempt in attempts] == [
        {"previous-rpc-attempts": before, "transparent-retry": False} for before in range(3)
    ]
    assert [attempt.status.status_code.name for attempt in attempts] == ["ERROR", "ERROR", "OK"]
    assert attempts[0].status.description == "UNAVAILABLE: attempt 1"


def test_a_hedge_that_lost_is_an_attempt_too(telemetry: Telemetry) -> None:
    ended = threading.Event()
    first = threading.Lock()

    def behavior(request, context):
        if first.acquire(blocking=False):
            context.add_callback(ended.set)
            ended.wait(WAIT)
        return request

    with (
        OpenTelemetryPlugin(
            meter_provider=telemetry.meters, generic_method_attribute_filter=lambda _: True
        ),
        connected(
            grpc, channel_options=hedging(delay="0.01s"), Unary=("unary_unary", behavior)
        ) as channel,
    ):
        assert channel.unary_unary(path("Unary"))(b"ab", timeout=WAIT) == b"ab"
    counts = telemetry.counts()
    method = f"{SERVICE}/Unary"
    assert counts["client.attempt.duration", method, "OK"] == 1
    lost = counts["client.attempt.duration", method, "CANCELLED"]
    assert counts["client.attempt.started", method] == lost + 1 >= 2


def test_a_call_that_gets_no_connection_failed_an_attempt(telemetry: Telemetry) -> None:
    with (
        OpenTelemetryPlugin(
            meter_provider=telemetry.meters, tracer_provider=telemetry.tracers
        ) as _,
        grpc.insecure_channel(refused_address()) as channel,
    ):
        rpc_error(grpc, channel.unary_unary("/s/m"), b"x", timeout=WAIT)
    counts = telemetry.counts()
    assert counts["client.attempt.started", "other"] == 1
    sent = "client.attempt.sent_total_compressed_message_size"
    assert counts[sent, "other", "UNAVAILABLE"] == (1, 0)
    assert set(telemetry.spans) == {"Sent.s.m", "Attempt.s.m"}
    assert telemetry.spans["Sent.s.m"].status.description.startswith("UNAVAILABLE: failed to")


@pytest.mark.parametrize(
    ("kind", "requests", "responses"),
    [("Echo", 1, 1), ("Repeat", 1, 3), ("Concatenate", 2, 1), ("EchoEach", 2, 2)],
)
def test_spans_of_all_kinds(telemetry: Telemetry, kind: str, requests: int, responses: int) -> None:
    with (
        OpenTelemetryPlugin(tracer_provider=telemetry.tracers),
        connected(
            grpc, Echo=ECHO, Repeat=REPEAT, Concatenate=CONCATENATE, EchoEach=ECHO_EACH
        ) as channel,
    ):
        if kind == "Echo":
            channel.unary_unary(path(kind))(b"3", timeout=WAIT)
        elif kind == "Repeat":
            list(channel.unary_stream(path(kind))(b"3", timeout=WAIT))
        elif kind == "Concatenate":
            channel.stream_unary(path(kind))(iter([b"1", b"2"]), timeout=WAIT)
        else:
            list(channel.stream_stream(path(kind))(iter([b"1", b"2"]), timeout=WAIT))
    name = f"{SERVICE}.{kind}"
    spans = telemetry.spans
    assert set(spans) == {f"Sent.{name}", f"Attempt.{name}", f"Recv.{name}"}
    call, attempt, served = (spans[f"{part}.{name}"] for part in ("Sent", "Attempt", "Recv"))
    assert call.parent is None
    assert is_child(attempt, call)
    assert is_child(served, attempt)
    assert [span.kind.name for span in (call, attempt, served)] == ["CLIENT", "INTERNAL", "SERVER"]
    assert {span.status.status_code.name for span in (call, attempt, served)} == {"OK"}
    outbound, inbound = "Outbound message", "Inbound message"
    for span, out, coming in ((attempt, requests, responses), (served, responses, requests)):
        told = events(span)
        assert [event[:2] for event in told if event[0] == outbound] == [
            (outbound, number) for number in range(out)
        ]
        assert [event[:2] for event in told if event[0] == inbound] == [
            (inbound, number) for number in range(coming)
        ]
        assert span.start_time <= min(event.timestamp for event in span.events)
        assert span.end_time >= max(event.timestamp for event in span.events)


def test_compressed_messages_are_told_with_both_sizes(telemetry: Telemetry) -> None:
    with (
        OpenTelemetryPlugin(tracer_provider=telemetry.tracers),
        connected(grpc, Echo=ECHO) as channel,
    ):
        channel.unary_unary(path("Echo"))(
            b"x" * 1000, timeout=WAIT, compression=grpc.Compression.Gzip
        )
    name = f"{SERVICE}.Echo"
    sent = telemetry.spans[f"Attempt.{name}"].events
    outbound = next(event for event in sent if event.name == "Outbound message")
    size = outbound.attributes["message-size-compressed"]
    assert 0 < size < 100
    assert events(telemetry.spans[f"Recv.{name}"])[:2] == [
        ("Inbound compressed message", 0, size),
        ("Inbound message", 0, 1000),
    ]


def test_a_handler_runs_in_its_span_and_calls_on_within_it(telemetry: Telemetry) -> None:
    onward: list[grpc.Channel] = []

    def ask(request, context):
        with telemetry.tracers.get_tracer("mine").start_as_current_span("work"):
            return onward[0].unary_unary(path("Echo"))(request, timeout=WAIT)

    def ask_twice(request, context):
        for _ in range(2):
            yield trace.get_current_span().name.encode()

    with (
        OpenTelemetryPlugin(tracer_provider=telemetry.tracers),
        connected(
            grpc, Echo=ECHO, Ask=("unary_unary", ask), AskTwice=("unary_stream", ask_twice)
        ) as channel,
    ):
        onward.append(channel)
        with telemetry.tracers.get_tracer("mine").start_as_current_span("root"):
            channel.unary_unary(path("Ask"))(b"x", timeout=WAIT)
        names = list(channel.unary_stream(path("AskTwice"))(b"x", timeout=WAIT))
    assert names == [f"Recv.{SERVICE}.AskTwice".encode()] * 2
    spans = telemetry.spans
    chain = ["root", *(f"{part}.{SERVICE}.Ask" for part in ("Sent", "Attempt", "Recv")), "work"]
    chain += [f"{part}.{SERVICE}.Echo" for part in ("Sent", "Attempt", "Recv")]
    for parent, child in zip(chain, chain[1:]):
        assert is_child(spans[child], spans[parent]), (parent, child)


def test_ends_that_are_not_ok(telemetry: Telemetry) -> None:
    with (
        OpenTelemetryPlugin(tracer_provider=telemetry.tracers),
        connected(grpc, Fail=("unary_unary", fail)) as channel,
    ):
        rpc_error(grpc, channel.unary_unary(path("Fail")), b"", timeout=WAIT)
        rpc_error(grpc, channel.unary_unary(path("Nobody")), b"", timeout=WAIT)
    spans = telemetry.spans
    for part in ("Sent", "Attempt", "Recv"):
        assert spans[f"{part}.{SERVICE}.Fail"].status.description == "NOT_FOUND: no figs"
        status = spans[f"{part}.{SERVICE}.Nobody"].status
        assert status.description == "UNIMPLEMENTED: Method not found!"
    # Which no handler saw.
    assert is_child(spans[f"Recv.{SERVICE}.Nobody"], spans[f"Attempt.{SERVICE}.Nobody"])


def test_a_cancelled_call_ends_its_spans_on_both_sides(telemetry: Telemetry) -> None:
    ended = threading.Event()

    def wait(request, context):
        context.add_callback(ended.set)
        yield request
        ended.wait(WAIT)

    with (
        OpenTelemetryPlugin(tracer_provider=telemetry.tracers),
        connected(grpc, Wait=("unary_stream", wait)) as channel,
    ):
        call = channel.unary_stream(path("Wait"))(b"x", timeout=WAIT)
        assert next(call) == b"x"
        call.cancel()
        # With the end of its handler, which comes after the call's.
        assert telemetry.has_ended(f"Recv.{SERVICE}.Wait")
    spans = telemetry.spans
    for part in ("Sent", "Attempt", "Recv"):
        assert spans[f"{part}.{SERVICE}.Wait"].status.description.startswith("CANCELLED")


def test_metadata_that_cannot_be_sent_ends_the_spans(telemetry: Telemetry) -> None:
    with (
        OpenTelemetryPlugin(tracer_provider=telemetry.tracers),
        connected(grpc, Echo=ECHO) as channel,
    ):
        call = channel.unary_unary(path("Echo"))
        rpc_error(grpc, call, b"", metadata=[("Bad Name", "x")], timeout=WAIT)
        with pytest.raises(TypeError):
            call(b"", metadata=[("key", 3)], timeout=WAIT)
    assert set(telemetry.spans) == {f"Sent.{SERVICE}.Echo", f"Attempt.{SERVICE}.Echo"}


@pytest.mark.parametrize("propagator", [TraceContextTextMapPropagator, GrpcTraceBinPropagator])
def test_propagators(telemetry: Telemetry, propagator: type) -> None:
    seen = {}

    def look(request, context):
        seen.update(context.invocation_metadata())
        return request

    with (
        OpenTelemetryPlugin(tracer_provider=telemetry.tracers, text_map_propagator=propagator()),
        connected(grpc, Look=("unary_unary", look)) as channel,
    ):
        channel.unary_unary(path("Look"))(b"", metadata=[("mine", "kept")], timeout=WAIT)
    attempt = telemetry.spans[f"Attempt.{SERVICE}.Look"]
    assert is_child(telemetry.spans[f"Recv.{SERVICE}.Look"], attempt)
    assert seen["mine"] == "kept"
    span_id = attempt.context.span_id
    if propagator is GrpcTraceBinPropagator:
        value = seen["grpc-trace-bin"]
        assert (len(value), value[:2], value[18:19]) == (29, b"\0\0", b"\1")
        assert value[19:27] == span_id.to_bytes(8, "big")
        assert value[27:] == b"\2\1"
        assert "traceparent" not in seen
    else:
        assert seen["traceparent"].split("-")[2] == f"{span_id:016x}"


def test_the_binary_header_survives_text_carriers_and_nonsense() -> None:
    propagator = GrpcTraceBinPropagator()
    span = trace.NonRecordingSpan(trace.SpanContext(7, 9, False, trace.TraceFlags(1)))
    carrier: dict[str, str] = {}
    propagator.inject(carrier, trace.set_span_in_context(span))
    context = propagator.extract(carrier)
    read = trace.get_current_span(context).get_span_context()
    assert (read.trace_id, read.span_id, read.trace_flags, read.is_remote) == (7, 9, 1, True)
    assert propagator.fields == {"grpc-trace-bin"}
    for wrong in ("", "?", "AAAA", carrier["grpc-trace-bin"][:-4], "A" * 40):
        context = propagator.extract({"grpc-trace-bin": wrong})
        assert not trace.get_current_span(context).get_span_context().is_valid
    nothing: dict[str, str] = {}
    propagator.inject(nothing)
    assert not nothing


def test_a_call_that_is_not_sampled_says_so_and_leaves_nothing(telemetry: Telemetry) -> None:
    seen = {}

    def look(request, context):
        seen.update(context.invocation_metadata())
        return request

    with (
        OpenTelemetryPlugin(tracer_provider=TracerProvider(ALWAYS_OFF)),
        connected(grpc, Look=("unary_unary", look)) as channel,
    ):
        channel.unary_unary(path("Look"))(b"", timeout=WAIT)
    flags = int(seen["traceparent"].split("-")[3], 16)
    assert flags & trace.TraceFlags.SAMPLED == 0


def test_what_was_made_without_it_is_not_observed(telemetry: Telemetry) -> None:
    plugin = OpenTelemetryPlugin(meter_provider=telemetry.meters, tracer_provider=telemetry.tracers)
    with connected(grpc, Echo=ECHO) as channel:
        with plugin:
            channel.unary_unary(path("Echo"))(b"", timeout=WAIT)
        assert not telemetry.counts()
        assert not telemetry.all_spans


def test_nothing_is_observed_once_it_is_deregistered(telemetry: Telemetry) -> None:
    plugin = OpenTelemetryPlugin(meter_provider=telemetry.meters, tracer_provider=telemetry.tracers)
    plugin.register_global()
    with connected(grpc, Echo=ECHO) as channel:
        echo = channel.unary_unary(path("Echo"))
        echo(b"", timeout=WAIT)
        plugin.deregister_global()
        echo(b"", timeout=WAIT)
    assert telemetry.counts()["client.call.duration", "other", "OK"] == 1
    # The server's may end a moment after the channel has its answer.
    assert {f"Sent.{SERVICE}.Echo", f"Attempt.{SERVICE}.Echo"} <= set(telemetry.spans)


def test_what_happened_is_handed_over_on_demand(telemetry: Telemetry) -> None:
    plugin = OpenTelemetryPlugin(meter_provider=telemetry.meters)
    with plugin, connected(grpc, Echo=ECHO) as channel:
        channel.unary_unary(path("Echo"))(b"", timeout=WAIT)
        plugin.force_flush()
        assert telemetry.counts()["client.call.duration", "other", "OK"] == 1


def test_spans_of_calls_whose_ends_were_dropped_end_too() -> None:
    """More calls end than are told of while the thread that takes them is kept from it."""
    telemetry = Telemetry()
    plugin = OpenTelemetryPlugin(tracer_provider=telemetry.tracers)
    metadata = (("k", "x" * 15_000),)
    with plugin, connected(grpc, Echo=ECHO) as channel:
        collector = plugin._collector
        with collector._flushing:
            echo = channel.unary_unary(path("Echo"))
            for _ in range(2500):
                echo(b"", timeout=WAIT, metadata=metadata)
            assert len(collector._traces._received) >= 2499
        collector.flush()
    traces = collector._traces
    assert not traces._received
    assert not traces._sent


def test_a_call_that_ended_before_its_handler_began_leaves_no_span(telemetry: Telemetry) -> None:
    traces = Traces(telemetry.tracers, TraceContextTextMapPropagator())
    for number in range(20_000):
        traces.served(number, "/s/m", 0, 1, 1, "", (), None)
    assert len(traces._ended) <= 10_000
    traces.accept(19_999, 0, "/s/m", ())
    assert not traces._received


def test_at_most_one_is_registered(telemetry: Telemetry) -> None:
    plugin = OpenTelemetryPlugin(meter_provider=telemetry.meters)
    with pytest.raises(RuntimeError, match="without initializing"):
        plugin.deregister_global()
    with plugin, pytest.raises(RuntimeError, match="already initialized"):
        OpenTelemetryPlugin(meter_provider=telemetry.meters).register_global()
    with OpenTelemetryPlugin():
        pass
    with pytest.raises(NotImplementedError, match="service meshes"):
        OpenTelemetryPlugin(plugin_options=[SimpleNamespace()])


def test_an_interceptor_and_call_credentials_go_with_it(telemetry: Telemetry) -> None:
    class Adding(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation, details, request):
            return continuation(
                details._replace(metadata=(*(details.metadata or ()), ("added", "yes"))), request
            )

    seen = {}

    def look(request, context):
        seen.update(context.invocation_metadata())
        return request

    class Passing(grpc.ServerInterceptor):
        def intercept_service(self, continuation, details):
            return continuation(details)

    with (
        OpenTelemetryPlugin(tracer_provider=telemetry.tracers),
        connected(grpc, Look=("unary_unary", look), interceptors=[Passing()]) as plain,
    ):
        channel = grpc.intercept_channel(plain, Adding())
        channel.unary_unary(path("Look")).future(b"", timeout=WAIT).result(WAIT)
    assert seen["added"] == "yes"
    assert "traceparent" in seen
    assert set(telemetry.spans) == {
        f"{part}.{SERVICE}.Look" for part in ("Sent", "Attempt", "Recv")
    }


PROGRAM = """
from russet import grpc
from russet.opentelemetry import OpenTelemetryPlugin
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, InMemoryMetricReader, PeriodicExportingMetricReader
from concurrent import futures
import os, sys
exported = PeriodicExportingMetricReader(ConsoleMetricExporter(), export_interval_millis=3600_000)
memory = InMemoryMetricReader()
OpenTelemetryPlugin(meter_provider=MeterProvider([exported, memory])).register_global()
server = grpc.server(futures.ThreadPoolExecutor(2))
handler = grpc.unary_unary_rpc_method_handler(lambda request, context: request)
server.add_registered_method_handlers("s", {"Echo": handler})
port = server.add_insecure_port("127.0.0.1:0")
server.start()
channel = grpc.insecure_channel(f"127.0.0.1:{port}")
echo = channel.unary_unary("/s/Echo", _registered_method=True)
"""


def run(source: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + source],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_last_calls_of_a_program_are_told() -> None:
    printed = run("echo(b'x', timeout=20)")
    assert '"grpc.client.call.duration"' in printed
    assert '"grpc.method": "s/Echo"' in printed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_the_child_of_a_fork_tells_of_its_own_calls() -> None:
    printed = run(
        """
echo(b'x', timeout=20)
child = os.fork()
if child == 0:
    import time
    echo(b'x', timeout=20)
    echo(b'x', timeout=20)
    # By the thread, not by the end of the program.
    for _ in range(200):
        data = memory.get_metrics_data()
        points = [p for r in (data.resource_metrics if data else ()) for s in r.scope_metrics for m in s.metrics if m.name == 'grpc.client.call.duration' for p in m.data.data_points]
        if points and sum(p.count for p in points) == 2:
            print('child told', flush=True)
            break
        time.sleep(0.05)
    os._exit(0)
os.waitpid(child, 0)
"""
    )
    assert "child told" in printed


def test_the_name_that_programs_import() -> None:
    source = """
import russet
russet.install()
import grpc, grpc_observability, russet.opentelemetry
print(grpc_observability.OpenTelemetryPlugin is russet.opentelemetry.OpenTelemetryPlugin)
"""
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "True", done.stderr


def test_the_package_is_named_where_it_is_missing() -> None:
    source = """
import sys
sys.modules["opentelemetry"] = None
try:
    import russet.opentelemetry
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=False
    )
    assert "pip install 'russet[opentelemetry]'" in done.stdout


def test_generic_handlers_and_the_global_propagator(telemetry: Telemetry) -> None:
    assert "traceparent" in get_global_textmap().fields
    with OpenTelemetryPlugin(tracer_provider=telemetry.tracers):
        server = grpc.server(futures.ThreadPoolExecutor(2))
        server.add_generic_rpc_handlers((handlers(grpc, {"Echo": ECHO}),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            channel.unary_unary(path("Echo"))(b"", timeout=WAIT)
        assert server.stop(None).wait(WAIT)
    assert len(telemetry.spans) == 3
