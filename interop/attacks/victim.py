"""A well-behaved client beside an attack: a call each 10 ms on grpcio; prints the latencies in milliseconds when its input ends.

victim.py PORT [ROOTS]
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import grpc


def main() -> None:
    port = sys.argv[1]
    if len(sys.argv) > 2:
        credentials = grpc.ssl_channel_credentials(Path(sys.argv[2]).read_bytes())
        channel = grpc.secure_channel(f"localhost:{port}", credentials)
    else:
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    echo = channel.unary_unary("/a/Echo")
    ended = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    took: list[float] = []
    failed: list[str] = []
    echo(b"x", timeout=10)
    print("ready", flush=True)
    while not ended.wait(0.01):
        start = time.perf_counter()
        try:
            echo(b"x", timeout=10)
        except grpc.RpcError as error:
            failed.append(f"{error.code()}: {error.details()}")
        took.append((time.perf_counter() - start) * 1000)
    print(json.dumps({"took": took, "failed": failed}), flush=True)


if __name__ == "__main__":
    main()
