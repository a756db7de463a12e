"""The soak's clients: mixed calls, synchronous and asyncio, for a number of seconds. Prints an empty line at the start, and the outcomes as JSON at the end.

Calls go three ways: *rough* ones through the proxy, which resets, to servers of which one is killed; *secure* ones over TLS, each on a connection of its own; *calm* ones straight to the servers that stay, on many connections, which are told to go away again and again and must not lose a call by that.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import itertools
import json
import random
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from russet import grpc
from service import KINDS, SERVICE, SIZES, STREAMED

# Seconds: of a call, of one that is to be too late, and for all of them to end at last.
TIMEOUT = 15.0
SHORT = 0.003
LAST = 60.0

# Workers of each sort, and the calls after which a worker takes a new channel.
WORKERS = 6
CALLS_OF_A_CHANNEL = 200

# Calls a second on the calm connections, all together.
CALM_RATE = 200

# Each channel has connections of its own.
ALONE = (("grpc.use_local_subchannel_pool", 1),)

OUTCOMES: collections.Counter[str] = collections.Counter()


def count(way: str, code: grpc.StatusCode) -> None:
    OUTCOMES[f"{way} {code.name}"] += 1


def chosen() -> tuple[str, bytes, float, bool]:
    """A method's kind, a message, a deadline, and whether the call is cancelled in its midst."""
    late = random.random() < 0.1
    message = bytes(random.choice(SIZES))
    return random.choice(KINDS), message, SHORT if late else TIMEOUT, random.random() < 0.2


def call(channel: grpc.Channel, way: str) -> None:
    """One call, whatever becomes of it; its answer is compared."""
    kind, message, timeout, cancelled = chosen()
    method = getattr(channel, kind)(f"/{SERVICE}/{kind}")
    given: Any = itertools.repeat(message, STREAMED) if kind.startswith("stream") else message
    try:
        if kind.endswith("stream"):
            responses = method(given, timeout=timeout)
            for number, response in enumerate(responses):
                assert response == message
                if cancelled and number == STREAMED // 2:
                    responses.cancel()
        elif cancelled:
            future = method.future(given, timeout=timeout)
            future.cancel()
            count(way, future.code())
            return
        else:
            assert method(given, timeout=timeout) == message
        count(way, grpc.StatusCode.OK)
    except grpc.RpcError as error:
        count(way, error.code())


async def async_call(channel: grpc.aio.Channel, way: str, *, gently: bool = False) -> None:
    """As `call`; gently, without cancellation and short deadlines."""
    kind, message, timeout, cancelled = chosen()
    if gently:
        timeout, cancelled = TIMEOUT, False
    method = getattr(channel, kind)(f"/{SERVICE}/{kind}")

    async def messages() -> AsyncIterator[bytes]:
        for _ in range(STREAMED):
            yield message

    made = method(messages() if kind.startswith("stream") else message, timeout=timeout)
    try:
        if kind.endswith("stream"):
            number = 0
            async for response in made:
                assert response == message
                number += 1
                if cancelled and number == STREAMED // 2:
                    made.cancel()
        else:
            if cancelled:
                made.cancel()
            assert await made == message
    except (grpc.RpcError, asyncio.CancelledError):
        if not made.done():
            raise
    count(way, await made.code())


class Load:
    def __init__(self, given: argparse.Namespace) -> None:
        self._given = given
        self._end = time.monotonic() + given.seconds
        self._secure = grpc.ssl_channel_credentials(Path(given.authority).read_bytes())
        self.errors: list[str] = []

    def goes_on(self) -> bool:
        return time.monotonic() < self._end

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """What a worker dies of is told at the end."""
        try:
            yield
        # Whatever it is.
        except BaseException as error:
            self.errors.append(f"{type(error).__name__}: {error}")
            raise

    def rough(self) -> None:
        with self.told():
            while self.goes_on():
                target = f"127.0.0.1:{random.choice(self._given.rough)}"
                with grpc.insecure_channel(target, options=ALONE) as channel:
                    for _ in range(CALLS_OF_A_CHANNEL):
                        if self.goes_on():
                            call(channel, "rough")

    def secure(self) -> None:
        with self.told():
            while self.goes_on():
                target = f"localhost:{random.choice(self._given.secure)}"
                with grpc.secure_channel(target, self._secure, options=ALONE) as channel:
                    call(channel, "secure")

    async def async_rough(self) -> None:
        with self.told():
            while self.goes_on():
                target = f"127.0.0.1:{random.choice(self._given.rough)}"
                async with grpc.aio.insecure_channel(target, options=ALONE) as channel:
                    for _ in range(CALLS_OF_A_CHANNEL):
                        if self.goes_on():
                            await async_call(channel, "rough")

    async def calm(self) -> None:
        """Goes round the connections, a call on each."""
        with self.told():
            targets = itertools.cycle(f"127.0.0.1:{port}" for port in self._given.calm)
            channels = [
                grpc.aio.insecure_channel(next(targets), options=ALONE)
                for _ in range(self._given.connections)
            ]
            calls: set[asyncio.Task[None]] = set()
            for channel in itertools.cycle(channels):
                if not self.goes_on():
                    break
                task = asyncio.create_task(async_call(channel, "calm", gently=True))
                calls.add(task)
                task.add_done_callback(calls.discard)
                await asyncio.sleep(1 / CALM_RATE)
            await asyncio.gather(*calls)
            await asyncio.gather(*(channel.close() for channel in channels))

    async def asynchronous(self) -> None:
        await asyncio.gather(self.calm(), *(self.async_rough() for _ in range(WORKERS)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--authority", required=True)
    for way in ("rough", "secure", "calm"):
        parser.add_argument(f"--{way}", type=int, nargs="+", required=True, metavar="PORT")
    load = Load(parser.parse_args())
    threads = [threading.Thread(target=load.rough, daemon=True) for _ in range(WORKERS)]
    threads.append(threading.Thread(target=load.secure, daemon=True))
    threads.append(threading.Thread(target=lambda: asyncio.run(load.asynchronous()), daemon=True))
    print(flush=True)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0, load._end - time.monotonic()) + LAST)
    hanging = sum(thread.is_alive() for thread in threads)
    print(json.dumps({"outcomes": OUTCOMES, "hanging": hanging, "errors": load.errors}))


if __name__ == "__main__":
    main()
