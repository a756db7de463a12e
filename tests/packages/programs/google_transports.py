"""A generated Google client over each of its gRPC transports, to a local server that plays the service: synchronous and asyncio, on a channel that is given and on the one that the client makes itself, with TLS, tokens, client certificates and retries."""

import asyncio
import os
import tempfile
from concurrent import futures

import google.auth.credentials
import google.auth.transport.grpc
import grpc
import trustme
from google.api_core import exceptions
from google.api_core import retry as retries
from google.auth.credentials import AnonymousCredentials
from google.cloud.secretmanager_v1 import (
    SecretManagerServiceAsyncClient,
    SecretManagerServiceClient,
    types,
)
from google.cloud.secretmanager_v1.services.secret_manager_service import transports

SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"
NAME = "projects/p/secrets/s"
authority = trustme.CA()
server_certificate = authority.issue_cert("localhost")
client_certificate = authority.issue_cert("client@example.org")
failures = []


class Token(google.auth.credentials.Credentials):
    """A token that is made when it is asked for."""

    def refresh(self, request):
        self.token = "made"


def seen(context):
    metadata = dict(context.invocation_metadata())
    routing = metadata.get("x-goog-request-params")
    agent = metadata.get("x-goog-api-client", "")
    names = [part.partition("/")[0] for part in agent.split()]
    return f"{metadata.get('authorization')} {routing} {names}"


def get_secret(request, context):
    if failures:
        context.abort(failures.pop(), "try again")
    identity = context.peer_identity_key()
    return types.Secret(name=request.name, labels={"seen": seen(context), "peer": str(identity)})


def list_secrets(request, context):
    start = int(request.page_token or 0)
    page = [types.Secret(name=f"{NAME}{number}") for number in range(start, min(start + 2, 5))]
    more = str(start + 2) if start + 2 < 5 else ""
    return types.ListSecretsResponse(secrets=page, next_page_token=more)


METHODS = {
    "GetSecret": (get_secret, types.GetSecretRequest, types.Secret),
    "ListSecrets": (list_secrets, types.ListSecretsRequest, types.ListSecretsResponse),
}
handlers = {
    name: grpc.unary_unary_rpc_method_handler(function, asked.deserialize, answered.serialize)
    for name, (function, asked, answered) in METHODS.items()
}
pair = (
    server_certificate.private_key_pem.bytes(),
    b"".join(part.bytes() for part in server_certificate.cert_chain_pems),
)
roots = authority.cert_pem.bytes()
server = grpc.server(futures.ThreadPoolExecutor(2))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
plain = server.add_insecure_port("127.0.0.1:0")
tls = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([pair]))
mutual = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([pair], roots, True))
server.start()


def use(client):
    secret = client.get_secret(name=NAME)
    print(sorted(secret.labels.items()))
    print([secret.name for secret in client.list_secrets(parent="projects/p")])
    failures.extend([grpc.StatusCode.UNAVAILABLE] * 2)
    patient = retries.Retry(retries.if_exception_type(exceptions.ServiceUnavailable), initial=0.01)
    print(client.get_secret(name=NAME, retry=patient).name)
    failures.append(grpc.StatusCode.FAILED_PRECONDITION)
    try:
        client.get_secret(name=NAME)
    except exceptions.FailedPrecondition as error:
        print(error, error.grpc_status_code)


async def use_async(client):
    secret = await client.get_secret(name=NAME)
    print(sorted(secret.labels.items()))
    print([secret.name async for secret in await client.list_secrets(parent="projects/p")])
    failures.extend([grpc.StatusCode.UNAVAILABLE] * 2)
    unavailable = retries.if_exception_type(exceptions.ServiceUnavailable)
    patient = retries.AsyncRetry(unavailable, initial=0.01)
    print((await client.get_secret(name=NAME, retry=patient)).name)
    failures.append(grpc.StatusCode.FAILED_PRECONDITION)
    try:
        await client.get_secret(name=NAME)
    except exceptions.FailedPrecondition as error:
        print(error, error.grpc_status_code)


with grpc.insecure_channel(f"127.0.0.1:{plain}") as channel:
    transport = transports.SecretManagerServiceGrpcTransport(
        channel=channel, credentials=AnonymousCredentials()
    )
    use(SecretManagerServiceClient(transport=transport))


async def given():
    async with grpc.aio.insecure_channel(f"127.0.0.1:{plain}") as channel:
        transport = transports.SecretManagerServiceGrpcAsyncIOTransport(
            channel=channel, credentials=AnonymousCredentials()
        )
        await use_async(SecretManagerServiceAsyncClient(transport=transport))


asyncio.run(given())

# The channels that a client makes itself: with Google's roots, which this file stands for, and a token in each call.
with tempfile.NamedTemporaryFile(suffix=".pem") as file:
    file.write(roots)
    file.flush()
    os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = file.name
    options = {"api_endpoint": f"localhost:{tls}"}
    with SecretManagerServiceClient(credentials=Token(), client_options=options) as client:
        print(type(client.transport).__name__, client.api_endpoint == options["api_endpoint"])
        use(client)

    async def own():
        client = SecretManagerServiceAsyncClient(credentials=Token(), client_options=options)
        await use_async(client)
        await client.transport.close()

    asyncio.run(own())

    # A certificate of the client's own.
    os.environ["GOOGLE_API_USE_CLIENT_CERTIFICATE"] = "true"
    identity = (
        b"".join(part.bytes() for part in client_certificate.cert_chain_pems),
        client_certificate.private_key_pem.bytes(),
    )
    options = {
        "api_endpoint": f"localhost:{mutual}",
        "client_cert_source": lambda: identity,
    }
    with SecretManagerServiceClient(credentials=Token(), client_options=options) as client:
        use(client)
    os.environ["GOOGLE_API_USE_CLIENT_CERTIFICATE"] = "false"

# google-auth's own channels.
for port, credentials in (
    (tls, grpc.ssl_channel_credentials(roots)),
    (mutual, grpc.ssl_channel_credentials(roots, identity[1], identity[0])),
):
    with google.auth.transport.grpc.secure_authorized_channel(
        Token(), None, f"localhost:{port}", ssl_credentials=credentials
    ) as channel:
        call = channel.unary_unary(
            f"/{SERVICE}/GetSecret",
            types.GetSecretRequest.serialize,
            types.Secret.deserialize,
        )
        print(sorted(call(types.GetSecretRequest(name=NAME), timeout=20).labels.items()))

# Another universe.
options = {"universe_domain": "example.org"}
client = SecretManagerServiceClient(credentials=AnonymousCredentials(), client_options=options)
print(client.api_endpoint, client.universe_domain)
server.stop(None).wait()
