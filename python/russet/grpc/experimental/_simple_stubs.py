"""Simple stubs: one function a kind of method, called with target and method name instead of a stub on a channel.

Channels come from a cache (`_channel_cache`); calls wait for a connection unless told otherwise, and have a deadline by default.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import experimental_api
from ._channel_cache import CACHE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._base_call import CallIterator
    from .._compression import Compression
    from .._credentials import CallCredentials, ChannelCredentials
    from .._typing import ChannelOption, Deserializer, MetadataType, RequestT, ResponseT, Serializer

# Seconds.
_DEFAULT_TIMEOUT = float(os.environ.get("GRPC_PYTHON_DEFAULT_TIMEOUT_SECONDS", "60"))


@experimental_api
def unary_unary(
    request: RequestT,
    target: str,
    method: str,
    request_serializer: Serializer[RequestT] | None = None,
    response_deserializer: Deserializer[ResponseT] | None = None,
    options: Sequence[ChannelOption] = (),
    channel_credentials: ChannelCredentials | None = None,
    insecure: bool = False,
    call_credentials: CallCredentials | None = None,
    compression: Compression | None = None,
    wait_for_ready: bool | None = None,
    timeout: float | None = _DEFAULT_TIMEOUT,
    metadata: MetadataType | None = None,
    _registered_method: bool | None = False,
) -> ResponseT:
    """Call a method with one request and one response, and wait for the response.

    `insecure=True` is short for plaintext credentials; without it and `channel_credentials` the channel uses TLS. `wait_for_ready` is True unless given. `timeout` is in seconds, None means none. Other arguments: see `grpc.Channel.unary_unary` and `grpc.UnaryUnaryMultiCallable`. Raises `grpc.RpcError` for a status other than OK.
    """
    channel = CACHE.get(target, options, channel_credentials, insecure, compression)
    multi_callable = channel.unary_unary(
        method, request_serializer, response_deserializer, _registered_method
    )
    return multi_callable(
        request,
        timeout=timeout,
        metadata=metadata,
        credentials=call_credentials,
        wait_for_ready=True if wait_for_ready is None else wait_for_ready,
    )


@experimental_api
def unary_stream(
    request: RequestT,
    target: str,
    method: str,
    request_serializer: Serializer[RequestT] | None = None,
    response_deserializer: Deserializer[ResponseT] | None = None,
    options: Sequence[ChannelOption] = (),
    channel_credentials: ChannelCredentials | None = None,
    insecure: bool = False,
    call_credentials: CallCredentials | None = None,
    compression: Compression | None = None,
    wait_for_ready: bool | None = None,
    timeout: float | None = _DEFAULT_TIMEOUT,
    metadata: MetadataType | None = None,
    _registered_method: bool | None = False,
) -> CallIterator[ResponseT]:
    """Call a method with streamed responses and return their iterator. Arguments: see `unary_unary`."""
    channel = CACHE.get(target, options, channel_credentials, insecure, compression)
    multi_callable = channel.unary_stream(
        method, request_serializer, response_deserializer, _registered_method
    )
    return multi_callable(
        request,
        timeout=timeout,
        metadata=metadata,
        credentials=call_credentials,
        wait_for_ready=True if wait_for_ready is None else wait_for_ready,
    )


@experimental_api
def stream_unary(
    request_iterator: Iterator[RequestT],
    target: str,
    method: str,
    request_serializer: Serializer[RequestT] | None = None,
    response_deserializer: Deserializer[ResponseT] | None = None,
    options: Sequence[ChannelOption] = (),
    channel_credentials: ChannelCredentials | None = None,
    insecure: bool = False,
    call_credentials: CallCredentials | None = None,
    compression: Compression | None = None,
    wait_for_ready: bool | None = None,
    timeout: float | None = _DEFAULT_TIMEOUT,
    metadata: MetadataType | None = None,
    _registered_method: bool | None = False,
) -> ResponseT:
    """Call a method with streamed requests and wait for its response. Arguments: see `unary_unary`."""
    channel = CACHE.get(target, options, channel_credentials, insecure, compression)
    multi_callable = channel.stream_unary(
        method, request_serializer, response_deserializer, _registered_method
    )
    return multi_callable(
        request_iterator,
        timeout=timeout,
        metadata=metadata,
        credentials=call_credentials,
        wait_for_ready=True if wait_for_ready is None else wait_for_ready,
    )


@experimental_api
def stream_stream(
    request_iterator: Iterator[RequestT],
    target: str,
    method: str,
    request_serializer: Serializer[RequestT] | None = None,
    response_deserializer: Deserializer[ResponseT] | None = None,
    options: Sequence[ChannelOption] = (),
    channel_credentials: ChannelCredentials | None = None,
    insecure: bool = False,
    call_credentials: CallCredentials | None = None,
    compression: Compression | None = None,
    wait_for_ready: bool | None = None,
    timeout: float | None = _DEFAULT_TIMEOUT,
    metadata: MetadataType | None = None,
    _registered_method: bool | None = False,
) -> CallIterator[ResponseT]:
    """Call a method that streams both ways and return the iterator of responses. Arguments: see `unary_unary`."""
    channel = CACHE.get(target, options, channel_credentials, insecure, compression)
    multi_callable = channel.stream_stream(
        method, request_serializer, response_deserializer, _registered_method
    )
    return multi_callable(
        request_iterator,
        timeout=timeout,
        metadata=metadata,
        credentials=call_credentials,
        wait_for_ready=True if wait_for_ready is None else wait_for_ready,
    )
