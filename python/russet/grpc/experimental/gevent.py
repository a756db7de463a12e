"""gevent's greenlets and calls: `init_gevent`."""

from __future__ import annotations

from .. import _greenlets


def init_gevent() -> None:
    """Let the other greenlets of a thread run while a call waits. To be called once, after `gevent.monkey.patch_all()` and before the first channel or server.

    A program whose `threading` is patched by then need not call it. ImportError without gevent.
    """
    _greenlets.init()
