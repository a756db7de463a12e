"""A client of a hostile server and of a good one: 200 calls at once to the hostile one with a deadline of two seconds, and meanwhile a call each 10 ms to the good one on another channel. Prints what came of it.

caller.py {grpcio,russet} {sync,asyncio} HOSTILE_PORT GOOD_PORT STREAMS
"""

from __future__ import annotations

import asyncio
import collections
import json
import resource
import sys
import threading
import time
from typing import Any

DEADLINE = 2.0
CALLS = 200


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def report(before: int, cpu: float, codes: Any, late: float, took: list[float]) -> None:
    took.sort()
    print(
        json.dumps(
            {
                "memory": peak() - before,
                "cpu": time.process_time() - cpu,
                "codes": dict(codes),
                "late": late * 1000,
                "p99": took[int(len(took) * 0.99)] * 1000,
                "worst": took[-1] * 1000,
            }
        )
    )


def run_sync(grpc: Any, hostile: str, good: str, streams: bool) -> None:
    bad, fine = grpc.insecure_channel(hostile), grpc.insecure_channel(good)
    echo = fine.unary_unary("/a/Echo")
    echo(b"x", timeout=10)
    before, cpu = peak(), time.process_time()
    codes: collections.Counter[str] = collections.Counter()
    late = [0.0]

    def call() -> None:
        start = time.perf_counter()
        try:
            if streams:
                for _ in bad.unary_stream("/a/Echo")(b"", timeout=DEADLINE):
                    pass
            else:
                bad.unary_unary("/a/Echo")(b"", timeout=DEADLINE)
            code = "OK"
        except grpc.RpcError as error:
            code = error.code().name
        codes[code] += 1
        late[0] = max(late[0], time.perf_counter() - start - DEADLINE)

    threads = [threading.Thread(target=call) for _ in range(CALLS)]
    for thread in threads:
        thread.start()
    took = []
    while any(thread.is_alive() for thread in threads):
        start = time.perf_counter()
        echo(b"x", timeout=20)
        took.append(time.perf_counter() - start)
        time.sleep(0.01)
    report(before, cpu, codes, late[0], took or [0.0])


async def run_in_loop(grpc: Any, aio: Any, hostile: str, good: str, streams: bool) -> None:
    bad, fine = aio.insecure_channel(hostile), aio.insecure_channel(good)
    echo = fine.unary_unary("/a/Echo")
    await echo(b"x", timeout=10)
    before, cpu = peak(), time.process_time()
    codes: collections.Counter[str] = collections.Counter()
    late = [0.0]

    async def call() -> None:
        start = time.perf_counter()
        try:
            if streams:
                async for _ in bad.unary_stream("/a/Echo")(b"", timeout=DEADLINE):
                    pass
            else:
                await bad.unary_unary("/a/Echo")(b"", timeout=DEADLINE)
            code = "OK"
        except grpc.RpcError as error:
            code = error.code().name
        codes[code] += 1
        late[0] = max(late[0], time.perf_counter() - start - DEADLINE)

    tasks = [asyncio.ensure_future(call()) for _ in range(CALLS)]
    took = []
    while not all(task.done() for task in tasks):
        start = time.perf_counter()
        await echo(b"x", timeout=20)
        took.append(time.perf_counter() - start)
        await asyncio.sleep(0.01)
    report(before, cpu, codes, late[0], took or [0.0])


def main() -> None:
    library, kind, hostile, good, streams = sys.argv[1:]
    if library == "russet":
        from russet import grpc
        from russet.grpc import aio
    else:
        import grpc  # type: ignore[no-redef]
        from grpc import aio  # type: ignore[no-redef]
    addresses = f"127.0.0.1:{hostile}", f"127.0.0.1:{good}"
    if kind == "sync":
        run_sync(grpc, *addresses, streams == "1")
    else:
        asyncio.run(run_in_loop(grpc, aio, *addresses, streams == "1"))


if __name__ == "__main__":
    main()
