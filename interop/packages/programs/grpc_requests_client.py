"""grpc-requests: a client that learns services by reflection."""

from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_requests import Client

server = grpc.server(futures.ThreadPoolExecutor(4))
servicer = health.HealthServicer()
servicer.set("a", health_pb2.HealthCheckResponse.SERVING)
health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
reflection.enable_server_reflection(["grpc.health.v1.Health", reflection.SERVICE_NAME], server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
client = Client.get_by_endpoint(f"127.0.0.1:{port}")
print(client.service_names)
one = client.service("grpc.health.v1.Health")
print(one.method_names, one.Check({"service": "a"}))
print(client.request("grpc.health.v1.Health", "Check", {}), next(iter(one.Watch({"service": "a"}))))
try:
    one.Check({"service": "b"})
except grpc.RpcError as error:
    print(error.code(), error.details())
try:
    one.Check({"nothing": 1})
except Exception as error:
    print(type(error).__name__, str(error)[:80])
server.stop(None)
