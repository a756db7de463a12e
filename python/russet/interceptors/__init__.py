"""Interceptors that see messages: one method, `intercept`, runs around each RPC, whatever its kind.

On servers it is `intercept(call, request, context)`, on channels `intercept(call, request)`. They are grpc's own interceptors, passed to servers and channels like any other and mixed with them at will. `russet.interceptors.aio` has the same for asyncio. Servers' see messages after they are parsed and before they are serialized, and nothing of RPCs whose method nobody serves.
"""

from . import aio
from ._client import ClientInterceptor, map_response
from ._client_call import ClientCall
from ._server import ServerInterceptor
from ._server_call import ServerCall

__all__ = [
    "ClientCall",
    "ClientInterceptor",
    "ServerCall",
    "ServerInterceptor",
    "aio",
    "map_response",
]
