"""Health checking, for servers of both kinds."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent import futures

import pytest
from support.rpc import WAIT, rpc_error

SERVICE = "users.Users"


@contextlib.contextmanager
def served(stack):
    """A servicer, its messages and a stub, over a server of its own."""
    health = stack.module("health.v1.health")
    messages = stack.module("health.v1.health_pb2")
    services = stack.module("health.v1.health_pb2_grpc")
    server = stack.grpc.server(futures.ThreadPoolExecutor(4))
    servicer = health.HealthServicer()
    services.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with stack.grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield servicer, messages, services.HealthStub(channel)
    assert server.stop(None).wait(WAIT)


def test_names(stack):
    health = stack.module("health.v1.health")
    assert (health.SERVICE_NAME, health.OVERALL_HEALTH) == ("grpc.health.v1.Health", "")


def test_the_server_as_a_whole_is_serving_from_the_start(stack):
    with served(stack) as (_, messages, stub):
        answer = stub.Check(messages.HealthCheckRequest(), timeout=WAIT)
        assert answer.status == messages.HealthCheckResponse.SERVING


def test_statuses_are_what_was_set_last(stack):
    with served(stack) as (servicer, messages, stub):
        for status in (
            messages.HealthCheckResponse.SERVING,
            messages.HealthCheckResponse.NOT_SERVING,
        ):
            servicer.set(SERVICE, status)
            answer = stub.Check(messages.HealthCheckRequest(service=SERVICE), timeout=WAIT)
            assert answer.status == status


def test_a_service_that_is_not_known(stack):
    with served(stack) as (_, messages, stub):
        error = rpc_error(
            stack.grpc, stub.Check, messages.HealthCheckRequest(service="nobody"), timeout=WAIT
        )
        assert error.code() is stack.grpc.StatusCode.NOT_FOUND


def test_watching(stack):
    with served(stack) as (servicer, messages, stub):
        response = messages.HealthCheckResponse
        statuses = stub.Watch(messages.HealthCheckRequest(service=SERVICE), timeout=WAIT)
        assert next(statuses).status == response.SERVICE_UNKNOWN
        servicer.set(SERVICE, response.SERVING)
        assert next(statuses).status == response.SERVING
        servicer.set("another", response.SERVING)
        servicer.set(SERVICE, response.NOT_SERVING)
        assert next(statuses).status == response.NOT_SERVING
        statuses.cancel()


def test_two_who_watch(stack):
    with served(stack) as (servicer, messages, stub):
        request = messages.HealthCheckRequest(service=SERVICE)
        one, two = stub.Watch(request, timeout=WAIT), stub.Watch(request, timeout=WAIT)
        next(one), next(two)
        servicer.set(SERVICE, messages.HealthCheckResponse.SERVING)
        assert next(one).status == next(two).status == messages.HealthCheckResponse.SERVING


def test_more_watch_than_the_server_has_threads(stack):
    with served(stack) as (servicer, messages, stub):
        request = messages.HealthCheckRequest(service=SERVICE)
        calls = [stub.Watch(request, timeout=WAIT) for _ in range(20)]
        for call in calls:
            assert next(call).status == messages.HealthCheckResponse.SERVICE_UNKNOWN
        servicer.set(SERVICE, messages.HealthCheckResponse.SERVING)
        for call in calls:
            assert next(call).status == messages.HealthCheckResponse.SERVING
        assert stub.Check(request, timeout=WAIT).status == messages.HealthCheckResponse.SERVING
        for call in calls:
            call.cancel()


def test_one_who_stops_watching(russet):
    with served(russet) as (servicer, messages, stub):
        request = messages.HealthCheckRequest(service=SERVICE)
        one, two = stub.Watch(request, timeout=WAIT), stub.Watch(request, timeout=WAIT)
        next(one), next(two)
        one.cancel()
        servicer.set(SERVICE, messages.HealthCheckResponse.SERVING)
        assert next(two).status == messages.HealthCheckResponse.SERVING
        two.cancel()


def test_graceful_shutdown(stack):
    with served(stack) as (servicer, messages, stub):
        response = messages.HealthCheckResponse
        servicer.set(SERVICE, response.SERVING)
        statuses = stub.Watch(messages.HealthCheckRequest(service=SERVICE), timeout=WAIT)
        assert next(statuses).status == response.SERVING
        servicer.enter_graceful_shutdown()
        assert next(statuses).status == response.NOT_SERVING
        servicer.set(SERVICE, response.SERVING)
        for service in (SERVICE, ""):
            answer = stub.Check(messages.HealthCheckRequest(service=service), timeout=WAIT)
            assert answer.status == response.NOT_SERVING
        statuses.cancel()


def test_nothing_is_told_after_the_shutdown(russet):
    class Context:
        def add_callback(self, callback):
            return True

    messages = russet.module("health.v1.health_pb2")
    servicer = russet.module("health.v1.health").HealthServicer()
    told = []
    servicer.Watch(messages.HealthCheckRequest(), Context(), told.append)
    servicer.enter_graceful_shutdown()
    servicer.set("", messages.HealthCheckResponse.SERVING)
    response = messages.HealthCheckResponse
    assert [answer.status for answer in told] == [response.SERVING, response.NOT_SERVING]


def test_listing(russet):
    """grpcio's servicer leaves it unimplemented."""
    with served(russet) as (servicer, messages, stub):
        servicer.set(SERVICE, messages.HealthCheckResponse.NOT_SERVING)
        statuses = stub.List(messages.HealthListRequest(), timeout=WAIT).statuses
        assert {name: answer.status for name, answer in statuses.items()} == {
            "": messages.HealthCheckResponse.SERVING,
            SERVICE: messages.HealthCheckResponse.NOT_SERVING,
        }
        for number in range(100):
            servicer.set(f"service{number}", messages.HealthCheckResponse.SERVING)
        error = rpc_error(russet.grpc, stub.List, messages.HealthListRequest(), timeout=WAIT)
        assert error.code() is russet.grpc.StatusCode.RESOURCE_EXHAUSTED


@contextlib.asynccontextmanager
async def served_aio(stack):
    health = stack.module("health.v1.health")
    services = stack.module("health.v1.health_pb2_grpc")
    aio = stack.grpc.aio
    server = aio.server()
    servicer = health.aio.HealthServicer()
    services.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield servicer, stack.module("health.v1.health_pb2"), services.HealthStub(channel)
    await server.stop(None)


def test_asyncio(stack):
    async def run():
        async with served_aio(stack) as (servicer, messages, stub):
            response = messages.HealthCheckResponse
            request = messages.HealthCheckRequest(service=SERVICE)
            with pytest.raises(stack.grpc.aio.AioRpcError) as raised:
                await stub.Check(request, timeout=WAIT)
            assert raised.value.code() is stack.grpc.StatusCode.NOT_FOUND
            watched = stub.Watch(request, timeout=WAIT)
            assert (await watched.read()).status == response.SERVICE_UNKNOWN
            await servicer.set(SERVICE, response.SERVING)
            assert (await watched.read()).status == response.SERVING
            assert (await stub.Check(request, timeout=WAIT)).status == response.SERVING
            await servicer.enter_graceful_shutdown()
            assert (await watched.read()).status == response.NOT_SERVING
            await servicer.set(SERVICE, response.SERVING)
            assert (await stub.Check(request, timeout=WAIT)).status == response.NOT_SERVING
            watched.cancel()

    asyncio.run(asyncio.wait_for(run(), 2 * WAIT))


def test_a_server_that_is_stopped_with_a_grace_says_so_to_who_watches(russet):
    """Better than grpcio, where the calls that watch make the stop last as long as the grace."""
    health = russet.module("health.v1.health")
    messages = russet.module("health.v1.health_pb2")
    services = russet.module("health.v1.health_pb2_grpc")
    server = russet.grpc.server(futures.ThreadPoolExecutor(4))
    services.add_HealthServicer_to_server(health.HealthServicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with russet.grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        watch = services.HealthStub(channel).Watch(messages.HealthCheckRequest(), timeout=WAIT)
        assert next(watch).status == messages.HealthCheckResponse.SERVING
        stopped = server.stop(grace=100 * WAIT)
        assert [answer.status for answer in watch] == [messages.HealthCheckResponse.NOT_SERVING]
        assert watch.code() is russet.grpc.StatusCode.OK
        assert stopped.wait(WAIT)


def test_an_asyncio_server_that_is_stopped_with_a_grace_says_so_to_who_watches(russet):
    async def run():
        health = russet.module("health.v1.health")
        messages = russet.module("health.v1.health_pb2")
        services = russet.module("health.v1.health_pb2_grpc")
        server = russet.grpc.aio.server()
        services.add_HealthServicer_to_server(health.aio.HealthServicer(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with russet.grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            watch = services.HealthStub(channel).Watch(messages.HealthCheckRequest(), timeout=WAIT)
            assert (await watch.read()).status == messages.HealthCheckResponse.SERVING
            stopped = asyncio.ensure_future(server.stop(grace=100 * WAIT))
            assert (await watch.read()).status == messages.HealthCheckResponse.NOT_SERVING
            assert await watch.read() is russet.grpc.aio.EOF
            await stopped

    asyncio.run(asyncio.wait_for(run(), 2 * WAIT))
