"""grpcio-reflection and grpcio-health-checking: a client that knows nothing learns the schema of a server."""

from concurrent import futures

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

server = grpc.server(futures.ThreadPoolExecutor(4))
servicer = health.HealthServicer()
health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
names = (health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME)
reflection.enable_server_reflection(names, server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    stub = health_pb2_grpc.HealthStub(channel)
    print(stub.Check(health_pb2.HealthCheckRequest()))
    watch = stub.Watch(health_pb2.HealthCheckRequest(service="x"))
    print(next(watch))
    servicer.set("x", health_pb2.HealthCheckResponse.SERVING)
    print(next(watch))
    watch.cancel()
    database = ProtoReflectionDescriptorDatabase(channel)
    print(sorted(database.get_services()))
    service = DescriptorPool(database).FindServiceByName("grpc.health.v1.Health")
    check = service.FindMethodByName("Check")
    request, response = map(message_factory.GetMessageClass, (check.input_type, check.output_type))
    assert request is not health_pb2.HealthCheckRequest
    call = channel.unary_unary("/grpc.health.v1.Health/Check", request.SerializeToString, response.FromString)  # fmt: skip
    print([method.name for method in service.methods], call(request(service="x")))
server.stop(None).wait()
