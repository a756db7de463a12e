"""A server to be attacked, on grpcio or on Russet: prints its port, then serves until its input ends.

server.py {grpcio,russet} {sync,asyncio} [--small] [--tls CERTIFICATE KEY]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from concurrent import futures
from pathlib import Path
from typing import Any

# What the calls of the service `a` do: all bytes, so that nothing but the transport is measured.
BIG = bytes(1 << 20)
SMALL = (
    ("russet.max_connection_memory", 16 << 20),
    ("russet.max_server_memory", 64 << 20),
)


def sync_handlers(grpc: Any) -> dict[str, Any]:
    def hold(request: bytes, context: Any) -> bytes:
        """Keeps the request until the call ends."""
        ended = threading.Event()
        if context.add_callback(ended.set):
            ended.wait(20)
        return request[:1]

    def never(requests: Any, context: Any) -> Any:
        """Takes no request."""
        ended = threading.Event()
        if context.add_callback(ended.set):
            ended.wait(20)
        yield from ()

    return {
        "Echo": grpc.unary_unary_rpc_method_handler(lambda request, context: request),
        "Big": grpc.unary_unary_rpc_method_handler(lambda request, context: BIG),
        "Hold": grpc.unary_unary_rpc_method_handler(hold),
        "Never": grpc.stream_stream_rpc_method_handler(never),
    }


def aio_handlers(grpc: Any) -> dict[str, Any]:
    async def echo(request: bytes, context: Any) -> bytes:
        return request

    async def big(request: bytes, context: Any) -> bytes:
        return BIG

    async def hold(request: bytes, context: Any) -> bytes:
        await asyncio.sleep(20)
        return request[:1]

    async def never(requests: Any, context: Any) -> Any:
        await asyncio.sleep(20)
        return
        yield b""

    return {
        "Echo": grpc.unary_unary_rpc_method_handler(echo),
        "Big": grpc.unary_unary_rpc_method_handler(big),
        "Hold": grpc.unary_unary_rpc_method_handler(hold),
        "Never": grpc.stream_stream_rpc_method_handler(never),
    }


def bind(grpc: Any, server: Any, arguments: argparse.Namespace) -> int:
    if arguments.tls is None:
        return server.add_insecure_port("127.0.0.1:0")  # type: ignore[no-any-return]
    certificate, key = (Path(name).read_bytes() for name in arguments.tls)
    credentials = grpc.ssl_server_credentials([(key, certificate)])
    return server.add_secure_port("127.0.0.1:0", credentials)  # type: ignore[no-any-return]


async def serve_in_loop(grpc: Any, aio: Any, arguments: argparse.Namespace, options: Any) -> None:
    server = aio.server(options=options)
    handlers = grpc.method_handlers_generic_handler("a", aio_handlers(grpc))
    server.add_generic_rpc_handlers((handlers,))
    port = bind(grpc, server, arguments)
    await server.start()
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop(0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("library", choices=("grpcio", "russet"))
    parser.add_argument("kind", choices=("sync", "asyncio"))
    parser.add_argument("--small", action="store_true", help="small limits of memory")
    parser.add_argument("--tls", nargs=2)
    arguments = parser.parse_args()
    if arguments.library == "russet":
        from russet import grpc
        from russet.grpc import aio
    else:
        import grpc  # type: ignore[no-redef]
        from grpc import aio  # type: ignore[no-redef]
    options = SMALL if arguments.small and arguments.library == "russet" else ()
    if arguments.kind == "asyncio":
        asyncio.run(serve_in_loop(grpc, aio, arguments, options))
        return
    server = grpc.server(futures.ThreadPoolExecutor(16), options=options)
    handlers = grpc.method_handlers_generic_handler("a", sync_handlers(grpc))
    server.add_generic_rpc_handlers((handlers,))
    port = bind(grpc, server, arguments)
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(0)


if __name__ == "__main__":
    main()
