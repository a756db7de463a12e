"""Asynchronous tests run on asyncio's loop and, where it is installed, on uvloop's.

`async def` tests of this folder are run here and not by a plug-in, so that a test fails for what the loop's exception handler hears of Russet: a task nobody awaited, a callback that raised.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import Callable

import pytest
from support.rpc import WAIT

try:
    import uvloop
except ImportError:
    uvloop = None

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
if uvloop is not None:
    LOOPS["uvloop"] = uvloop.new_event_loop


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every asynchronous test runs once a kind of event loop."""
    if inspect.iscoroutinefunction(metafunc.function):
        metafunc.fixturenames.append("loop_name")
        metafunc.parametrize("loop_name", list(LOOPS))


def pytest_collection_finish() -> None:
    """What is there before the first test stays; without it, collecting garbage after each would take most of the time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(test).parameters}
    reports: list[str] = []
    loop = LOOPS[pyfuncitem.callspec.params["loop_name"]]()
    loop.set_exception_handler(lambda _, context: reports.append(repr(context)))
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(asyncio.wait_for(test(**arguments), 2 * WAIT))
        gc.collect()
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks, timeout=WAIT))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
    # grpcio's poller is known to report errors of its own.
    ours = [report for report in reports if "russet" in report]
    assert not ours, ours
    return True
