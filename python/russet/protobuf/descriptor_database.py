"""Files by their names and symbols, for pools that load what they need when it is asked for."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

__all__ = ["DescriptorDatabase", "DescriptorDatabaseConflictingDefinitionError", "Error"]


class Error(Exception):
    """Base of this module's errors."""


class DescriptorDatabaseConflictingDefinitionError(Error):
    """A file was added twice with different content."""


class DescriptorDatabase:
    """Holds ``FileDescriptorProto`` messages, which it neither copies nor links."""

    def __init__(self) -> None:
        self._files: dict[str, Any] = {}
        self._symbols: dict[str, Any] = {}
        # By the extended message's full name, then by number.
        self._extensions: dict[str, dict[int, Any]] = {}

    def Add(self, file_desc_proto: Any) -> None:
        """Adds a file; the same file again has no effect, another of its name is an error."""
        name = file_desc_proto.name
        known = self._files.get(name)
        if known is not None:
            if known != file_desc_proto:
                raise DescriptorDatabaseConflictingDefinitionError(
                    f"{name} already added, but with different descriptor."
                )
            return
        self._files[name] = file_desc_proto
        package = f"{file_desc_proto.package}." if file_desc_proto.package else ""
        for symbol in _symbols(file_desc_proto, package):
            earlier = self._symbols.get(symbol)
            if earlier is not None:
                warnings.warn(
                    f'Conflict register for file "{name}": {symbol} is already defined in file "{earlier.name}"',
                    RuntimeWarning,
                    stacklevel=2,
                )
            self._symbols[symbol] = file_desc_proto
        for extension in _extensions(file_desc_proto):
            numbers = self._extensions.setdefault(extension.extendee.lstrip("."), {})
            numbers.setdefault(extension.number, file_desc_proto)

    def FindFileByName(self, name: str) -> Any:
        """The file of a name; ``KeyError`` if there is none."""
        return self._files[name]

    def FindFileContainingSymbol(self, symbol: str) -> Any:
        """The file that defines a symbol. What is inside of a message, as a field, is taken to be there; ``KeyError`` if nothing is."""
        symbol = symbol.lstrip(".")
        found = self._symbols.get(symbol)
        if found is None:
            found = self._symbols.get(symbol.rpartition(".")[0])
        if found is None:
            raise KeyError(symbol)
        return found

    def FindFileContainingExtension(self, extendee_name: str, extension_number: int) -> Any:
        """The file that extends a message with a number, or ``None``."""
        return self._extensions.get(extendee_name, {}).get(extension_number)

    def FindAllExtensionNumbers(self, extendee_name: str) -> list[int]:
        """The numbers of all extensions of a message, ascending."""
        return sorted(self._extensions.get(extendee_name, ()))


def _symbols(file: Any, package: str) -> Iterator[str]:
    for message in file.message_type:
        yield from _of_message(message, package)
    for enum in file.enum_type:
        yield f"{package}{enum.name}"
        for value in enum.value:
            yield f"{package}{value.name}"
    for extension in file.extension:
        yield f"{package}{extension.name}"
    for service in file.service:
        yield f"{package}{service.name}"


def _of_message(message: Any, scope: str) -> Iterator[str]:
    name = f"{scope}{message.name}"
    yield name
    for nested in message.nested_type:
        yield from _of_message(nested, f"{name}.")
    for enum in message.enum_type:
        yield f"{name}.{enum.name}"


def _extensions(scope: Any) -> Iterator[Any]:
    """The extensions that a file or message declares, and the messages in it."""
    yield from scope.extension
    for message in scope.message_type if hasattr(scope, "message_type") else scope.nested_type:
        yield from _extensions(message)
