"""A descriptor database that asks a server. The two versions of the service differ in nothing but their names."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..grpc import StatusCode
from ..protobuf.descriptor_database import DescriptorDatabase
from ..protobuf.descriptor_pb2 import FileDescriptorProto

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOGGER = logging.getLogger(__name__)


class ReflectionDatabase(DescriptorDatabase):
    """What the server has told stays known: it is asked once for each file."""

    def __init__(self, ask: Any, messages: Any) -> None:
        super().__init__()
        self._ask = ask
        self._messages = messages
        self._known_files: set[str] = set()
        self._extension_numbers: dict[str, list[int]] = {}

    def get_services(self) -> Iterable[str]:
        """The full names of the server's services."""
        response = self._answer("", list_services="")
        return [service.name for service in response.list_services_response.service]

    def FindFileByName(self, name: str) -> FileDescriptorProto:
        """The file of this name; KeyError where the server has none."""
        if name not in self._known_files:
            self._add(self._answer(name, file_by_filename=name))
        found: FileDescriptorProto = super().FindFileByName(name)
        return found

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptorProto:
        """The file that declares this full name; KeyError where the server has none."""
        found: FileDescriptorProto
        try:
            found = super().FindFileContainingSymbol(symbol)
        except KeyError:
            self._add(self._answer(symbol, file_containing_symbol=symbol))
            found = super().FindFileContainingSymbol(symbol)
        return found

    def FindFileContainingExtension(
        self, extendee_name: str, extension_number: int
    ) -> FileDescriptorProto | None:
        """The file that declares this extension; KeyError where the server has none."""
        found: FileDescriptorProto | None
        found = super().FindFileContainingExtension(extendee_name, extension_number)
        if found is None:
            extension = self._messages.ExtensionRequest(
                containing_type=extendee_name, extension_number=extension_number
            )
            key = f"{extendee_name}, {extension_number}"
            self._add(self._answer(key, file_containing_extension=extension))
            found = super().FindFileContainingExtension(extendee_name, extension_number)
        return found

    def FindAllExtensionNumbers(self, extendee_name: str) -> list[int]:
        """The numbers of a message's extensions that the server knows; KeyError where it does not know the message."""
        known = self._extension_numbers.get(extendee_name)
        if known is None:
            response = self._answer(extendee_name, all_extension_numbers_of_type=extendee_name)
            known = list(response.all_extension_numbers_response.extension_number)
            self._extension_numbers[extendee_name] = known
        return known

    def _answer(self, key: str, **question: Any) -> Any:
        """One question on a stream of its own."""
        request = self._messages.ServerReflectionRequest(**question)
        responses = self._ask(iter([request]))
        response = next(responses)
        responses.cancel()
        if response.WhichOneof("message_response") == "error_response":
            error = response.error_response
            if error.error_code == StatusCode.NOT_FOUND.value[0]:
                raise KeyError(key)
            raise RuntimeError(f"server reflection: the answer about {key!r} is error {error.error_code}: {error.error_message}")  # fmt: skip
        return response

    def _add(self, response: Any) -> None:
        for serialized in response.file_descriptor_response.file_descriptor_proto:
            file = FileDescriptorProto.FromString(serialized)
            if file.name not in self._known_files:
                _LOGGER.info("Loading descriptors from file: %s", file.name)
                self._known_files.add(file.name)
                self.Add(file)
