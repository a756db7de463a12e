"""Generic services, which generated code has with `option py_generic_services = true`: an abstract service and a stub that calls through an RPC channel of the program's own. gRPC does without them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from russet._core import Message, MethodDescriptor, ServiceDescriptor, get_message_class

__all__ = ["GeneratedServiceStubType", "GeneratedServiceType"]

_Done = Callable[[Any], Any]


class GeneratedServiceType(type):
    """Metaclass of a service: each method says to the controller that it is not implemented, until a class derived from this one has it."""

    _DESCRIPTOR_KEY = "DESCRIPTOR"

    def __init__(cls, name: str, bases: tuple[type, ...], dictionary: dict[str, Any]) -> None:
        super().__init__(name, bases, dictionary)
        # A class derived from the service has none of its own.
        descriptor = dictionary.get("DESCRIPTOR")
        if descriptor is not None:
            _build_service(cls, descriptor)


class GeneratedServiceStubType(GeneratedServiceType):
    """Metaclass of a stub: it is made of an RPC channel, and each method calls `CallMethod` of the channel."""

    _DESCRIPTOR_KEY = "DESCRIPTOR"

    def __init__(cls, name: str, bases: tuple[type, ...], dictionary: dict[str, Any]) -> None:
        super().__init__(name, bases, dictionary)
        descriptor = dictionary.get("DESCRIPTOR")
        if descriptor is not None:
            _build_stub(cls, descriptor)


def _build_service(cls: Any, descriptor: ServiceDescriptor) -> None:
    def check(function: str, method: MethodDescriptor) -> None:
        if method.containing_service != descriptor:
            raise RuntimeError(
                f"{function}() given method descriptor for wrong service type. ({method.full_name} is no method of {descriptor.full_name})"
            )

    def call_method(
        self: Any, method_descriptor: MethodDescriptor, rpc_controller: Any, request: Message, done: _Done
    ) -> Any:  # fmt: skip
        check("CallMethod", method_descriptor)
        return getattr(self, method_descriptor.name)(rpc_controller, request, done)

    def get_request_class(self: Any, method_descriptor: MethodDescriptor) -> type[Message]:
        check("GetRequestClass", method_descriptor)
        return get_message_class(method_descriptor.input_type)

    def get_response_class(self: Any, method_descriptor: MethodDescriptor) -> type[Message]:
        check("GetResponseClass", method_descriptor)
        return get_message_class(method_descriptor.output_type)

    def not_implemented(name: str) -> Callable[..., None]:
        def method(self: Any, rpc_controller: Any, request: Message, callback: _Done) -> None:
            rpc_controller.SetFailed(f"Method {name} not implemented.")
            callback(None)

        return method

    cls.DESCRIPTOR = descriptor
    cls.GetDescriptor = staticmethod(lambda: descriptor)
    cls.CallMethod = call_method
    cls.GetRequestClass = get_request_class
    cls.GetResponseClass = get_response_class
    for method in descriptor.methods:
        setattr(cls, method.name, not_implemented(method.name))


def _build_stub(cls: Any, descriptor: ServiceDescriptor) -> None:
    def initialize(self: Any, rpc_channel: Any) -> None:
        self.rpc_channel = rpc_channel

    def calling(descriptor: MethodDescriptor) -> Callable[..., Any]:
        def method(self: Any, rpc_controller: Any, request: Message, callback: _Done | None = None) -> Any:  # fmt: skip
            response = get_message_class(descriptor.output_type)
            return self.rpc_channel.CallMethod(descriptor, rpc_controller, request, response, callback)  # fmt: skip

        return method

    cls.__init__ = initialize
    for method in descriptor.methods:
        setattr(cls, method.name, calling(method))
