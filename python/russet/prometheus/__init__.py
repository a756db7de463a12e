"""Prometheus metrics of RPCs, by interceptors: how many began, ended and with which code, how many messages came and went, and how long it took.

The names are those that gRPC's Prometheus libraries have in common: `grpc_server_started_total`, `grpc_server_handled_total` (with `grpc_code`), `grpc_server_msg_received_total`, `grpc_server_msg_sent_total`, `grpc_server_handling_seconds`, and the same with `grpc_client_`. Labels are `grpc_type` ("UNARY", "CLIENT_STREAMING", "SERVER_STREAMING" or "BIDI_STREAMING"), `grpc_service` and `grpc_method`; codes are names as "NOT_FOUND". `russet.prometheus.aio` has the same for asyncio.

Needs the package prometheus-client: `pip install russet[prometheus]`. RPCs whose method nobody serves are not counted, so that clients cannot make up labels.
"""

from . import aio
from ._sync import ClientInterceptor, ServerInterceptor

__all__ = ["ClientInterceptor", "ServerInterceptor", "aio"]
