"""grpcio-status: rich errors of googleapis-common-protos, from the handler to the caller, sync and asyncio."""

import asyncio
from concurrent import futures

import grpc
import grpc.aio
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from grpc_status._async import from_call

detail = any_pb2.Any()
detail.Pack(error_details_pb2.RetryInfo(retry_delay={"seconds": 3}))
status = status_pb2.Status(code=code_pb2.RESOURCE_EXHAUSTED, message="m", details=[detail])


def fail(request, context):
    context.abort_with_status(rpc_status.to_status(status))


server = grpc.server(futures.ThreadPoolExecutor(2))
methods = {"m": grpc.unary_unary_rpc_method_handler(fail)}
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s", methods),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    try:
        channel.unary_unary("/s/m")(b"")
    except grpc.RpcError as error:
        print(rpc_status.from_call(error) == status, error.code(), rpc_status.from_call(error))


async def main():
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary("/s/m")(b"")
        print((await from_call(call)).details[0].Is(error_details_pb2.RetryInfo.DESCRIPTOR))


asyncio.run(main())
server.stop(None).wait()
