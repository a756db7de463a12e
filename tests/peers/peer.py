"""What every peer offers to the tests: a server, and a client whose calls are coroutines."""

from __future__ import annotations

import contextlib
from typing import NamedTuple

# Seconds that a test waits for something that happens at once unless the test fails.
WAIT = 20.0

# How the service fails: a name of gRPC's codes, and words that need escapes on the wire.
FAILURE = ("NOT_FOUND", "no such thing: 100% gänzlich")


class Answer(NamedTuple):
    """Of a call with one response."""

    text: str
    count: int = 0
    trailing: str | None = None


class CallFailed(Exception):
    """A call ended with another status than OK: the name of its code, its words, and the texts that came before."""

    def __init__(self, code: str, words: str, texts: tuple[str, ...] = ()) -> None:
        super().__init__(code, words, texts)
        self.code = code
        self.words = words
        self.texts = texts


class Client:
    """Calls of the echo service, as a peer makes them."""

    async def unary(self, text: str, given: str = "nothing", timeout: float = WAIT) -> Answer:
        raise NotImplementedError

    async def server_stream(self, text: str, count: int) -> list[str]:
        raise NotImplementedError

    async def client_stream(self, texts: list[str]) -> Answer:
        raise NotImplementedError

    async def bidirectional(self, texts: list[str]) -> list[str]:
        """Sends each text when the answer to the one before has come."""
        raise NotImplementedError


class Peer:
    """One implementation."""

    def serve(self) -> contextlib.AbstractAsyncContextManager[int]:
        """A server's port."""
        raise NotImplementedError

    def connect(self, port: int) -> contextlib.AbstractAsyncContextManager[Client]:
        """A client."""
        raise NotImplementedError
