"""Doubles for tests: each case runs on grpcio-testing and on Russet's.

The doubles look at no message, so that messages are bytes and descriptors have names alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from support.rpc import WAIT, happened, rpc_error

ADDED = ("grpc.metadata_added_by_runtime", "gRPC is allowed to add metadata in transmission and does so.")  # fmt: skip
KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]


@dataclass(frozen=True, eq=False)
class Service:
    """As much of a descriptor as the doubles read."""

    full_name: str = "test.Service"
    methods_by_name: Any = None


@dataclass(frozen=True, eq=False)
class Method:
    """As much of a descriptor as the doubles read."""

    name: str
    containing_service: Service


SERVICE = Service()
METHODS = {kind: Method(kind, SERVICE) for kind in KINDS}


@pytest.fixture
def testing(stack: Any) -> ModuleType:
    module: ModuleType = stack.module("testing")
    return module


@pytest.fixture
def channel(testing: ModuleType) -> Any:
    return testing.channel([SERVICE], testing.strict_fake_time(0))


@pytest.fixture
def executor() -> Iterator[futures.ThreadPoolExecutor]:
    with futures.ThreadPoolExecutor(4) as pool:
        yield pool


def stub(channel: Any, kind: str) -> Any:
    return getattr(channel, kind)(f"/test.Service/{kind}")


# Channels.


def test_a_unary_call_is_answered(stack: Any, channel: Any, executor: Any) -> None:
    done = executor.submit(
        stub(channel, "unary_unary").with_call, b"question", metadata=(("a", "b"),)
    )
    metadata, request, rpc = channel.take_unary_unary(METHODS["unary_unary"])
    assert (metadata, request) == ((("a", "b"), ADDED), b"question")
    rpc.send_initial_metadata((("initial", "1"),))
    rpc.terminate(b"answer", (("trailing", "2"),), stack.grpc.StatusCode.OK, "fine")
    response, call = done.result(WAIT)
    assert response == b"answer"
    assert call.initial_metadata() == (("initial", "1"), ADDED)
    assert call.trailing_metadata() == (("trailing", "2"), ADDED)
    assert (call.code(), call.details()) == (stack.grpc.StatusCode.OK, "fine")


def test_metadata_that_nobody_sent(stack: Any, channel: Any, executor: Any) -> None:
    done = executor.submit(stub(channel, "unary_unary").with_call, b"")
    metadata, _, rpc = channel.take_unary_unary(METHODS["unary_unary"])
    assert metadata == (ADDED,)
    rpc.terminate(b"", None, stack.grpc.StatusCode.OK, "")
    _, call = done.result(WAIT)
    assert call.initial_metadata() == call.trailing_metadata() == (ADDED,)


@pytest.mark.parametrize("kind", ["unary_unary", "stream_unary"])
def test_a_call_that_fails(stack: Any, channel: Any, executor: Any, kind: str) -> None:
    argument = b"" if kind == "unary_unary" else iter([b"1"])
    done = executor.submit(rpc_error, stack.grpc, stub(channel, kind), argument)
    *_, rpc = getattr(channel, f"take_{kind}")(METHODS[kind])
    rpc.terminate(None, (("why", "so"),), stack.grpc.StatusCode.NOT_FOUND, "nothing there")
    error = done.result(WAIT)
    assert isinstance(error, stack.grpc.Call)
    assert (error.code(), error.details()) == (stack.grpc.StatusCode.NOT_FOUND, "nothing there")
    assert error.trailing_metadata() == (("why", "so"), ADDED)


def test_streamed_requests(stack: Any, channel: Any, executor: Any) -> None:
    done = executor.submit(stub(channel, "stream_unary"), iter([b"1", b"2"]))
    metadata, rpc = channel.take_stream_unary(METHODS["stream_unary"])
    assert metadata == (ADDED,)
    assert [rpc.take_request(), rpc.take_request()] == [b"1", b"2"]
    rpc.requests_closed()
    rpc.terminate(b"3", (), stack.grpc.StatusCode.OK, "")
    assert done.result(WAIT) == b"3"


def test_streamed_responses(stack: Any, channel: Any) -> None:
    call = stub(channel, "unary_stream")(b"question")
    _, request, rpc = channel.take_unary_stream(METHODS["unary_stream"])
    assert request == b"question"
    rpc.send_response(b"1")
    assert next(call) == b"1"
    rpc.send_response(b"2")
    rpc.terminate((), stack.grpc.StatusCode.OK, "")
    assert list(call) == [b"2"]
    assert call.code() is stack.grpc.StatusCode.OK


def test_a_stream_that_fails(stack: Any, channel: Any) -> None:
    call = stub(channel, "unary_stream")(b"")
    _, _, rpc = channel.take_unary_stream(METHODS["unary_stream"])
    rpc.send_response(b"1")
    assert next(call) == b"1"
    rpc.terminate((), stack.grpc.StatusCode.DATA_LOSS, "lost")
    error = rpc_error(stack.grpc, next, call)
    assert error.code() is call.code() is stack.grpc.StatusCode.DATA_LOSS


def test_streams_both_ways(stack: Any, channel: Any) -> None:
    go_on = threading.Event()

    def requests() -> Iterator[bytes]:
        yield b"1"
        happened(go_on)
        yield b"2"

    call = stub(channel, "stream_stream")(requests())
    _, rpc = channel.take_stream_stream(METHODS["stream_stream"])
    assert rpc.take_request() == b"1"
    rpc.send_response(b"one")
    assert next(call) == b"one"
    go_on.set()
    assert rpc.take_request() == b"2"
    rpc.requests_closed()
    rpc.terminate((), stack.grpc.StatusCode.OK, "")
    assert list(call) == []


def test_requests_that_raise(stack: Any, channel: Any) -> None:
    def requests() -> Iterator[bytes]:
        yield b"1"
        raise RuntimeError("no more")

    call = stub(channel, "stream_stream")(requests())
    error = rpc_error(stack.grpc, next, call)
    assert (error.code(), error.details()) == (
        stack.grpc.StatusCode.UNKNOWN,
        "Exception iterating requests!",
    )


@pytest.mark.parametrize("kind", ["unary_stream", "stream_stream"])
def test_a_stream_is_cancelled(stack: Any, channel: Any, kind: str) -> None:
    call = stub(channel, kind)(b"" if kind == "unary_stream" else iter(()))
    *_, rpc = getattr(channel, f"take_{kind}")(METHODS[kind])
    call.cancel()
    rpc.cancelled()
    error = rpc_error(stack.grpc, next, call)
    assert error.code() is stack.grpc.StatusCode.CANCELLED
    assert error.details() == "Locally cancelled!"
    rpc.send_response(b"too late")
    assert call.trailing_metadata() == (ADDED,)


def test_cancelled_tells_another_end(stack: Any, channel: Any) -> None:
    stub(channel, "unary_stream")(b"")
    _, _, rpc = channel.take_unary_stream(METHODS["unary_stream"])
    rpc.terminate((), stack.grpc.StatusCode.OK, "")
    with pytest.raises(ValueError):
        rpc.cancelled()


def test_a_future(stack: Any, channel: Any) -> None:
    future = stub(channel, "unary_unary").future(b"q")
    _, _, rpc = channel.take_unary_unary(METHODS["unary_unary"])
    rpc.terminate(b"a", (), stack.grpc.StatusCode.OK, "")
    assert future.result() == b"a"
    assert future.result() == b"a"
    assert future.cancel() is False
    assert future.cancelled() is False
    assert future.code() is stack.grpc.StatusCode.OK


def test_a_future_is_cancelled(stack: Any, channel: Any) -> None:
    future = stub(channel, "stream_unary").future(iter([b"1"]))
    _, rpc = channel.take_stream_unary(METHODS["stream_unary"])
    assert future.cancel() is True
    assert future.cancelled() is True
    rpc.cancelled()
    error = rpc_error(stack.grpc, future.result)
    assert error.code() is stack.grpc.StatusCode.CANCELLED


def test_calls_of_a_method_are_taken_in_order(channel: Any) -> None:
    for number in range(3):
        stub(channel, "unary_stream")(bytes([number]))
    method = METHODS["unary_stream"]
    assert [channel.take_unary_stream(method)[1][0] for _ in range(3)] == [0, 1, 2]


def test_a_channel_is_a_context(channel: Any, stack: Any) -> None:
    with channel as same:
        assert same is channel
        assert isinstance(same, stack.grpc.Channel)
    channel.close()


def test_more_than_the_original(russet: Any) -> None:
    """What grpcio-testing raises NotImplementedError for."""
    testing, code = russet.module("testing"), russet.grpc.StatusCode
    time = testing.strict_fake_time(100)
    channel = testing.channel([SERVICE], time)
    future = channel.unary_unary("/test.Service/unary_unary").future(
        b"q", timeout=5, wait_for_ready=True, compression=russet.grpc.Compression.Gzip
    )
    seen: list[Any] = []
    future.add_done_callback(seen.append)
    assert future.add_callback(lambda: seen.append("ended"))
    assert (future.is_active(), future.running(), future.done()) == (True, True, False)
    time.sleep_for(2)
    assert future.time_remaining() == 3
    with pytest.raises(russet.grpc.FutureTimeoutError):
        future.result(timeout=0)
    _, _, rpc = channel.take_unary_unary(METHODS["unary_unary"])
    rpc.terminate(None, (), code.ABORTED, "no")
    assert seen == [future, "ended"]
    assert future.exception().code() is code.ABORTED
    assert "no" in str(future.exception())
    assert not future.add_callback(lambda: None)
    assert (future.is_active(), future.done()) == (False, True)


# Servers.


class Servicer:
    """Behaviours by the names of kinds."""

    def __init__(self, **behaviors: Callable[..., Any]) -> None:
        self.__dict__.update(behaviors)


def serve(testing: ModuleType, time: Any = None, **behaviors: Callable[..., Any]) -> Any:
    return testing.server_from_dictionary(
        {SERVICE: Servicer(**behaviors)}, time or testing.strict_real_time()
    )


def test_a_handler_answers(stack: Any, testing: ModuleType) -> None:
    seen = SimpleNamespace()

    def answer(request: bytes, context: Any) -> bytes:
        seen.metadata, seen.remaining = context.invocation_metadata(), context.time_remaining()
        context.send_initial_metadata((("initial", "1"),))
        context.set_trailing_metadata((("trailing", "2"),))
        context.set_details("fine")
        return request * 2

    server = serve(testing, unary_unary=answer)
    rpc = server.invoke_unary_unary(METHODS["unary_unary"], (("a", "b"),), b"x", None)
    assert rpc.initial_metadata() == (("initial", "1"), ADDED)
    expected = b"xx", (("trailing", "2"), ADDED), stack.grpc.StatusCode.OK, "fine"
    assert tuple(rpc.termination()) == expected
    assert tuple(rpc.termination()) == expected
    assert (seen.metadata, seen.remaining) == ((("a", "b"),), None)


def test_a_handler_that_sets_nothing(stack: Any, testing: ModuleType) -> None:
    server = serve(testing, unary_unary=lambda request, context: request)
    rpc = server.invoke_unary_unary(METHODS["unary_unary"], (), b"x", None)
    assert tuple(rpc.termination()) == (b"x", (ADDED,), stack.grpc.StatusCode.OK, "")
    assert rpc.initial_metadata() == (ADDED,)


def test_a_handler_that_fails_by_its_code(stack: Any, testing: ModuleType) -> None:
    def answer(request: bytes, context: Any) -> bytes:
        context.set_code(stack.grpc.StatusCode.NOT_FOUND)
        context.set_details("nobody")
        return b""

    rpc = serve(testing, unary_unary=answer).invoke_unary_unary(
        METHODS["unary_unary"], (), b"", None
    )
    assert tuple(rpc.termination())[2:] == (stack.grpc.StatusCode.NOT_FOUND, "nobody")


def test_a_handler_that_aborts(stack: Any, testing: ModuleType) -> None:
    after: list[str] = []

    def answer(requests: Any, context: Any) -> Iterator[bytes]:
        yield b"1"
        context.abort(stack.grpc.StatusCode.DATA_LOSS, "enough")
        after.append("never")

    server = serve(testing, stream_stream=answer)
    rpc = server.invoke_stream_stream(METHODS["stream_stream"], (), None)
    assert rpc.take_response() == b"1"
    assert tuple(rpc.termination()) == ((ADDED,), stack.grpc.StatusCode.DATA_LOSS, "enough")
    assert after == []
    with pytest.raises(ValueError):
        rpc.take_response()


@pytest.mark.parametrize("kind", ["unary_unary", "stream_stream"])
def test_a_handler_that_raises(stack: Any, testing: ModuleType, kind: str) -> None:
    def fail(argument: Any, context: Any) -> Any:
        raise RuntimeError("broken")

    server = serve(testing, **{kind: fail})
    arguments = (b"",) if kind == "unary_unary" else ()
    rpc = getattr(server, f"invoke_{kind}")(METHODS[kind], (), *arguments, None)
    *_, code, details = rpc.termination()
    assert (code, details) == (
        stack.grpc.StatusCode.UNKNOWN,
        "Exception calling application: broken",
    )


def test_a_server_takes_streamed_requests(stack: Any, testing: ModuleType) -> None:
    server = serve(testing, stream_unary=lambda requests, context: b"+".join(requests))
    rpc = server.invoke_stream_unary(METHODS["stream_unary"], (), None)
    rpc.send_request(b"1")
    rpc.send_request(b"2")
    rpc.requests_closed()
    assert tuple(rpc.termination()) == (b"1+2", (ADDED,), stack.grpc.StatusCode.OK, "")


def test_a_server_streams_both_ways(stack: Any, testing: ModuleType) -> None:
    def echo(requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        yield from requests

    rpc = serve(testing, stream_stream=echo).invoke_stream_stream(
        METHODS["stream_stream"], (), None
    )
    for message in (b"1", b"2"):
        rpc.send_request(message)
        assert rpc.take_response() == message
    rpc.requests_closed()
    assert tuple(rpc.termination()) == ((ADDED,), stack.grpc.StatusCode.OK, "")


def test_responses_are_what_they_were_when_they_were_yielded(testing: ModuleType) -> None:
    def repeat(request: bytes, context: Any) -> Iterator[list[int]]:
        response: list[int] = []
        for number in range(3):
            response.append(number)
            yield response

    rpc = serve(testing, unary_stream=repeat).invoke_unary_stream(METHODS["unary_stream"], (), b"", None)  # fmt: skip
    assert [rpc.take_response() for _ in range(3)] == [[0], [0, 1], [0, 1, 2]]


def test_a_call_that_the_client_cancels_has_no_status(stack: Any, testing: ModuleType) -> None:
    def read(requests: Iterator[bytes], context: Any) -> bytes:
        try:
            return b"".join(requests)
        except stack.grpc.RpcError:
            return b""

    rpc = serve(testing, stream_unary=read).invoke_stream_unary(METHODS["stream_unary"], (), None)
    rpc.cancel()
    rpc.cancel()
    with pytest.raises(ValueError):
        rpc.termination()


def test_the_handler_is_told_of_the_cancellation(stack: Any, testing: ModuleType) -> None:
    begun, called, ended = threading.Event(), threading.Event(), threading.Event()
    seen = SimpleNamespace()

    def read(requests: Iterator[bytes], context: Any) -> bytes:
        seen.added = context.add_callback(called.set)
        begun.set()
        try:
            list(requests)
        except stack.grpc.RpcError as error:
            seen.error = error
        happened(called)
        seen.state = context.is_active(), context.time_remaining(), context.add_callback(begun.set)
        ended.set()
        return b""

    rpc = serve(testing, stream_unary=read).invoke_stream_unary(METHODS["stream_unary"], (), None)
    happened(begun)
    rpc.cancel()
    happened(ended)
    assert seen.added is True
    assert isinstance(seen.error, stack.grpc.RpcError)
    assert seen.state == (False, 0.0, False)


def test_the_handler_cancels(stack: Any, testing: ModuleType) -> None:
    def answer(request: bytes, context: Any) -> bytes:
        context.cancel()
        return b""

    rpc = serve(testing, unary_unary=answer).invoke_unary_unary(
        METHODS["unary_unary"], (), b"", None
    )
    *_, code, details = rpc.termination()
    assert (code, details) == (
        stack.grpc.StatusCode.CANCELLED,
        "Cancelled by server-side application!",
    )


def test_initial_metadata_is_sent_once(testing: ModuleType) -> None:
    errors: list[Exception] = []

    def answer(request: bytes, context: Any) -> bytes:
        context.send_initial_metadata(())
        try:
            context.send_initial_metadata(())
        except ValueError as error:
            errors.append(error)
        return b""

    rpc = serve(testing, unary_unary=answer).invoke_unary_unary(
        METHODS["unary_unary"], (), b"", None
    )
    rpc.termination()
    assert len(errors) == 1


def test_a_deadline_passes(stack: Any, testing: ModuleType) -> None:
    begun, go_on = threading.Event(), threading.Event()
    time = testing.strict_fake_time(1000)
    remaining: list[float] = []

    def wait(request: bytes, context: Any) -> bytes:
        remaining.append(context.time_remaining())
        begun.set()
        happened(go_on)
        return b"late"

    rpc = serve(testing, time, unary_unary=wait).invoke_unary_unary(
        METHODS["unary_unary"], (), b"", 5
    )
    happened(begun)
    assert remaining == [5]
    time.sleep_for(4)
    time.sleep_for(2)
    response, metadata, code, details = rpc.termination()
    go_on.set()
    assert (response, metadata) == (None, (ADDED,))
    assert (code, details) == (stack.grpc.StatusCode.DEADLINE_EXCEEDED, "Took too much time!")
    assert rpc.initial_metadata() == (ADDED,)


# Clocks.


def test_fake_time_stands_still(testing: ModuleType) -> None:
    time = testing.strict_fake_time(10)
    called: list[str] = []
    time.call_in(lambda: called.append("b"), 2)
    time.call_at(lambda: called.append("a"), 11)
    time.call_in(lambda: called.append("c"), 3)
    assert (time.time(), called) == (10, [])
    time.sleep_for(1)
    assert (time.time(), called) == (11, ["a"])
    time.sleep_until(12.5)
    assert (time.time(), called) == (12.5, ["a", "b"])
    time.sleep_until(5)
    time.sleep_for(-1)
    assert time.time() == 12.5
    time.sleep_for(100)
    assert called == ["a", "b", "c"]


def test_what_is_due_is_called_at_once(testing: ModuleType) -> None:
    time = testing.strict_fake_time(10)
    called: list[int] = []
    time.call_at(lambda: called.append(1), 10)
    assert called == [1]


def test_what_is_cancelled_is_not_called(testing: ModuleType) -> None:
    time = testing.strict_fake_time(0)
    called: list[int] = []
    future, other = time.call_in(lambda: called.append(1), 1), time.call_in(lambda: called.append(2), 1)  # fmt: skip
    assert future.cancelled() is False
    assert (future.cancel(), future.cancel(), future.cancelled()) == (True, True, True)
    time.sleep_for(2)
    assert called == [2]
    assert (other.cancel(), other.cancelled()) == (False, False)


def test_what_raises_does_not_stop_the_time(testing: ModuleType) -> None:
    time = testing.strict_fake_time(0)
    called: list[int] = []
    time.call_in(lambda: 1 // 0, 1)
    time.call_in(lambda: called.append(1), 1)
    time.sleep_for(1)
    assert called == [1]


def test_real_time(testing: ModuleType) -> None:
    time = testing.strict_real_time()
    called = threading.Event()
    order: list[int] = []
    start = time.time()
    never = time.call_in(lambda: order.append(3), 3600)
    time.call_in(lambda: order.append(2), 0.02)
    time.call_at(lambda: order.append(1), start + 0.01)
    time.call_in(called.set, 0.03)
    happened(called)
    # What was due before is called before the sleep ends.
    time.sleep_for(0.001)
    assert order == [1, 2]
    assert time.time() >= start + 0.03
    assert never.cancel() is True


def test_a_behavior_may_use_the_fake_time(russet: Any) -> None:
    """grpcio-testing's would wait for itself."""
    time = russet.module("testing").strict_fake_time(0)
    seen: list[float] = []

    def again() -> None:
        seen.append(time.time())
        time.call_in(again, 1)

    future = time.call_in(again, 1)
    time.sleep_for(3.5)
    assert seen == [1, 2, 3]
    assert (future.done(), future.running(), future.result()) == (True, False, None)
    failing = time.call_in(lambda: 1 // 0, 1)
    time.sleep_for(1)
    assert isinstance(failing.exception(), ZeroDivisionError)
    assert failing.traceback() is not None
    cancelled = time.call_in(again, 1)
    cancelled.cancel()
    with pytest.raises(russet.grpc.FutureCancelledError):
        cancelled.result()
    with pytest.raises(russet.grpc.FutureTimeoutError):
        time.call_in(again, 1).result(timeout=0)
