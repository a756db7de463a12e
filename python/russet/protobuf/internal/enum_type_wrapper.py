"""What an enum's name is bound to: names and numbers of its values."""

from __future__ import annotations

import sys

from russet._core import EnumDescriptor

TYPE_CHECKING = False  # Without `typing`, which costs more to import than all that is needed here.
if TYPE_CHECKING:
    from typing import Any


class EnumTypeWrapper:
    """An enum of a module or message: ``Color.Value("RED")``, ``Color.Name(0)``, ``Color.RED``."""

    DESCRIPTOR: EnumDescriptor = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    # Stubs narrow the type of values by it.
    ValueType = int

    def __init__(self, enum_type: EnumDescriptor) -> None:
        self._enum_type = enum_type
        self.DESCRIPTOR = enum_type  # pyright: ignore[reportConstantRedefinition]

    def Name(self, number: int) -> str:
        """The name of a value; ``ValueError`` if no value has the number."""
        try:
            return self._enum_type.values_by_number[number].name
        except (KeyError, TypeError):
            pass
        name = self._enum_type.name
        if not isinstance(number, int):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(
                f"Enum value for {name} must be an int, but got {type(number)} {number!r}."
            )
        raise ValueError(f"Enum {name} has no name defined for value {number!r}")

    def Value(self, name: str) -> int:
        """The number of a value; ``ValueError`` if there is none of the name."""
        try:
            return self._enum_type.values_by_name[name].number
        except KeyError:
            pass
        raise ValueError(f"Enum {self._enum_type.name} has no value defined for name {name!r}")

    def keys(self) -> list[str]:
        """The names, as declared."""
        return [value.name for value in self._enum_type.values]

    def values(self) -> list[int]:
        """The numbers, as declared."""
        return [value.number for value in self._enum_type.values]

    def items(self) -> list[tuple[str, int]]:
        """Names and numbers, as declared."""
        return [(value.name, value.number) for value in self._enum_type.values]

    def __getattr__(self, name: str) -> int:
        # Only names that are no attributes come here; `_enum_type` itself does while a copy is being made.
        if name != "_enum_type":
            value = self._enum_type.values_by_name.get(name)
            if value is not None:
                return value.number
            raise AttributeError(
                f"Enum {self._enum_type.name} has no value defined for name {name!r}"
            )
        raise AttributeError(name)

    def __or__(self, other: Any) -> Any:
        """The union of types, as annotations have it."""
        if sys.version_info >= (3, 10):
            return type(self) | other
        from typing import Union

        return Union[type(self), other]
