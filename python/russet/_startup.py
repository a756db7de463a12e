"""`russet.install()` as Python starts: a `.pth` file imports this module where `RUSSET_INSTALL` or `russet install` asks for it.

Programs that never import grpc pay for it too, so nothing is imported here that Python has not loaded by then.
"""

from __future__ import annotations

import os
import sys

from . import _install

ON = ("1", "true", "yes", "on")
OFF = ("", "0", "false", "no", "off")


def wanted(default: str) -> bool:
    """What the environment's `RUSSET_INSTALL` says, or else the default.

    Raises:
        ValueError: It says neither yes nor no.
    """
    said = os.environ.get("RUSSET_INSTALL", default)
    if said.lower() in ON:
        return True
    if said.lower() in OFF:
        return False
    raise ValueError(f"it is {said!r}, which is neither 1 nor 0")


def install() -> None:
    """Call `russet.install()` where it is wanted. A program must start all the same where that fails."""
    try:
        # Whoever imports this has found that the variable is set, or that it is on for the whole environment.
        if wanted("1"):
            _install.install()
    except (RuntimeError, ValueError) as error:
        if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison]
            print("russet: RUSSET_INSTALL has no effect:", error, file=sys.stderr)


# A module runs once; in a virtual environment, Python reads `.pth` files twice.
install()
