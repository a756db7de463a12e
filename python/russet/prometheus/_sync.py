"""The interceptors of synchronous servers and channels."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from .. import grpc, interceptors
from ._metrics import Record, metrics_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client import CollectorRegistry


class ServerInterceptor(interceptors.ServerInterceptor):
    """Counts the RPCs of a server in `registry`, by default prometheus-client's own. Put it first, so that it sees what the others refuse.

    `buckets` are the bounds of the histogram in seconds. Interceptors of one registry share its metrics, and must have the same.
    """

    def __init__(
        self,
        registry: CollectorRegistry | None = None,
        *,
        buckets: Sequence[float] | None = None,
    ) -> None:
        self._metrics = metrics_of("server", registry, buckets)

    def intercept(
        self, call: interceptors.ServerCall, request: Any, context: grpc.ServicerContext
    ) -> Any:
        """Count the RPC, its messages and its end."""
        record = Record(self._metrics, call)
        # Whether the handler came to its end before the RPC did.
        completed = False

        def ended() -> None:
            code: Any = context.code()
            if code is None:
                if completed:
                    code = grpc.StatusCode.OK
                elif context.time_remaining() == 0:
                    code = grpc.StatusCode.DEADLINE_EXCEEDED
                else:
                    code = grpc.StatusCode.CANCELLED
            elif not isinstance(code, grpc.StatusCode):
                # What the caller gets for whatever else a handler sets.
                code = grpc.StatusCode.UNKNOWN
            record.end(code)

        if not context.add_callback(ended):
            ended()
        if call.request_streaming:
            request = map(record.receive, request)
        else:
            record.receive(request)
        response = call(request, context)

        def several() -> Iterator[Any]:
            nonlocal completed
            for message in response:
                yield record.send(message)
            completed = True

        if call.response_streaming:
            return several()
        completed = True
        return record.send(response)


class ClientInterceptor(interceptors.ClientInterceptor):
    """Counts the RPCs of a channel. Arguments: see `ServerInterceptor`. Responses of a stream are counted when they are read, and its end when its reader comes to it or drops it."""

    def __init__(
        self,
        registry: CollectorRegistry | None = None,
        *,
        buckets: Sequence[float] | None = None,
    ) -> None:
        self._metrics = metrics_of("client", registry, buckets)

    def intercept(self, call: interceptors.ClientCall, request: Any) -> Any:
        """Count the RPC, its messages and its end."""
        record = Record(self._metrics, call)
        if call.request_streaming:
            request = map(record.send, request)
        else:
            record.send(request)
        try:
            running = call(request)
        except BaseException:
            record.end(grpc.StatusCode.UNKNOWN)
            raise

        if call.response_streaming:
            # Without a callback, which would keep a stream alive that nobody reads any more.
            responses = _read(running, record)
            weakref.finalize(responses, record.end, grpc.StatusCode.CANCELLED).atexit = False
            return responses

        def ended(running: Any) -> None:
            code = running.code()
            if code is grpc.StatusCode.OK:
                record.received.inc()
            record.end(code)

        running.add_done_callback(ended)
        return running


def _read(running: Any, record: Record) -> Iterator[Any]:
    """The responses; at their end the RPC is counted."""
    try:
        for message in running:
            yield record.receive(message)
    except grpc.RpcError:
        record.end(running.code())
        raise
    record.end(running.code())
