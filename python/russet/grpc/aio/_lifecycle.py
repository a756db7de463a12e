"""`init_grpc_aio` and `shutdown_grpc_aio`, which programs written for grpcio may call."""

from __future__ import annotations


def init_grpc_aio() -> None:
    """Does nothing: each event loop is set up when something is first used on it."""


def shutdown_grpc_aio() -> None:
    """Does nothing: channels and servers free what they hold when they are closed or dropped."""
