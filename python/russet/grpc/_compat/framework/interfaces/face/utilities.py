"""Makes method implementations of functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ...common import cardinality, style
from ...foundation import stream as stream
from . import face

if TYPE_CHECKING:
    from collections.abc import Callable


class _Fields(NamedTuple):
    cardinality: Any
    style: Any
    unary_unary_inline: Any = None
    unary_stream_inline: Any = None
    stream_unary_inline: Any = None
    stream_stream_inline: Any = None
    unary_unary_event: Any = None
    unary_stream_event: Any = None
    stream_unary_event: Any = None
    stream_stream_event: Any = None


class _MethodImplementation(_Fields, face.MethodImplementation):
    pass


def _implementation(kind: str, behavior: Callable[..., Any]) -> face.MethodImplementation:
    request, response, way = kind.upper().split("_")
    return _MethodImplementation(
        cardinality.Cardinality[f"{request}_{response}"], style.Service[way], **{kind: behavior}
    )


def unary_unary_inline(behavior: Callable[..., Any]) -> face.MethodImplementation:
    """Of a function that takes a request and a context, and returns the response."""
    return _implementation("unary_unary_inline", behavior)


def unary_stream_inline(behavior: Callable[..., Any]) -> face.MethodImplementation:
    """Of a function that takes a request and a context, and returns an iterator of responses."""
    return _implementation("unary_stream_inline", behavior)


def stream_unary_inline(behavior: Callable[..., Any]) -> face.MethodImplementation:
    """Of a function that takes an iterator of requests and a context, and returns the response."""
    return _implementation("stream_unary_inline", behavior)


def stream_stream_inline(behavior: Callable[..., Any]) -> face.MethodImplementation:
    """Of a function that takes an iterator of requests and a context, and returns an iterator of responses."""
    return _implementation("stream_stream_inline", behavior)


def unary_unary_event(behavior: Callable[..., Any]) -> face.MethodImplementation:
    """Of a function that takes a request, a callback for the response, and a context."""
    return _implementation("unary_unary_event", behavior)


def unary_stream_event(behavior: Callable[..., Any]) -> face.MethodImplementation:
    """Of a function that takes a request, a consumer of responses, and a context."""
    return _implementation("unary_stream_event", behavior)


def stream_unary_event(behavior: Callable[..., Any]) -> face.MethodImplementation:
    """Of a function that takes a callback for the response and a context, and returns a consumer of requests."""
    return _implementation("stream_unary_event", behavior)


def stream_stream_event(behavior: Callable[..., Any]) -> face.MethodImplementation:
    """Of a function that takes a consumer of responses and a context, and returns a consumer of requests."""
    return _implementation("stream_stream_event", behavior)
