"""grpcio-testing: a servicer without a server, and a stub without a channel."""

from concurrent import futures

import grpc
import grpc_testing
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

service = health_pb2.DESCRIPTOR.services_by_name["Health"]
check = service.methods_by_name["Check"]
server = grpc_testing.server_from_dictionary({service: health.HealthServicer()}, grpc_testing.strict_real_time())  # fmt: skip
rpc = server.invoke_unary_unary(check, (), health_pb2.HealthCheckRequest(), None)
response, _, code, details = rpc.termination()
print(response, code, repr(details))
channel = grpc_testing.channel([service], grpc_testing.strict_fake_time(0))
with futures.ThreadPoolExecutor(1) as executor:
    call = executor.submit(health_pb2_grpc.HealthStub(channel).Check, health_pb2.HealthCheckRequest(service="q"))  # fmt: skip
    _, request, rpc = channel.take_unary_unary(check)
    print(request)
    rpc.send_initial_metadata(())
    rpc.terminate(health_pb2.HealthCheckResponse(status=2), (), grpc.StatusCode.OK, "")
    print(call.result())
