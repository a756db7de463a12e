"""The spans of gRFC A72: `Sent.` for a call, `Attempt.` for each of its attempts, `Recv.` for a server's call.

A call's span and that of its first attempt begin in the caller's context, and the first attempt's travels with the metadata, of later attempts too. A server's begins with the call; its handler runs with it as the current span. All end when the core tells of the end, with the events and times that it noted.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import count
from typing import TYPE_CHECKING, Any

from opentelemetry import trace

from .. import grpc
from ._codes import code_name
from ._propagator import MetadataGetter, MetadataSetter

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.propagators.textmap import TextMapPropagator

    from .._core import _Attempt, _MessageNote, _Messages

_SETTER, _GETTER = MetadataSetter(), MetadataGetter()

# So many calls that ended without a span are remembered; a handler begins sooner than as many others end.
_MOST_ENDED = 10_000
_OK = grpc.StatusCode.OK.value[0]


class Traces:
    """Makes spans with a provider's tracer. Safe to use from several threads."""

    def __init__(self, provider: trace.TracerProvider, propagator: TextMapPropagator) -> None:
        self._tracer = provider.get_tracer("grpc-python", grpc.__version__)
        self._propagator = propagator
        self._tokens = count(1)
        # Open spans: a call's and its first attempt's by its token, a server's by the call's number.
        self._sent: dict[int, tuple[trace.Span, trace.Span]] = {}
        self._received: dict[int, trace.Span] = {}
        # The numbers of the latest calls that ended without a span: one whose handler is just about to begin makes none that would stay.
        self._ended: OrderedDict[int, None] = OrderedDict()

    def call_begins(self, path: str, metadata: Any) -> tuple[int, Any]:
        """Begin the spans of a call: its token, and the metadata that carries its context."""
        name = _name(path)
        call = self._tracer.start_span(f"Sent.{name}", kind=trace.SpanKind.CLIENT)
        attempt = self._tracer.start_span(
            f"Attempt.{name}", trace.set_span_in_context(call), attributes=_attributes(0, False)
        )
        carrier: list[tuple[str, Any]] = list(metadata or ())
        self._propagator.inject(carrier, trace.set_span_in_context(attempt), _SETTER)
        if not call.is_recording():
            return 0, carrier
        token = next(self._tokens)
        self._sent[token] = call, attempt
        return token, carrier

    def call_ended(
        self, token: int, path: str, ended: int, code: int, details: str, attempts: list[_Attempt]
    ) -> None:
        """End the spans of a call."""
        call, first = self._sent.pop(token, (None, None))
        if call is None or first is None:
            return
        inside = trace.set_span_in_context(call)
        for index, attempt in enumerate(sorted(attempts, key=lambda attempt: attempt[0])):
            started, picked, end, attempt_code, text, previous, transparent, messages = attempt
            span = first
            if index > 0:
                span = self._tracer.start_span(
                    f"Attempt.{_name(path)}",
                    inside,
                    attributes=_attributes(previous, transparent),
                    start_time=started,
                )
            if picked is not None:
                span.add_event("Delayed LB pick complete", timestamp=picked)
            _add_messages(span, messages)
            _end(span, attempt_code, text, end)
        _end(call, code, details, ended)

    def accept(self, number: int, started: int, path: str, metadata: Any) -> Context:
        """Begin the span of a server's call, as of its beginning: the context for its handler."""
        span, parent = self._receive(path, started, metadata)
        self._received[number] = span
        if number in self._ended and self._received.pop(number, None) is not None:
            span.end()
        return trace.set_span_in_context(span, parent)

    def _receive(self, path: str, started: int, metadata: Any) -> tuple[trace.Span, Context]:
        """The span of a server's call, and the context that came with it."""
        carrier: list[tuple[str, Any]] = list(metadata or ())
        sender = self._propagator.extract(carrier, getter=_GETTER)
        span = self._tracer.start_span(
            f"Recv.{_name(path)}", sender, trace.SpanKind.SERVER, start_time=started
        )
        return span, sender

    def served(
        self,
        number: int,
        path: str,
        started: int,
        ended: int,
        code: int,
        details: str,
        metadata: Any,
        messages: _Messages | None,
    ) -> None:
        """End the span of a server's call, or make it where no handler ran."""
        span = self._take_received(number)
        if span is None:
            span, _ = self._receive(path, started, metadata)
        _add_messages(span, messages)
        _end(span, code, details, ended)

    def lost(self, tokens: list[int], numbers: list[int]) -> None:
        """End the spans of calls of whose ends nothing is known: more came than were taken."""
        for token in tokens:
            for span in reversed(self._sent.pop(token, ())):
                span.end()
        for number in numbers:
            received = self._take_received(number)
            if received is not None:
                received.end()

    def _take_received(self, number: int) -> trace.Span | None:
        """The span of a server's call that has ended. Called by one thread, while others accept calls."""
        span = self._received.pop(number, None)
        if span is not None:
            return span
        self._ended[number] = None
        if len(self._ended) > _MOST_ENDED:
            self._ended.popitem(last=False)
        # It may have come between the two.
        return self._received.pop(number, None)


def _name(path: str) -> str:
    return path.lstrip("/").replace("/", ".")


def _attributes(previous: int, transparent: bool) -> dict[str, int | bool]:
    return {"previous-rpc-attempts": previous, "transparent-retry": transparent}


def _add_messages(span: trace.Span, messages: _Messages | None) -> None:
    for note in messages[2] if messages is not None else ():
        _add_message(span, note)


def _add_message(span: trace.Span, note: _MessageNote) -> None:
    at, outgoing, number, length, compressed = note
    attributes = {"sequence-number": number}
    if length is not None:
        attributes["message-size"] = length
    if outgoing:
        if compressed is not None:
            attributes["message-size-compressed"] = compressed
        span.add_event("Outbound message", attributes, at)
        return
    if compressed is not None:
        sizes = {"sequence-number": number, "message-size-compressed": compressed}
        span.add_event("Inbound compressed message", sizes, at)
    span.add_event("Inbound message", attributes, at)


def _end(span: trace.Span, code: int, details: str, at: int) -> None:
    if code == _OK:
        span.set_status(trace.StatusCode.OK)
    else:
        name = code_name(code)
        span.set_status(trace.StatusCode.ERROR, f"{name}: {details}" if details else name)
    span.end(at)
