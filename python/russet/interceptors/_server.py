"""The interceptor of synchronous servers."""

from __future__ import annotations

from .. import grpc
from .._method_handlers import behavior_of, rebuild
from ._server_call import ServerCall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Optional

    Lookup = Callable[[grpc.HandlerCallDetails], Optional[grpc.RpcMethodHandler[Any, Any]]]


class ServerInterceptor(grpc.ServerInterceptor):
    """Override `intercept`. One object serves all RPCs, from several threads at once."""

    def intercept(self, call: ServerCall, request: Any, context: grpc.ServicerContext) -> Any:
        """Answer an RPC: return `call(request, context)`, or something else; `context.abort` refuses it.

        `request` is a message, or an iterator of messages if `call.request_streaming`. What is returned must be a message, or an iterable of messages if `call.response_streaming`; it is read on the handler's thread, and where it is a generator, what stands behind its last `yield` runs when the handler has ended.
        """
        return call(request, context)

    def intercept_service(
        self, continuation: Lookup, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Wrap the method's handler. Not to be overridden."""
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        call = ServerCall(handler_call_details, handler, behavior_of(handler))

        def behavior(request: Any, context: grpc.ServicerContext) -> Any:
            return self.intercept(call, request, context)

        wrapped: grpc.RpcMethodHandler[Any, Any] = rebuild(handler, behavior)
        return wrapped
