"""The benchmark's service with grpclib. Prints `listening on <port>`."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys
from pathlib import Path
from typing import Any


def service() -> Any:
    pong = importlib.import_module("bench_pb2").Pong

    class Echo(importlib.import_module("bench_grpc").EchoBase):  # type: ignore[misc]
        async def Unary(self, stream: Any) -> None:
            request = await stream.recv_message()
            await stream.send_message(pong(text=request.text))

        async def ServerStream(self, stream: Any) -> None:
            request = await stream.recv_message()
            for _ in range(request.count):
                await stream.send_message(pong(text=request.text))

        async def ClientStream(self, stream: Any) -> None:
            text, count = "", 0
            async for request in stream:
                text = request.text
                count += 1
            await stream.send_message(pong(text=text, count=count))

        async def Bidirectional(self, stream: Any) -> None:
            async for request in stream:
                await stream.send_message(pong(text=request.text))

    return Echo()


async def main() -> None:
    from grpclib.server import Server

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generated", type=Path, required=True)
    sys.path.insert(0, str(parser.parse_args().generated))
    server = Server([service()])
    await server.start("127.0.0.1", 0)
    # The port is told by the sockets of asyncio's server alone.
    print("listening on", server._server.sockets[0].getsockname()[1], flush=True)
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
