"""Unary calls with the synchronous API, from one thread or several."""

from __future__ import annotations

import importlib
import threading
import time

import runtime_client
import timing


def main() -> None:
    grpc, stubs, given = runtime_client.load(__doc__)
    ping = importlib.import_module("bench_pb2").Ping
    clock = timing.Clock(given)
    with grpc.insecure_channel(given.address) as channel:
        call = stubs.EchoStub(channel).Unary

        def work() -> None:
            while clock.is_running():
                started = time.perf_counter()
                clock.ended(started, call(ping(text=timing.TEXT)).text)

        threads = [threading.Thread(target=work) for _ in range(given.in_flight)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    clock.tell()


if __name__ == "__main__":
    main()
