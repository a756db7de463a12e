"""Reports on a stream: `xds.service.orca.v3.OpenRcaService`."""

from __future__ import annotations

import threading
from typing import Any

from .. import grpc
from ._recorders import ServerMetricRecorder, report
from ._streams import Streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The full name of the service.
SERVICE_NAME = "xds.service.orca.v3.OpenRcaService"
METHOD = "StreamCoreMetrics"
# The least time between two reports of a stream, in seconds, where the server's owner does not say.
DEFAULT_MIN_REPORT_DURATION = 30.0
# The least that the owner can say: a client may ask for reports without a pause.
SHORTEST_PERIOD = 0.01


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message that hold whole numbers or bytes. ValueError for what is no message."""
    position = 0

    def varint() -> int:
        nonlocal position
        value = shift = 0
        while True:
            if position >= len(message) or shift > 63:
                raise ValueError("the request is not an OrcaLoadReportRequest")
            byte = message[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(message):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
            continue
        length = {1: 8, 5: 4}.get(tag & 7)
        if tag & 7 == 2:
            length = varint()
        if length is None or position + length > len(message):
            raise ValueError("the request is not an OrcaLoadReportRequest")
        value, position = message[position : position + length], position + length
        if tag & 7 == 2:
            yield tag >> 3, value


def interval(request: bytes) -> float:
    """The `report_interval` of an `OrcaLoadReportRequest`, in seconds; 0 where it names none, or a negative one."""
    seconds = 0.0
    for number, value in _fields(request):
        if number == 1 and isinstance(value, bytes):
            seconds = 0.0
            for part, amount in _fields(value):
                if isinstance(amount, int) and part in (1, 2):
                    signed = amount - (1 << 64) if amount >> 63 else amount
                    seconds += signed if part == 1 else signed / 1e9
    return max(seconds, 0.0)


class OrcaServicer:
    """Streams reports of what `recorder` knows, each as often as the client wants and not more often than each `min_report_duration` seconds. A stream keeps no thread of the server's pool, but where an interceptor has wrapped the method."""

    def __init__(
        self,
        recorder: ServerMetricRecorder,
        min_report_duration: float = DEFAULT_MIN_REPORT_DURATION,
    ) -> None:
        self._recorder = recorder
        self._min_report_duration = max(min_report_duration, SHORTEST_PERIOD)
        self._streams = Streams()

    def StreamCoreMetrics(
        self, request: bytes, context: Any, send: Callable[[bytes | None], None] | None = None
    ) -> Any:
        """Reports, until the client leaves: by `send` where the server gives it, else as an iterator that waits."""
        period = max(interval(request), self._min_report_duration)
        if send is None:
            return self._reports(period, context)
        send(report(self._recorder))
        stream = self._streams.add(period, lambda: send(report(self._recorder)))
        if not context.add_callback(lambda: self._streams.remove(stream)):
            # The client has left already.
            self._streams.remove(stream)
        return None

    # The server asks the function.
    StreamCoreMetrics.experimental_non_blocking = True  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]

    def _reports(self, period: float, context: Any) -> Iterator[bytes]:
        ended = threading.Event()
        if not context.add_callback(ended.set):
            return
        yield report(self._recorder)
        while not ended.wait(min(period, threading.TIMEOUT_MAX)):
            yield report(self._recorder)


def add_OrcaServicer_to_server(servicer: Any, server: Any) -> None:
    """Have `server` serve the load reports; of both, the synchronous ones or those of asyncio."""
    method = grpc.unary_stream_rpc_method_handler(servicer.StreamCoreMetrics)
    handler = grpc.method_handlers_generic_handler(SERVICE_NAME, {METHOD: method})
    server.add_generic_rpc_handlers((handler,))
