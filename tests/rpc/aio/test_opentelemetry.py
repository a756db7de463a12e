"""`russet.opentelemetry` on asyncio channels and servers."""

from __future__ import annotations

import asyncio
import contextvars

import pytest
from opentelemetry import trace
from russet import grpc
from russet.opentelemetry import OpenTelemetryPlugin
from support.aio import (
    CONCATENATE,
    ECHO,
    ECHO_EACH,
    REPEAT,
    aiter_of,
    collect,
    connected,
    rpc_error,
)
from support.rpc import SERVICE, WAIT, path
from support.telemetry import Telemetry, events, is_child


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


async def test_metrics_and_spans_of_all_kinds(telemetry: Telemetry) -> None:
    with OpenTelemetryPlugin(
        meter_provider=telemetry.meters,
        tracer_provider=telemetry.tracers,
        generic_method_attribute_filter=lambda _: True,
    ):
        async with connected(
            grpc, Echo=ECHO, Repeat=REPEAT, Concatenate=CONCATENATE, EchoEach=ECHO_EACH
        ) as channel:
            await channel.unary_unary(path("Echo"))(b"1", timeout=WAIT)
            await collect(channel.unary_stream(path("Repeat"))(b"3", timeout=WAIT))
            await channel.stream_unary(path("Concatenate"))(aiter_of(b"1", b"2"), timeout=WAIT)
            each = channel.stream_stream(path("EchoEach"))
            await collect(each(aiter_of(b"1", b"2"), timeout=WAIT))
    counts = telemetry.counts()
    sizes = {
        name: (requests, responses)
        for name, requests, responses in [
            ("Echo", 1, 1),
            ("Repeat", 1, 3),
            ("Concatenate", 2, 2),
            ("EchoEach", 2, 2),
        ]
    }
    spans = telemetry.spans
    for name, (sent, received) in sizes.items():
        method = f"{SERVICE}/{name}"
        assert counts["client.attempt.started", method] == 1
        assert counts["server.call.started", method] == 1
        assert counts["client.call.duration", method, "OK"] == 1
        suffix = "total_compressed_message_size"
        assert counts[f"client.attempt.sent_{suffix}", method, "OK"] == (1, sent)
        assert counts[f"client.attempt.rcvd_{suffix}", method, "OK"] == (1, received)
        assert counts[f"server.call.sent_{suffix}", method, "OK"] == (1, received)
        assert counts[f"server.call.rcvd_{suffix}", method, "OK"] == (1, sent)
        call, attempt, served = (
            spans[f"{part}.{SERVICE}.{name}"] for part in ("Sent", "Attempt", "Recv")
        )
        assert is_child(attempt, call)
        assert is_child(served, attempt)
    assert [event[:2] for event in events(spans[f"Recv.{SERVICE}.Repeat"])] == [
        ("Inbound message", 0),
        *(("Outbound message", number) for number in range(3)),
    ]


async def test_handlers_run_in_their_own_spans(telemetry: Telemetry) -> None:
    met = asyncio.Barrier(3) if hasattr(asyncio, "Barrier") else None
    channels: list[grpc.aio.Channel] = []

    async def ask(request, context):
        if met is not None:
            await met.wait()
        return await channels[0].unary_unary(path("Echo"))(request, timeout=WAIT)

    def plain(request, context):
        return trace.get_current_span().name.encode()

    async def stream(request, context):
        yield trace.get_current_span().name.encode()
        await asyncio.sleep(0)
        yield trace.get_current_span().name.encode()

    with OpenTelemetryPlugin(tracer_provider=telemetry.tracers):
        async with connected(
            grpc,
            Echo=ECHO,
            Ask=("unary_unary", ask),
            Plain=("unary_unary", plain),
            Stream=("unary_stream", stream),
        ) as channel:
            channels.append(channel)
            calls = [channel.unary_unary(path("Ask"))(b"%d" % n, timeout=WAIT) for n in range(3)]
            await asyncio.gather(*calls)
            name = await channel.unary_unary(path("Plain"))(b"", timeout=WAIT)
            assert name == f"Recv.{SERVICE}.Plain".encode()
            names = await collect(channel.unary_stream(path("Stream"))(b"", timeout=WAIT))
            assert names == [f"Recv.{SERVICE}.Stream".encode()] * 2
    asked = [span for span in telemetry.all_spans if span.name == f"Recv.{SERVICE}.Ask"]
    onward = [span for span in telemetry.all_spans if span.name == f"Sent.{SERVICE}.Echo"]
    assert len({span.context.trace_id for span in asked}) == 3
    for parent in asked:
        assert sum(is_child(span, parent) for span in onward) == 1


async def test_a_cancelled_call_ends_its_spans(telemetry: Telemetry) -> None:
    entered, left = asyncio.Event(), asyncio.Event()

    async def wait(request, context):
        entered.set()
        try:
            await asyncio.sleep(WAIT)
        finally:
            left.set()

    with OpenTelemetryPlugin(tracer_provider=telemetry.tracers):
        async with connected(grpc, Wait=("unary_unary", wait)) as channel:
            call = channel.unary_unary(path("Wait"))(b"", timeout=WAIT)
            await asyncio.wait_for(entered.wait(), WAIT)
            call.cancel()
            await asyncio.wait_for(left.wait(), WAIT)
            error = await rpc_error(grpc, channel.unary_unary(path("None"))(b"", timeout=WAIT))
            assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    spans = telemetry.spans
    for part in ("Sent", "Attempt", "Recv"):
        assert spans[f"{part}.{SERVICE}.Wait"].status.description.startswith("CANCELLED")
        assert spans[f"{part}.{SERVICE}.None"].status.description.startswith("UNIMPLEMENTED")


async def test_plain_handlers_see_the_context_of_their_call() -> None:
    """Whatever an interceptor has set, as a handler that is a coroutine does."""
    who = contextvars.ContextVar("who", default="nobody")

    class Naming(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation, details):
            who.set(dict(details.invocation_metadata)["who"])
            return await continuation(details)

    def plain(request, context):
        return who.get().encode()

    def several(request, context):
        yield who.get().encode()
        yield who.get().encode()

    async with connected(
        grpc,
        Plain=("unary_unary", plain),
        Several=("unary_stream", several),
        interceptors=[Naming()],
    ) as channel:
        for name in ("ann", "bob"):
            metadata = (("who", name),)
            plainly = channel.unary_unary(path("Plain"))
            assert await plainly(b"", metadata=metadata, timeout=WAIT) == name.encode()
            stream = channel.unary_stream(path("Several"))
            answers = await collect(stream(b"", metadata=metadata, timeout=WAIT))
            assert answers == [name.encode()] * 2
