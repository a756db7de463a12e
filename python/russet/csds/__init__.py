"""Client status discovery (`envoy.service.status.v3.ClientStatusDiscoveryService`), as `grpc_csds`: what a process was configured to do by xDS.

Nothing is configured by xDS here, so the answer is always a `ClientStatusResponse` without content, and needs none of xDS's generated code. The servicer's methods take and give serialized messages.
"""

from __future__ import annotations

from .. import grpc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_SERVICE = "envoy.service.status.v3.ClientStatusDiscoveryService"
# A message without content.
_NOTHING = b""


class ClientStatusDiscoveryServiceServicer:
    """The servicer, for servers of both kinds."""

    @staticmethod
    def FetchClientStatus(request: bytes, unused_context: object) -> bytes:
        return _NOTHING

    @staticmethod
    def StreamClientStatus(request_iterator: Iterator[bytes], context: object) -> Iterator[bytes]:
        for request in request_iterator:
            yield ClientStatusDiscoveryServiceServicer.FetchClientStatus(request, context)


def add_csds_servicer(server: grpc.Server | grpc.aio.Server) -> None:
    """Adds the service to a server, synchronous or asyncio."""
    servicer = ClientStatusDiscoveryServiceServicer
    handlers = {
        "FetchClientStatus": grpc.unary_unary_rpc_method_handler(servicer.FetchClientStatus),
        "StreamClientStatus": grpc.stream_stream_rpc_method_handler(servicer.StreamClientStatus),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))


__all__ = ["ClientStatusDiscoveryServiceServicer", "add_csds_servicer"]
