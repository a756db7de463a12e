"""Nebius's SDK, which has messages of its own and calls by grpc.aio, against a server that plays its API: interceptors, tokens, errors with details, retries."""

import asyncio

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from nebius.api.nebius.common.v1 import GetByNameRequest
from nebius.api.nebius.iam.v1 import (
    GetProfileRequest,
    ListTenantsRequest,
    ProfileServiceClient,
    TenantServiceClient,
)
from nebius.base.options import INSECURE
from nebius.sdk import SDK

SEEN = []


class Service(grpc.GenericRpcHandler):
    """Answers by the method's path, in bytes."""

    def service(self, details):
        metadata = dict(details.invocation_metadata)
        SEEN.append(
            (
                details.method,
                metadata.get("authorization"),
                sorted(key for key in metadata if key.startswith(("x-", "authorization"))),
            )
        )
        if details.method.endswith("ProfileService/Get"):
            return grpc.unary_unary_rpc_method_handler(self.profile)
        if details.method.endswith("TenantService/List"):
            return grpc.unary_unary_rpc_method_handler(self.fail)
        return None

    times = 0

    async def profile(self, request, context):
        self.times += 1
        if self.times == 1:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "later")
        return b""

    async def fail(self, request, context):
        detail = any_pb2.Any()
        detail.Pack(error_details_pb2.ErrorInfo(reason="R", domain="d", metadata={"k": "v"}))
        status = status_pb2.Status(code=7, message="you may not", details=[detail])
        await context.abort_with_status(rpc_status.to_status(status))


async def main():
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Service(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()

    class Resolver:
        def resolve(self, service):
            return f"127.0.0.1:{port}"

    async with SDK(
        resolver=Resolver(),
        options=[(INSECURE, True)],
        credentials="token",
        user_agent_prefix="test/1.0",
    ) as sdk:
        request = ProfileServiceClient(sdk).get(GetProfileRequest(), per_retry_timeout=20)
        print(type(await request).__name__, await request.status())
        try:
            await TenantServiceClient(sdk).list(ListTenantsRequest(page_size=3))
        except Exception as error:
            print(type(error).__name__, str(error).partition("request")[0])
    await server.stop(5)
    print(GetByNameRequest(parent_id="p", name="n"))


asyncio.run(main())
print(*SEEN, sep="\n")
