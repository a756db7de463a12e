"""Constants and interfaces of the beta API."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from ... import (
    AuthMetadataContext,
    AuthMetadataPlugin,
    AuthMetadataPluginCallback,
    ChannelConnectivity,
    StatusCode,
)

__all__ = (
    "ChannelConnectivity",
    "GRPCAuthMetadataContext",
    "GRPCAuthMetadataPlugin",
    "GRPCAuthMetadataPluginCallback",
    "GRPCCallOptions",
    "GRPCInvocationContext",
    "GRPCServicerContext",
    "Server",
    "StatusCode",
    "grpc_call_options",
)

# What the beta API called SHUTDOWN.
ChannelConnectivity.FATAL_FAILURE = ChannelConnectivity.SHUTDOWN  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]

GRPCAuthMetadataContext = AuthMetadataContext
GRPCAuthMetadataPlugin = AuthMetadataPlugin
GRPCAuthMetadataPluginCallback = AuthMetadataPluginCallback


class GRPCCallOptions:
    """Options of a call that are gRPC's own; made by `grpc_call_options`."""

    def __init__(self, disable_compression: bool, subcall_of: Any, credentials: Any) -> None:
        self.disable_compression = disable_compression
        self.subcall_of = subcall_of
        self.credentials = credentials


def grpc_call_options(
    disable_compression: bool = False, credentials: Any = None
) -> GRPCCallOptions:
    """Options of a call: its credentials."""
    return GRPCCallOptions(disable_compression, None, credentials)


class GRPCServicerContext(ABC):
    """What is gRPC's own about a call, for its server."""

    @abstractmethod
    def peer(self) -> str:
        """Who calls."""
        raise NotImplementedError

    @abstractmethod
    def disable_next_response_compression(self) -> None:
        """Leave the next response uncompressed."""
        raise NotImplementedError


class GRPCInvocationContext(ABC):
    """What is gRPC's own about a call, for its client."""

    @abstractmethod
    def disable_next_request_compression(self) -> None:
        """Leave the next request uncompressed."""
        raise NotImplementedError


class Server(ABC):
    """A server."""

    @abstractmethod
    def add_insecure_port(self, address: str) -> int:
        """Listen on an address; returns the port."""
        raise NotImplementedError

    @abstractmethod
    def add_secure_port(self, address: str, server_credentials: Any) -> int:
        """Listen on an address with TLS; returns the port."""
        raise NotImplementedError

    @abstractmethod
    def start(self) -> None:
        """Begin to serve."""
        raise NotImplementedError

    @abstractmethod
    def stop(self, grace: float | None) -> Any:
        """Stop within `grace` seconds; returns an event that is set when all has ended."""
        raise NotImplementedError
