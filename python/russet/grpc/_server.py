"""The synchronous server: finds handlers, and runs them on the caller's executor.

Connections, calls and the workers that serve them are `russet._core`'s. Nothing here starts at import.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections import namedtuple
from enum import Enum
from types import ModuleType

from .. import _core
from ._base_server import HandlerCallDetails, Server, ServicerContext
from ._greenlets import bound, notice
from ._handlers import health_servicer, unary_paths
from ._latch import Latch
from ._logging import logger
from ._observing import observe
from ._options import server_settings
from ._private_names import import_as_grpcio_does
from ._server_interceptors import service_pipeline
from ._threads import start_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from concurrent.futures import Executor
    from typing import Any, Callable

    from ._base_server import GenericRpcHandler, RpcMethodHandler, ServerInterceptor
    from ._compression import Compression
    from ._credentials import ServerCredentials
    from ._typing import ChannelOption, ReceivedMetadata

# What the core gives to handlers is a context, though it is not written in Python.
ServicerContext.register(_core.ServerCall)

# How many workers an executor gets that does not say how many threads it has.
_UNKNOWN_EXECUTOR_WORKERS = 32


def log_handler_error(text: str, error: BaseException) -> None:
    """Logs what a handler raised, with its traceback. Called by the core."""
    logger("_server").error(text, exc_info=error)


def log_server_error(text: str) -> None:
    """Logs a handler's mistake. Called by the core."""
    logger("_server").error(text)


# A named tuple, since interceptors in use replace parts of it with `details._replace(...)`.
class _HandlerCallDetails(
    namedtuple("_HandlerCallDetails", ("method", "invocation_metadata")),  # pyright: ignore[reportUntypedNamedTuple]
    HandlerCallDetails,
):
    """What an interceptor or a generic handler is told of a call."""

    # What an observer knows the call by, where there is one; an asyncio server tells it.
    observed: tuple[int, int] | None = None


class _ServerStage(Enum):
    """Where a server is in its life."""

    STOPPED = "stopped"
    STARTED = "started"
    GRACE = "grace"


class _ServerState:
    """A server's handlers and where it is in its life, under the names that programs know from grpcio. Not the server itself: the core holds this, and must not keep the server alive."""

    def __init__(
        self,
        thread_pool: Executor,
        interceptors: Sequence[ServerInterceptor] | None,
        maximum_concurrent_rpcs: int | None,
    ) -> None:
        self.thread_pool = thread_pool
        self.interceptor_pipeline = service_pipeline(interceptors)
        self.maximum_concurrent_rpcs = maximum_concurrent_rpcs
        self.registered_method_handlers: dict[str, RpcMethodHandler[Any, Any]] = {}
        self.generic_handlers: list[GenericRpcHandler] = []
        self.stage = _ServerStage.STOPPED
        self.termination_event = threading.Event()
        # The same for `wait_for_termination`, which Ctrl-C ends as a rule.
        self.terminated = Latch()

    def _look_up(self, details: HandlerCallDetails) -> RpcMethodHandler[Any, Any] | None:
        handler = self.registered_method_handlers.get(details.method)
        if handler is not None:
            return handler
        for generic in self.generic_handlers:
            handler = generic.service(details)
            if handler is not None:
                return handler
        return None

    def resolve(self, path: str, metadata: ReceivedMetadata) -> RpcMethodHandler[Any, Any] | None:
        """The handler of a path, through the interceptors. Called by the core."""
        details = _HandlerCallDetails(path, metadata)
        if self.interceptor_pipeline is None:
            return self._look_up(details)
        return self.interceptor_pipeline.execute(self._look_up, details)


# Servers that run when the interpreter exits are stopped before the executors wait for their threads.
_running: weakref.WeakSet[_Server] = weakref.WeakSet()
_exit_hook = threading.Lock()


def _stop_all() -> None:
    for server in list(_running):
        server._core.close()


def _stop_at_exit(server: _Server) -> None:
    # Taken once and never released: the hook is registered with the first server.
    if _exit_hook.acquire(blocking=False):
        # The only hook that runs before executors join their threads; `atexit` comes after.
        threading._register_atexit(_stop_all)  # type: ignore[attr-defined]
    _running.add(server)


def _validate_generic_rpc_handlers(handlers: Iterable[GenericRpcHandler]) -> None:
    for handler in handlers:
        if getattr(handler, "service", None) is None:
            raise AttributeError(
                f'"{handler}" must conform to grpc.GenericRpcHandler type but does not have'
                ' "service" method!'
            )


def _submitter(executor: Executor) -> Callable[[_core.Worker], None]:
    def submit(worker: _core.Worker) -> None:
        try:
            future: Any = executor.submit(worker)
        except RuntimeError:
            # With gevent this runs in a greenlet, and the server does not hear of it.
            if worker.refused():
                return
            raise
        # Some executors return nothing.
        if future is not None:
            future.add_done_callback(_report)

    # The library's own threads call it too.
    return bound(submit)


def _report(future: Any) -> None:
    if not future.cancelled() and future.exception() is not None:
        log_handler_error("a worker of the server ended with an exception", future.exception())


def _reuse_port(settings: dict[str, Any]) -> bool:
    """Whether several sockets may share the port, as `grpc.so_reuseport` says; yes where nothing is said, as in grpcio."""
    return bool(settings.pop("so_reuseport", True))


def _end(core: _core.Server, state: _ServerState) -> None:
    core.close()
    state.stage = _ServerStage.STOPPED
    state.terminated.set()
    state.termination_event.set()


class _Server(Server):
    def __init__(
        self,
        thread_pool: Executor,
        generic_handlers: Iterable[GenericRpcHandler] | None,
        interceptors: Sequence[ServerInterceptor] | None,
        options: Sequence[ChannelOption] | None,
        maximum_concurrent_rpcs: int | None,
        compression: Compression | None,
    ) -> None:
        notice()
        settings = server_settings(options, compression)
        self._reuse_port = _reuse_port(settings)
        self._observer = observe(settings)
        first = () if self._observer is None else self._observer.server_interceptors
        self._state = _ServerState(
            thread_pool, (*first, *(interceptors or ())), maximum_concurrent_rpcs
        )
        self._core = _core.Server(
            self._state.resolve,
            _submitter(thread_pool),
            getattr(thread_pool, "_max_workers", _UNKNOWN_EXECUTOR_WORKERS),
            settings,
            None if maximum_concurrent_rpcs is None else max(maximum_concurrent_rpcs, 0),
        )
        if generic_handlers:
            self.add_generic_rpc_handlers(generic_handlers)

    def __del__(self) -> None:
        """A server that nobody refers to stops by itself; calls that run may end."""
        state = getattr(self, "_state", None)
        if state is None or state.stage is not _ServerStage.STARTED:
            return
        core = self._core
        state.stage = _ServerStage.GRACE

        def end() -> None:
            core.wait_idle()
            _end(core, state)

        core.shutdown()
        if core.wait_idle(0.0):
            _end(core, state)
            return
        try:
            start_thread("russet-stop", end)
        except RuntimeError:
            # The interpreter goes down.
            _end(core, state)

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[GenericRpcHandler]) -> None:
        handlers = tuple(generic_rpc_handlers)
        _validate_generic_rpc_handlers(handlers)
        self._state.generic_handlers.extend(handlers)
        for path in unary_paths(self._state.generic_handlers):
            self._core.set_unary(path)

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, RpcMethodHandler[Any, Any]]
    ) -> None:
        if self._state.stage is _ServerStage.STARTED:
            logger("_server").warning("Cannot register method handlers once server has started")
            return
        for name, handler in method_handlers.items():
            path = f"/{service_name}/{name}"
            self._state.registered_method_handlers[path] = handler
            if self._observer is not None:
                self._observer.add_method(path, served=True)
            if self._state.interceptor_pipeline is None:
                self._core.add_method(path, handler)
            elif not handler.request_streaming:
                self._core.set_unary(path)

    def add_insecure_port(self, address: str) -> int:
        return self._core.bind(address, self._reuse_port) or 1

    def add_secure_port(self, address: str, server_credentials: ServerCredentials) -> int:
        port = server_credentials._credentials.port
        return self._core.bind(address, self._reuse_port, port) or 1

    def start(self) -> None:
        self._core.start()
        self._state.stage = _ServerStage.STARTED
        _stop_at_exit(self)

    def stop(self, grace: float | None) -> threading.Event:
        state = self._state
        if state.stage is _ServerStage.STOPPED:
            # If it has not started, it may start later.
            stopped = threading.Event()
            stopped.set()
            return stopped
        state.stage = _ServerStage.GRACE
        self._core.shutdown()
        if grace is None:
            self._end()
        else:
            health = health_servicer(state.registered_method_handlers)
            if health is not None:
                health.on_server_stop()
            start_thread("russet-stop", self._end_within, grace)
        return state.termination_event

    def _end_within(self, grace: float) -> None:
        self._core.wait_idle(grace)
        self._end()

    def _end(self) -> None:
        _running.discard(self)
        _end(self._core, self._state)

    def wait_for_termination(self, timeout: float | None = None) -> bool:
        return not self._state.terminated.wait(timeout)


def server(
    thread_pool: Executor,
    handlers: Sequence[GenericRpcHandler] | None = None,
    interceptors: Sequence[ServerInterceptor] | None = None,
    options: Sequence[ChannelOption] | None = None,
    maximum_concurrent_rpcs: int | None = None,
    compression: Compression | None = None,
    xds: bool | None = False,
) -> Server:
    """A server that runs its handlers on `thread_pool`.

    `maximum_concurrent_rpcs` is how many RPCs may run at once; one beyond it ends with RESOURCE_EXHAUSTED. Raises NotImplementedError for `xds`.
    """
    if xds:
        raise NotImplementedError("xDS is not supported by this version: see docs/limits.md")
    import_as_grpcio_does("grpc._interceptor", "grpc._server")
    return _Server(
        thread_pool, handlers, interceptors, options, maximum_concurrent_rpcs, compression
    )


class _Module(ModuleType):
    """This module, with the names of grpcio's that programs know. It notices who replaces what runs calls there."""

    def __getattr__(self, name: str) -> Any:
        if name == "_LOGGER":
            return logger("_server")
        if name.startswith("_") and not name.startswith("__"):
            from . import _call_steps

            for names in (_call_steps.STEPS, _call_steps.OTHERS):
                if name in names:
                    return names[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if not name.startswith("__"):
            self._choose(name)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        self._choose(name)

    def _choose(self, name: str) -> None:
        """Have the core serve calls by itself unless a step has been replaced."""
        from . import _call_steps

        if name in _call_steps.STEPS:
            ours = _call_steps.STEPS.items()
            _core.run_calls_in_steps(
                any(self.__dict__.get(name, step) is not step for name, step in ours)
            )


sys.modules[__name__].__class__ = _Module
