"""Servers of the beta API, on a server of `grpc`."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from ... import GenericRpcHandler, RpcMethodHandler
from ... import server as _grpc_server
from .._common import fully_qualified_method
from .._utilities import RpcMethodHandler as _MethodHandler
from ..framework.common import cardinality, style
from ..framework.foundation import abandonment, logging_pool, stream
from ..framework.interfaces.face import face
from . import _metadata, interfaces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_DEFAULT_POOL_SIZE = 8


class _ServerProtocolContext(interfaces.GRPCServicerContext):
    def __init__(self, servicer_context: Any) -> None:
        self._servicer_context = servicer_context

    def peer(self) -> str:
        return str(self._servicer_context.peer())

    def disable_next_response_compression(self) -> None:
        self._servicer_context.disable_next_message_compression()


class _FaceServicerContext(face.ServicerContext):
    def __init__(self, servicer_context: Any) -> None:
        self._servicer_context = servicer_context

    def is_active(self) -> bool:
        return bool(self._servicer_context.is_active())

    def time_remaining(self) -> Any:
        return self._servicer_context.time_remaining()

    def add_abortion_callback(self, abortion_callback: Any) -> Any:
        raise NotImplementedError("add_abortion_callback no longer supported server-side!")

    def cancel(self) -> None:
        self._servicer_context.cancel()

    def protocol_context(self) -> _ServerProtocolContext:
        return _ServerProtocolContext(self._servicer_context)

    def invocation_metadata(self) -> Any:
        return _metadata.beta(self._servicer_context.invocation_metadata())

    def initial_metadata(self, initial_metadata: Any) -> None:
        self._servicer_context.send_initial_metadata(_metadata.unbeta(initial_metadata))

    def terminal_metadata(self, terminal_metadata: Any) -> None:
        self._servicer_context.set_trailing_metadata(_metadata.unbeta(terminal_metadata))

    def code(self, code: Any) -> None:
        self._servicer_context.set_code(code)

    def details(self, details: Any) -> None:
        self._servicer_context.set_details(details)


class _Responses(stream.Consumer):
    """Takes responses from wherever they come, for the thread that serves the call."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._values: deque[Any] = deque()
        self._terminated = False
        self._cancelled = False

    def consume(self, value: Any) -> None:
        with self._condition:
            self._values.append(value)
            self._condition.notify_all()

    def terminate(self) -> None:
        with self._condition:
            self._terminated = True
            self._condition.notify_all()

    def consume_and_terminate(self, value: Any) -> None:
        with self._condition:
            self._values.append(value)
            self._terminated = True
            self._condition.notify_all()

    def cancel(self) -> None:
        """The call has ended."""
        with self._condition:
            self._cancelled = True
            self._condition.notify_all()

    def __iter__(self) -> Iterator[Any]:
        while True:
            with self._condition:
                self._condition.wait_for(
                    lambda: self._cancelled or self._values or self._terminated
                )
                if self._cancelled:
                    raise abandonment.Abandoned
                if not self._values:
                    return
                value = self._values.popleft()
            yield value


def _pass_on(requests: Iterator[Any], consumer: stream.Consumer, context: Any) -> None:
    """Has the consumer of requests called on a thread of its own."""

    def pass_on() -> None:
        for request in requests:
            consumer.consume(request)
            if not context.is_active():
                return
        consumer.terminate()

    threading.Thread(target=pass_on, daemon=True).start()


def _inline(behavior: Callable[..., Any]) -> Callable[..., Any]:
    def inline(request: Any, context: Any) -> Any:
        return behavior(request, _FaceServicerContext(context))

    return inline


def _event(behavior: Callable[..., Any], kind: cardinality.Cardinality) -> Callable[..., Any]:
    """A function that returns responses, of one that calls back with them."""
    request_kind, response_kind = kind.name.split("_")

    def responses(request: Any, context: Any) -> _Responses:
        made = _Responses()
        if not context.add_callback(made.cancel):
            raise abandonment.Abandoned
        take = made if response_kind == "STREAM" else made.consume_and_terminate
        if request_kind == "STREAM":
            _pass_on(request, behavior(take, _FaceServicerContext(context)), context)
        else:
            behavior(request, take, _FaceServicerContext(context))
        return made

    def stream_of_responses(request: Any, context: Any) -> Iterator[Any]:
        return iter(responses(request, context))

    def one_response(request: Any, context: Any) -> Any:
        return next(iter(responses(request, context)))

    return stream_of_responses if response_kind == "STREAM" else one_response


def _method_handler(
    implementation: Any, request_deserializer: Any, response_serializer: Any
) -> RpcMethodHandler[Any, Any]:
    kind = implementation.cardinality
    name = kind.name.lower()
    if implementation.style is style.Service.INLINE:
        behavior = _inline(getattr(implementation, f"{name}_inline"))
    elif implementation.style is style.Service.EVENT:
        behavior = _event(getattr(implementation, f"{name}_event"), kind)
    else:
        raise ValueError(f"{implementation.style} is no style of a method")
    behaviors = dict.fromkeys(("unary_unary", "unary_stream", "stream_unary", "stream_stream"))
    return _MethodHandler[Any, Any](
        request_streaming=name.startswith("stream"),
        response_streaming=name.endswith("stream"),
        request_deserializer=request_deserializer,
        response_serializer=response_serializer,
        **{**behaviors, name: behavior},
    )


def _by_path(by_names: Mapping[tuple[str, str], Any] | None) -> dict[str, Any]:
    return {fully_qualified_method(*names): value for names, value in (by_names or {}).items()}


class _GenericRpcHandler(GenericRpcHandler):
    def __init__(
        self,
        method_implementations: Mapping[tuple[str, str], Any],
        request_deserializers: Mapping[tuple[str, str], Any] | None,
        response_serializers: Mapping[tuple[str, str], Any] | None,
    ) -> None:
        self._method_implementations = _by_path(method_implementations)
        self._request_deserializers = _by_path(request_deserializers)
        self._response_serializers = _by_path(response_serializers)

    def service(self, handler_call_details: Any) -> RpcMethodHandler[Any, Any] | None:
        path = handler_call_details.method
        implementation = self._method_implementations.get(path)
        if implementation is None:
            return None
        return _method_handler(
            implementation,
            self._request_deserializers.get(path),
            self._response_serializers.get(path),
        )


class _Server(interfaces.Server):
    def __init__(self, grpc_server: Any) -> None:
        self._grpc_server = grpc_server

    def add_insecure_port(self, address: str) -> int:
        return int(self._grpc_server.add_insecure_port(address))

    def add_secure_port(self, address: str, server_credentials: Any) -> int:
        return int(self._grpc_server.add_secure_port(address, server_credentials))

    def start(self) -> None:
        self._grpc_server.start()

    def stop(self, grace: float | None) -> Any:
        return self._grpc_server.stop(grace)

    def __enter__(self) -> _Server:
        self._grpc_server.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._grpc_server.stop(None)


def server(
    service_implementations: Mapping[tuple[str, str], Any],
    multi_method_implementation: Any,
    request_deserializers: Mapping[tuple[str, str], Any] | None,
    response_serializers: Mapping[tuple[str, str], Any] | None,
    thread_pool: Any,
    thread_pool_size: int | None,
) -> interfaces.Server:
    """A server of methods; as with grpcio, `multi_method_implementation` is never asked."""
    handler = _GenericRpcHandler(
        service_implementations, request_deserializers, response_serializers
    )
    if thread_pool is None:
        thread_pool = logging_pool.pool(_DEFAULT_POOL_SIZE if thread_pool_size is None else thread_pool_size)  # fmt: skip
    return _Server(_grpc_server(thread_pool, handlers=(handler,)))
