"""What `grpc._interceptor` has: channels with interceptors, their multi-callables, and the pipeline of a server's."""

from __future__ import annotations

from typing import Any

from .._interceptor import _ARGUMENTS
from .._interceptor import _InterceptedChannel as _Channel
from .._interceptor import _StreamStream as _StreamStreamMultiCallable
from .._interceptor import _StreamUnary as _StreamUnaryMultiCallable
from .._interceptor import _UnaryStream as _UnaryStreamMultiCallable
from .._interceptor import _UnaryUnary as _UnaryUnaryMultiCallable
from .._server_interceptors import ServicePipeline as _ServicePipeline
from .._server_interceptors import service_pipeline

__all__ = (
    "_Channel",
    "_ServicePipeline",
    "_StreamStreamMultiCallable",
    "_StreamUnaryMultiCallable",
    "_UnaryStreamMultiCallable",
    "_UnaryUnaryMultiCallable",
    "service_pipeline",
)


def _unwrap_client_call_details(  # pyright: ignore[reportUnusedFunction]
    call_details: Any, default_details: Any
) -> tuple[Any, ...]:
    """Method and arguments of a call's details; what they lack comes from `default_details`."""
    names = ("method", *_ARGUMENTS)
    return tuple(getattr(call_details, name, getattr(default_details, name)) for name in names)
