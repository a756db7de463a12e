"""The asyncio server: runs handlers on the event loop, plain functions on a thread pool.

Each call has a task, which on Python 3.12 and newer starts at once, without waiting for the loop's next turn.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from ... import _core
from .._base_server import handler_behavior
from .._errors import text_of
from .._handlers import health_servicer, unary_paths
from .._logging import logger
from .._observing import observe
from .._options import server_settings
from .._private_names import import_as_grpcio_does
from .._server import _HandlerCallDetails, _reuse_port
from .._status import STATUS_CODES, StatusCode
from ._base_interceptor import ServerInterceptor
from ._base_server import Server, ServicerContext
from ._driver import Driver, current_loop
from ._eof import EOF
from ._errors import AbortError, UsageError
from ._plain_handlers import PlainHandlerError, asynchronous, is_asynchronous
from ._server_interceptors import service_pipeline

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Callable,
        Iterable,
        Mapping,
        Sequence,
    )
    from concurrent.futures import Executor
    from typing import Any, NoReturn

    from .._base_server import GenericRpcHandler, HandlerCallDetails, RpcMethodHandler
    from .._compression import Compression
    from .._credentials import ServerCredentials
    from .._status import Status
    from .._typing import ChannelOption, ReceivedMetadata
    from ._base_channel import MetadataType

_INVALID_TRAILING_METADATA = (
    "Invalid trailing metadata type, expected Tuple[Tuple[str, Union[str, bytes]]...]: %s"
)


def _trailing(metadata: Any) -> MetadataType:
    """The metadata as a tuple. Raises TypeError for what is none."""
    # A dictionary is refused even where it is empty.
    given: Any = metadata
    is_one = hasattr(metadata, "__iter__") and not isinstance(metadata, dict)
    pairs: tuple[Any, ...] = tuple(given) if is_one else (None,)
    for pair in pairs:
        two: bool = isinstance(pair, tuple) and len(pair) == 2  # pyright: ignore[reportUnknownArgumentType]
        if not (two and isinstance(pair[0], str) and isinstance(pair[1], (str, bytes))):
            raise TypeError(_INVALID_TRAILING_METADATA % (metadata,))
    return pairs


def _status_code(code: Any) -> StatusCode:
    """The code of a status for what a handler has set: nothing, a code or its number."""
    if code is None:
        return StatusCode.OK
    if isinstance(code, StatusCode):
        return code
    known = isinstance(code, int) and 0 <= code < len(STATUS_CODES)
    return STATUS_CODES[code] if known else StatusCode.UNKNOWN


def _unexpected(error: BaseException) -> str:
    """The details of a call whose handler raised."""
    return f"Unexpected {type(error)}: {text_of(error)}"


class _Context(ServicerContext["Any", "Any"]):
    """What an asynchronous handler gets beside its request."""

    def __init__(
        self,
        call: _core.AioServerCall,
        handler: RpcMethodHandler[Any, Any],
        driver: Driver,
        thread_pool: Executor | None,
    ) -> None:
        self._call = call
        self._deserialize = handler.request_deserializer
        self._serialize = handler.response_serializer
        self._driver = driver
        # Where plain functions run.
        self._thread_pool = thread_pool
        # What the handler set, which need not be a StatusCode.
        self._code: Any = None
        self._details: Any = ""
        self._trailing: MetadataType = ()
        self._initial_sent = False
        # What ends a handler that goes on after it has aborted the call, and the status of the abort.
        self._abortion: AbortError | None = None
        self._abort_status: tuple[StatusCode, str] | None = None
        # Whether the status has been sent, and which code.
        self._ended = False
        self._sent_code: StatusCode | None = None
        self._cancelled = False
        self._compress_next = True
        self._callbacks: list[Callable[[Any], None]] = []

    async def _news(self) -> None:
        """Wait until something about the call changes."""
        future = self._driver.loop.create_future()
        self._call.add_news_future(future)
        await future

    async def _next(self) -> Any:
        """The next request, or EOF."""
        while True:
            message = self._call.try_next()
            if message is None:
                return EOF
            if message is not False:
                self._driver.poke()
                return message if self._deserialize is None else self._deserialize(message)
            await self._news()

    async def _requests(self) -> AsyncIterator[Any]:
        """The request iterator that a handler gets."""
        while True:
            if self._ended or self._abortion is not None:
                self._check_running()
            request = await self._next()
            if request is EOF:
                return
            yield request

    def _check_running(self) -> None:
        """Raise the error that ends a handler whose call is over."""
        if self._abortion is not None:
            raise self._abortion
        if self._ended:
            raise UsageError("RPC already finished.")

    async def read(self) -> Any:
        self._check_running()
        request = await self._next()
        self._check_running()
        return request

    async def _send(self, response: Any) -> None:
        serialized = response if self._serialize is None else self._serialize(response)
        if serialized is None:
            serialized = b""
        compress, self._compress_next = self._compress_next, True
        try:
            congested = self._call.give_message(serialized, compress)
        except ValueError as error:
            self._code, self._details = StatusCode.RESOURCE_EXHAUSTED, str(error)
            self._abort_status = StatusCode.RESOURCE_EXHAUSTED, str(error)
            self._abortion = AbortError(str(error))
            raise self._abortion from None
        self._driver.poke()
        self._initial_sent = True
        while congested:
            await self._news()
            congested = self._call.is_congested()

    async def write(self, message: Any) -> None:
        self._check_running()
        await self._send(message)

    async def send_initial_metadata(self, initial_metadata: MetadataType) -> None:
        self._check_running()
        if self._initial_sent:
            raise UsageError("Send initial metadata failed: already sent")
        self._call.send_initial_metadata(initial_metadata)
        self._initial_sent = True
        self._driver.poke()

    async def abort(
        self, code: StatusCode, details: str = "", trailing_metadata: MetadataType = ()
    ) -> NoReturn:
        if self._abortion is not None:
            raise UsageError("Abort already called!")
        if _status_code(code) is StatusCode.OK:
            raise UsageError("Abort() is not allowed to be called with StatusCode.OK")
        if trailing_metadata:
            self._trailing = _trailing(trailing_metadata)
        if details:
            self.set_details(details)
        self._code = code
        self._abort_status = _status_code(code), self._details or ""
        self._abortion = AbortError("Locally aborted.")
        # In the loop's next turn at the latest: a handler that catches the error may go on for long, but interceptors may add trailing metadata on its way.
        self._driver.loop.call_soon(self._finish)
        raise self._abortion

    async def abort_with_status(self, status: Status) -> NoReturn:
        await self.abort(status.code, status.details, status.trailing_metadata or ())

    def set_trailing_metadata(self, trailing_metadata: MetadataType) -> None:
        self._trailing = _trailing(trailing_metadata)

    def trailing_metadata(self) -> MetadataType:
        return self._trailing

    def invocation_metadata(self) -> ReceivedMetadata:
        return self._call.invocation_metadata()

    def set_code(self, code: StatusCode) -> None:
        self._code = code

    def code(self) -> StatusCode | None:
        code: StatusCode | None = self._code
        return code

    def set_details(self, details: Any) -> None:
        if details is not None and not isinstance(details, str):
            raise TypeError(f"details are a str, not {type(details).__name__}")
        self._details = details

    def details(self) -> Any:
        return self._details

    def set_compression(self, compression: Compression) -> None:
        if self._initial_sent:
            raise RuntimeError(
                "Compression setting must be specified before sending initial metadata"
            )
        self._call.set_compression(compression)

    def disable_next_message_compression(self) -> None:
        self._compress_next = False

    def peer(self) -> str:
        return self._call.peer()

    def peer_identities(self) -> Iterable[bytes] | None:
        return self._call.peer_identities()

    def peer_identity_key(self) -> str | None:
        return self._call.peer_identity_key()

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        return self._call.auth_context()

    def time_remaining(self) -> float | None:
        return self._call.time_remaining()

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        self._callbacks.append(callback)

    def cancelled(self) -> bool:
        return self._cancelled or _status_code(self._code) is StatusCode.CANCELLED

    def done(self) -> bool:
        return self._ended or self._abortion is not None or self._call.ended()

    def _finish(self) -> None:
        """Send the status that was set, unless it has been sent."""
        if self._abort_status is not None:
            self._end(*self._abort_status)
        elif self._code is None:
            self._end(StatusCode.OK, self._details or "")
        else:
            self._end(_status_code(self._code), self._details or "")

    def _fail(self, error: BaseException) -> None:
        """Send the status of a handler that raised. A code that it set before stays; what `code` and `details` give does not change."""
        code = _status_code(self._code)
        if code is StatusCode.OK:
            code = StatusCode.UNKNOWN
        self._end(*(self._abort_status or (code, _unexpected(error))))

    def _end(self, code: StatusCode, details: str) -> None:
        if self._ended:
            return
        self._ended = True
        self._sent_code = code
        try:
            self._call.finish(code, details, self._trailing)
        except (TypeError, ValueError):
            logger("aio._server").exception("the trailing metadata cannot be sent")
            self._call.finish(StatusCode.INTERNAL, "Invalid metadata", ())
        self._driver.poke()

    def _run_callbacks(self) -> None:
        fatal: BaseException | None = None
        for callback in self._callbacks:
            try:
                callback(self)
            except (SystemExit, KeyboardInterrupt) as error:
                fatal = error
            except BaseException:
                logger("aio._server").exception("Exception in callback!")
        if fatal is not None:
            # It ends the program; the others heard of the call's end before.
            raise fatal


# How many handlers are remembered: interceptors may make a new one for each call.
_MAX_PLANS = 1024


class _Server(Server):
    def __init__(
        self,
        thread_pool: Executor | None,
        generic_handlers: Sequence[GenericRpcHandler] | None,
        interceptors: Sequence[ServerInterceptor] | None,
        options: Sequence[ChannelOption] | None,
        maximum_concurrent_rpcs: int | None,
        compression: Compression | None,
    ) -> None:
        settings = server_settings(options, compression)
        self._reuse_port = _reuse_port(settings)
        self._observer = observe(settings)
        if maximum_concurrent_rpcs is not None and maximum_concurrent_rpcs <= 0:
            raise ValueError("maximum_concurrent_rpcs should be a positive integer")
        self._core = _core.AioServer(settings, maximum_concurrent_rpcs)
        self._loop = current_loop()
        self._thread_pool = thread_pool
        given: Sequence[Any] = interceptors or ()
        for interceptor in given:
            if not isinstance(interceptor, ServerInterceptor):
                raise ValueError(  # noqa: TRY004 (grpcio's type)
                    f"Interceptor must be ServerInterceptor, the following are invalid: {interceptor!r}"
                )
        first = () if self._observer is None else self._observer.aio_server_interceptors
        self._pipeline = service_pipeline((*first, *given))
        self._generic = list(generic_handlers or ())
        self._registered: dict[str, RpcMethodHandler[Any, Any]] = {}
        self._driver: Driver | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._terminated: asyncio.Future[None] = self._loop.create_future()
        # The asynchronous behavior of a handler, by the handler's identity; the handler is kept so that it stays the same.
        self._plans: dict[int, tuple[Any, Any]] = {}
        self._eager = sys.version_info >= (3, 12)

    def __del__(self) -> None:
        driver = getattr(self, "_driver", None)
        if driver is not None:
            driver.close()

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[GenericRpcHandler]) -> None:
        self._generic.extend(generic_rpc_handlers)
        for path in unary_paths(self._generic):
            self._core.set_unary(path)

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, RpcMethodHandler[Any, Any]]
    ) -> None:
        if self._driver is not None:
            logger("aio._server").warning("Cannot register method handlers once server has started")
            return
        for name, handler in method_handlers.items():
            path = f"/{service_name}/{name}"
            self._registered[path] = handler
            if self._observer is not None:
                self._observer.add_method(path, served=True)
            if not handler.request_streaming:
                self._core.set_unary(path)

    def add_insecure_port(self, address: str) -> int:
        return self._core.bind(address, self._reuse_port) or 1

    def add_secure_port(self, address: str, server_credentials: ServerCredentials) -> int:
        port = server_credentials._credentials.port
        return self._core.bind(address, self._reuse_port, port) or 1

    async def start(self) -> None:
        if self._terminated.done():
            raise UsageError("Server not in ready state")
        if self._driver is not None:
            return
        self._driver = Driver(self._core, self._loop, self._turn)
        self._core.start()
        self._driver.poke()

    def _turn(self) -> None:
        calls = iter(self._core.turn())
        try:
            for call in calls:
                self._dispatch(call)
        finally:
            # An eager task lets out what ends the program; the other calls are served if it goes on.
            for call in calls:
                self._loop.call_soon(self._dispatch, call)

    def _look_up(self, details: HandlerCallDetails) -> RpcMethodHandler[Any, Any] | None:
        handler = self._registered.get(details.method)
        if handler is not None:
            return handler
        for generic in self._generic:
            handler = generic.service(details)
            if handler is not None:
                return handler
        return None

    def _dispatch(self, call: _core.AioServerCall) -> None:
        coroutine = self._serve(call)
        if self._eager:
            task: asyncio.Task[None] = asyncio.Task(coroutine, loop=self._loop, eager_start=True)  # type: ignore[call-arg]
            if task.done():
                return
        else:
            task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        call.on_cancel(task.cancel)

    async def _find(self, call: _core.AioServerCall) -> RpcMethodHandler[Any, Any] | None:
        method = call.method
        if self._pipeline is None:
            handler = self._registered.get(method)
            if handler is not None:
                return handler
            return self._look_up(_HandlerCallDetails(method, call.invocation_metadata()))
        details = _HandlerCallDetails(method, call.invocation_metadata())
        observed = call.observed
        if observed is not None:
            details.observed = observed
        return await self._pipeline.execute(self._look_up, details)

    async def _serve(self, call: _core.AioServerCall) -> None:
        """One call, from the search for its handler to its status."""
        context: _Context | None = None
        assert self._driver is not None
        try:
            handler = await self._find(call)
            if handler is None:
                call.finish(StatusCode.UNIMPLEMENTED, "Method not found!")
                self._driver.poke()
                return
            context = _Context(call, handler, self._driver, self._thread_pool)
            await self._handle(context, handler)
            context._finish()
        except asyncio.CancelledError:
            if context is not None:
                context._cancelled = True
                if context._abortion is not None:
                    context._finish()
                    raise
            if call.ended():
                # The client is gone, or the server stops: nobody is left to tell.
                return
            call.finish(StatusCode.UNKNOWN, "the handler was cancelled")
            self._driver.poke()
            raise
        except BaseException as error:
            if context is not None and error is context._abortion:
                context._finish()
            else:
                self._answer_error(call, context, error)
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                # It ends the program; the caller has its answer before.
                self._driver.flush()
                raise
        finally:
            if context is not None:
                context._ended = True
                if context._callbacks:
                    context._run_callbacks()

    def _answer_error(
        self, call: _core.AioServerCall, context: _Context | None, error: BaseException
    ) -> None:
        """Send the status for what a handler or interceptor raised, and log it."""
        assert self._driver is not None
        if isinstance(error, PlainHandlerError):
            error = error.error
        # First of all: logging may fail. It is written in the loop's next turn.
        if context is None:
            call.finish(StatusCode.UNKNOWN, _unexpected(error))
            self._driver.poke()
        else:
            context._fail(error)
        logger("_cython.cygrpc").error(
            "Unexpected [%s] raised by servicer method [%s]",
            type(error).__name__,
            call.method,
            exc_info=error,
        )

    def _plan(self, handler: RpcMethodHandler[Any, Any]) -> tuple[Any, Any]:
        behavior: Any
        _, behavior = handler_behavior(handler)
        if not is_asynchronous(behavior):
            behavior = asynchronous(behavior, handler.request_streaming, handler.response_streaming)
        if len(self._plans) >= _MAX_PLANS:
            self._plans.clear()
        plan = self._plans[id(handler)] = (handler, behavior)
        return plan

    async def _handle(self, context: _Context, handler: RpcMethodHandler[Any, Any]) -> None:
        _, behavior = self._plans.get(id(handler)) or self._plan(handler)
        request: Any
        if handler.request_streaming:
            request = context._requests()
        else:
            request = await context._next()
            if request is EOF:
                raise UsageError("the client sent no request message")
        if not handler.response_streaming:
            response = await behavior(request, context)
            # With an error there is no response, whatever the handler returned.
            if context._code is None or _status_code(context._code) is StatusCode.OK:
                await context._send(response)
            return
        responses = behavior(request, context)
        if hasattr(responses, "__aiter__"):
            async for response in responses:
                if context._ended or context._abortion is not None:
                    context._check_running()
                await context._send(response)
        else:
            await responses

    async def stop(self, grace: float | None) -> None:
        if self._terminated.done():
            return
        if self._driver is None:
            # It may start later.
            return
        self._core.shutdown()
        self._driver.poke()
        health = None if grace is None else health_servicer(self._registered)
        if health is not None:
            health.on_server_stop()
        if grace is not None and self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=grace)
        self._end()
        # Handlers that were cancelled get a turn to end in.
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=1.0)

    def _end(self) -> None:
        self._core.close()
        for task in tuple(self._tasks):
            task.cancel()
        if self._driver is not None:
            self._driver.close()
        if not self._terminated.done():
            self._terminated.set_result(None)

    async def wait_for_termination(self, timeout: float | None = None) -> bool:
        try:
            await asyncio.wait_for(asyncio.shield(self._terminated), timeout)
        except asyncio.TimeoutError:
            return True
        return False


def server(
    migration_thread_pool: Executor | None = None,
    handlers: Sequence[GenericRpcHandler] | None = None,
    interceptors: Sequence[ServerInterceptor] | None = None,
    options: Sequence[ChannelOption] | None = None,
    maximum_concurrent_rpcs: int | None = None,
    compression: Compression | None = None,
) -> Server:
    """A server for the running event loop.

    Plain functions among the handlers run on `migration_thread_pool`, or on the loop's own. `maximum_concurrent_rpcs` is how many RPCs may run at once; one beyond it ends with RESOURCE_EXHAUSTED.
    """
    import_as_grpcio_does("grpc.aio._server")
    return _Server(
        migration_thread_pool,
        handlers,
        interceptors,
        options,
        maximum_concurrent_rpcs,
        compression,
    )
