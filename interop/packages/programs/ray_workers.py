"""Ray: its worker processes import grpc afresh, serve and call each other; messages are arguments and results of tasks and actors."""

import logging
import os

import ray

os.environ["RAY_DEDUP_LOGS"] = "0"
from google.protobuf import json_format, struct_pb2

ray.init(
    num_cpus=2,
    include_dashboard=False,
    log_to_driver=False,
    logging_level=logging.CRITICAL,
    object_store_memory=100 * 2**20,
    runtime_env={"env_vars": {"RUSSET_INSTALL": "1"}},
)


@ray.remote
class Echo:
    def __init__(self):
        from concurrent import futures

        import grpc

        self.server = grpc.server(futures.ThreadPoolExecutor(4))
        handler = grpc.unary_unary_rpc_method_handler(
            lambda request, context: request,
            request_deserializer=struct_pb2.Struct.FromString,
            response_serializer=struct_pb2.Struct.SerializeToString,
        )
        self.server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("pack.Service", {"Echo": handler}),)
        )
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def where(self):
        return self.port, os.getpid()


@ray.remote
def ask(port, message):
    import grpc

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(
            "/pack.Service/Echo",
            request_serializer=struct_pb2.Struct.SerializeToString,
            response_deserializer=struct_pb2.Struct.FromString,
        )
        answer = call(message, timeout=20)
        try:
            channel.unary_unary("/pack.Service/None")(b"", timeout=20)
        except grpc.RpcError as error:
            return answer, error.code(), os.getpid()


echo = Echo.remote()
port, server = ray.get(echo.where.remote(), timeout=120)
messages = [
    json_format.ParseDict({"n": number, "l": [True, None]}, struct_pb2.Struct())
    for number in range(8)
]
results = ray.get([ask.remote(port, message) for message in messages], timeout=120)
print([answer == message for (answer, _, _), message in zip(results, messages)])
print([str(code) for _, code, _ in results])
print(os.getpid() in {server, *(pid for _, _, pid in results)})
ray.shutdown()
