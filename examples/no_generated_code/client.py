"""Calls a service knowing only its .proto file: with a stub, and without one."""

from __future__ import annotations

import argparse

from russet import grpc
from russet.protobuf import json_format

messages, services = grpc.protos_and_services("greeter.proto")


def run(port: int) -> None:
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        stub = services.GreeterStub(channel)
        print(stub.SayHello(messages.HelloRequest(name="stub"), timeout=5).message)

        # A generic client, such as a command line tool: method and request are text.
        service = messages.DESCRIPTOR.services_by_name["Greeter"]
        method = service.methods_by_name["SayHello"]
        request_type = getattr(messages, method.input_type.name)
        response_type = getattr(messages, method.output_type.name)
        call = channel.unary_unary(
            f"/{service.full_name}/{method.name}",
            request_serializer=request_type.SerializeToString,
            response_deserializer=response_type.FromString,
        )
        request = json_format.Parse('{"name": "JSON"}', request_type())
        print(json_format.MessageToJson(call(request, timeout=5), indent=None))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    run(parser.parse_args().port)
