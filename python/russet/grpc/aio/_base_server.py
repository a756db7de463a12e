"""Abstract classes of the asyncio server: `Server` and `ServicerContext`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NoReturn

from .._typing import Generic, RequestT, ResponseT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .._base_server import GenericRpcHandler, RpcMethodHandler
    from .._compression import Compression
    from .._credentials import ServerCredentials
    from .._status import Status, StatusCode
    from .._typing import ReceivedMetadata
    from ._base_channel import MetadataType
    from ._eof import EOFType


class Server(ABC):
    """Listens on ports and runs handlers on the event loop it was made on. To be used on that loop's thread only."""

    @abstractmethod
    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[GenericRpcHandler]) -> None:
        """Serve these handlers too. The first that answers for an RPC serves it."""
        raise NotImplementedError

    def add_registered_method_handlers(  # noqa: B027 (optional, as in grpcio)
        self, service_name: str, method_handlers: Mapping[str, RpcMethodHandler[Any, Any]]
    ) -> None:
        """Generated code calls this; the handlers are served through `add_generic_rpc_handlers`."""

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
    async def start(self) -> None:
        """Begin to serve. Once only."""
        raise NotImplementedError

    @abstractmethod
    async def stop(self, grace: float | None) -> None:
        """Refuse new RPCs and wait until all has ended.

        RPCs in flight get `grace` seconds and are then cancelled; with None they are cancelled at once. May be called again to shorten the time.
        """
        raise NotImplementedError

    @abstractmethod
    async def wait_for_termination(self, timeout: float | None = None) -> bool:
        """Wait until the server has stopped, or `timeout` seconds. True if the time ran out first."""
        raise NotImplementedError


class ServicerContext(ABC, Generic[RequestT, ResponseT]):
    """What a handler gets beside its request: the RPC's messages, metadata, deadline, peer and status."""

    @abstractmethod
    async def read(self) -> EOFType | RequestT:
        """Wait for the next request; `EOF` after the last. May be mixed with the request iterator."""
        raise NotImplementedError

    @abstractmethod
    async def write(self, message: ResponseT) -> None:
        """Send a response; returns when flow control lets the next one be written. May be mixed with `yield`."""
        raise NotImplementedError

    @abstractmethod
    async def send_initial_metadata(self, initial_metadata: MetadataType) -> None:
        """Send the initial metadata now. Once only, and before the first response."""
        raise NotImplementedError

    @abstractmethod
    async def abort(
        self, code: StatusCode, details: str = "", trailing_metadata: MetadataType = ()
    ) -> NoReturn:
        """End the RPC with this status, at once, and raise `AbortError`, which the handler must let through.

        Details and trailing metadata that were set before stay where none are given. Raises `UsageError` for StatusCode.OK, and if the RPC was aborted before.
        """
        raise NotImplementedError

    @abstractmethod
    async def abort_with_status(self, status: Status) -> NoReturn:
        """As `abort`, with code, details and trailing metadata in one object."""
        raise NotImplementedError

    @abstractmethod
    def set_trailing_metadata(self, trailing_metadata: MetadataType) -> None:
        """Set the metadata that goes with the status. A later call replaces an earlier one. Raises TypeError for anything but pairs of a str and a str or bytes."""
        raise NotImplementedError

    @abstractmethod
    def invocation_metadata(self) -> ReceivedMetadata | None:
        """Metadata that the client sent, as pairs in order, duplicates kept."""
        raise NotImplementedError

    @abstractmethod
    def set_code(self, code: StatusCode) -> None:
        """Set the status code for the end of the RPC. The handler goes on."""
        raise NotImplementedError

    @abstractmethod
    def set_details(self, details: str) -> None:
        """Set the text that goes with the status code."""
        raise NotImplementedError

    @abstractmethod
    def set_compression(self, compression: Compression) -> None:
        """Choose the algorithm for all responses of this RPC. Before the first of them."""
        raise NotImplementedError

    @abstractmethod
    def disable_next_message_compression(self) -> None:
        """Send the next response uncompressed."""
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
        """The property of `auth_context` that identifies the client, or None."""
        raise NotImplementedError

    @abstractmethod
    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        """What authentication found out about the client; empty on a connection without it."""
        raise NotImplementedError

    def time_remaining(self) -> float | None:
        """Seconds left until the deadline, at least 0.0; None without a deadline."""
        raise NotImplementedError

    def trailing_metadata(self) -> MetadataType:
        """What `set_trailing_metadata` was given."""
        raise NotImplementedError

    def code(self) -> StatusCode | None:
        """What `set_code` or `abort` was given, or None."""
        raise NotImplementedError

    def details(self) -> str:
        """What `set_details` was given, or an empty string."""
        raise NotImplementedError

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Call `callback(self)` when the RPC ends."""
        raise NotImplementedError

    def cancelled(self) -> bool:
        """Whether the RPC was cancelled."""
        raise NotImplementedError

    def done(self) -> bool:
        """Whether the RPC has ended."""
        raise NotImplementedError
