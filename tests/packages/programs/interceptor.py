"""grpc-interceptor: server and client interceptors, exceptions that become statuses."""

from concurrent import futures

import grpc
from google.protobuf import duration_pb2
from grpc_interceptor import ClientInterceptor, ExceptionToStatusInterceptor, ServerInterceptor
from grpc_interceptor.exceptions import NotFound

seen = []


class Recording(ServerInterceptor):
    def intercept(self, method, request_or_iterator, context, method_name):
        given = dict(context.invocation_metadata()).get("token")
        seen.append((method_name, type(request_or_iterator).__name__, given))
        return method(request_or_iterator, context)


class Token(ClientInterceptor):
    def intercept(self, method, request_or_iterator, call_details):
        details = call_details._replace(metadata=(("token", "secret"),))
        return method(request_or_iterator, details)


def double(request, context):
    if not request.seconds:
        raise NotFound("no seconds")
    return duration_pb2.Duration(seconds=2 * request.seconds)


def count(request, context):
    for number in range(request.seconds):
        yield duration_pb2.Duration(seconds=number)


kinds = (duration_pb2.Duration.FromString, duration_pb2.Duration.SerializeToString)
methods = {
    "double": grpc.unary_unary_rpc_method_handler(double, *kinds),
    "count": grpc.unary_stream_rpc_method_handler(count, *kinds),
}
server = grpc.server(
    futures.ThreadPoolExecutor(2), interceptors=[ExceptionToStatusInterceptor(), Recording()]
)
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s", methods),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as plain:
    channel = grpc.intercept_channel(plain, Token())
    kinds = (duration_pb2.Duration.SerializeToString, duration_pb2.Duration.FromString)
    method = channel.unary_unary("/s/double", *kinds)
    print(method(duration_pb2.Duration(seconds=21)))
    numbers = channel.unary_stream("/s/count", *kinds)(duration_pb2.Duration(seconds=3))
    print([number.seconds for number in numbers])
    try:
        method(duration_pb2.Duration())
    except grpc.RpcError as error:
        print(error.code(), error.details())
print(seen)
server.stop(None).wait()
