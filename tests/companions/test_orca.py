"""Load reports: what a server records, and what its clients get of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import pytest
from russet import grpc, orca, protoc
from support.rpc import WAIT, handlers, path, rpc_error

# The messages as xDS defines them, without the rules for their validation.
PROTO = """
syntax = "proto3";
package test.orca;
import "google/protobuf/duration.proto";
message OrcaLoadReport {
  double cpu_utilization = 1;
  double mem_utilization = 2;
  uint64 rps = 3;
  map<string, double> request_cost = 4;
  map<string, double> utilization = 5;
  double rps_fractional = 6;
  double eps = 7;
  map<string, double> named_metrics = 8;
  double application_utilization = 9;
}
message OrcaLoadReportRequest {
  google.protobuf.Duration report_interval = 1;
  repeated string request_cost_names = 2;
}
"""


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from russet.protobuf import descriptor_pool, message_factory

    folder = tmp_path_factory.mktemp("orca")
    (folder / "orca.proto").write_text(PROTO)
    pool = descriptor_pool.DescriptorPool()
    compiled = protoc.compile("orca.proto", proto_path=[str(folder)])
    for file in compiled.file:
        pool.Add(file)
    names = ("OrcaLoadReport", "OrcaLoadReportRequest")
    return [
        message_factory.GetMessageClass(pool.FindMessageTypeByName(f"test.orca.{name}"))
        for name in names
    ]


@contextlib.contextmanager
def reporting(
    load: orca.ServerMetricRecorder | None, min_report_duration: float = 0.0, **methods: Any
) -> Iterator[Any]:
    pool = futures.ThreadPoolExecutor(4)
    server = grpc.server(
        pool,
        handlers=(handlers(grpc, methods),),
        interceptors=[orca.LoadReportInterceptor(load)],
    )
    if load is not None:
        orca.add_OrcaServicer_to_server(orca.OrcaServicer(load, min_report_duration), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    assert server.stop(None).wait(WAIT)


def trailing_report(call: Any, messages: Any) -> Any:
    serialized = dict(call.trailing_metadata()).get(orca.TRAILER)
    return None if serialized is None else messages[0].FromString(serialized)


def test_a_call_reports_what_was_recorded_of_it_and_of_the_server(messages: Any) -> None:
    def answer(request: bytes, context: Any) -> bytes:
        context.set_trailing_metadata((("own", "value"),))
        recorder = orca.call_metric_recorder()
        recorder.record_cpu_utilization_metric(0.75).record_request_cost_metric("rows", 12)
        recorder.record_named_metric("queue", 3).record_utilization_metric("disk", 0.5)
        return request

    load = orca.ServerMetricRecorder()
    load.set_cpu_utilization(0.5)
    load.set_memory_utilization(0.25)
    load.set_application_utilization(0.125)
    load.set_qps(100)
    load.set_eps(2)
    load.set_named_utilization("net", 0.25)
    with reporting(load, Answer=("unary_unary", answer)) as channel:
        _, call = channel.unary_unary(path("Answer")).with_call(b"", timeout=WAIT)
        expected = messages[0](
            cpu_utilization=0.75,
            mem_utilization=0.25,
            application_utilization=0.125,
            rps_fractional=100,
            eps=2,
            request_cost={"rows": 12},
            utilization={"disk": 0.5, "net": 0.25},
            named_metrics={"queue": 3},
        )
        assert trailing_report(call, messages) == expected
        assert dict(call.trailing_metadata())["own"] == "value"


def test_streams_and_failures_report_too(messages: Any) -> None:
    def stream(request: bytes, context: Any) -> Iterator[bytes]:
        orca.call_metric_recorder().record_qps_metric(1)
        yield b"1"
        orca.call_metric_recorder().record_qps_metric(2)
        yield b"2"

    def fail(requests: Any, context: Any) -> bytes:
        orca.call_metric_recorder().record_qps_metric(3)
        context.abort(grpc.StatusCode.NOT_FOUND, "no")
        raise AssertionError

    methods: dict[str, Any] = {"Stream": ("unary_stream", stream), "Fail": ("stream_unary", fail)}
    with reporting(None, **methods) as channel:
        call = channel.unary_stream(path("Stream"))(b"", timeout=WAIT)
        assert list(call) == [b"1", b"2"]
        assert trailing_report(call, messages).rps_fractional == 2
        error = rpc_error(grpc, channel.stream_unary(path("Fail")), iter([b""]), timeout=WAIT)
        assert error.code() is grpc.StatusCode.NOT_FOUND
        assert trailing_report(error, messages).rps_fractional == 3


def test_a_call_of_which_nothing_is_known_has_no_report(messages: Any) -> None:
    with reporting(None, Echo=("unary_unary", lambda request, context: request)) as channel:
        _, call = channel.unary_unary(path("Echo")).with_call(b"", timeout=WAIT)
        assert trailing_report(call, messages) is None


def test_there_is_no_recorder_outside_a_handler() -> None:
    with pytest.raises(RuntimeError, match="LoadReportInterceptor"):
        orca.call_metric_recorder()


def test_reports_are_streamed(messages: Any) -> None:
    load = orca.ServerMetricRecorder()
    load.set_cpu_utilization(0.5)
    with reporting(load) as channel:
        request = messages[1](request_cost_names=["x"])
        request.report_interval.FromMilliseconds(10)
        stream = channel.unary_stream(
            f"/{orca.SERVICE_NAME}/StreamCoreMetrics",
            request_serializer=messages[1].SerializeToString,
            response_deserializer=messages[0].FromString,
        )(request, timeout=WAIT)
        assert next(stream).cpu_utilization == 0.5
        load.clear_cpu_utilization()
        load.set_all_named_utilization({"disk": 1})
        wanted = messages[0](utilization={"disk": 1})
        assert any(answer == wanted for answer in stream)
        stream.cancel()


def test_weights_come_from_the_stream() -> None:
    """Servers that report, and the policy that reads it, together."""
    strong, weak = orca.ServerMetricRecorder(), orca.ServerMetricRecorder()
    config = {
        "enableOobLoadReport": True,
        "oobReportingPeriod": "0.05s",
        "blackoutPeriod": "0s",
        "weightUpdatePeriod": "0.1s",
    }
    options = [
        (
            "grpc.service_config",
            json.dumps({"loadBalancingConfig": [{"weighted_round_robin": config}]}),
        )
    ]
    with contextlib.ExitStack() as stack:
        addresses = []
        for name, load in ((b"strong", strong), (b"weak", weak)):
            load.set_cpu_utilization(0.5)
            load.set_qps(100)
            pool = futures.ThreadPoolExecutor(4)
            behavior = lambda request, context, name=name: name  # noqa: E731
            methods = {"Who": ("unary_unary", behavior)}
            server = grpc.server(pool, handlers=(handlers(grpc, methods),))
            orca.add_OrcaServicer_to_server(orca.OrcaServicer(load, 0), server)
            addresses.append(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
            server.start()
            stack.callback(lambda server=server: server.stop(None).wait(WAIT))
        target = "ipv4:" + ",".join(addresses)
        channel = stack.enter_context(grpc.insecure_channel(target, options=options))
        who = channel.unary_unary(path("Who"))

        def strong_calls() -> int:
            return [who(b"", timeout=WAIT) for _ in range(100)].count(b"strong")

        while not 40 <= strong_calls() <= 60:
            pass
        # It has four times as much room now.
        strong.set_cpu_utilization(0.125)
        while not 70 <= strong_calls() <= 90:
            pass


@pytest.mark.parametrize(
    ("method", "value"),
    [
        ("set_cpu_utilization", -0.1),
        ("set_memory_utilization", 1.1),
        ("set_qps", float("nan")),
        ("set_eps", float("inf")),
    ],
)
def test_a_number_out_of_its_range_is_refused(method: str, value: float) -> None:
    with pytest.raises(ValueError, match=r"is a number"):
        getattr(orca.ServerMetricRecorder(), method)(value)


def test_what_is_no_request_is_an_error() -> None:
    with reporting(orca.ServerMetricRecorder()) as channel:
        stream = channel.unary_stream(f"/{orca.SERVICE_NAME}/StreamCoreMetrics")
        for request in (b"\xff", b"\x0a\x05", b"\x0b", b"\xff" * 20):
            rpc_error(grpc, list, stream(request, timeout=WAIT))


async def asyncio_reports(messages: Any) -> None:
    async def answer(request: bytes, context: Any) -> bytes:
        orca.call_metric_recorder().record_eps_metric(5)
        return request

    async def stream(request: bytes, context: Any) -> Any:
        orca.call_metric_recorder().record_eps_metric(6)
        yield request

    def plain(request: bytes, context: Any) -> bytes:
        orca.call_metric_recorder().record_eps_metric(8)
        return request

    def plain_stream(request: bytes, context: Any) -> Any:
        orca.call_metric_recorder().record_eps_metric(9)
        yield request

    async def abort(request: bytes, context: Any) -> bytes:
        orca.call_metric_recorder().record_eps_metric(10)
        await context.abort(grpc.StatusCode.NOT_FOUND, "no", (("own", "value"),))
        raise AssertionError

    async def fail(request: bytes, context: Any) -> Any:
        orca.call_metric_recorder().record_eps_metric(11)
        yield request
        raise ValueError("no")

    load = orca.ServerMetricRecorder()
    load.set_qps(7)
    server = grpc.aio.server(interceptors=[orca.aio.LoadReportInterceptor(load)])
    methods: dict[str, Any] = {
        "Answer": ("unary_unary", answer),
        "Stream": ("unary_stream", stream),
        "Plain": ("unary_unary", plain),
        "PlainStream": ("unary_stream", plain_stream),
        "Abort": ("unary_unary", abort),
        "Fail": ("unary_stream", fail),
    }
    server.add_generic_rpc_handlers((handlers(grpc, methods),))
    orca.add_OrcaServicer_to_server(orca.aio.OrcaServicer(load, 0), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        ok, not_found, unknown = (
            grpc.StatusCode.OK,
            grpc.StatusCode.NOT_FOUND,
            grpc.StatusCode.UNKNOWN,
        )
        for eps, code, call in (
            (5, ok, channel.unary_unary(path("Answer"))(b"", timeout=WAIT)),
            (6, ok, channel.unary_stream(path("Stream"))(b"", timeout=WAIT)),
            (8, ok, channel.unary_unary(path("Plain"))(b"", timeout=WAIT)),
            (9, ok, channel.unary_stream(path("PlainStream"))(b"", timeout=WAIT)),
            (10, not_found, channel.unary_unary(path("Abort"))(b"", timeout=WAIT)),
            (11, unknown, channel.unary_stream(path("Fail"))(b"", timeout=WAIT)),
        ):
            assert await call.code() is code
            metadata = dict(await call.trailing_metadata())
            got = messages[0].FromString(metadata[orca.TRAILER])
            assert (got.rps_fractional, got.eps) == (7, eps)
        reports = channel.unary_stream(f"/{orca.SERVICE_NAME}/StreamCoreMetrics")(b"", timeout=WAIT)
        async for first in reports:
            assert messages[0].FromString(first).rps_fractional == 7
            break
        reports.cancel()
    await server.stop(None)


def test_asyncio_reports_too(messages: Any) -> None:
    asyncio.run(asyncio_reports(messages))


def test_streams_keep_no_thread_of_the_pool(messages: Any) -> None:
    """Any client may open as many as it likes."""
    load = orca.ServerMetricRecorder()
    load.set_qps(7)

    def echo(request: bytes, context: Any) -> bytes:
        return request

    with reporting(load, Echo=("unary_unary", echo)) as channel:
        stream = channel.unary_stream(f"/{orca.SERVICE_NAME}/StreamCoreMetrics")
        # More than the pool has threads.
        streams = [stream(b"", timeout=WAIT) for _ in range(50)]
        for reports in streams:
            # Further ones follow the first.
            for _ in range(3):
                assert messages[0].FromString(next(reports)).rps_fractional == 7
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        for reports in streams:
            reports.cancel()


def test_streams_that_ended_are_forgotten_though_their_next_report_is_far() -> None:
    from russet.orca._streams import Streams

    sent = threading.Event()
    streams = Streams()
    for _ in range(10_000):
        streams.remove(streams.add(1e18, lambda: None))
        assert len(streams._waiting) <= 1
    sending = streams.add(0.0, sent.set)
    assert sent.wait(WAIT)
    streams.remove(sending)

    def fail() -> None:
        sent.set()
        raise RuntimeError("no report")

    sent.clear()
    failing = streams.add(0.0, fail)
    assert sent.wait(WAIT)
    streams.remove(failing)


def test_beside_the_interceptor_other_methods_keep_no_thread_either() -> None:
    """Such as `Health.Watch`, which any client may call as often as it likes."""
    from russet.health.v1 import health, health_pb2, health_pb2_grpc

    pool = futures.ThreadPoolExecutor(1)
    load = orca.ServerMetricRecorder()
    server = grpc.server(pool, interceptors=[orca.LoadReportInterceptor(load)])
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest()
        watching = [stub.Watch(request, timeout=WAIT) for _ in range(5)]
        serving = health_pb2.HealthCheckResponse.SERVING
        assert [next(one).status for one in watching] == [serving] * 5
        assert stub.Check(request, timeout=WAIT).status == serving
        for one in watching:
            one.cancel()
    assert server.stop(None).wait(WAIT)
