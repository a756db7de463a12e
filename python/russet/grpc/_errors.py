"""Exceptions of the synchronous API that are not tied to one kind of call."""

from __future__ import annotations


class RpcError(Exception):
    """Raised when an RPC ends with a status other than OK.

    What calls raise is also a `Call`, so `code()`, `details()`, `initial_metadata()` and `trailing_metadata()` tell what happened.
    """


class FutureTimeoutError(Exception):
    """Waiting for a `Future` took longer than the timeout given. The RPC goes on."""


class FutureCancelledError(Exception):
    """The result of a cancelled `Future` was asked for."""
