"""How the context of a trace travels in metadata."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.propagators import textmap

_HEADER = "grpc-trace-bin"
# The binary format of OpenCensus, version 0: field 0 the trace's id, field 1 the span's, field 2 the options.
_LENGTH = 29
_TRACE_ID = slice(2, 18)
_SPAN_ID = slice(19, 27)
_OPTIONS = 28


class GrpcTraceBinPropagator(textmap.TextMapPropagator):
    """The binary header `grpc-trace-bin` that gRPC with OpenCensus sends and understands, as gRFC A72 has it for the time of a migration. With other carriers than metadata its value is base64."""

    def inject(
        self,
        carrier: textmap.CarrierT,
        context: otel_context.Context | None = None,
        setter: textmap.Setter[textmap.CarrierT] = textmap.default_setter,
    ) -> None:
        """Write the context of the current span."""
        span = trace.get_current_span(context).get_span_context()
        if span.is_valid:
            value = b"\0\0%b\1%b\2%b" % (
                span.trace_id.to_bytes(16, "big"),
                span.span_id.to_bytes(8, "big"),
                bytes([span.trace_flags & 1]),
            )
            setter.set(carrier, _HEADER, base64.b64encode(value).decode())

    def extract(
        self,
        carrier: textmap.CarrierT,
        context: otel_context.Context | None = None,
        getter: textmap.Getter[textmap.CarrierT] = textmap.default_getter,
    ) -> otel_context.Context:
        """The context with the span that the caller sent, if it sent one that can be read."""
        context = otel_context.get_current() if context is None else context
        for text in getter.get(carrier, _HEADER) or ():
            try:
                value = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
            except (binascii.Error, ValueError):
                continue
            if len(value) != _LENGTH or value[0:2] + value[18:19] + value[27:28] != b"\0\0\1\2":
                continue
            span = trace.SpanContext(
                int.from_bytes(value[_TRACE_ID], "big"),
                int.from_bytes(value[_SPAN_ID], "big"),
                is_remote=True,
                trace_flags=trace.TraceFlags(value[_OPTIONS] & 1),
            )
            if span.is_valid:
                return trace.set_span_in_context(trace.NonRecordingSpan(span), context)
        return context

    @property
    def fields(self) -> set[str]:
        """The header's name."""
        return {_HEADER}


class MetadataSetter(textmap.Setter["list[tuple[str, Any]]"]):
    """Writes into metadata. Values of binary keys come as base64."""

    def set(self, carrier: list[tuple[str, Any]], key: str, value: str) -> None:
        """Replace the entries of a key by one."""
        carrier[:] = [entry for entry in carrier if entry[0] != key]
        carrier.append((key, base64.b64decode(value) if key.endswith("-bin") else value))


class MetadataGetter(textmap.Getter["list[tuple[str, Any]]"]):
    """Reads metadata."""

    def get(self, carrier: list[tuple[str, Any]], key: str) -> list[str] | None:
        """The values of a key; those of a binary one as base64."""
        found = [
            base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for name, value in carrier
            if name == key.lower()
        ]
        return found or None

    def keys(self, carrier: list[tuple[str, Any]]) -> list[str]:
        """All keys."""
        return [name for name, _ in carrier]
