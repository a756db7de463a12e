"""`Metadata`, the multi-map of metadata keys and values that the asyncio API hands out."""

from __future__ import annotations

from collections.abc import Collection, ItemsView, KeysView, ValuesView
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Self

    from .._typing import MetadataKey, MetadataValue, Metadatum


class Metadata(Collection["Metadatum"]):
    """Metadata keys with one or more values each.

    The values of a key keep their order, and so do the keys; iterating gives the (key, value) pairs grouped by key. Item access is to the first value of a key.
    """

    def __init__(self, *args: Metadatum) -> None:
        self._metadata: dict[MetadataKey, list[MetadataValue]] = {}
        for key, value in args:
            self.add(key, value)

    @classmethod
    def from_tuple(cls, raw_metadata: Iterable[Metadatum] | None) -> Self:
        """Make it from any iterable of pairs, or None."""
        return cls(*raw_metadata) if raw_metadata else cls()

    @classmethod
    def _create(cls, raw_metadata: Self | Iterable[Metadatum] | None) -> Self:
        """As `from_tuple`, but an object that is a `Metadata` already is returned as it is."""
        return raw_metadata if isinstance(raw_metadata, cls) else cls.from_tuple(raw_metadata)

    def add(self, key: MetadataKey, value: MetadataValue) -> None:
        """Add a value after those that the key has."""
        self._metadata.setdefault(key, []).append(value)

    def __len__(self) -> int:
        """How many pairs there are."""
        return sum(map(len, self._metadata.values()))

    def __getitem__(self, key: MetadataKey) -> MetadataValue:
        """The first value of a key. Raises KeyError if it has none."""
        values = self._metadata.get(key)
        if not values:
            raise KeyError(key)
        return values[0]

    def __setitem__(self, key: MetadataKey, value: MetadataValue) -> None:
        """Replace the first value of a key, or add the key."""
        self._metadata.setdefault(key, [])[:1] = [value]

    def __delitem__(self, key: MetadataKey) -> None:
        """Remove the first value of a key. Raises KeyError if it has none."""
        values = self._metadata.get(key)
        if not values:
            raise KeyError(key)
        del values[0]
        if not values:
            del self._metadata[key]

    def delete_all(self, key: MetadataKey) -> None:
        """Remove a key with all its values. Raises KeyError if it is not there."""
        del self._metadata[key]

    def __iter__(self) -> Iterator[Metadatum]:
        for key, values in self._metadata.items():
            for value in values:
                yield key, value

    def keys(self) -> KeysView[MetadataKey]:
        """A view of the keys, each once."""
        return KeysView(self._metadata)

    def values(self) -> ValuesView[list[MetadataValue]]:
        """A view of the lists of values, one list a key."""
        return ValuesView(self._metadata)

    def items(self) -> ItemsView[MetadataKey, list[MetadataValue]]:
        """A view of the pairs of a key and the list of its values."""
        return ItemsView(self._metadata)

    def get(self, key: MetadataKey, default: MetadataValue | None = None) -> MetadataValue | None:
        """The first value of a key, or `default`."""
        values = self._metadata.get(key)
        return values[0] if values else default

    def get_all(self, key: MetadataKey) -> list[MetadataValue]:
        """The values of a key, in order; the list itself, so changing it changes the metadata."""
        return self._metadata.get(key, [])

    def set_all(self, key: MetadataKey, values: list[MetadataValue]) -> None:
        """Give a key these values instead of those it has."""
        self._metadata[key] = values

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key in self._metadata

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Metadata):
            return self._metadata == other._metadata
        if isinstance(other, tuple):
            return tuple(self) == other
        return NotImplemented

    # Mutable, so not hashable.
    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: Metadata | tuple[Metadatum, ...]) -> Metadata:
        """The pairs of both in a new object. `other` is a `Metadata` or a tuple of pairs."""
        if isinstance(other, (Metadata, tuple)):  # pyright: ignore[reportUnnecessaryIsInstance]
            return Metadata(*self, *other)
        return NotImplemented

    def __repr__(self) -> str:
        return f"{type(self).__name__}({tuple(self)!r})"
