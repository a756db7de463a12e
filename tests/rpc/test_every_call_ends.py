"""Every call ends, on both sides, whatever the program's code raises: handlers, iterators, serializers, callbacks, plug-ins of credentials. With grpcio many of these wait until their deadline, or for good."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from support.rpc import ECHO, ECHO_EACH, REPEAT, WAIT, connected, happened, path, rpc_error, serving


class Failed(BaseException):
    """As the one that `pytest.fail` raises."""


class NoText(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class NoTextAtAll(Exception):
    def __str__(self) -> str:
        raise Failed


class NoUnicode(ValueError):
    def __str__(self) -> str:
        return "\udc80"


ERRORS: list[type[BaseException]] = [
    ValueError,
    NoUnicode,
    NoText,
    NoTextAtAll,
    StopIteration,
    StopAsyncIteration,
    GeneratorExit,
    Failed,
    SystemExit,
    KeyboardInterrupt,
]
KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]
every_error = pytest.mark.parametrize("error", ERRORS)
every_kind = pytest.mark.parametrize("kind", KINDS)


def outcome(grpc: Any, channel: Any, kind: str, **coding: Any) -> str:
    """The code of a call that must fail."""
    method = getattr(channel, kind)(path("Fail"), **coding)
    request: Any = iter([b""]) if kind.startswith("stream") else b""

    def run() -> Any:
        answer = method(request, timeout=WAIT)
        return list(answer) if kind.endswith("stream") else answer

    return str(rpc_error(grpc, run).code().name)


def single(request: Any, context: Any) -> bytes:
    return b""


def several(request: Any, context: Any) -> Iterator[bytes]:
    yield b""


@every_kind
@every_error
def test_handlers(russet: Any, kind: str, error: type[BaseException]) -> None:
    def raises(request: Any, context: Any) -> Any:
        raise error

    def raises_later(request: Any, context: Any) -> Any:
        yield b"first"
        raise error

    # In a generator a StopIteration means something else.
    stream = kind.endswith("stream") and error is not StopIteration
    with connected(russet, Fail=(kind, raises_later if stream else raises)) as channel:
        assert outcome(russet, channel, kind) == "UNKNOWN"
        assert outcome(russet, channel, kind) == "UNKNOWN"


@every_kind
@every_error
def test_a_server_s_deserializers_and_serializers(
    russet: Any, kind: str, error: type[BaseException]
) -> None:
    def fail(_: Any) -> Any:
        raise error

    def unary(request: Any, context: Any) -> bytes:
        # So that streams of requests are read.
        return b"".join(request) if kind == "stream_unary" else b""

    def stream(request: Any, context: Any) -> Iterator[bytes]:
        yield b"".join(request) if kind == "stream_stream" else b""

    for coding in ({"request_deserializer": fail}, {"response_serializer": fail}):
        make = getattr(russet, f"{kind}_rpc_method_handler")
        handler = make(stream if kind.endswith("stream") else unary, **coding)
        generic = russet.method_handlers_generic_handler("russet.test.Service", {"Fail": handler})
        with (
            serving(russet, interceptors=[that_serves(russet, generic)]) as address,
            russet.insecure_channel(address) as channel,
        ):
            assert outcome(russet, channel, kind) == "INTERNAL"


def that_serves(grpc: Any, generic: Any) -> Any:
    """An interceptor that gives the handlers of a generic one."""

    class Interceptor(grpc.ServerInterceptor):
        def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
            return generic.service(handler_call_details)

    return Interceptor()


@every_error
def test_server_interceptors(russet: Any, error: type[BaseException]) -> None:
    class Interceptor(russet.ServerInterceptor):
        def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
            raise error

    with connected(russet, interceptors=[Interceptor()], Fail=ECHO) as channel:
        assert outcome(russet, channel, "unary_unary") == "UNKNOWN"


@every_error
def test_callbacks_of_a_server_s_call(russet: Any, error: type[BaseException]) -> None:
    """The others are called, and the server goes on."""
    called = threading.Event()

    def fail() -> None:
        raise error

    def handler(request: bytes, context: Any) -> bytes:
        context.add_callback(fail)
        context.add_callback(called.set)
        return request

    with connected(russet, Call=("unary_unary", handler), Echo=ECHO) as channel:
        assert channel.unary_unary(path("Call"))(b"x", timeout=WAIT) == b"x"
        assert happened(called)
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


class Iterable:
    """Raises when it is iterated, or when it gives its second item."""

    def __init__(self, error: type[BaseException], at_once: bool) -> None:
        self._error = error
        self._at_once = at_once
        self._first = True

    def __iter__(self) -> Iterable:
        if self._at_once:
            raise self._error
        return self

    def __next__(self) -> bytes:
        if self._first:
            self._first = False
            return b"first"
        raise self._error


@pytest.mark.parametrize("at_once", [True, False])
@every_error
def test_request_iterators(russet: Any, error: type[BaseException], at_once: bool) -> None:
    if error is StopIteration and not at_once:
        pytest.skip("the end of the iterator")

    def take_all(requests: Iterator[bytes], context: Any) -> bytes:
        return b"".join(requests)

    with connected(russet, Take=("stream_unary", take_all), Each=ECHO_EACH) as channel:
        # None has a deadline that could end it.
        take, each = channel.stream_unary(path("Take")), channel.stream_stream(path("Each"))
        assert rpc_error(russet, take, Iterable(error, at_once)).code().name == "UNKNOWN"
        future = take.future(Iterable(error, at_once))
        assert future.exception(WAIT).code().name == "UNKNOWN"
        responses = each(Iterable(error, at_once))
        assert rpc_error(russet, list, responses).code().name == "UNKNOWN"


@every_error
def test_serializers_of_requests(russet: Any, error: type[BaseException]) -> None:
    def fail(_: Any) -> bytes:
        raise error

    with connected(russet, Each=ECHO_EACH) as channel:
        for method in (channel.stream_stream, channel.stream_unary):
            call = method(path("Each"), request_serializer=fail)
            answer = call(iter([b""])) if method == channel.stream_stream else None
            failed = (
                rpc_error(russet, call, iter([b""]))
                if answer is None
                else rpc_error(russet, list, answer)
            )
            assert failed.code().name == "INTERNAL"


@every_error
def test_deserializers_of_responses(russet: Any, error: type[BaseException]) -> None:
    """What is no Exception comes out as it is, as Ctrl-C must; the call ends all the same."""

    def fail(_: bytes) -> Any:
        raise error

    with connected(russet, Repeat=REPEAT) as channel:
        responses = channel.unary_stream(path("Repeat"), response_deserializer=fail)(b"9")
        expected = russet.RpcError if issubclass(error, Exception) else error
        with pytest.raises(expected):
            next(responses)
        assert responses.code().name in ("INTERNAL", "CANCELLED")


@every_error
def test_done_callbacks(russet: Any, error: type[BaseException], caplog: Any) -> None:
    told = []

    def fail(_: Any) -> None:
        raise error

    with connected(russet, Echo=ECHO) as channel, caplog.at_level(logging.CRITICAL):
        future = channel.unary_unary(path("Echo")).future(b"x", timeout=WAIT)
        future.add_done_callback(fail)
        future.add_done_callback(told.append)
        future.add_done_callback(fail)
        future.add_done_callback(told.append)
        assert future.result(WAIT) == b"x"
        # They have run, or the call was over before they came and they ran on this thread.
        again = channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)
        assert again == b"x"


@pytest.mark.parametrize("answer", ["raises", "answers", "nonsense", "no metadata"])
@every_error
def test_plug_ins_of_credentials(russet: Any, error: type[BaseException], answer: str) -> None:
    class Plugin(russet.AuthMetadataPlugin):
        def __call__(self, context: Any, callback: Any) -> None:
            if answer == "raises":
                raise error
            if answer == "answers":
                callback((), error())
            elif answer == "nonsense":
                callback(5, None)
            else:
                callback(((1, 2, 3),), None)

    credentials = russet.composite_channel_credentials(
        russet.local_channel_credentials(), russet.metadata_call_credentials(Plugin())
    )
    with serving_locally(russet) as address, russet.secure_channel(address, credentials) as channel:
        failed = rpc_error(russet, channel.unary_unary(path("Echo")).future(b"").result, WAIT)
        assert failed.code().name == "UNAVAILABLE"


def serving_locally(grpc: Any) -> Any:
    import contextlib
    from concurrent import futures

    from support.rpc import handlers

    @contextlib.contextmanager
    def run() -> Iterator[str]:
        pool = futures.ThreadPoolExecutor(2)
        server = grpc.server(pool, handlers=(handlers(grpc, {"Echo": ECHO}),))
        port = server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
        server.start()
        yield f"127.0.0.1:{port}"
        assert server.stop(None).wait(WAIT)
        pool.shutdown(wait=False)

    return run()


@every_error
def test_callbacks_of_connectivity(russet: Any, error: type[BaseException]) -> None:
    """The next one is called all the same."""
    ready = threading.Event()

    def fail(_: Any) -> None:
        raise error

    def tell(state: Any) -> None:
        if state is russet.ChannelConnectivity.READY:
            ready.set()

    with connected(russet, Echo=ECHO) as channel:
        channel.subscribe(fail)
        channel.subscribe(tell, try_to_connect=True)
        assert happened(ready)
