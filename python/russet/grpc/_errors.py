"""Exceptions of the synchronous API that are not tied to one kind of call."""

from __future__ import annotations


class RpcError(Exception):
    """Raised when an RPC ends with a status other than OK.

    What calls raise is also a `Call`, so `code()`, `details()`, `initial_metadata()` and `trailing_metadata()` tell what happened.
    """


class FutureTimeoutError(Exception):
    """Waiting for a `Future` took longer than the timeout given. The RPC goes on."""


class FutureCancelledError(Exception):
    """The result of a cancelled `Future` was asked for."""


def text_of(error: BaseException) -> str:
    """The text of an exception as it can be sent, also of one whose own `__str__` fails or gives what is no Unicode."""
    try:
        return str(error).encode(errors="replace").decode()
    except BaseException:
        return f"<{type(error).__module__}.{type(error).__qualname__}>"


def ends_the_program(error: BaseException) -> bool:
    """Whether what a callback raised is the program's end, such as Ctrl-C. That reaches the main thread alone; on others nothing is more than an error."""
    import threading

    fatal = isinstance(error, (KeyboardInterrupt, SystemExit))
    return fatal and threading.current_thread() is threading.main_thread()
