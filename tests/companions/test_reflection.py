"""Server reflection: answers, and the database that asks."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent import futures

import pytest
from support.modules import protobuf_is_newest
from support.rpc import WAIT

VERSIONS = ["v1", "v1alpha"]
NAMES = ["users.Users", "grpc.health.v1.Health"]


def add(stack, server, version="v1alpha"):
    stack.module("health.v1.health")
    stack.module(f"reflection.{version}.reflection").enable_server_reflection(NAMES, server)


@contextlib.contextmanager
def served(stack):
    server = stack.grpc.server(futures.ThreadPoolExecutor(4))
    add(stack, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with stack.grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    assert server.stop(None).wait(WAIT)


def ask(stack, channel, version="v1alpha", **question):
    messages = stack.module(f"reflection.{version}.reflection_pb2")
    services = stack.module(f"reflection.{version}.reflection_pb2_grpc")
    request = messages.ServerReflectionRequest(**question)
    stub = services.ServerReflectionStub(channel)
    (response,) = stub.ServerReflectionInfo(iter([request]), timeout=WAIT)
    assert response.original_request == request
    return response


def files(stack, response):
    """Each file's name and package."""
    if stack.name == "grpcio":
        from google.protobuf.descriptor_pb2 import FileDescriptorProto
    else:
        from russet.protobuf.descriptor_pb2 import FileDescriptorProto
    protos = response.file_descriptor_response.file_descriptor_proto
    return [FileDescriptorProto.FromString(proto).name for proto in protos]


def test_the_names_of_services(stack):
    assert (
        stack.module("reflection.v1alpha.reflection").SERVICE_NAME
        == "grpc.reflection.v1alpha.ServerReflection"
    )
    with served(stack) as channel:
        listed = ask(stack, channel, list_services="").list_services_response
        assert [service.name for service in listed.service] == sorted(NAMES)


@pytest.mark.parametrize(
    "question",
    [
        {"file_by_filename": "grpc_health/v1/health.proto"},
        {"file_containing_symbol": "grpc.health.v1.Health"},
        {"file_containing_symbol": "grpc.health.v1.HealthCheckResponse.ServingStatus"},
        {"file_containing_symbol": "grpc.health.v1.HealthCheckRequest.service"},
    ],
    ids=lambda question: next(iter(question.values())),
)
def test_files(stack, question):
    with served(stack) as channel:
        response = ask(stack, channel, **question)
        assert files(stack, response) == ["grpc_health/v1/health.proto"]


def test_the_file_of_a_method(russet):
    """upb's pool does not find methods."""
    with served(russet) as channel:
        response = ask(russet, channel, file_containing_symbol="grpc.health.v1.Health.Check")
        assert files(russet, response) == ["grpc_health/v1/health.proto"]


def test_a_file_comes_with_what_it_imports(russet):
    with served(russet) as channel:
        russet.module("status.rpc_status")
        response = ask(russet, channel, file_containing_symbol="google.rpc.Status")
        assert files(russet, response) == ["google/rpc/status.proto", "google/protobuf/any.proto"]


@pytest.mark.parametrize(
    "question",
    [
        {"file_by_filename": "nowhere.proto"},
        {"file_containing_symbol": "nowhere.Nobody"},
        {"all_extension_numbers_of_type": "nowhere.Nobody"},
        {"file_containing_extension": {"containing_type": "nowhere.Nobody", "extension_number": 1}},
        {
            "file_containing_extension": {
                "containing_type": "google.protobuf.FieldOptions",
                "extension_number": 99999,
            }
        },
    ],
    ids=lambda question: "-".join(question),
)
def test_what_is_not_known(stack, question):
    with served(stack) as channel:
        response = ask(stack, channel, **question)
        error = response.error_response
        assert (error.error_code, error.error_message) == (5, "not found")


def test_no_question(stack):
    with served(stack) as channel:
        error = ask(stack, channel).error_response
        assert (error.error_code, error.error_message) == (3, "invalid argument")


def test_extensions_of_a_message_without_any(stack):
    with served(stack) as channel:
        name = "grpc.health.v1.HealthCheckRequest"
        answer = ask(stack, channel, all_extension_numbers_of_type=name)
        numbers = answer.all_extension_numbers_response
        assert (numbers.base_type_name, list(numbers.extension_number)) == (name, [])


@pytest.mark.parametrize("enabled", VERSIONS)
@pytest.mark.parametrize("asked", VERSIONS)
def test_both_versions_answer(enabled, asked, russet):
    """Tools differ in the one they ask for; grpcio has v1alpha alone."""
    server = russet.grpc.server(futures.ThreadPoolExecutor(4))
    add(russet, server, enabled)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with russet.grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        listed = ask(russet, channel, asked, list_services="").list_services_response
        assert len(listed.service) == 2
    assert server.stop(None).wait(WAIT)


def test_a_pool_that_asks_the_server(stack):
    if stack.name == "grpcio" and not protobuf_is_newest():
        pytest.skip("an older health.proto has fewer methods")
    if stack.name == "grpcio":
        from google.protobuf.descriptor_pool import DescriptorPool
    else:
        from russet.protobuf.descriptor_pool import DescriptorPool
    module = stack.module("reflection.v1alpha.proto_reflection_descriptor_database")
    with served(stack) as channel:
        database = module.ProtoReflectionDescriptorDatabase(channel)
        assert list(database.get_services()) == sorted(NAMES)
        pool = DescriptorPool(database)
        service = pool.FindServiceByName("grpc.health.v1.Health")
        assert [method.name for method in service.methods] == ["Check", "List", "Watch"]
        assert pool.FindFileByName("grpc_health/v1/health.proto") is service.file
        with pytest.raises(KeyError):
            pool.FindMessageTypeByName("nowhere.Nobody")
        assert list(database.FindAllExtensionNumbers("grpc.health.v1.HealthCheckRequest")) == []


def test_an_extension_that_the_server_does_not_know(russet):
    """grpcio's database does not say so."""
    module = russet.module("reflection.v1.proto_reflection_descriptor_database")
    with served(russet) as channel:
        database = module.ProtoReflectionDescriptorDatabase(channel)
        with pytest.raises(KeyError):
            database.FindFileContainingExtension("google.protobuf.FieldOptions", 99999)


def test_asyncio(stack):
    messages = stack.module("reflection.v1alpha.reflection_pb2")
    services = stack.module("reflection.v1alpha.reflection_pb2_grpc")

    async def run():
        server = stack.grpc.aio.server()
        add(stack, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with stack.grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            requests = [
                messages.ServerReflectionRequest(list_services=""),
                messages.ServerReflectionRequest(file_by_filename="nowhere.proto"),
            ]
            stub = services.ServerReflectionStub(channel)
            call = stub.ServerReflectionInfo(iter(requests), timeout=WAIT)
            kinds = [response.WhichOneof("message_response") async for response in call]
            assert kinds == ["list_services_response", "error_response"]
        await server.stop(None)

    asyncio.run(asyncio.wait_for(run(), 2 * WAIT))
