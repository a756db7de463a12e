"""The benchmark's service with connectrpc, under hypercorn, which speaks HTTP/2 in plaintext. Prints `listening on <port>`."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any


def application(module: Any) -> Any:
    pong = module.Pong

    class Echo(module.Echo):  # type: ignore[misc, name-defined]
        async def unary(self, request: Any, context: Any) -> Any:
            return pong(text=request.text)

        async def server_stream(self, request: Any, context: Any) -> AsyncIterator[Any]:
            for _ in range(request.count):
                yield pong(text=request.text)

        async def client_stream(self, requests: Any, context: Any) -> Any:
            text, count = "", 0
            async for request in requests:
                text = request.text
                count += 1
            return pong(text=text, count=count)

        async def bidirectional(self, requests: Any, context: Any) -> AsyncIterator[Any]:
            async for request in requests:
                yield pong(text=request.text)

    return module.EchoASGIApplication(Echo())


async def main() -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generated", type=Path, required=True)
    generated = parser.parse_args().generated
    # What the plugin writes imports its messages from its own package.
    sys.path.insert(0, str(generated.parent))
    module = importlib.import_module(f"{generated.name}.bench_connect")
    listening = socket.create_server(("127.0.0.1", 0))
    config = Config()
    config.bind = [f"fd://{listening.fileno()}"]
    # By default it closes a connection after a thousand requests.
    config.keep_alive_max_requests = sys.maxsize
    # Whoever measures connects once this is printed, and waits in the backlog until hypercorn accepts.
    print("listening on", listening.getsockname()[1], flush=True)
    await serve(application(module), config)


if __name__ == "__main__":
    asyncio.run(main())
