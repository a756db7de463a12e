"""A proxy that resets its connections at random: `proxy.py PORT ...` forwards to these ports, prints the ports that it listens on in their order, and ends when its input does."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import sys

# Seconds that a connection lives, on average.
LIFE = 3.0
PIECE = 65536


def reset(writer: asyncio.StreamWriter) -> None:
    """Closes with RST: nothing that waits is sent."""
    bound = writer.get_extra_info("socket")
    if bound is not None:
        with contextlib.suppress(OSError):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(PIECE):
        writer.write(data)
        await writer.drain()


async def forward(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writers = [writer]
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writers.append(back)
        both = asyncio.gather(pump(reader, back), pump(there, writer))
        await asyncio.wait_for(both, random.expovariate(1 / LIFE))
    for each in writers:
        reset(each)


async def main() -> None:
    bound = []
    for port in map(int, sys.argv[1:]):

        async def connected(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int = port
        ) -> None:
            await forward(port, reader, writer)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        bound.append(server.sockets[0].getsockname()[1])
    print(*bound, flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
