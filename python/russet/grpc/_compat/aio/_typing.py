"""`grpc.aio._typing`: types for annotations."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Any, Callable, Iterable, Sequence, Tuple, TypeVar, Union  # noqa: UP035 (these print as the original's)

from ...aio._eof import EOFType as EOFType
from ...aio._metadata import Metadata as Metadata

MetadataKey = str
MetadataValue = Union[str, bytes]
MetadatumType = Tuple[MetadataKey, MetadataValue]  # noqa: UP006
MetadataType = Union[Metadata, Sequence[MetadatumType]]
RequestType = TypeVar("RequestType")
ResponseType = TypeVar("ResponseType")
SerializerInputType_contra = TypeVar("SerializerInputType_contra", contravariant=True)
DeserializerOutputType_co = TypeVar("DeserializerOutputType_co", covariant=True)
SerializingFunction = Callable[[SerializerInputType_contra], bytes]
DeserializingFunction = Callable[[bytes], DeserializerOutputType_co]
ChannelArgumentType = Sequence[Tuple[str, Any]]  # noqa: UP006
DoneCallbackType = Callable[[Any], None]
RequestIterableType = Union[Iterable[RequestType], AsyncIterable[RequestType]]
ResponseIterableType = AsyncIterable[ResponseType]
