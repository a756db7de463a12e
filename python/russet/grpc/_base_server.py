"""Abstract classes of the server: `Server`, `ServicerContext`, the handler interfaces and the server interceptor."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ._base_call import RpcContext
from ._typing import Generic, RequestT, ResponseT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from threading import Event
    from typing import Any, NoReturn, Protocol

    from ._compression import Compression
    from ._credentials import ServerCredentials
    from ._status import Status, StatusCode
    from ._typing import Deserializer, MetadataType, ReceivedMetadata, Serializer

    class HandlerCallDetails(Protocol):
        """What is known of an RPC when its handler is looked up."""

        method: str
        invocation_metadata: ReceivedMetadata
else:

    class HandlerCallDetails(ABC):  # noqa: B024 (attributes only)
        """What is known of an RPC when its handler is looked up: `method`, as "/package.Service/Method", and `invocation_metadata`."""


class ServicerContext(RpcContext):
    """What a handler gets beside its request: the RPC's metadata, deadline, peer and status. Safe to use from several threads."""

    @abstractmethod
    def invocation_metadata(self) -> ReceivedMetadata:
        """Metadata that the client sent, in order, duplicates kept."""
        raise NotImplementedError

    @abstractmethod
    def peer(self) -> str:
        """The client's address, such as "ipv4:127.0.0.1:50123" or "unix:"."""
        raise NotImplementedError

    @abstractmethod
    def peer_identities(self) -> Iterable[bytes] | None:
        """The authenticated identities of the client, or None."""
        raise NotImplementedError

    @abstractmethod
    def peer_identity_key(self) -> str | None:
        """The property of `auth_context` that identifies the client, such as "x509_subject_alternative_name", or None."""
        raise NotImplementedError

    @abstractmethod
    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        """What authentication found out about the client; empty on a connection without it."""
        raise NotImplementedError

    def set_compression(self, compression: Compression) -> None:
        """Choose the algorithm for all responses of this RPC. Before the first of them."""
        raise NotImplementedError

    @abstractmethod
    def send_initial_metadata(self, initial_metadata: MetadataType) -> None:
        """Send the initial metadata now. Once only, and before the first response: raises ValueError after that."""
        raise NotImplementedError

    @abstractmethod
    def set_trailing_metadata(self, trailing_metadata: MetadataType) -> None:
        """Set the metadata that goes with the status. A later call replaces an earlier one."""
        raise NotImplementedError

    def trailing_metadata(self) -> MetadataType | None:
        """What `set_trailing_metadata` was given, or None."""
        raise NotImplementedError

    @abstractmethod
    def abort(self, code: StatusCode, details: str) -> NoReturn:
        """End the RPC with this status by raising an exception that the handler must let through.

        With StatusCode.OK or something else that is no error code the client sees UNKNOWN.
        """
        raise NotImplementedError

    @abstractmethod
    def abort_with_status(self, status: Status) -> NoReturn:
        """As `abort`, with code, details and trailing metadata in one object."""
        raise NotImplementedError

    @abstractmethod
    def set_code(self, code: StatusCode) -> None:
        """Set the status code for the end of the RPC. The handler goes on."""
        raise NotImplementedError

    @abstractmethod
    def set_details(self, details: str) -> None:
        """Set the text that goes with the status code."""
        raise NotImplementedError

    def code(self) -> StatusCode | None:
        """What `set_code` was given, or None."""
        raise NotImplementedError

    def details(self) -> str | None:
        """What `set_details` was given, or None."""
        raise NotImplementedError

    def disable_next_message_compression(self) -> None:
        """Send the next response uncompressed."""
        raise NotImplementedError


class RpcMethodHandler(ABC, Generic[RequestT, ResponseT]):
    """How one method is served. Exactly one of the four last attributes is set, the one that fits the two flags."""

    request_streaming: bool
    response_streaming: bool
    # None: messages are `bytes`.
    request_deserializer: Deserializer[RequestT] | None
    response_serializer: Serializer[ResponseT] | None
    unary_unary: Callable[..., Any] | None
    unary_stream: Callable[..., Any] | None
    stream_unary: Callable[..., Any] | None
    stream_stream: Callable[..., Any] | None


class GenericRpcHandler(ABC):
    """Finds the handler for an RPC."""

    @abstractmethod
    def service(
        self, handler_call_details: HandlerCallDetails
    ) -> RpcMethodHandler[Any, Any] | None:
        """The handler for this RPC, or None to let the next generic handler decide."""
        raise NotImplementedError


class ServiceRpcHandler(GenericRpcHandler):
    """A generic handler for the methods of one service."""

    @abstractmethod
    def service_name(self) -> str:
        """The service's full name, as "package.Service"."""
        raise NotImplementedError


class ServerInterceptor(ABC):
    """Wraps the lookup of handlers, and through that the handlers."""

    @abstractmethod
    def intercept_service(
        self,
        continuation: Callable[[HandlerCallDetails], RpcMethodHandler[Any, Any] | None],
        handler_call_details: HandlerCallDetails,
    ) -> RpcMethodHandler[Any, Any] | None:
        """Return the handler to use: what `continuation(handler_call_details)` returns, or another; None means unimplemented."""
        raise NotImplementedError


class Server(ABC):
    """Listens on ports and runs handlers. Safe to use from several threads."""

    @abstractmethod
    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[GenericRpcHandler]) -> None:
        """Serve these handlers too. Only before `start`. The first that answers for an RPC serves it."""
        raise NotImplementedError

    def add_registered_method_handlers(  # noqa: B027 (optional, as in grpcio)
        self, service_name: str, method_handlers: Mapping[str, RpcMethodHandler[Any, Any]]
    ) -> None:
        """Serve the methods of a service by name. Only before `start`. Generated code calls this."""

    @abstractmethod
    def add_insecure_port(self, address: str) -> int:
        """Listen on "host:port" or "unix:path" and return the port, chosen by the system for port 0. Only before `start`.

        Raises RuntimeError if the address cannot be bound.
        """
        raise NotImplementedError

    @abstractmethod
    def add_secure_port(self, address: str, server_credentials: ServerCredentials) -> int:
        """As `add_insecure_port`, with credentials."""
        raise NotImplementedError

    @abstractmethod
    def start(self) -> None:
        """Begin to serve. Once only."""
        raise NotImplementedError

    @abstractmethod
    def stop(self, grace: float | None) -> Event:
        """Refuse new RPCs at once and return; the event is set when all has ended.

        RPCs in flight get `grace` seconds and are then cancelled; with None they are cancelled at once. May be called again to shorten the time.
        """
        raise NotImplementedError

    def wait_for_termination(self, timeout: float | None = None) -> bool:
        """Block until the server has stopped, or `timeout` seconds. True if the time ran out first."""
        raise NotImplementedError


def handler_behavior(handler: RpcMethodHandler[Any, Any]) -> tuple[str, Callable[..., Any] | None]:
    """The name of the attribute that holds a handler's behavior, as "unary_stream", and its value."""
    name = f"{'stream' if handler.request_streaming else 'unary'}_{'stream' if handler.response_streaming else 'unary'}"
    return name, getattr(handler, name)
