"""What holds for all tests."""

from __future__ import annotations

import signal

# A process that is started in the background may be told to ignore SIGINT, and hands that on to its children; the programs that the tests start and interrupt must not inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)
