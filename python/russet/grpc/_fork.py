"""What a forked child does with the channels and servers of its parent: it keeps them and never touches them.

A thread of the parent may have held one's lock when it forked, and no thread of the child will release that: even to drop it could wait for ever. Calls on them are still undefined in the child.
"""

from __future__ import annotations

import os
import weakref

_made: weakref.WeakSet[object] = weakref.WeakSet()
_of_parent: list[object] = []


def remember(made: object) -> None:
    """Has children keep it."""
    _made.add(made)


def is_of_parent(made: object) -> bool:
    """Whether it was made before this process was forked."""
    return any(made is kept for kept in _of_parent)


def _keep() -> None:
    _of_parent.extend(_made)
    _made.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keep)
