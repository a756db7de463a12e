"""Reports with each call: interceptors that add one to the trailers, and what the call's handler records."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import Any

from .. import grpc
from .._method_handlers import behavior_of, is_non_blocking, rebuild, step_within
from ._recorders import TRAILER, CallMetricRecorder, ServerMetricRecorder, report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_current: ContextVar[CallMetricRecorder] = ContextVar("russet.orca.call")


def call_metric_recorder() -> CallMetricRecorder:
    """The recorder of the call whose handler runs here. RuntimeError without the interceptor."""
    try:
        return _current.get()
    except LookupError:
        raise RuntimeError(
            "no call is recorded here: is this a handler, and is the LoadReportInterceptor among the server's interceptors?"
        ) from None


@contextlib.contextmanager
def recording(call: CallMetricRecorder) -> Generator[None, None, None]:
    """Make `call` the present call's recorder."""
    token = _current.set(call)
    try:
        yield
    finally:
        _current.reset(token)


def add_report(context: Any, server: ServerMetricRecorder | None, call: CallMetricRecorder) -> None:
    """Add the report to the trailers, if there is anything to report."""
    serialized = report(server, call)
    if serialized:
        given = context.trailing_metadata() or ()
        context.set_trailing_metadata((*given, (TRAILER, serialized)))


def reporting(handler: Any, recorder: ServerMetricRecorder | None) -> Any:
    """A handler that is a plain function, with a report in the trailers of its calls."""
    behavior = behavior_of(handler)

    def single(request: Any, context: Any) -> Any:
        call = CallMetricRecorder()
        try:
            with recording(call):
                return behavior(request, context)
        finally:
            add_report(context, recorder, call)

    def several(request: Any, context: Any) -> Iterator[Any]:
        call = CallMetricRecorder()
        try:
            yield from step_within(lambda: recording(call), behavior, request, context)
        finally:
            add_report(context, recorder, call)

    return rebuild(handler, several if handler.response_streaming else single)


class LoadReportInterceptor(grpc.ServerInterceptor):
    """Adds a load report to the trailers of every call: what its handler recorded, and what `recorder` knows of the server. A call of which nothing is known gets none, nor one whose handler keeps no thread, such as `Health.Watch`."""

    def __init__(self, recorder: ServerMetricRecorder | None = None) -> None:
        self._recorder = recorder

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Wrap the method's handler."""
        handler = continuation(handler_call_details)
        if handler is None or is_non_blocking(handler):
            return handler
        return reporting(handler, self._recorder)
