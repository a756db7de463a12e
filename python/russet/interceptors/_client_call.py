"""What a client's interceptor knows of the RPC that it wraps, and how it starts it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..grpc._typing import MetadataType, ReceivedMetadata

    # Starts the RPC of the call given, which it tells, with this request, metadata and timeout. Takes the call, since one that held it would make a cycle, and a stream that nobody reads any more must be cancelled at once.
    Start = Callable[["ClientCall", Any, MetadataType, "float | None"], Any]


class ClientCall:
    """One RPC before it starts. Calling it with a request goes on to the next interceptor or starts it."""

    __slots__ = (
        "_start",
        "metadata",
        "method",
        "request_streaming",
        "response_streaming",
        "running",
        "timeout",
    )

    method: str
    """The method's full name, as "/package.Service/Method"."""
    metadata: ReceivedMetadata
    """What the caller, or the interceptor before, gave."""
    timeout: float | None
    """Seconds; None without a deadline."""
    request_streaming: bool
    """Whether the request is an iterator of messages."""
    response_streaming: bool
    """Whether the response is an iterator of messages."""
    running: Any
    """grpc's call, for its status and metadata; None until it is started. The last one, if there were several."""

    def __init__(self, details: Any, kind: tuple[bool, bool], start: Start) -> None:
        """`details` are grpc's ClientCallDetails, `kind` says whether requests and responses are streams."""
        method: Any = details.method
        self.method = method.decode() if isinstance(method, bytes) else method
        self.metadata = tuple(details.metadata or ())
        self.timeout = details.timeout
        self.request_streaming, self.response_streaming = kind
        self.running = None
        self._start = start

    @property
    def service(self) -> str:
        """The service's full name, as "package.Service"."""
        return self.method.rpartition("/")[0].removeprefix("/")

    @property
    def name(self) -> str:
        """The method's short name."""
        return self.method.rpartition("/")[2]

    def __call__(
        self, request: Any, *, metadata: MetadataType | None = None, timeout: float | None = None
    ) -> Any:
        """Go on, with other metadata or another timeout if they are given.

        Synchronous: a running call, `grpc.CallFuture` or `grpc.CallIterator`. On asyncio it is to be awaited, which gives the response, or for a stream an asynchronous iterator of responses, and raises `grpc.aio.AioRpcError`.
        """
        return self._start(
            self,
            request,
            self.metadata if metadata is None else metadata,
            self.timeout if timeout is None else timeout,
        )
