"""Asynchronous tests run on asyncio's loop and, where it is installed, on uvloop's."""

from __future__ import annotations

import asyncio

import pytest

try:
    import uvloop
except ImportError:
    uvloop = None

LOOPS = ["asyncio"] if uvloop is None else ["asyncio", "uvloop"]


@pytest.fixture(params=LOOPS)
def event_loop_policy(request: pytest.FixtureRequest) -> asyncio.AbstractEventLoopPolicy:
    """Asynchronous tests run on asyncio's loop and on uvloop's."""
    if request.param == "uvloop":
        return uvloop.EventLoopPolicy()
    return asyncio.DefaultEventLoopPolicy()
