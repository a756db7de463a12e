"""Runs the HTTP/2 interop cases of gRPC, those of the misbehaving server, with Russet's client, synchronous and asyncio, and with grpcio's, which shows that the server is right.

Prints a table, and fails where a case fails; what a peer is known to do otherwise is named below it. The Python that runs it has russet, grpcio and h2 installed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent import futures
from typing import Any, Protocol

import grpc as grpcio
from russet import grpc as russet
from server import ANSWER, Server

METHOD = "/grpc.testing.TestService/UnaryCall"
REQUEST = bytes(271828)

# Seconds for one call.
TIMEOUT = 20

# Calls of max_streams.
CONCURRENT = 15


class Caller(Protocol):
    """A client. `call` gives the response's length, or the name of the error's code; `many` makes calls at once."""

    def call(self) -> int | str: ...
    def many(self, count: int) -> list[int | str]: ...
    def close(self) -> None: ...


class Synchronous:
    def __init__(self, grpc: Any, target: str) -> None:
        self._grpc = grpc
        self._channel = grpc.insecure_channel(target)
        self._method = self._channel.unary_unary(METHOD)

    def call(self) -> int | str:
        try:
            return len(self._method(REQUEST, timeout=TIMEOUT))
        except self._grpc.RpcError as error:
            name: str = error.code().name
            return name

    def many(self, count: int) -> list[int | str]:
        with futures.ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda _: self.call(), range(count)))

    def close(self) -> None:
        self._channel.close()


class Asynchronous:
    def __init__(self, target: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._channel = self._loop.run_until_complete(self._connect(target))
        self._method = self._channel.unary_unary(METHOD)

    async def _connect(self, target: str) -> Any:
        return russet.aio.insecure_channel(target)

    async def _call(self) -> int | str:
        try:
            return len(await self._method(REQUEST, timeout=TIMEOUT))
        except russet.RpcError as error:
            return error.code().name

    async def _many(self, count: int) -> list[int | str]:
        return await asyncio.gather(*(self._call() for _ in range(count)))

    def call(self) -> int | str:
        return self._loop.run_until_complete(self._call())

    def many(self, count: int) -> list[int | str]:
        return self._loop.run_until_complete(self._many(count))

    def close(self) -> None:
        self._loop.run_until_complete(self._channel.close())
        self._loop.close()


CLIENTS: dict[str, Callable[[str], Caller]] = {
    "russet": lambda target: Synchronous(russet, target),
    "russet-asyncio": Asynchronous,
    "grpcio": lambda target: Synchronous(grpcio, target),
}


def expect(given: object, wanted: object) -> None:
    assert given == wanted, f"{given}; {wanted} was expected"


def goaway(caller: Caller, server: Server) -> None:
    """The server says GOAWAY with its first answer: the second call takes another connection."""
    expect([caller.call(), caller.call()], [ANSWER, ANSWER])
    assert server.counts.connections == 2, f"{server.counts.connections} connections"


def fails(caller: Caller, server: Server) -> None:
    """The server resets the stream with NO_ERROR: the call ends with INTERNAL, however much came before."""
    expect(caller.call(), "INTERNAL")


def succeeds(caller: Caller, server: Server) -> None:
    expect(caller.call(), ANSWER)


def ping(caller: Caller, server: Server) -> None:
    """Each PING is answered: those of the first call by the time the second has ended."""
    expect(caller.call(), ANSWER)
    pings = server.counts.pings
    expect(caller.call(), ANSWER)
    assert server.counts.pongs >= pings, f"{server.counts.pongs} answers to {pings} PINGs"


def max_streams(caller: Caller, server: Server) -> None:
    """The server allows one call at once; more of them wait for their turn, and all are answered."""
    expect(caller.call(), ANSWER)
    expect(caller.many(CONCURRENT), [ANSWER] * CONCURRENT)
    assert server.counts.open == 1, f"{server.counts.open} calls were open at once"


CASES: dict[str, Callable[[Caller, Server], None]] = {
    "goaway": goaway,
    "rst_after_header": fails,
    "rst_during_data": fails,
    "rst_after_data": fails,
    "ping": ping,
    "max_streams": max_streams,
    "data_frame_padding": succeeds,
    "no_df_padding_sanity_test": succeeds,
}


# What a peer is known to do otherwise.
KNOWN = {
    ("grpcio", "data_frame_padding"): "its core takes no DATA frame with padding (RFC 9113, 6.1)"
}


def outcome(case: str, client: str) -> str:
    """Nothing where the case passes, or else what went wrong."""
    with Server(case) as server:
        caller = CLIENTS[client](server.target)
        try:
            CASES[case](caller, server)
        except AssertionError as error:
            return " ".join(str(error).split()) or "it did not answer as it should"
        finally:
            caller.close()
    return ""


def main() -> int:
    notes, failed = [], False
    print(f"{'case':27}" + "".join(f"{client:16}" for client in CLIENTS))
    for case in CASES:
        cells = []
        for client in CLIENTS:
            error = outcome(case, client)
            known = KNOWN.get((client, case)) if error else None
            cells.append(f"{'differs' if known else 'failed' if error else 'passed':16}")
            failed |= bool(error) and known is None
            if error:
                notes.append(f"{client}, {case}: {known or error}")
        print(f"{case:27}{''.join(cells)}", flush=True)
    for note in notes:
        print(note)
    return failed


if __name__ == "__main__":
    sys.exit(main())
