"""The answers of a reflection service. Its two versions differ in nothing but their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..grpc import StatusCode, aio
from ..protobuf import descriptor_pool
from ..protobuf.descriptor_pb2 import FileDescriptorProto

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..grpc import Server
    from ..protobuf.descriptor import FileDescriptor


class Answers:
    """Makes a response of the type `response` for each request."""

    def __init__(
        self,
        response: Any,
        service_names: Iterable[str],
        pool: descriptor_pool.DescriptorPool | None,
    ) -> None:
        self._response = response
        self._service_names = sorted(service_names)
        self._pool = descriptor_pool.Default() if pool is None else pool

    def answer(self, request: Any) -> Any:
        """What is not known, and what is no question, is answered with an error; the stream goes on."""
        kind = request.WhichOneof("message_request")
        response = self._response(original_request=request)
        if kind is None:
            self._error(response, StatusCode.INVALID_ARGUMENT)
            return response
        try:
            getattr(self, f"_{kind}")(getattr(request, kind), response)
        except KeyError:
            self._error(response, StatusCode.NOT_FOUND)
        return response

    @staticmethod
    def _error(response: Any, code: StatusCode) -> None:
        response.error_response.error_code, response.error_response.error_message = code.value

    def _file_by_filename(self, name: str, response: Any) -> None:
        self._add_files(self._pool.FindFileByName(name), response)

    def _file_containing_symbol(self, symbol: str, response: Any) -> None:
        self._add_files(self._pool.FindFileContainingSymbol(symbol), response)

    def _file_containing_extension(self, wanted: Any, response: Any) -> None:
        message = self._pool.FindMessageTypeByName(wanted.containing_type)
        extension = self._pool.FindExtensionByNumber(message, wanted.extension_number)
        self._add_files(extension.file, response)

    def _all_extension_numbers_of_type(self, name: str, response: Any) -> None:
        message = self._pool.FindMessageTypeByName(name)
        numbers = sorted(extension.number for extension in self._pool.FindAllExtensions(message))
        answer = response.all_extension_numbers_response
        answer.base_type_name = message.full_name
        answer.extension_number.extend(numbers)

    def _list_services(self, _: str, response: Any) -> None:
        response.list_services_response.SetInParent()
        for name in self._service_names:
            response.list_services_response.service.add(name=name)

    @staticmethod
    def _add_files(file: FileDescriptor, response: Any) -> None:
        """The file first, then what it imports, so that one answer is enough."""
        files = {file.name: file}
        waiting = [file]
        while waiting:
            for dependency in waiting.pop().dependencies:
                if dependency.name not in files:
                    files[dependency.name] = dependency
                    waiting.append(dependency)
        for found in files.values():
            proto = FileDescriptorProto()
            found.CopyToProto(proto)
            response.file_descriptor_response.file_descriptor_proto.append(
                proto.SerializeToString()
            )


def enable(
    service_names: Iterable[str],
    server: Server | aio.Server,
    pool: descriptor_pool.DescriptorPool | None,
) -> None:
    """Adds both versions of the service to a server of either kind."""
    from .v1 import reflection, reflection_pb2_grpc
    from .v1alpha import reflection as reflection_alpha
    from .v1alpha import reflection_pb2_grpc as grpc_alpha

    names = tuple(service_names)
    for version, added in ((reflection, reflection_pb2_grpc), (reflection_alpha, grpc_alpha)):
        module: Any = version.aio if isinstance(server, aio.Server) else version
        added.add_ServerReflectionServicer_to_server(module.ReflectionServicer(names, pool), server)
