"""google-api-core: retries, wrapped errors, a long-running operation and field masks over a local server."""

from concurrent import futures

import grpc
from google.api_core import (
    exceptions,
    gapic_v1,
    grpc_helpers,
    operation,
    operations_v1,
    protobuf_helpers,
    retry,
)
from google.longrunning import operations_pb2
from google.protobuf import any_pb2, duration_pb2

asked, tries = [], []


def get_operation(request, context):
    asked.append(request.name)
    answer = operations_pb2.Operation(name=request.name, done=len(asked) > 1)
    if answer.done:
        answer.response.Pack(duration_pb2.Duration(seconds=7))
    return answer


def flaky(request, context):
    tries.append(request)
    if len(tries) < 3:
        context.abort(grpc.StatusCode.UNAVAILABLE, "later")
    return request


server = grpc.server(futures.ThreadPoolExecutor(2))
get = grpc.unary_unary_rpc_method_handler(
    get_operation,
    operations_pb2.GetOperationRequest.FromString,
    operations_pb2.Operation.SerializeToString,
)
services = {
    "google.longrunning.Operations": {"GetOperation": get},
    "s": {"m": grpc.unary_unary_rpc_method_handler(flaky)},
}
server.add_generic_rpc_handlers(
    tuple(grpc.method_handlers_generic_handler(*service) for service in services.items())
)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    client = operations_v1.OperationsClient(channel)

    def refresh(**_):
        return client.get_operation("operations/1")

    pending = operation.Operation(refresh(), refresh, lambda: None, duration_pb2.Duration)
    print(pending.result(timeout=30))
    wrapped = grpc_helpers.wrap_errors(channel.unary_unary("/s/m"))
    again = retry.Retry(retry.if_exception_type(exceptions.ServiceUnavailable), initial=0.01)
    print(again(wrapped)(b"x"), len(tries))
    try:
        grpc_helpers.wrap_errors(channel.unary_unary("/s/none"))(b"")
    except exceptions.MethodNotImplemented as error:
        print(type(error).__name__, error.grpc_status_code)
    print(gapic_v1.method.wrap_method(channel.unary_unary("/s/m"), default_timeout=30)(b"y"))
one, two = duration_pb2.Duration(seconds=1), duration_pb2.Duration(seconds=2)
print(protobuf_helpers.field_mask(one, two))
packed = any_pb2.Any()
packed.Pack(two)
print(protobuf_helpers.from_any_pb(duration_pb2.Duration, packed))
server.stop(None).wait()
