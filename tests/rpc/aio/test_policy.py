"""Retries, hedging and balancing on asyncio: the same policies as of the synchronous channel."""

from __future__ import annotations

import asyncio
import json

import pytest
from support.aio import aiter_of, collect, connected, rpc_error
from support.policy import config, hedging, retrying
from support.rpc import WAIT, path


class Flaky:
    """Behaviours that fail twice before they answer."""

    def __init__(self, grpc):
        self.grpc = grpc
        self.attempts = []

    async def _enter(self, context):
        metadata = dict(context.invocation_metadata())
        self.attempts.append(metadata.get("grpc-previous-rpc-attempts"))
        if len(self.attempts) <= 2:
            await context.abort(self.grpc.StatusCode.UNAVAILABLE, "not yet")

    async def unary(self, request, context):
        await self._enter(context)
        return request

    async def each(self, requests, context):
        received = [request async for request in requests]
        await self._enter(context)
        for request in received:
            yield request


async def test_failed_calls_are_sent_again(grpc):
    flaky = Flaky(grpc)
    methods = {"Unary": ("unary_unary", flaky.unary), "Each": ("stream_stream", flaky.each)}
    async with connected(grpc, channel_options=retrying(), **methods) as channel:
        assert await channel.unary_unary(path("Unary"))(b"x", timeout=WAIT) == b"x"
        assert flaky.attempts == [None, "1", "2"]
        flaky.attempts.clear()
        call = channel.stream_stream(path("Each"))(aiter_of(b"a", b"b"), timeout=WAIT)
        assert await collect(call) == [b"a", b"b"]
        assert flaky.attempts == [None, "1", "2"]


async def test_the_configs_timeout_is_the_deadline(grpc):
    async def never(request, context):
        await asyncio.Event().wait()

    options = config(timeout="0.2s")
    async with connected(grpc, Never=("unary_unary", never), channel_options=options) as channel:
        error = await rpc_error(grpc, channel.unary_unary(path("Never"))(b"", timeout=WAIT))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.parametrize("delay", ["0s", "0.05s"])
async def test_hedged_calls_are_answered_by_the_first(russet, delay):
    cancelled = asyncio.Event()
    attempts = []

    async def slow_at_first(request, context):
        attempts.append(1)
        number = len(attempts)
        if number == 1:
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()
        return b"%d" % number

    options = hedging(attempts=2, delay=delay)
    async with connected(
        russet, Slow=("unary_unary", slow_at_first), channel_options=options
    ) as channel:
        assert await channel.unary_unary(path("Slow"))(b"", timeout=WAIT) == b"2"
        await asyncio.wait_for(cancelled.wait(), WAIT)


async def test_a_wrong_config_ends_every_call(grpc):
    async def unary(request, context):
        return request

    options = [("grpc.service_config", json.dumps([]))]
    async with connected(grpc, Unary=("unary_unary", unary), channel_options=options) as channel:
        error = await rpc_error(grpc, channel.unary_unary(path("Unary"))(b"", timeout=WAIT))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
