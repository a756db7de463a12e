"""`grpc._typing`'s names at run time."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator, Sequence, Tuple, TypeVar, Union  # noqa: UP035 (these print as the original's)

from .._base_server import ServicerContext

RequestType = TypeVar("RequestType")
ResponseType = TypeVar("ResponseType")
SerializingFunction = Callable[[Any], bytes]
DeserializingFunction = Callable[[bytes], Any]
MetadataType = Sequence[Tuple[str, Union[str, bytes]]]  # noqa: UP006
ChannelArgumentType = Tuple[str, Any]  # noqa: UP006
DoneCallbackType = Callable[[Any], None]
NullaryCallbackType = Callable[[], None]
RequestIterableType = Iterable[Any]
ResponseIterableType = Iterable[Any]
UserTag = Callable[[Any], bool]
IntegratedCallFactory = Callable[..., Any]
ServerTagCallbackType = Tuple[Any, Sequence[NullaryCallbackType]]  # noqa: UP006
ServerCallbackTag = Callable[[Any], ServerTagCallbackType]
ArityAgnosticMethodHandler = Union[
    Callable[[RequestType, ServicerContext], ResponseType],
    Callable[[RequestType, ServicerContext], Iterator[ResponseType]],
    Callable[[Iterator[RequestType], ServicerContext], ResponseType],
    Callable[[Iterator[RequestType], ServicerContext], Iterator[ResponseType]],
    Callable[[RequestType, ServicerContext, Callable[[ResponseType], None]], ResponseType],
    Callable[
        [RequestType, ServicerContext, Callable[[ResponseType], None]], Iterator[ResponseType]
    ],
    Callable[
        [Iterator[RequestType], ServicerContext, Callable[[ResponseType], None]], ResponseType
    ],
    Callable[
        [Iterator[RequestType], ServicerContext, Callable[[ResponseType], None]],
        Iterator[ResponseType],
    ],
]
