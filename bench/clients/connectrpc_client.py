"""Unary calls over gRPC with connectrpc, by threads or by tasks."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys
import threading
import time
from typing import Any

import timing


def work_of_threads(
    given: argparse.Namespace, clock: timing.Clock, module: Any, **how: Any
) -> None:
    import pyqwest

    transport = pyqwest.SyncHTTPTransport(http_version=pyqwest.HTTPVersion.HTTP2)
    http = pyqwest.SyncClient(transport)
    client = module.EchoClientSync(f"http://{given.address}", http_client=http, **how)

    def work() -> None:
        while clock.is_running():
            started = time.perf_counter()
            clock.ended(started, client.unary(module.Ping(text=timing.TEXT)).text)

    threads = [threading.Thread(target=work) for _ in range(given.in_flight)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def work_of_tasks(
    given: argparse.Namespace, clock: timing.Clock, module: Any, **how: Any
) -> None:
    import pyqwest

    transport = pyqwest.HTTPTransport(http_version=pyqwest.HTTPVersion.HTTP2)
    http = pyqwest.Client(transport)
    client = module.EchoClient(f"http://{given.address}", http_client=http, **how)

    async def work() -> None:
        while clock.is_running():
            started = time.perf_counter()
            clock.ended(started, (await client.unary(module.Ping(text=timing.TEXT))).text)

    await asyncio.gather(*(work() for _ in range(given.in_flight)))


def main() -> None:
    parser = timing.arguments(__doc__)
    parser.add_argument("--asyncio", action="store_true")
    given = parser.parse_args()
    from connectrpc.protocol import ProtocolType

    # What the plugin writes imports its messages from its own package.
    sys.path.insert(0, str(given.generated.parent))
    module = importlib.import_module(f"{given.generated.name}.bench_connect")
    clock = timing.Clock(given)
    how = {"protocol": ProtocolType.GRPC, "send_compression": None}
    if given.asyncio:
        asyncio.run(work_of_tasks(given, clock, module, **how))
    else:
        work_of_threads(given, clock, module, **how)
    clock.tell()


if __name__ == "__main__":
    main()
