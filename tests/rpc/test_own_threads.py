"""The library's own threads, on which a program's code runs: what tools ask of every thread holds for them too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import FrameType, ModuleType
from typing import Any

from support.rpc import CONCATENATE, WAIT, connected, path


def test_the_thread_of_a_request_iterator(russet: ModuleType) -> None:
    """Debuggers and coverage see it, it has a name, and the list of threads does not keep it."""
    traced: set[str] = set()
    seen: list[threading.Thread] = []

    def trace(frame: FrameType, event: str, _: Any) -> None:
        traced.add(frame.f_code.co_name)

    def requests() -> Iterator[bytes]:
        seen.append(threading.current_thread())
        yield b"x"

    with connected(russet, Join=CONCATENATE) as channel:
        join = channel.stream_unary(path("Join"))
        threading.settrace(trace)
        try:
            assert join(requests(), timeout=WAIT) == b"x"
        finally:
            threading.settrace(None)  # type: ignore[arg-type]
        for _ in range(200):
            assert join(iter([b"x"]), timeout=WAIT) == b"x"
    assert "requests" in traced
    (thread,) = seen
    assert thread.name == "russet-requests"
    assert thread.daemon
    assert thread not in threading.enumerate()
    # One that ends just now may be among them.
    left = [other for other in threading.enumerate() if other.name == "russet-requests"]
    assert len(left) <= 1
