"""`russet.prometheus.aio`: what the interceptors of asyncio servers and channels count."""

from __future__ import annotations

import asyncio
import collections

import pytest
from prometheus_client import CollectorRegistry
from russet import grpc
from russet.prometheus.aio import ClientInterceptor, ServerInterceptor
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
from support.rpc import WAIT, path


def handled(registry: CollectorRegistry, side: str) -> dict[tuple[str, str], float]:
    return {
        (sample.labels["grpc_method"], sample.labels["grpc_code"]): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == f"grpc_{side}_handled_total"
    }


def messages(registry: CollectorRegistry, side: str) -> dict[str, tuple[float, float]]:
    """Messages received and sent, by type of method."""
    values: dict[str, collections.Counter[str]] = {}
    for metric in registry.collect():
        for sample in metric.samples:
            if sample.name.startswith(f"grpc_{side}_msg_") and sample.name.endswith("_total"):
                counts = values.setdefault(sample.labels["grpc_type"], collections.Counter())
                counts[sample.name.split("_")[3]] += sample.value
    return {kind: (way["received"], way["sent"]) for kind, way in values.items()}


async def ended_badly(request, context):
    if request == b"abort":
        await context.abort(grpc.StatusCode.NOT_FOUND, "no figs")
    raise ValueError("a bug")


async def written(request, context):
    await context.write(b"1")
    await context.write(b"2")


async def test_calls_of_all_kinds_are_counted_on_both_sides() -> None:
    registry = CollectorRegistry()
    async with connected(
        grpc,
        Echo=ECHO,
        Repeat=REPEAT,
        Written=("unary_stream", written),
        Concatenate=CONCATENATE,
        EchoEach=ECHO_EACH,
        Bad=("unary_unary", ended_badly),
        interceptors=[ServerInterceptor(registry)],
        channel_interceptors=[ClientInterceptor(registry)],
    ) as channel:
        assert await channel.unary_unary(path("Echo"))(b"1", timeout=WAIT) == b"1"
        assert len(await collect(channel.unary_stream(path("Repeat"))(b"3", timeout=WAIT))) == 3
        assert len(await collect(channel.unary_stream(path("Written"))(b"", timeout=WAIT))) == 2
        await channel.stream_unary(path("Concatenate"))(aiter_of(b"1", b"2"), timeout=WAIT)
        each = channel.stream_stream(path("EchoEach"))
        assert len(await collect(each(aiter_of(b"1", b"2"), timeout=WAIT))) == 2
        for request in (b"abort", b"raise"):
            await rpc_error(grpc, channel.unary_unary(path("Bad"))(request, timeout=WAIT))
    names = ["Echo", "Repeat", "Written", "Concatenate", "EchoEach"]
    codes = {(name, "OK"): 1 for name in names} | {("Bad", "NOT_FOUND"): 1, ("Bad", "UNKNOWN"): 1}
    assert handled(registry, "server") == codes
    assert handled(registry, "client") == codes
    assert messages(registry, "server") == {
        "UNARY": (3, 1),
        "SERVER_STREAMING": (2, 5),
        "CLIENT_STREAMING": (2, 1),
        "BIDI_STREAMING": (2, 2),
    }
    assert messages(registry, "client") == {
        "UNARY": (1, 3),
        "SERVER_STREAMING": (5, 2),
        "CLIENT_STREAMING": (1, 2),
        "BIDI_STREAMING": (2, 2),
    }


@pytest.mark.parametrize("streaming", [False, True])
async def test_calls_that_are_cancelled(streaming: bool) -> None:
    registry = CollectorRegistry()
    client = ClientInterceptor(registry)
    started, ended = asyncio.Event(), asyncio.Event()

    async def single(request, context):
        context.add_done_callback(lambda _: ended.set())
        started.set()
        await asyncio.Event().wait()

    async def several(request, context):
        yield b""
        await single(request, context)

    kind, handler = ("unary_stream", several) if streaming else ("unary_unary", single)
    async with connected(
        grpc,
        M=(kind, handler),
        interceptors=[ServerInterceptor(registry)],
        channel_interceptors=[client],
    ) as channel:
        call = getattr(channel, kind)(path("M"))(b"", timeout=WAIT)
        if streaming:
            await call.read()
        await asyncio.wait_for(started.wait(), WAIT)
        call.cancel()
        assert await call.code() is grpc.StatusCode.CANCELLED
        # Callbacks run in the order in which they were added: the interceptor's was the first.
        await asyncio.wait_for(ended.wait(), WAIT)
        while client._waiting:
            await asyncio.sleep(0)
    assert handled(registry, "server") == {("M", "CANCELLED"): 1}
    assert handled(registry, "client") == {("M", "CANCELLED"): 1}
