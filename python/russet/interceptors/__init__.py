"""Interceptors of servers that see messages: `intercept(call, request, context)` runs around each RPC's handler, whatever its kind.

They are `grpc.ServerInterceptor`s, passed to the server like any other and mixed with them at will. `russet.interceptors.aio` has the same for asyncio. Both see messages after they are parsed and before they are serialized, and nothing of RPCs whose method nobody serves.
"""

from . import aio
from ._call import ServerCall
from ._server import ServerInterceptor

__all__ = ["ServerCall", "ServerInterceptor", "aio"]
