"""`grpc.experimental`: calls without a channel, and the helpers beside them."""

from __future__ import annotations

import threading
from importlib import import_module

import pytest
from support.rpc import (
    CONCATENATE,
    ECHO,
    ECHO_EACH,
    REPEAT,
    WAIT,
    path,
    refused_address,
    rpc_error,
    serving,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*is an experimental API")


@pytest.fixture
def experimental(grpc):
    return import_module(f"{grpc.__name__}.experimental")


@pytest.fixture
def address(grpc):
    with serving(
        grpc, Echo=ECHO, Repeat=REPEAT, Concatenate=CONCATENATE, EchoEach=ECHO_EACH
    ) as address:
        yield address


def test_the_four_kinds(experimental, address):
    for _ in range(2):
        assert experimental.unary_unary(b"x", address, path("Echo"), insecure=True) == b"x"
        assert list(experimental.unary_stream(b"2", address, path("Repeat"), insecure=True)) == [
            b"0",
            b"1",
        ]
        assert (
            experimental.stream_unary(
                iter([b"a", b"b"]), address, path("Concatenate"), insecure=True
            )
            == b"ab"
        )
        assert list(
            experimental.stream_stream(iter([b"a", b"b"]), address, path("EchoEach"), insecure=True)
        ) == [b"a", b"b"]


def test_arguments(experimental, grpc, address):
    response = experimental.unary_unary(
        b"21",
        address,
        path("Echo"),
        request_serializer=lambda number: number,
        response_deserializer=int,
        options=(("grpc.max_send_message_length", 100),),
        channel_credentials=experimental.insecure_channel_credentials(),
        compression=grpc.Compression.Gzip,
        wait_for_ready=True,
        timeout=WAIT,
        metadata=(("k", "v"),),
        _registered_method=True,
    )
    assert response == 21


def test_errors(experimental, grpc, address):
    error = rpc_error(grpc, experimental.unary_unary, b"", address, path("Nope"), insecure=True)
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


def test_calls_wait_for_a_connection_unless_told_otherwise(experimental, grpc):
    nobody = refused_address()
    error = rpc_error(
        grpc, experimental.unary_unary, b"", nobody, path("Echo"), insecure=True, timeout=0.3
    )
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    error = rpc_error(
        grpc,
        experimental.unary_unary,
        b"",
        nobody,
        path("Echo"),
        insecure=True,
        timeout=WAIT,
        wait_for_ready=False,
    )
    assert error.code() is grpc.StatusCode.UNAVAILABLE


def test_insecure_and_credentials_exclude_each_other(experimental, address):
    with pytest.raises(ValueError):
        experimental.unary_unary(
            b"",
            address,
            path("Echo"),
            insecure=True,
            channel_credentials=experimental.insecure_channel_credentials(),
        )


def test_insecure_credentials_are_one_object(experimental):
    assert (
        experimental.insecure_channel_credentials() is experimental.insecure_channel_credentials()
    )


def test_secure_channel_with_insecure_credentials(grpc, experimental, address):
    with grpc.secure_channel(address, experimental.insecure_channel_credentials()) as channel:
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_local_credentials(grpc):
    from concurrent import futures

    from support.rpc import handlers, happened

    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[handlers(grpc, {"Echo": ECHO})])
    port = server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
    server.start()
    with grpc.secure_channel(f"127.0.0.1:{port}", grpc.local_channel_credentials()) as channel:
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
    assert happened(server.stop(None))


def test_insecure_server_credentials(grpc):
    from concurrent import futures

    from support.rpc import handlers, happened

    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[handlers(grpc, {"Echo": ECHO})])
    port = server.add_secure_port("127.0.0.1:0", grpc.insecure_server_credentials())
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
    assert happened(server.stop(None))


def test_call_credentials_need_a_secure_channel(grpc, address):
    """A token must not travel in the clear."""
    with grpc.insecure_channel(address) as channel:
        credentials = grpc.access_token_call_credentials("token")
        error = rpc_error(
            grpc, channel.unary_unary(path("Echo")), b"", credentials=credentials, timeout=WAIT
        )
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED


def test_the_warning_is_given_once(grpc, experimental):
    import warnings

    calls = []

    @experimental.experimental_api
    def some_function():
        calls.append(1)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        some_function()
        some_function()
    assert len(calls) == 2
    assert [w.category for w in caught] == [experimental.ExperimentalApiWarning]
    assert "some_function" in str(caught[0].message)


def test_the_cache_keeps_no_more_than_its_maximum(russet):
    from russet.grpc.experimental._channel_cache import ChannelCache

    cache = ChannelCache(eviction_seconds=1000, maximum_channels=2)
    with serving(russet, Echo=ECHO) as address:
        first = cache.get(address, (), None, True, None)
        assert cache.get(address, (), None, True, None) is first
        second = cache.get(address, (("o", 1),), None, True, None)
        third = cache.get(address, [("o", 2)], None, True, None)
        assert len(cache) == 2
        assert len({id(first), id(second), id(third)}) == 3
        with pytest.raises(ValueError, match="closed"):
            first.unary_unary(path("Echo"))(b"", timeout=WAIT)
        assert third.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        second.close()
        third.close()


def test_the_cache_closes_channels_that_nobody_uses(russet, monkeypatch):
    from russet.grpc.experimental import _channel_cache

    closed = threading.Event()
    secure_channel = _channel_cache.secure_channel

    def channel_that_tells(*arguments):
        channel = secure_channel(*arguments)
        close = channel.close
        channel.close = lambda: (close(), closed.set())
        return channel

    monkeypatch.setattr(_channel_cache, "secure_channel", channel_that_tells)
    cache = _channel_cache.ChannelCache(eviction_seconds=0.05, maximum_channels=10)
    with serving(russet, Echo=ECHO) as address:
        channel = cache.get(address, (), None, True, None)
        assert closed.wait(WAIT)
        assert len(cache) == 0
        with pytest.raises(ValueError, match="closed"):
            channel.unary_unary(path("Echo"))(b"", timeout=WAIT)


def test_server_credentials_check_their_arguments(grpc):
    with pytest.raises(ValueError, match="At least one"):
        grpc.ssl_server_credentials([])
    with pytest.raises(ValueError, match="client auth"):
        grpc.ssl_server_credentials([(b"key", b"chain")], require_client_auth=True)
