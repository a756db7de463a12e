"""A channel that is closed or dropped leaves nothing behind: neither itself nor its descriptors."""

from __future__ import annotations

import gc
import sys
import weakref
from pathlib import Path

import pytest
from support.aio import aiter_of, collect, echo_each, serving
from support.rpc import WAIT, path

CHANNELS = 5


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
async def test_closed_channels_give_their_descriptors_back(russet):
    async with serving(russet, Each=("stream_stream", echo_each)) as address:

        async def use():
            async with russet.aio.insecure_channel(address) as channel:
                call = channel.stream_stream(path("Each"))(aiter_of(b"a", b"b"), timeout=WAIT)
                assert await collect(call) == [b"a", b"b"]

        await use()
        gc.collect()
        before = descriptors()
        for _ in range(CHANNELS):
            await use()
        gc.collect()
        # Of each connection the server may still have its end.
        assert descriptors() <= before + CHANNELS


async def test_a_dropped_channel_is_gone(russet):
    channel = russet.aio.insecure_channel("localhost:1")
    alive = weakref.ref(channel)
    del channel
    gc.collect()
    assert alive() is None
