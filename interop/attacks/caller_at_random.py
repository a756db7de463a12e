"""A client of a hostile server that does anything: calls of each kind, one after the other on some threads or tasks, each with a deadline of a second; and a good server beside it. Prints what came of it.

caller_at_random.py {sync,asyncio} HOSTILE_PORT GOOD_PORT SECONDS
"""

from __future__ import annotations

import asyncio
import collections
import json
import sys
import threading
import time
from typing import Any

from caller import peak
from russet import grpc
from russet.grpc import aio

DEADLINE = 1.0
AT_ONCE = 16


class Found:
    """What the calls came to."""

    def __init__(self) -> None:
        self.codes: collections.Counter[str] = collections.Counter()
        self.late = 0.0
        self.took: list[float] = []

    def add(self, code: str, start: float) -> None:
        self.codes[code] += 1
        self.late = max(self.late, time.perf_counter() - start - DEADLINE)

    def tell(self, before: int) -> None:
        self.took.sort()
        print(
            json.dumps(
                {
                    "memory": peak() - before,
                    "codes": dict(self.codes),
                    "late": self.late * 1000,
                    "p50": self.took[len(self.took) // 2] * 1000,
                    "p99": self.took[int(len(self.took) * 0.99)] * 1000,
                    "worst": self.took[-1] * 1000,
                }
            )
        )


def in_threads(hostile: str, good: str, seconds: float) -> None:
    found = Found()
    fine = grpc.insecure_channel(good)
    echo: Any = fine.unary_unary("/a/Echo")
    echo(b"x", timeout=10)
    before = peak()
    end = time.monotonic() + seconds

    def calls(number: int) -> None:
        options = [("grpc.initial_reconnect_backoff_ms", 10), ("grpc.max_reconnect_backoff_ms", 50)]
        with grpc.insecure_channel(hostile, options=options) as bad:
            while time.monotonic() < end:
                start = time.perf_counter()
                code = "OK"
                try:
                    if number % 2:
                        call: Any = bad.stream_stream("/a/Echo")(iter([b"x"] * 3), timeout=DEADLINE)
                        collections.deque(call, maxlen=1)
                    else:
                        call = bad.unary_unary("/a/Echo")
                        call(b"x", timeout=DEADLINE, wait_for_ready=True)
                except grpc.RpcError as error:
                    code = error.code().name  # type: ignore[attr-defined]
                found.add(code, start)

    threads = [threading.Thread(target=calls, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        start = time.perf_counter()
        echo(b"x", timeout=20)
        found.took.append(time.perf_counter() - start)
        time.sleep(0.01)
    found.tell(before)


async def in_loop(hostile: str, good: str, seconds: float) -> None:
    found = Found()
    fine = aio.insecure_channel(good)
    echo: Any = fine.unary_unary("/a/Echo")
    await echo(b"x", timeout=10)
    before = peak()
    end = time.monotonic() + seconds

    async def calls(number: int) -> None:
        options = [("grpc.initial_reconnect_backoff_ms", 10), ("grpc.max_reconnect_backoff_ms", 50)]
        async with aio.insecure_channel(hostile, options=options) as bad:
            while time.monotonic() < end:
                start = time.perf_counter()
                code = "OK"
                try:
                    if number % 2:
                        call: Any = bad.stream_stream("/a/Echo")(iter([b"x"] * 3), timeout=DEADLINE)
                        async for _ in call:
                            pass
                    else:
                        call = bad.unary_unary("/a/Echo")
                        await call(b"x", timeout=DEADLINE, wait_for_ready=True)
                except grpc.RpcError as error:
                    code = error.code().name  # type: ignore[attr-defined]
                found.add(code, start)

    tasks = [asyncio.ensure_future(calls(number)) for number in range(AT_ONCE)]
    while not all(task.done() for task in tasks):
        start = time.perf_counter()
        await echo(b"x", timeout=20)
        found.took.append(time.perf_counter() - start)
        await asyncio.sleep(0.01)
    await asyncio.gather(*tasks)
    found.tell(before)


def main() -> None:
    kind, hostile, good, seconds = sys.argv[1:]
    addresses = f"127.0.0.1:{hostile}", f"127.0.0.1:{good}"
    if kind == "sync":
        in_threads(*addresses, float(seconds))
    else:
        asyncio.run(in_loop(*addresses, float(seconds)))


if __name__ == "__main__":
    main()
