"""gevent: a call that waits lets the thread's other greenlets run, and callbacks run in greenlets of the hub where they were given.

Nothing of gevent is imported before a program uses it. A program that has patched `threading` needs to say nothing: the first channel or server notices.
"""

from __future__ import annotations

import sys

from .. import _core

# Without the module typing, which programs pay for at their start.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    _CallbackT = TypeVar("_CallbackT", bound=Callable[..., Any])


class _Over(Exception):
    """The time of a wait is over."""


_active = False


def _bind(callback: Callable[..., Any]) -> Callable[..., None]:
    """What has `callback` run in a greenlet of this thread's hub, from whichever thread it is called."""
    from gevent import get_hub, spawn

    loop = get_hub().loop

    def hand_over(*arguments: Any) -> None:
        loop.run_callback_threadsafe(spawn, callback, *arguments)

    return hand_over


def init() -> None:
    """Wait beside greenlets from now on. Once a process; ImportError without gevent."""
    global _active
    from gevent.socket import wait_read

    def wait(descriptor: int, seconds: float) -> bool:
        try:
            wait_read(descriptor, seconds, _Over)
        except _Over:
            return False
        return True

    _core.wait_beside_greenlets(wait, _bind)
    _active = True


def notice() -> None:
    """Where gevent has patched `threading`, do what `init` does."""
    if _active:
        return
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("threading"):
        init()


def are_there() -> bool:
    """Whether calls wait beside greenlets."""
    return _active


def bound(callback: _CallbackT) -> _CallbackT:
    """`callback` for the library's own threads to call: itself, or what hands it to this thread's hub."""
    return _bind(callback) if _active else callback  # type: ignore[return-value]
