"""One worker of `russet serve`: makes the server, serves, and lets calls end when it is told to stop.

It stops on SIGTERM and SIGINT, and when the supervisor is gone: both hold an end of a pipe on which nothing is ever written.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import russet

from . import Settings

# The exit code of a worker that cannot make or start its server: starting another one would not help.
CANNOT_START = 3


class CannotStart(Exception):
    """Why there is no server; the text is for the one who started it."""


def main(arguments: list[str]) -> int:
    """Serve until told to stop. The arguments are the settings, the descriptor on which readiness is told, and the one that ends with the supervisor."""
    settings = Settings.from_json(arguments[0])
    ready, alive = int(arguments[1]), int(arguments[2])
    logging.basicConfig()
    if settings.drop_in:
        russet.install()
    run: Any = import_module("uvloop").run if settings.uvloop else asyncio.run
    try:
        run(_serve(settings, ready, alive))
    except CannotStart as error:
        print(f"russet serve: {error}", file=sys.stderr, flush=True)
        return CANNOT_START
    return 0


async def _serve(settings: Settings, ready: int, alive: int) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # The reload is the supervisor's; a terminal sends its signals to all processes.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    loop.add_reader(alive, stop.set)
    server = await _made(settings.factory)
    _bind(server, settings)
    await _settled(server.start())
    os.write(ready, b"1")
    os.close(ready)
    await stop.wait()
    loop.remove_reader(alive)
    stopped = server.stop(settings.grace)
    if inspect.isawaitable(stopped):
        await stopped
    else:
        # The synchronous server gives an event; this thread is free for signals meanwhile.
        await loop.run_in_executor(None, stopped.wait)


async def _settled(value: Any) -> Any:
    """What a function gives that may be a coroutine function."""
    return await value if inspect.isawaitable(value) else value


async def _made(path: str) -> Any:
    """The server of the factory at `module:name`."""
    module_name, _, name = path.partition(":")
    if not {"", str(Path.cwd())} & {*sys.path}:
        sys.path.insert(0, str(Path.cwd()))
    try:
        factory: Any = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise CannotStart(f"there is no module {error.name!r} in {Path.cwd()} or on sys.path") from error  # fmt: skip
    for part in name.split("."):
        if not hasattr(factory, part):
            raise CannotStart(f"{path}: {module_name} has no {name!r}")
        factory = getattr(factory, part)
    if not callable(factory):
        raise CannotStart(f"{path} is {factory!r}, not a function that returns a server")
    server = await _settled(factory())
    if not all(callable(getattr(server, method, None)) for method in ("start", "stop", "add_insecure_port")):  # fmt: skip
        raise CannotStart(f"{path} returned {server!r}, not a server of grpc.server or grpc.aio.server")  # fmt: skip
    return server


def _bind(server: Any, settings: Settings) -> None:
    credentials = _credentials(settings)
    for address in settings.addresses:
        try:
            if credentials is None:
                server.add_insecure_port(address)
            else:
                server.add_secure_port(address, credentials)
        except (RuntimeError, ValueError) as error:
            raise CannotStart(str(error)) from error


def _credentials(settings: Settings) -> Any:
    if settings.certificate is None or settings.key is None:
        return None
    from ..grpc import ssl_server_credentials

    try:
        chain, key = (Path(name).read_bytes() for name in (settings.certificate, settings.key))
        authority = Path(settings.client_authority).read_bytes() if settings.client_authority else None  # fmt: skip
        return ssl_server_credentials([(key, chain)], authority, authority is not None)
    except (OSError, ValueError) as error:
        raise CannotStart(f"TLS: {error}") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
