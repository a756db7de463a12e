"""Asks a server how it is and what it has, and calls what it found: it knows no .proto file."""

from __future__ import annotations

import argparse

from russet import grpc
from russet.health.v1 import health_pb2, health_pb2_grpc
from russet.protobuf import message_factory
from russet.protobuf.descriptor_pool import DescriptorPool
from russet.reflection.v1.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)


def run(port: int) -> None:
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service="greeter.Greeter")
        status = health.Check(request, timeout=5).status
        print(f"greeter.Greeter: {health_pb2.HealthCheckResponse.ServingStatus.Name(status)}")

        database = ProtoReflectionDescriptorDatabase(channel)
        print(f"services: {', '.join(database.get_services())}")
        pool = DescriptorPool(database)
        method = pool.FindServiceByName("greeter.Greeter").methods_by_name["SayHello"]
        request_type = message_factory.GetMessageClass(method.input_type)
        response_type = message_factory.GetMessageClass(method.output_type)
        call = channel.unary_unary(
            "/greeter.Greeter/SayHello",
            request_serializer=request_type.SerializeToString,
            response_deserializer=response_type.FromString,
        )
        print(call(request_type(name="reflection"), timeout=5).message)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    run(parser.parse_args().port)
