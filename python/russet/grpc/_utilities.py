"""`channel_ready_future`, and the version check that generated code imports from here by this private name."""

from __future__ import annotations

from ._base_call import Future
from ._connectivity import ChannelConnectivity
from ._errors import FutureCancelledError, FutureTimeoutError, ends_the_program
from ._logging import logger
from ._private_names import private_names
from ._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._base_channel import Channel


def first_version_is_lower(version1: str, version2: str) -> bool:
    """Whether `version1` is lower than `version2`, both as "1.60.1" or "1.60.1.dev0".

    With equal numbers the one without a suffix is the lower. A version that cannot be read is not lower than anything, and neither is `grpc.__version__`: generated code asks with it whether it is too new, and no generated code is refused here for its version.
    """
    if version1 == __version__:
        return False
    parts1 = version1.split(".")
    parts2 = version2.split(".")
    try:
        for part1, part2 in zip(parts1[:3], parts2[:3]):
            number1, number2 = int(part1), int(part2)
            if number1 != number2:
                return number1 < number2
    except ValueError:
        return False
    return len(parts1) < len(parts2)


class _ChannelReadyFuture(Future[None]):
    """Done when the channel was READY for the first time."""

    def __init__(self, channel: Channel) -> None:
        from threading import Lock

        from ._latch import Latch

        self._channel = channel
        self._lock = Lock()
        self._ended = Latch()
        # True: became ready. False: was cancelled. None: neither yet.
        self._ready: bool | None = None
        self._callbacks: list[Callable[[Any], None]] = []

    def _update(self, connectivity: ChannelConnectivity) -> None:
        if connectivity is ChannelConnectivity.READY:
            self._end(ready=True)

    def _end(self, *, ready: bool) -> bool:
        with self._lock:
            if self._ready is not None:
                return False
            self._ready = ready
            callbacks, self._callbacks = self._callbacks, []
        self._ended.set()
        self._channel.unsubscribe(self._update)
        fatal: BaseException | None = None
        for callback in callbacks:
            try:
                callback(self)
            except BaseException as error:
                if ends_the_program(error):
                    fatal = error
                else:
                    logger("_utilities").exception(
                        'Exception calling connectivity future "done" callback!'
                    )
        if fatal is not None:
            raise fatal
        return True

    def _wait(self, timeout: float | None) -> None:
        if not self._ended.wait(timeout):
            raise FutureTimeoutError
        if not self._ready:
            raise FutureCancelledError

    def cancel(self) -> bool:
        return self._end(ready=False)

    def cancelled(self) -> bool:
        return self._ready is False

    def running(self) -> bool:
        return self._ready is None

    def done(self) -> bool:
        return self._ready is not None

    def result(self, timeout: float | None = None) -> None:
        self._wait(timeout)

    def exception(self, timeout: float | None = None) -> None:
        self._wait(timeout)

    def traceback(self, timeout: float | None = None) -> None:
        self._wait(timeout)

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        with self._lock:
            if self._ready is None:
                self._callbacks.append(fn)
                return
        fn(self)

    def start(self) -> None:
        """Begin to watch the channel, and make it connect."""
        self._channel.subscribe(self._update, try_to_connect=True)


def channel_ready_future(channel: Channel) -> Future[None]:
    """A future that is done, with the result None, when the channel is READY. Makes an idle channel connect.

    `result(timeout)` raises `FutureTimeoutError` after `timeout` seconds; `cancel` stops watching the channel.
    """
    future = _ChannelReadyFuture(channel)
    future.start()
    return future


# What else grpcio has here.
__getattr__ = private_names(__name__)
