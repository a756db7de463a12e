"""Unary calls with the asyncio API, several at once."""

from __future__ import annotations

import asyncio
import importlib
import time

import runtime_client
import timing


async def main() -> None:
    grpc, stubs, given = runtime_client.load(__doc__)
    ping = importlib.import_module("bench_pb2").Ping
    clock = timing.Clock(given)
    async with grpc.aio.insecure_channel(given.address) as channel:
        call = stubs.EchoStub(channel).Unary

        async def work() -> None:
            while clock.is_running():
                started = time.perf_counter()
                clock.ended(started, (await call(ping(text=timing.TEXT))).text)

        await asyncio.gather(*(work() for _ in range(given.in_flight)))
    clock.tell()


if __name__ == "__main__":
    asyncio.run(main())
