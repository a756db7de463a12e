"""Load reports on asyncio: the servicer and the interceptor of `russet.orca` for `grpc.aio.server`."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from .._method_handlers import behavior_of, rebuild
from ..grpc import aio as _aio
from ._interceptor import add_report, recording, reporting
from ._recorders import CallMetricRecorder, ServerMetricRecorder, report
from ._service import DEFAULT_MIN_REPORT_DURATION, SHORTEST_PERIOD, interval

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["LoadReportInterceptor", "OrcaServicer"]


class LoadReportInterceptor(_aio.ServerInterceptor):
    """As `russet.orca.LoadReportInterceptor`."""

    def __init__(self, recorder: ServerMetricRecorder | None = None) -> None:
        self._recorder = recorder

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Wrap the method's handler."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        behavior = behavior_of(handler)

        async def awaited(request: Any, context: Any) -> Any:
            call = CallMetricRecorder()
            # A handler has a task of its own, so that nothing else sees the recorder.
            try:
                with recording(call):
                    return await behavior(request, context)
            finally:
                add_report(context, self._recorder, call)

        async def generated(request: Any, context: Any) -> AsyncIterator[Any]:
            call = CallMetricRecorder()
            responses = behavior(request, context)
            try:
                while True:
                    with recording(call):
                        try:
                            response = await responses.__anext__()
                        except StopAsyncIteration:
                            return
                    yield response
            finally:
                add_report(context, self._recorder, call)

        if inspect.isasyncgenfunction(behavior):
            return rebuild(handler, generated)
        if inspect.iscoroutinefunction(behavior):
            return rebuild(handler, awaited)
        return reporting(handler, self._recorder)


class OrcaServicer:
    """As `russet.orca.OrcaServicer`; a stream keeps no thread."""

    def __init__(
        self,
        recorder: ServerMetricRecorder,
        min_report_duration: float = DEFAULT_MIN_REPORT_DURATION,
    ) -> None:
        self._recorder = recorder
        self._min_report_duration = max(min_report_duration, SHORTEST_PERIOD)

    async def StreamCoreMetrics(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        """Reports, until the client leaves, which cancels this."""
        period = max(interval(request), self._min_report_duration)
        while True:
            yield report(self._recorder)
            await asyncio.sleep(period)
