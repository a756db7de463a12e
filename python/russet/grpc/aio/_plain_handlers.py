"""Plain functions as handlers of an asyncio server: they run on its thread pool, with the context variables of the call's task, and block there as on a synchronous server."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
from types import GeneratorType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from typing import NoReturn

    from .._status import Status, StatusCode
    from ._base_channel import MetadataType

    _Runner = Callable[..., asyncio.Future[Any]]

_DONE = object()


class PlainHandlerError(Exception):
    """Carries what a plain function raised where it cannot be raised in a coroutine or would end the event loop."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


def _guarded(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except BaseException as error:
        # A future does not take a StopIteration, and asyncio lets others than exceptions out of its loop.
        if isinstance(error, Exception) and not isinstance(error, StopIteration):
            raise
        raise PlainHandlerError(error) from error


def is_asynchronous(behavior: Any) -> bool:
    """Whether a handler is a coroutine function or an asynchronous generator."""
    return any(
        inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
        for function in (behavior, getattr(behavior, "__call__", None))  # noqa: B004
    )


def asynchronous(
    behavior: Callable[..., Any], request_streaming: bool, response_streaming: bool
) -> Callable[..., Any]:
    """The plain function as an asynchronous handler."""

    def start(request: Any, context: Any) -> tuple[_Runner, asyncio.Future[Any]]:
        run = _runner(context)
        if request_streaming:
            request = _blocking(request, context._driver.loop)
        return run, run(behavior, request, _SyncContext(context))

    async def single(request: Any, context: Any) -> Any:
        _, answer = start(request, context)
        response = await answer
        # A wrapper may look plain around a function that is not.
        return await response if inspect.isawaitable(response) else response

    async def several(request: Any, context: Any) -> AsyncIterator[Any]:
        run, answer = start(request, context)
        responses = await answer
        if hasattr(responses, "__aiter__"):
            async for response in responses:
                yield response
            return
        # A generator is its own iterator; any other code of the handler's runs where the handler did.
        iterator: Any = responses
        if not isinstance(responses, GeneratorType):
            iterator = await run(iter, responses)
        while True:
            response = await run(next, iterator, _DONE)
            if response is _DONE:
                return
            yield response

    return several if response_streaming else single


def _runner(context: Any) -> _Runner:
    """What runs a function on the server's pool."""
    in_context = contextvars.copy_context().run

    def run(function: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        work = functools.partial(in_context, _guarded, function, *arguments)
        running: asyncio.Future[Any] = context._driver.loop.run_in_executor(
            context._thread_pool, work
        )
        return running

    return run


def _blocking(requests: AsyncIterator[Any], loop: asyncio.AbstractEventLoop) -> Iterator[Any]:
    """The request iterator of a plain function."""

    iterator = requests.__aiter__()
    while True:
        request = asyncio.run_coroutine_threadsafe(_next(iterator), loop).result()
        if request is _DONE:
            return
        yield request


async def _next(iterator: AsyncIterator[Any]) -> Any:
    """The next item, or the mark of the end."""
    try:
        return await iterator.__anext__()
    except StopAsyncIteration:
        return _DONE


class _SyncContext:
    """The context of a plain function: each method acts on the event loop."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._context._driver.loop).result()

    def read(self) -> Any:
        return self._run(self._context.read())

    def write(self, message: Any) -> None:
        self._run(self._context.write(message))

    def send_initial_metadata(self, initial_metadata: MetadataType) -> None:
        self._run(self._context.send_initial_metadata(initial_metadata))

    def abort(
        self, code: StatusCode, details: str = "", trailing_metadata: MetadataType = ()
    ) -> NoReturn:
        self._run(self._context.abort(code, details, trailing_metadata))
        raise AssertionError("abort raises")

    def abort_with_status(self, status: Status) -> NoReturn:
        self._run(self._context.abort_with_status(status))
        raise AssertionError("abort_with_status raises")

    def add_callback(self, callback: Callable[[], Any]) -> bool:
        """Call `callback()` when the RPC ends. False if it has ended already."""
        if self._context.done():
            return False

        def call(_context: Any) -> None:
            callback()

        self._context.add_done_callback(call)
        return True

    def is_active(self) -> bool:
        """Whether the RPC goes on."""
        return not self._context.done()

    def __getattr__(self, name: str) -> Any:
        # What is left does not wait, and is safe from any thread.
        return getattr(self._context, name)
