"""The admin services in one call: channelz, and CSDS, which has nothing to tell without xDS."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent import futures

import pytest
from support.rpc import WAIT

CSDS = "/envoy.service.status.v3.ClientStatusDiscoveryService/"
CHANNELZ = "/grpc.channelz.v1.Channelz/GetServers"


@contextlib.contextmanager
def served(stack, add):
    server = stack.grpc.server(futures.ThreadPoolExecutor(4))
    add(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with stack.grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    assert server.stop(None).wait(WAIT)


def test_status_of_the_client(stack):
    with served(stack, stack.module("csds").add_csds_servicer) as channel:
        assert channel.unary_unary(CSDS + "FetchClientStatus")(b"", timeout=WAIT) == b""
        stream = channel.stream_stream(CSDS + "StreamClientStatus")
        assert list(stream(iter([b"", b"", b""]), timeout=WAIT)) == [b""] * 3


def test_all_services_at_once(stack):
    with served(stack, stack.module("admin").add_admin_servicers) as channel:
        assert channel.unary_unary(CSDS + "FetchClientStatus")(b"", timeout=WAIT) == b""
        servers = stack.module("channelz.v1.channelz_pb2").GetServersResponse
        answer = servers.FromString(channel.unary_unary(CHANNELZ)(b"", timeout=WAIT))
        assert len(answer.server) >= 1


def test_asyncio(russet):
    async def main():
        server = russet.grpc.aio.server()
        russet.module("admin").add_admin_servicers(server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with russet.grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = channel.unary_unary(CSDS + "FetchClientStatus")
            assert await call(b"", timeout=WAIT) == b""
            stream = channel.stream_stream(CSDS + "StreamClientStatus")
            assert [answer async for answer in stream(iter([b"", b""]))] == [b"", b""]
            assert await channel.unary_unary(CHANNELZ)(b"", timeout=WAIT)
        await server.stop(None)

    asyncio.run(main())


def test_generated_code_of_xds_reads_the_answer(stack):
    csds_pb2 = pytest.importorskip("envoy.service.status.v3.csds_pb2")
    with served(stack, stack.module("csds").add_csds_servicer) as channel:
        ask = channel.unary_unary(
            CSDS + "FetchClientStatus",
            request_serializer=csds_pb2.ClientStatusRequest.SerializeToString,
            response_deserializer=csds_pb2.ClientStatusResponse.FromString,
        )
        answer = ask(csds_pb2.ClientStatusRequest(), timeout=WAIT)
        assert answer == csds_pb2.ClientStatusResponse()
