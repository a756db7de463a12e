"""Threads of the library's own that a call needs.

`Thread.start` waits in Python code until the thread runs. Where a signal's handler raises there (Ctrl-C, an alarm), the caller gets "release unlocked lock" in place of the handler's exception, or the thread ends with a `KeyError` before it does anything. `_thread.start_new_thread` is one step: either the thread is there, or the exception is.
"""

from __future__ import annotations

import _thread
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def start_thread(name: str, function: Callable[..., Any], *arguments: Any) -> None:
    """Run `function(*arguments)` on a thread that does not keep the process from its end. The function catches what it raises."""
    # Looked up each time: gevent puts a function in its place that makes a greenlet.
    _thread.start_new_thread(_run, (name, function, arguments))


def _run(name: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    # What debuggers and coverage tools ask for on every thread.
    trace: Any = getattr(threading, "_trace_hook", None)
    profile: Any = getattr(threading, "_profile_hook", None)
    if trace is not None:
        sys.settrace(trace)
    if profile is not None:
        sys.setprofile(profile)
    thread = threading.current_thread()
    thread.name = name
    try:
        function(*arguments)
    finally:
        # Before Python 3.13 the list of threads keeps those that `threading` did not start.
        active: Any = getattr(threading, "_active", None)
        if active is not None and active.get(thread.ident) is thread:
            active.pop(thread.ident, None)
