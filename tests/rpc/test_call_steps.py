"""Functions of grpcio's private `_server` that monitoring agents replace: they are called where grpcio calls them, with arguments that mean the same."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from concurrent import futures
from types import ModuleType
from typing import Any

import pytest
from support.rpc import WAIT, connected, path

STEPS = [
    "_abort",
    "_abortion_code",
    "_call_behavior",
    "_completion_code",
    "_details",
    "_send_response",
    "_serialize_response",
    "_status",
    "_stream_response_in_pool",
    "_take_response_from_response_iterator",
    "_unary_request",
    "_unary_response_in_pool",
]


def step(grpc: ModuleType, request: bytes, context: Any) -> Any:
    if request == b"abort":
        context.abort(grpc.StatusCode.NOT_FOUND, "gone")
    if request == b"raise":
        raise ValueError("why")
    if request == b"code":
        context.set_code(grpc.StatusCode.DATA_LOSS)
        context.set_details("lost")
    return None if request == b"none" else request


def calls(grpc: ModuleType, log: list[Any]) -> list[Any]:
    """What calls of all kinds end with, and what they leave in the log."""

    def single(request: Any, context: Any) -> Any:
        return step(grpc, request, context)

    def several(request: Any, context: Any) -> Iterator[Any]:
        yield b"first"
        yield step(grpc, request, context)

    def together(requests: Any, context: Any) -> Any:
        return step(grpc, b"".join(requests), context)

    def each(requests: Any, context: Any) -> Iterator[Any]:
        for request in requests:
            yield step(grpc, request, context)

    methods = {
        "Single": ("unary_unary", single),
        "Several": ("unary_stream", several),
        "Together": ("stream_unary", together),
        "Each": ("stream_stream", each),
    }
    outcomes: list[Any] = []
    with connected(grpc, **methods) as channel:
        for name, (kind, _) in methods.items():
            for request in (b"x", b"abort", b"raise", b"code", b"none"):
                if request == b"none" and kind.endswith("stream"):
                    continue
                argument = iter([request]) if kind.startswith("stream") else request
                try:
                    outcome = getattr(channel, kind)(path(name))(argument, timeout=WAIT)
                    outcome = list(outcome) if kind.endswith("stream") else outcome
                except grpc.RpcError as error:
                    outcome = (error.code().name, error.details())
                outcomes.append((name, request, outcome, list(log)))
                log.clear()
    return outcomes


def with_all_steps_replaced(grpc: ModuleType) -> tuple[list[Any], list[Any]]:
    """The outcomes, with the steps taken; and the outcomes after the replacement was undone."""
    server = importlib.import_module(f"{grpc.__name__}._server")
    log: list[Any] = []

    def wrapper(name: str, original: Any) -> Any:
        def replaced(*arguments: Any, **keywords: Any) -> Any:
            log.append(name)
            result = original(*arguments, **keywords)
            if name in ("_abortion_code", "_completion_code"):
                log.append((result, arguments[0].trailing_metadata))
            return result

        return replaced

    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            patch.setattr(server, name, wrapper(name, getattr(server, name)))
        replaced = calls(grpc, log)
    return replaced, calls(grpc, log)


def test_the_same_steps_in_the_same_order() -> None:
    grpcio, russet = (importlib.import_module(name) for name in ("grpc", "russet.grpc"))
    assert with_all_steps_replaced(russet) == with_all_steps_replaced(grpcio)


def test_nothing_is_logged_once_it_is_undone(grpc: ModuleType) -> None:
    assert all(log == [] for *_, log in with_all_steps_replaced(grpc)[1])


@pytest.mark.parametrize("kind", ["unary_unary", "stream_stream"])
def test_arguments_mean_what_they_mean_in_grpcio(
    grpc: ModuleType, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = importlib.import_module(f"{grpc.__name__}._server")
    name = "_unary_response_in_pool" if kind == "unary_unary" else "_stream_response_in_pool"
    original, seen = getattr(server, name), []

    def behavior(request: Any, context: Any) -> Any:
        return request

    def replaced(event: Any, state: Any, given: Any, thunk: Any, *serializers: Any) -> None:
        seen.append(
            (
                event.call_details.method,
                event.call_details.host.split(b":")[0],
                ("k", "v") in event.invocation_metadata,
                given is behavior,
                serializers,
                (state.code, state.details, state.trailing_metadata, state.aborted),
                isinstance(state, server._RPCState),
            )
        )
        original(event, state, given, thunk, *serializers)
        seen.append(state.statused)

    monkeypatch.setattr(server, name, replaced)
    with connected(grpc, Method=(kind, behavior)) as channel:
        request = b"x" if kind == "unary_unary" else iter([b"x"])
        call = getattr(channel, kind)(path("Method"))
        response = call(request, metadata=(("k", "v"),), timeout=WAIT)
        assert (response if kind == "unary_unary" else list(response)) in (b"x", [b"x"])
    nothing = (None, None, None, False)
    assert seen == [
        (path("Method").encode(), b"127.0.0.1", True, True, (None, None), nothing, True),
        True,
    ]


def test_a_call_that_a_replacement_leaves_unanswered_is_answered(
    russet: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With grpcio its client waits for ever."""
    server = importlib.import_module("russet.grpc._server")
    with connected(russet, Echo=("unary_unary", lambda request, context: request)) as channel:
        method = channel.unary_unary(path("Echo"))
        for replacement in (lambda *_: None, lambda *_: 1 / 0):
            monkeypatch.setattr(server, "_unary_response_in_pool", replacement)
            with pytest.raises(russet.RpcError) as caught:
                method(b"x", timeout=WAIT)
            assert caught.value.code() is russet.StatusCode.UNKNOWN
        monkeypatch.undo()
        assert method(b"x", timeout=WAIT) == b"x"


def test_a_context_s_state(grpc: ModuleType) -> None:
    """Agents read it, though it is private."""
    server = importlib.import_module(f"{grpc.__name__}._server")
    seen = []

    def look(request: bytes, context: Any) -> bytes:
        for _ in range(2):
            state = context._state
            seen.append((state.code, state.details, state.trailing_metadata))
            context.set_code(grpc.StatusCode.OK)
            context.set_details("d")
            context.set_trailing_metadata((("k", "v"),))
        seen.append((isinstance(context, server._Context), isinstance(state, server._RPCState)))
        return b""

    with connected(grpc, Look=("unary_unary", look)) as channel:
        channel.unary_unary(path("Look"))(b"", timeout=WAIT)
    set_ = (grpc.StatusCode.OK, b"d", (("k", "v"),))
    assert seen == [(None, None, None), set_, (True, True)]


def test_a_context_made_by_hand(grpc: ModuleType) -> None:
    server = importlib.import_module(f"{grpc.__name__}._server")
    state = server._RPCState()
    context = server._Context(None, state, None)
    context.set_code(grpc.StatusCode.NOT_FOUND)
    context.set_details("d")
    assert (context.code(), context.details()) == (grpc.StatusCode.NOT_FOUND, b"d")
    assert context.is_active()
    with pytest.raises(Exception, match=r"^$"):
        context.abort(grpc.StatusCode.ABORTED, "why")
    assert (state.aborted, state.code, state.details) == (True, grpc.StatusCode.ABORTED, b"why")


def test_the_request_iterator_has_its_names(grpc: ModuleType) -> None:
    server = importlib.import_module(f"{grpc.__name__}._server")

    def read(requests: Any, context: Any) -> bytes:
        assert isinstance(requests, server._RequestIterator)
        return requests.next() + requests._next() + b"".join(requests)

    with connected(grpc, Read=("stream_unary", read)) as channel:
        method = channel.stream_unary(path("Read"))
        assert method(iter([b"1", b"2", b"3"]), timeout=WAIT) == b"123"


def test_handlers_are_checked_by_a_function_of_its_own(grpc: ModuleType) -> None:
    """pytest-grpc calls it."""
    server = importlib.import_module(f"{grpc.__name__}._server")
    server._validate_generic_rpc_handlers([grpc.method_handlers_generic_handler("s", {})])
    with pytest.raises(AttributeError, match="service"):
        server._validate_generic_rpc_handlers([object()])
    with pytest.raises(AttributeError, match="service"):
        grpc.server(futures.ThreadPoolExecutor(1), handlers=[object()])
