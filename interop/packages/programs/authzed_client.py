"""authzed's clients, synchronous and asyncio, against a server that plays SpiceDB, in plaintext and over local credentials."""

import asyncio
from concurrent import futures

import grpc
from authzed.api import v1
from authzed.api.v1 import (
    permission_service_pb2_grpc,
    schema_service_pb2_grpc,
    watch_service_pb2_grpc,
)
from grpcutil import bearer_token_credentials, insecure_bearer_token_credentials


def token(context):
    return dict(context.invocation_metadata()).get("authorization")


class Permissions(permission_service_pb2_grpc.PermissionsServiceServicer):
    def CheckPermission(self, request, context):
        if token(context) != "Bearer mine":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, f"not {token(context)}")
        has = v1.CheckPermissionResponse.PERMISSIONSHIP_HAS_PERMISSION
        return v1.CheckPermissionResponse(
            checked_at=v1.ZedToken(token=request.permission), permissionship=has
        )

    def LookupResources(self, request, context):
        for number in range(3):
            yield v1.LookupResourcesResponse(resource_object_id=str(number))
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no more")


class Schema(schema_service_pb2_grpc.SchemaServiceServicer):
    def WriteSchema(self, request, context):
        context.set_trailing_metadata((("length", str(len(request.schema))),))
        return v1.WriteSchemaResponse(written_at=v1.ZedToken(token="t"))


class Watch(watch_service_pb2_grpc.WatchServiceServicer):
    def Watch(self, request, context):
        update = v1.RelationshipUpdate(operation=v1.RelationshipUpdate.OPERATION_TOUCH)
        while context.is_active():
            yield v1.WatchResponse(updates=[update])


CHECK = v1.CheckPermissionRequest(
    resource=v1.ObjectReference(object_type="post", object_id="1"),
    permission="view",
    subject=v1.SubjectReference(object=v1.ObjectReference(object_type="user", object_id="emilia")),
    consistency=v1.Consistency(fully_consistent=True),
)
server = grpc.server(futures.ThreadPoolExecutor(8))
permission_service_pb2_grpc.add_PermissionsServiceServicer_to_server(Permissions(), server)
schema_service_pb2_grpc.add_SchemaServiceServicer_to_server(Schema(), server)
watch_service_pb2_grpc.add_WatchServiceServicer_to_server(Watch(), server)
port = server.add_insecure_port("localhost:0")
local = server.add_secure_port("localhost:0", grpc.local_server_credentials())
server.start()

for name, client in (
    ("insecure", v1.InsecureClient(f"localhost:{port}", "mine")),
    ("local", v1.SyncClient(f"localhost:{local}", insecure_bearer_token_credentials("mine"))),
    ("wrong", v1.InsecureClient(f"localhost:{port}", "theirs")),
):
    try:
        answer = client.CheckPermission(CHECK, timeout=20)
        print(name, answer.checked_at.token, answer.permissionship)
    except grpc.RpcError as error:
        print(name, error.code(), error.details())
client = v1.InsecureClient(f"localhost:{port}", "mine")
found = client.LookupResources(v1.LookupResourcesRequest(resource_object_type="post"))
try:
    for one in found:
        print(one.resource_object_id)
except grpc.RpcError as error:
    print(error.code(), error.details())
answer, call = client.WriteSchema.with_call(v1.WriteSchemaRequest(schema="definition user {}"))
print(answer.written_at.token, dict(call.trailing_metadata()))
changes = client.Watch(v1.WatchRequest())
print(next(changes).updates[0].operation)
print(changes.cancel(), changes.code())


async def main():
    client = v1.AsyncClient(f"localhost:{local}", insecure_bearer_token_credentials("mine"))
    answer = await client.CheckPermission(CHECK)
    print(answer.checked_at.token)
    found = client.LookupResources(v1.LookupResourcesRequest())
    try:
        async for one in found:
            print(one.resource_object_id)
    except grpc.aio.AioRpcError as error:
        print(error.code(), error.details())
    changes = client.Watch(v1.WatchRequest())
    print(len((await changes.read()).updates), changes.cancel())


asyncio.run(main())
print(type(bearer_token_credentials("t")).__name__)
server.stop(None).wait()
