"""The interceptors under which a server's handlers run with the span of their call as the current one."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context

from .. import grpc
from .._method_handlers import behavior_of, rebuild, step_within
from ..grpc import aio as _aio

if TYPE_CHECKING:
    from collections.abc import Generator

    from ._traces import Traces


class ServerInterceptor(grpc.ServerInterceptor):
    """Of synchronous servers. Comes first, so that it sees the core's own call."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Have the handler run in the context of its call's span."""
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        behavior = behavior_of(handler)
        streams = handler.response_streaming and not getattr(
            behavior, "experimental_non_blocking", False
        )

        # With its attributes, some of which say how it is called.
        @functools.wraps(behavior)
        def run(request: Any, context: Any, *more: Any) -> Any:
            observed = context.observed
            if observed is None:
                return behavior(request, context, *more)
            number, started = observed
            within = self._traces.accept(
                number,
                started,
                handler_call_details.method,
                handler_call_details.invocation_metadata,
            )
            if streams:
                return step_within(lambda: _attached(within), behavior, request, context)
            with _attached(within):
                return behavior(request, context, *more)

        return rebuild(handler, run)


@contextlib.contextmanager
def _attached(context: otel_context.Context) -> Generator[None, None, None]:
    """Make a context the current one."""
    token = otel_context.attach(context)
    try:
        yield
    finally:
        otel_context.detach(token)


class AioServerInterceptor(_aio.ServerInterceptor):
    """Of asyncio servers, where each call has a task, and so a context, of its own."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Have all that the call's task does happen in the context of its span."""
        details = handler_call_details
        if details.observed is not None:
            number, started = details.observed
            within = self._traces.accept(
                number, started, details.method, details.invocation_metadata
            )
            # Never detached: the context ends with the task.
            otel_context.attach(within)
        return await continuation(details)
