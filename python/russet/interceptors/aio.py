"""`russet.interceptors` for `grpc.aio.server` and the channels of `grpc.aio`."""

from ._aio_client import ClientInterceptor
from ._aio_server import ServerInterceptor

__all__ = ["ClientInterceptor", "ServerInterceptor"]
