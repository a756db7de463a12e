"""Types that the annotations of this package share.

Nothing here is needed to run: `typing` costs several milliseconds to import, so it is imported only by type checkers, and at run time the generic classes are subscriptable through `Generic` below, which remembers nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar, Union
    from typing import Generic as Generic

    RequestT = TypeVar("RequestT")
    ResponseT = TypeVar("ResponseT")
    ResultT = TypeVar("ResultT")

    MetadataKey = str
    # `str` for ordinary keys, `bytes` for keys that end in "-bin".
    MetadataValue = Union[str, bytes]
    Metadatum = tuple[MetadataKey, MetadataValue]
    # What a caller may pass. `aio.Metadata` is iterable in the same pairs.
    MetadataType = Sequence[Metadatum]
    # What the library hands out.
    ReceivedMetadata = tuple[Metadatum, ...]

    ChannelOption = tuple[str, Any]
    Serializer = Callable[[RequestT], bytes]
    Deserializer = Callable[[bytes], ResponseT]
else:
    from types import GenericAlias

    class Generic:
        """Stands in for `typing.Generic`: makes a class subscriptable and does nothing else."""

        __slots__ = ()
        __class_getitem__ = classmethod(GenericAlias)

    # Only ever used as subscripts of `Generic`.
    RequestT = ResponseT = ResultT = object

    from ._private_names import private_names

    # What else grpcio has here, for programs that look at annotations.
    __getattr__ = private_names(__name__)
