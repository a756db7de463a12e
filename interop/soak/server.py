"""A server of the soak: `server.py sync|asyncio PORT CERTIFICATES`, with port 0 for a free one. Prints its plaintext and its TLS port; ends when its input does.

Its connections are told to go away after a few seconds, and each new one over TLS is given the other one of two certificates.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from concurrent import futures
from pathlib import Path
from typing import Any

import service
from russet import grpc

OPTIONS = (
    ("grpc.max_connection_age_ms", 5_000),
    ("grpc.max_connection_age_grace_ms", 20_000),
    ("grpc.so_reuseport", 0),
)


def credentials(folder: Path) -> grpc.ServerCredentials:
    """Reloads: each handshake asks for the certificate, and gets the next one."""
    made = itertools.cycle(
        [
            grpc.ssl_server_certificate_configuration(
                [((folder / f"{name}.key").read_bytes(), (folder / f"{name}.pem").read_bytes())]
            )
            for name in ("first", "second")
        ]
    )
    return grpc.dynamic_ssl_server_credentials(next(made), lambda: next(made))


def start(server: Any) -> None:
    plain = server.add_insecure_port(f"127.0.0.1:{sys.argv[2]}")
    print(plain, server.add_secure_port("127.0.0.1:0", credentials(Path(sys.argv[3]))), flush=True)


async def serve_asyncio() -> None:
    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers((service.handler(asynchronous=True),))
    start(server)
    await server.start()
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(1)


def serve() -> None:
    server = grpc.server(futures.ThreadPoolExecutor(32), options=OPTIONS)
    server.add_generic_rpc_handlers((service.handler(asynchronous=False),))
    start(server)
    server.start()
    sys.stdin.read()
    server.stop(1).wait()


if __name__ == "__main__":
    if sys.argv[1] == "asyncio":
        asyncio.run(serve_asyncio())
    else:
        serve()
