"""Call credentials: what plug-ins are told, what of their answers goes out, and what a call without an answer ends with."""

from __future__ import annotations

import ast
import threading
from types import ModuleType
from typing import Any

import pytest
from support.rpc import WAIT, path, rpc_error
from support.tls import pair, root, serving


def metadata_of(request: bytes, context: Any) -> bytes:
    return repr(
        [tuple(item) for item in context.invocation_metadata() if item[0] != "user-agent"]
    ).encode()


METHODS = {
    "Metadata": ("unary_unary", metadata_of),
    "Stream": ("stream_stream", lambda requests, context: iter([metadata_of(b"", context)])),
}


@pytest.fixture
def address(grpc: ModuleType) -> Any:
    credentials = grpc.ssl_server_credentials([pair("localhost")])
    with serving(grpc, credentials, **METHODS) as address:
        yield address


def plugin(grpc: Any, function: Any, name: str | None = None) -> Any:
    class Plugin(grpc.AuthMetadataPlugin):
        def __call__(self, context: Any, callback: Any) -> None:
            function(context, callback)

    return grpc.metadata_call_credentials(Plugin(), name)


def giving(grpc: Any, *metadata: tuple[str, str | bytes]) -> Any:
    return plugin(grpc, lambda context, callback: callback(metadata, None))


def secure(grpc: Any, address: str, *call_credentials: Any, options: Any = None) -> Any:
    credentials = grpc.ssl_channel_credentials(root())
    if call_credentials:
        credentials = grpc.composite_channel_credentials(credentials, *call_credentials)
    return grpc.secure_channel(address, credentials, options=options)


def sent(channel: Any, **options: Any) -> list[tuple[str, Any]]:
    answer = channel.unary_unary(path("Metadata"))(b"", timeout=WAIT, **options)
    return list(ast.literal_eval(answer.decode()))


def test_a_token_goes_with_the_call(grpc: ModuleType, address: str) -> None:
    with secure(grpc, address) as channel:
        credentials = grpc.access_token_call_credentials("secret")
        assert sent(channel, credentials=credentials) == [("authorization", "Bearer secret")]
        assert sent(channel) == []


def test_the_callers_then_the_channels_then_the_calls(grpc: ModuleType, address: str) -> None:
    own = grpc.composite_call_credentials(
        giving(grpc, ("c", "3")), giving(grpc, ("d-bin", b"\x04"))
    )
    with secure(grpc, address, giving(grpc, ("b", "2"))) as channel:
        got = sent(channel, credentials=own, metadata=(("a", "1"),))
    assert got == [("a", "1"), ("b", "2"), ("c", "3"), ("d-bin", b"\x04")]


def test_every_kind_of_call_has_them(grpc: ModuleType, address: str) -> None:
    expected = repr([("k", "v")]).encode()
    with secure(grpc, address, giving(grpc, ("k", "v"))) as channel:
        unary = channel.unary_unary(path("Metadata"))
        assert unary(b"", timeout=WAIT) == expected
        assert unary.with_call(b"", timeout=WAIT)[0] == expected
        assert unary.future(b"", timeout=WAIT).result() == expected
        stream = channel.stream_stream(path("Stream"))
        assert list(stream(iter([b"1", b"2"]), timeout=WAIT)) == [expected]


@pytest.mark.parametrize(
    ("override", "host"), [(None, None), ("localhost", "localhost")], ids=["target", "override"]
)
def test_what_a_plugin_is_told(
    grpc: ModuleType, address: str, override: str | None, host: str | None
) -> None:
    told = []

    def function(context: Any, callback: Any) -> None:
        told.append((context.service_url, context.method_name))
        callback((), None)

    options = (("grpc.ssl_target_name_override", override),) if override else None
    with secure(grpc, address, plugin(grpc, function), options=options) as channel:
        sent(channel)
    assert told == [(f"https://{host or address}/russet.test.Service", "Metadata")]


def test_a_plugin_may_answer_later(grpc: ModuleType, address: str) -> None:
    def function(context: Any, callback: Any) -> None:
        threading.Thread(target=callback, args=((("late", "yes"),), None)).start()

    with secure(grpc, address) as channel:
        assert sent(channel, credentials=plugin(grpc, function)) == [("late", "yes")]


def test_a_plugin_that_fails_ends_the_call(grpc: ModuleType, address: str) -> None:
    def raising(context: Any, callback: Any) -> None:
        raise ValueError("boom")

    with secure(grpc, address) as channel:
        unary = channel.unary_unary(path("Metadata"))
        for credentials, details in (
            (plugin(grpc, raising), "Getting metadata from plugin failed with error: boom"),
            (
                plugin(grpc, lambda context, callback: callback(None, KeyError("nope"))),
                "Getting metadata from plugin failed with error: 'nope'",
            ),
            (giving(grpc, ("Bad Key", "v")), "Illegal metadata"),
        ):
            error = rpc_error(grpc, unary, b"", timeout=WAIT, credentials=credentials)
            assert error.code() is grpc.StatusCode.UNAVAILABLE
            assert error.details().startswith(details)


def test_a_plugin_answers_once(grpc: ModuleType, address: str) -> None:
    raised: list[Any] = []
    done = threading.Event()

    def function(context: Any, callback: Any) -> None:
        callback((("k", "first"),), None)
        try:
            callback((("k", "second"),), None)
        except RuntimeError as error:
            raised.append(error)
        done.set()

    with secure(grpc, address) as channel:
        assert sent(channel, credentials=plugin(grpc, function)) == [("k", "first")]
        assert done.wait(WAIT)
    assert len(raised) == 1


def test_a_plugin_that_never_answers_is_outlived(grpc: ModuleType, address: str) -> None:
    silent = plugin(grpc, lambda context, callback: None)
    with secure(grpc, address) as channel:
        unary = channel.unary_unary(path("Metadata"))
        error = rpc_error(grpc, unary, b"", timeout=0.2, credentials=silent)
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        call = unary.future(b"", credentials=silent)
        assert call.cancel()
        assert call.code() is grpc.StatusCode.CANCELLED


def test_credentials_do_not_go_over_a_connection_that_anybody_can_read(grpc: ModuleType) -> None:
    token = grpc.access_token_call_credentials("secret")
    with (
        serving(grpc, grpc.insecure_server_credentials(), **METHODS) as address,
        grpc.insecure_channel(address) as channel,
    ):
        unary = channel.unary_unary(path("Metadata"))
        error = rpc_error(grpc, unary, b"", timeout=WAIT, credentials=token)
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    with (
        serving(grpc, grpc.local_server_credentials(), **METHODS) as address,
        grpc.secure_channel(address, grpc.local_channel_credentials()) as channel,
    ):
        assert sent(channel, credentials=token) == [("authorization", "Bearer secret")]


def test_a_plugin_sees_the_context_variables_of_its_making(grpc: ModuleType, address: str) -> None:
    import contextvars

    variable: Any = contextvars.ContextVar("variable", default="nothing")
    variable.set("made")
    credentials = plugin(
        grpc, lambda context, callback: callback((("seen", variable.get()),), None)
    )
    variable.set("called")
    with secure(grpc, address) as channel:
        assert sent(channel, credentials=credentials) == [("seen", "made")]
