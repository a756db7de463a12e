"""Method handlers and the generic handler that finds them by name: how a service is described to a server."""

from __future__ import annotations

from collections import namedtuple

from ._base_server import RpcMethodHandler, ServiceRpcHandler
from ._typing import RequestT, ResponseT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
    from typing import Any, Union

    from ._base_server import GenericRpcHandler, HandlerCallDetails
    from ._typing import Deserializer, Serializer

    # The context is left open: it is a `grpc.ServicerContext` or a `grpc.aio.ServicerContext`.
    RequestStream = Union[Iterator[RequestT], AsyncIterator[RequestT], Any]
    Response = Union[ResponseT, Awaitable[ResponseT]]
    ResponseStream = Union[Iterator[ResponseT], AsyncIterator[ResponseT], Awaitable[None], None]


# A named tuple, since interceptors in use replace parts of a handler with `handler._replace(...)`.
class MethodHandler(
    namedtuple(  # pyright: ignore[reportUntypedNamedTuple]
        "MethodHandler",
        (
            "request_streaming",
            "response_streaming",
            "request_deserializer",
            "response_serializer",
            "unary_unary",
            "unary_stream",
            "stream_unary",
            "stream_stream",
        ),
        defaults=(None, None, None, None),
    ),
    RpcMethodHandler[RequestT, ResponseT],
):
    """A `RpcMethodHandler` that cannot be changed; `_replace` makes a changed copy."""

    __slots__ = ()


class DictionaryGenericHandler(ServiceRpcHandler):
    """Serves the methods of one service from a dictionary."""

    __slots__ = ("_method_handlers", "_service")

    def __init__(
        self, service: str, method_handlers: Mapping[str, RpcMethodHandler[Any, Any]]
    ) -> None:
        self._service = service
        self._method_handlers = {
            f"/{service}/{method}": handler for method, handler in method_handlers.items()
        }

    def service_name(self) -> str:
        """The service's full name."""
        return self._service

    def service(
        self, handler_call_details: HandlerCallDetails
    ) -> RpcMethodHandler[Any, Any] | None:
        """The handler for the RPC, or None if the method is not of this service."""
        return self._method_handlers.get(handler_call_details.method)

    def unary_paths(self) -> Iterator[str]:
        """The paths of the methods whose request is one message."""
        for path, handler in self._method_handlers.items():
            if not handler.request_streaming:
                yield path


def unary_paths(handlers: Iterable[GenericRpcHandler]) -> Iterator[str]:
    """The paths whose request is certain to be one message: those of dictionaries, up to the first handler that decides by itself. A call of one of them needs no thread before its message is there."""
    for handler in handlers:
        if type(handler) is not DictionaryGenericHandler:
            return
        yield from handler.unary_paths()


def unary_unary_rpc_method_handler(
    behavior: Callable[[RequestT, Any], Response[ResponseT]],
    request_deserializer: Deserializer[RequestT] | None = None,
    response_serializer: Serializer[ResponseT] | None = None,
) -> RpcMethodHandler[RequestT, ResponseT]:
    """A handler for a method with one request and one response.

    `behavior(request, context)` returns the response. Without a deserializer or serializer messages are `bytes`.
    """
    return MethodHandler(
        False, False, request_deserializer, response_serializer, unary_unary=behavior
    )


def unary_stream_rpc_method_handler(
    behavior: Callable[[RequestT, Any], ResponseStream[ResponseT]],
    request_deserializer: Deserializer[RequestT] | None = None,
    response_serializer: Serializer[ResponseT] | None = None,
) -> RpcMethodHandler[RequestT, ResponseT]:
    """A handler for a method with one request and streamed responses: `behavior(request, context)` returns an iterator."""
    return MethodHandler(
        False, True, request_deserializer, response_serializer, unary_stream=behavior
    )


def stream_unary_rpc_method_handler(
    behavior: Callable[[RequestStream[RequestT], Any], Response[ResponseT]],
    request_deserializer: Deserializer[RequestT] | None = None,
    response_serializer: Serializer[ResponseT] | None = None,
) -> RpcMethodHandler[RequestT, ResponseT]:
    """A handler for a method with streamed requests and one response: `behavior(request_iterator, context)` returns it."""
    return MethodHandler(
        True, False, request_deserializer, response_serializer, stream_unary=behavior
    )


def stream_stream_rpc_method_handler(
    behavior: Callable[[RequestStream[RequestT], Any], ResponseStream[ResponseT]],
    request_deserializer: Deserializer[RequestT] | None = None,
    response_serializer: Serializer[ResponseT] | None = None,
) -> RpcMethodHandler[RequestT, ResponseT]:
    """A handler for a method that streams both ways: `behavior(request_iterator, context)` returns an iterator."""
    return MethodHandler(
        True, True, request_deserializer, response_serializer, stream_stream=behavior
    )


def method_handlers_generic_handler(
    service: str, method_handlers: Mapping[str, RpcMethodHandler[Any, Any]]
) -> GenericRpcHandler:
    """A generic handler for a service: `service` is its full name, `method_handlers` maps the short names of its methods."""
    return DictionaryGenericHandler(service, method_handlers)


def health_servicer(registered: Mapping[str, RpcMethodHandler[Any, Any]]) -> Any:
    """What serves the health service among these handlers, if it wants to be told that its server stops; else None."""
    handler = registered.get("/grpc.health.v1.Health/Watch")
    servicer = getattr(getattr(handler, "unary_stream", None), "__self__", None)
    return servicer if hasattr(servicer, "on_server_stop") else None
