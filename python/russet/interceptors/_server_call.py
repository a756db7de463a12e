"""What an interceptor knows of the RPC that it wraps, and how it goes on to the handler."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..grpc._typing import ReceivedMetadata


class ServerCall:
    """One RPC on its way to its handler. Calling it with a request and a context goes on to the next interceptor or the handler."""

    __slots__ = (
        "_proceed",
        "metadata",
        "method",
        "request_streaming",
        "response_streaming",
    )

    method: str
    """The method's full name, as "/package.Service/Method"."""
    metadata: ReceivedMetadata
    """What the client sent, in order, duplicates kept."""
    request_streaming: bool
    """Whether the request is an iterator of messages."""
    response_streaming: bool
    """Whether the response is an iterator of messages."""

    def __init__(self, details: Any, handler: Any, proceed: Callable[[Any, Any], Any]) -> None:
        """`details` are the `grpc.HandlerCallDetails`; `proceed(request, context)` is the rest of the way."""
        self.method = details.method
        self.metadata = details.invocation_metadata
        self.request_streaming = handler.request_streaming
        self.response_streaming = handler.response_streaming
        self._proceed = proceed

    @property
    def service(self) -> str:
        """The service's full name, as "package.Service"."""
        return self.method.rpartition("/")[0].removeprefix("/")

    @property
    def name(self) -> str:
        """The method's short name."""
        return self.method.rpartition("/")[2]

    def __call__(self, request: Any, context: Any) -> Any:
        """The handler's response, for a stream an iterator of responses. On asyncio the one is to be awaited, the other asynchronous. Raises what the handler raises."""
        return self._proceed(request, context)
