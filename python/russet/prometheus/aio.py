"""The interceptors of asyncio servers and channels."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from .. import grpc
from ..grpc import aio as _aio
from ..interceptors import aio as _interceptors
from ._metrics import Record, metrics_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from prometheus_client import CollectorRegistry

    from ..interceptors import ClientCall, ServerCall

__all__ = ["ClientInterceptor", "ServerInterceptor"]


async def _each(messages: AsyncIterator[Any], count: Callable[[Any], Any]) -> AsyncIterator[Any]:
    async for message in messages:
        yield count(message)


class ServerInterceptor(_interceptors.ServerInterceptor):
    """As `russet.prometheus.ServerInterceptor`."""

    def __init__(
        self,
        registry: CollectorRegistry | None = None,
        *,
        buckets: Sequence[float] | None = None,
    ) -> None:
        self._metrics = metrics_of("server", registry, buckets)

    async def intercept(
        self, call: ServerCall, request: Any, context: _aio.ServicerContext[Any, Any]
    ) -> Any:
        """Count the RPC, its messages and its end."""
        record = Record(self._metrics, call)

        def ended(context: Any) -> None:
            # None where the call ended before its handler: then nothing was sent.
            code: grpc.StatusCode | None = context._sent_code
            if code is None:
                late = context.time_remaining() == 0
                code = grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED
            record.end(code)

        context.add_done_callback(ended)
        if call.request_streaming:
            request = _each(request, record.receive)
        else:
            record.receive(request)
        response = await call(request, context)
        return _each(response, record.send) if call.response_streaming else record.send(response)


class ClientInterceptor(_interceptors.ClientInterceptor):
    """As `russet.prometheus.ClientInterceptor`."""

    def __init__(
        self,
        registry: CollectorRegistry | None = None,
        *,
        buckets: Sequence[float] | None = None,
    ) -> None:
        self._metrics = metrics_of("client", registry, buckets)
        # Tasks that wait for the ends of streams; the loop itself holds them weakly.
        self._waiting: set[asyncio.Task[None]] = set()

    async def intercept(self, call: ClientCall, request: Any) -> Any:
        """Count the RPC, its messages and its end."""
        record = Record(self._metrics, call)
        if call.request_streaming:
            request = _each(request, record.send)
        else:
            record.send(request)
        try:
            response = await call(request)
        except _aio.AioRpcError as error:
            record.end(error.code())
            raise
        except asyncio.CancelledError:
            record.end(grpc.StatusCode.CANCELLED)
            raise
        except BaseException:
            record.end(grpc.StatusCode.UNKNOWN)
            raise
        if not call.response_streaming:
            record.receive(response)
            record.end(grpc.StatusCode.OK)
            return response
        task = asyncio.get_running_loop().create_task(self._wait(call.running, record))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
        return _read(response, call.running, record)

    async def _wait(self, running: Any, record: Record) -> None:
        record.end(await running.code())


async def _read(responses: AsyncIterator[Any], running: Any, record: Record) -> AsyncIterator[Any]:
    """The responses. Who has read them all finds their RPC counted."""
    try:
        async for message in responses:
            yield record.receive(message)
    except _aio.AioRpcError as error:
        record.end(error.code())
        raise
    record.end(await running.code())
