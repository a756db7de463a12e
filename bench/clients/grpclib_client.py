"""Unary calls with grpclib, several at once."""

from __future__ import annotations

import asyncio
import importlib
import sys
import time

import timing


async def main() -> None:
    from grpclib.client import Channel

    given = timing.arguments(__doc__).parse_args()
    sys.path.insert(0, str(given.generated))
    ping = importlib.import_module("bench_pb2").Ping
    clock = timing.Clock(given)
    host, port = given.address.rsplit(":", 1)
    async with Channel(host, int(port)) as channel:
        call = importlib.import_module("bench_grpc").EchoStub(channel).Unary

        async def work() -> None:
            while clock.is_running():
                started = time.perf_counter()
                clock.ended(started, (await call(ping(text=timing.TEXT))).text)

        await asyncio.gather(*(work() for _ in range(given.in_flight)))
    clock.tell()


if __name__ == "__main__":
    asyncio.run(main())
