"""`grpc.aio` under its name from the time when it was experimental."""

from __future__ import annotations

from ..aio import *  # noqa: F403
from ..aio import __all__ as __all__
