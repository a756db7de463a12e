"""A googleapis client, google-cloud-secret-manager: calls, pages, a field mask and an error over a local server."""

from concurrent import futures

import grpc
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud.secretmanager_v1 import SecretManagerServiceClient, types
from google.cloud.secretmanager_v1.services.secret_manager_service import transports
from google.protobuf import field_mask_pb2

PARENT = "projects/p"
secrets, payloads = {}, {}


def create_secret(request, context):
    name = f"{request.parent}/secrets/{request.secret_id}"
    if name in secrets:
        context.abort(grpc.StatusCode.ALREADY_EXISTS, f"{name} exists")
    secrets[name] = types.Secret.pb(request.secret)
    secrets[name].name = name
    secrets[name].create_time.FromJsonString("2024-02-03T04:05:06.000000007Z")
    return types.Secret.wrap(secrets[name])


def add_secret_version(request, context):
    name = f"{request.parent}/versions/1"
    payloads[name] = request.payload
    return types.SecretVersion(name=name, state=types.SecretVersion.State.ENABLED)


def access_secret_version(request, context):
    return types.AccessSecretVersionResponse(name=request.name, payload=payloads[request.name])


def list_secrets(request, context):
    start = int(request.page_token or 0)
    names = sorted(secrets)[start : start + 2]
    more = start + 2 < len(secrets)
    page = [types.Secret.wrap(secrets[name]) for name in names]
    return types.ListSecretsResponse(
        secrets=page, next_page_token=str(start + 2) if more else "", total_size=len(secrets)
    )


def update_secret(request, context):
    new, stored = types.Secret.pb(request.secret), secrets[request.secret.name]
    mask = types.UpdateSecretRequest.pb(request).update_mask
    mask.MergeMessage(new, stored, replace_message_field=True, replace_repeated_field=True)
    return types.Secret.wrap(stored)


METHODS = {
    "CreateSecret": (create_secret, types.CreateSecretRequest, types.Secret),
    "AddSecretVersion": (add_secret_version, types.AddSecretVersionRequest, types.SecretVersion),
    "AccessSecretVersion": (
        access_secret_version,
        types.AccessSecretVersionRequest,
        types.AccessSecretVersionResponse,
    ),
    "ListSecrets": (list_secrets, types.ListSecretsRequest, types.ListSecretsResponse),
    "UpdateSecret": (update_secret, types.UpdateSecretRequest, types.Secret),
}
handlers = {
    name: grpc.unary_unary_rpc_method_handler(function, asked.deserialize, answered.serialize)
    for name, (function, asked, answered) in METHODS.items()
}
service = "google.cloud.secretmanager.v1.SecretManagerService"
server = grpc.server(futures.ThreadPoolExecutor(2))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    transport = transports.SecretManagerServiceGrpcTransport(
        channel=channel, credentials=AnonymousCredentials()
    )
    client = SecretManagerServiceClient(transport=transport)
    for name in ("a", "b", "c"):
        secret = types.Secret(labels={"of": name}, ttl={"seconds": 90})
        secret.replication.automatic = {}
        made = client.create_secret(parent=PARENT, secret_id=name, secret=secret)
        print(made, made.create_time.nanosecond, made.ttl)
    version = client.add_secret_version(
        parent=f"{PARENT}/secrets/a", payload=types.SecretPayload(data=b"\x00hidden", data_crc32c=7)
    )
    print(version.state, client.parse_secret_version_path(version.name))
    print(client.access_secret_version(name=version.name).payload)
    print([secret.name for secret in client.list_secrets(parent=PARENT)])
    changed = client.update_secret(
        secret=types.Secret(name=f"{PARENT}/secrets/b", labels={"of": "z"}),
        update_mask=field_mask_pb2.FieldMask(paths=["labels"]),
    )
    print(types.Secret.to_json(changed, sort_keys=True))
    try:
        client.create_secret(parent=PARENT, secret_id="a", secret=secret)
    except exceptions.AlreadyExists as error:
        print(error, error.grpc_status_code)
server.stop(None).wait()
