"""Method handlers made anew around another behavior: what every server interceptor that looks at messages needs."""

from __future__ import annotations

from . import grpc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


def behavior_of(handler: Any) -> Callable[..., Any]:
    """What a method handler runs."""
    kind = "_".join(
        "stream" if streaming else "unary"
        for streaming in (handler.request_streaming, handler.response_streaming)
    )
    behavior: Callable[..., Any] = getattr(handler, kind)
    return behavior


def is_non_blocking(handler: Any) -> bool:
    """Whether a handler of a synchronous server returns before its last response, which it sends by a function that it gets."""
    asked = getattr(behavior_of(handler), "experimental_non_blocking", False)
    return bool(handler.response_streaming and asked)


def step_within(
    within: Callable[[], Any], behavior: Callable[..., Any], request: Any, context: Any
) -> Iterator[Any]:
    """A streaming handler's responses, each made inside the context manager that `within` gives: between two of them the thread may be another call's."""
    end = object()
    with within():
        responses = iter(behavior(request, context))
    while True:
        with within():
            response = next(responses, end)
        if response is end:
            return
        yield response


def rebuild(handler: Any, behavior: Callable[..., Any]) -> Any:
    """The same method with another behavior."""
    kinds: dict[tuple[bool, bool], Callable[..., Any]] = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    make = kinds[handler.request_streaming, handler.response_streaming]
    return make(
        behavior,
        request_deserializer=handler.request_deserializer,
        response_serializer=handler.response_serializer,
    )
