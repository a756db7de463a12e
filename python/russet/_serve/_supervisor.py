"""The supervisor of `russet serve`: starts workers, replaces those that end, reloads them, and stops them.

It never loads the program: each worker is a fresh process, so that a reload takes new code. A reload starts the new workers first, and ends the old ones once all new ones serve.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from types import FrameType

from . import Settings
from ._worker import CANNOT_START

_LOG = logging.getLogger("russet.serve")

# A worker that served so long, in seconds, is replaced at once; one that ends sooner after a pause that doubles with each.
LONG_LIFE = 10.0
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# Being asked to stop a second time counts from so many seconds after the first: some senders tell the whole group and then each process.
SECOND_THOUGHT = 1.0
# What workers get beyond their calls' grace before they are killed, in seconds.
TIME_TO_EXIT = 5.0


class _Worker:
    """A process, and what the supervisor knows of it."""

    def __init__(self, number: int, generation: int, settings: Settings, alive: int) -> None:
        self.number = number
        self.generation = generation
        self.started = time.monotonic()
        self.is_ready = False
        self.is_stopping = False
        # What it says once it serves; None when that is known. A descriptor that is closed is soon another worker's.
        self.ready: int | None
        self.ready, told = os.pipe()
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "russet._serve._worker", settings.to_json(), str(told), str(alive)],
                pass_fds=(told, alive),
                # Ctrl-C in a terminal reaches the supervisor alone, which then stops the workers.
                start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(told)

    @property
    def name(self) -> str:
        return f"worker {self.number} (process {self.process.pid})"

    def stop(self) -> None:
        if not self.is_stopping:
            self.is_stopping = True
            self.process.terminate()


class Supervisor:
    """Keeps `count` workers running. Port 0 becomes a port that all share."""

    def __init__(self, settings: Settings, count: int) -> None:
        self._count = count
        self._sockets: list[socket.socket] = []
        addresses = tuple(self._reserve(address) for address in settings.addresses)
        self._settings = replace(settings, addresses=addresses)
        self._workers: list[_Worker] = []
        # The generation that is wanted, the newest that was started (a reload may have been given up), and the one that serves.
        self._generation = 0
        self._newest = 0
        self._serving = 0
        self._is_stopping = False
        self._stopped_at = 0.0
        self._exit_code = 0
        self._kill_at: float | None = None
        # When a worker of a number is to be started again.
        self._pending: dict[int, float] = {}
        self._pauses: dict[int, float] = {}
        self._signals: list[int] = []
        # Workers end when the writing end is closed, however this process ends.
        self._alive, self._life = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def _reserve(self, address: str) -> str:
        """Holds a TCP address for the workers, and gives it with its port. Raises OSError where another program has it."""
        host, separator, port = address.rpartition(":")
        if not separator or not port.isdecimal() or address.startswith(("unix:", "unix-abstract:")):
            if self._count > 1:
                raise OSError(f"{address}: only TCP ports, as HOST:PORT, are shared by several workers")  # fmt: skip
            return address
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        family, _, _, _, where = socket.getaddrinfo(
            bare or "::", int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        holder = socket.socket(family, socket.SOCK_STREAM)
        self._sockets.append(holder)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            # It is never listened on: connections come to the workers alone.
            holder.bind(where)
        except OSError as error:
            raise OSError(f"{address}: {error.strerror}") from error
        return f"{host}:{holder.getsockname()[1]}"

    def run(self) -> int:
        """Supervise until told to stop; returns the exit code."""
        handlers = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
        }
        wakeup = signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        try:
            self._start_generation()
            while self._workers or self._pending:
                self._wait()
                self._handle_signals()
                self._reap()
                self._start_pending()
                self._kill_late()
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            for worker in self._workers:
                worker.process.kill()
        return self._exit_code

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals.append(number)

    def _start_generation(self) -> None:
        self._newest += 1
        self._generation = self._newest
        for number in range(1, self._count + 1):
            self._start(number)

    def _start(self, number: int) -> None:
        worker = _Worker(number, self._generation, self._settings, self._alive)
        self._workers.append(worker)
        assert worker.ready is not None
        self._selector.register(worker.ready, selectors.EVENT_READ, worker)

    def _wait(self) -> None:
        """Until a signal, a worker that is ready or gone, or the time of something to do."""
        times = [*self._pending.values(), *([self._kill_at] if self._kill_at else [])]
        timeout = max(min(times) - time.monotonic(), 0.0) if times else None
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                self._woken.recv(4096)
                continue
            worker: _Worker = key.data
            serves = bool(os.read(key.fd, 1))
            self._forget_ready(worker)
            if serves:
                self._is_serving(worker)

    def _forget_ready(self, worker: _Worker) -> None:
        if worker.ready is not None:
            self._selector.unregister(worker.ready)
            os.close(worker.ready)
            worker.ready = None

    def _is_serving(self, worker: _Worker) -> None:
        worker.is_ready = True
        places = " and ".join(self._settings.addresses) or "the ports that the factory binds"
        _LOG.info("%s serves %s", worker.name, places)
        current = [other for other in self._workers if other.generation == self._generation]
        if self._serving != self._generation and all(other.is_ready for other in current) and len(current) == self._count:  # fmt: skip
            self._serving = self._generation
            for other in self._workers:
                if other.generation != self._generation:
                    other.stop()

    def _handle_signals(self) -> None:
        while self._signals:
            number = self._signals.pop(0)
            if number in (signal.SIGTERM, signal.SIGINT):
                if not self._is_stopping:
                    self._stop(0)
                elif time.monotonic() - self._stopped_at >= SECOND_THOUGHT:
                    _LOG.warning("asked to stop again: ending the workers at once")
                    self._kill_at = time.monotonic()
                    self._exit_code = 1
            elif number == signal.SIGHUP and not self._is_stopping:
                if self._serving == self._generation:
                    _LOG.info("reloading: starting %d new workers", self._count)
                    self._start_generation()
                else:
                    _LOG.warning("a reload is under way, this one is passed over")

    def _stop(self, exit_code: int) -> None:
        self._is_stopping = True
        self._stopped_at = time.monotonic()
        self._exit_code = exit_code
        self._pending.clear()
        self._kill_at = time.monotonic() + self._settings.grace + TIME_TO_EXIT
        _LOG.info("stopping: calls have %g s to end", self._settings.grace)
        for worker in self._workers:
            worker.stop()

    def _reap(self) -> None:
        for worker in list(self._workers):
            code = worker.process.poll()
            if code is None:
                continue
            self._workers.remove(worker)
            self._forget_ready(worker)
            if worker.is_stopping:
                _LOG.info("%s has stopped", worker.name)
            else:
                self._replace(worker, code)

    def _replace(self, worker: _Worker, code: int) -> None:
        """Decides what comes after a worker that was not told to stop."""
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"  # fmt: skip
        if self._is_stopping:
            _LOG.info("%s %s", worker.name, how)
            return
        if worker.generation != self._serving:
            if not worker.is_ready:
                self._give_up(worker, how)
            return
        if worker.generation != self._generation:
            _LOG.error("%s %s; its successor is starting", worker.name, how)
            return
        lived = time.monotonic() - worker.started
        pause = (
            0.0 if lived >= LONG_LIFE else self._pauses.get(worker.number, 0.0) * 2 or FIRST_PAUSE
        )
        self._pauses[worker.number] = pause = min(pause, LONGEST_PAUSE)
        if code == CANNOT_START:
            self._pauses[worker.number] = pause = LONGEST_PAUSE
        _LOG.error("%s %s; another one starts in %g s", worker.name, how, pause)
        self._pending[worker.number] = time.monotonic() + pause

    def _give_up(self, worker: _Worker, how: str) -> None:
        """A worker of a new generation never served: the program is at fault, and another one would end as it did."""
        if self._serving == 0:
            _LOG.error("%s %s before it served; stopping", worker.name, how)
            self._stop(1)
        elif worker.generation == self._generation:
            _LOG.error("%s %s before it served; the reload is given up, the old workers go on", worker.name, how)  # fmt: skip
            self._generation = self._serving
            for other in self._workers:
                if other.generation != self._serving:
                    other.stop()
            running = {other.number for other in self._workers if other.generation == self._serving}
            for number in {*range(1, self._count + 1)} - running:
                self._pending[number] = time.monotonic()

    def _start_pending(self) -> None:
        now = time.monotonic()
        for number in [number for number, when in self._pending.items() if when <= now]:
            del self._pending[number]
            self._start(number)

    def _kill_late(self) -> None:
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            for worker in self._workers:
                _LOG.error("%s did not stop in time: killing it", worker.name)
                worker.process.kill()
            self._kill_at = None
