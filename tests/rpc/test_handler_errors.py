"""How a handler ends its RPC with an error, on purpose or by accident, and what the client sees."""

from __future__ import annotations

import logging

import pytest
from support.rpc import (
    CONCATENATE,
    ECHO,
    ECHO_EACH,
    REPEAT,
    WAIT,
    connected,
    path,
    rpc_error,
    serving_handlers,
)


def call(grpc, channel, method, request=b""):
    """Call a unary method that must fail; (code's name, details)."""
    error = rpc_error(grpc, channel.unary_unary(path(method)), request, timeout=WAIT)
    return error.code().name, error.details()


@pytest.mark.parametrize("number", range(1, 17))
def test_abort_with_each_code(pair, number):
    server, client = pair

    def abort(request, context):
        context.abort(next(c for c in server.StatusCode if c.value[0] == number), "because")

    with connected(client, server=server, Abort=("unary_unary", abort)) as channel:
        code, details = call(client, channel, "Abort")
    assert (client.StatusCode[code].value[0], details) == (number, "because")


@pytest.mark.parametrize(
    "details", ["", "plain", "50% & more", "ünïcödé ☃ 𝄞", "line\nbreak\r\ttab", "x" * 3000]
)
def test_details_arrive_as_they_were(pair, details):
    server, client = pair

    def abort(request, context):
        context.abort(server.StatusCode.NOT_FOUND, details)

    with connected(client, server=server, Abort=("unary_unary", abort)) as channel:
        assert call(client, channel, "Abort") == ("NOT_FOUND", details)


def test_abort_raises_so_that_nothing_after_it_runs(grpc):
    ran = []

    def abort(request, context):
        context.abort(grpc.StatusCode.ABORTED, "stop")
        ran.append("after abort")

    with connected(grpc, Abort=("unary_unary", abort)) as channel:
        assert call(grpc, channel, "Abort") == ("ABORTED", "stop")
    assert ran == []


def test_abort_that_the_handler_swallows_still_counts(grpc):
    def swallow(request, context):
        try:
            context.abort(grpc.StatusCode.ABORTED, "stop")
        except Exception:
            return b"fine"

    with connected(grpc, Swallow=("unary_unary", swallow)) as channel:
        assert call(grpc, channel, "Swallow") == ("ABORTED", "stop")


def test_abort_is_not_logged_as_an_error(grpc, caplog):
    def abort(request, context):
        context.abort(grpc.StatusCode.ABORTED, "stop")

    with caplog.at_level(logging.ERROR), connected(grpc, Abort=("unary_unary", abort)) as channel:
        call(grpc, channel, "Abort")
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("code", ["OK", None, 5, "NOT_FOUND"])
def test_abort_needs_an_error_code(grpc, code):
    def abort(request, context):
        context.abort(grpc.StatusCode.OK if code == "OK" else code, "details")

    with connected(grpc, Abort=("unary_unary", abort)) as channel:
        assert call(grpc, channel, "Abort")[0] == "UNKNOWN"


def test_abort_with_status(pair):
    server, client = pair

    class Rich(server.Status):
        code = server.StatusCode.FAILED_PRECONDITION
        details = "not so"
        trailing_metadata = (("why", "because"), ("why-bin", b"\x00"))

    def abort(request, context):
        context.abort_with_status(Rich())

    with connected(client, server=server, Abort=("unary_unary", abort)) as channel:
        error = rpc_error(client, channel.unary_unary(path("Abort")), b"", timeout=WAIT)
        assert error.code() is client.StatusCode.FAILED_PRECONDITION
        assert error.details() == "not so"
        assert tuple(error.trailing_metadata()) == Rich.trailing_metadata


def test_abort_in_the_middle_of_a_stream(pair):
    server, client = pair

    def two_and_abort(request, context):
        yield b"1"
        yield b"2"
        context.set_trailing_metadata((("k", "v"),))
        context.abort(server.StatusCode.DATA_LOSS, "no more")

    with connected(client, server=server, Two=("unary_stream", two_and_abort)) as channel:
        responses = channel.unary_stream(path("Two"))(b"", timeout=WAIT)
        assert [next(responses), next(responses)] == [b"1", b"2"]
        error = rpc_error(client, next, responses)
        assert error is responses
        assert error.code() is client.StatusCode.DATA_LOSS
        assert error.details() == "no more"
        assert tuple(error.trailing_metadata()) == (("k", "v"),)
        # It stays so.
        assert rpc_error(client, next, responses).code() is client.StatusCode.DATA_LOSS


@pytest.mark.parametrize("kind", ["stream_unary", "stream_stream"])
def test_abort_before_the_requests_were_read(pair, kind):
    server, client = pair

    def abort(requests, context):
        context.abort(server.StatusCode.PERMISSION_DENIED, "not you")
        yield

    def abort_unary(requests, context):
        context.abort(server.StatusCode.PERMISSION_DENIED, "not you")

    behavior = abort_unary if kind == "stream_unary" else abort
    with connected(client, server=server, Abort=(kind, behavior)) as channel:
        method = getattr(channel, kind)(path("Abort"))
        requests = (b"x" * 1000 for _ in range(1000))
        error = rpc_error(client, lambda: list(method(requests, timeout=WAIT)))
        assert error.code() is client.StatusCode.PERMISSION_DENIED
        assert error.details() == "not you"


def test_set_code_and_details(pair):
    server, client = pair

    def set_status(request, context):
        context.set_code(server.StatusCode.NOT_FOUND)
        context.set_details("nope")
        return b"a response nobody gets"

    with connected(client, server=server, Set=("unary_unary", set_status)) as channel:
        assert call(client, channel, "Set") == ("NOT_FOUND", "nope")


def test_set_code_and_return_none(pair):
    """What the stubs of generated servicers do, and many handlers."""
    server, client = pair

    def set_status(request, context):
        context.set_code(server.StatusCode.UNIMPLEMENTED)
        context.set_details("Method not implemented!")
        raise NotImplementedError("Method not implemented!")

    with connected(client, server=server, Set=("unary_unary", set_status)) as channel:
        assert call(client, channel, "Set") == ("UNIMPLEMENTED", "Method not implemented!")


def test_set_code_in_a_stream(pair):
    server, client = pair

    def set_status(request, context):
        yield b"1"
        context.set_code(server.StatusCode.OUT_OF_RANGE)
        context.set_details("that was all")

    with connected(client, server=server, Set=("unary_stream", set_status)) as channel:
        responses = channel.unary_stream(path("Set"))(b"", timeout=WAIT)
        assert next(responses) == b"1"
        error = rpc_error(client, next, responses)
        assert (error.code().name, error.details()) == ("OUT_OF_RANGE", "that was all")


def test_details_with_ok(pair):
    server, client = pair

    def set_details(request, context):
        context.set_details("all well")
        return b"x"

    with connected(client, server=server, Set=("unary_unary", set_details)) as channel:
        response, finished = channel.unary_unary(path("Set")).with_call(b"", timeout=WAIT)
        assert (response, finished.code().name) == (b"x", "OK")
        # Whether details beside OK reach the client is open; grpcio drops them.
        assert finished.details() in ("", "all well")


@pytest.mark.parametrize("code", [5, "nonsense"])
def test_set_code_with_what_is_no_code(grpc, code):
    def set_status(request, context):
        context.set_code(code)
        return b""

    with connected(grpc, Set=("unary_unary", set_status)) as channel:
        assert call(grpc, channel, "Set")[0] == "UNKNOWN"


def errors_logged(caplog):
    return [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_an_exception_is_unknown_and_logged(pair, caplog):
    server, client = pair

    def fail(request, context):
        raise ValueError("boom")

    with (
        caplog.at_level(logging.ERROR),
        connected(client, server=server, Fail=("unary_unary", fail), Echo=ECHO) as channel,
    ):
        assert call(client, channel, "Fail") == ("UNKNOWN", "Exception calling application: boom")
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
    (record,) = errors_logged(caplog)
    assert record.name.startswith("grpc.")
    assert record.getMessage() == "Exception calling application: boom"
    assert record.exc_info is not None
    assert record.exc_info[0] is ValueError


def test_an_exception_after_set_code_keeps_the_code(pair):
    server, client = pair

    def fail(request, context):
        context.set_code(server.StatusCode.NOT_FOUND)
        context.set_details("nope")
        raise ValueError("boom")

    with connected(client, server=server, Fail=("unary_unary", fail)) as channel:
        assert call(client, channel, "Fail") == ("NOT_FOUND", "nope")


def test_an_exception_between_responses(pair, caplog):
    server, client = pair

    def one_and_fail(request, context):
        yield b"1"
        raise ValueError("boom")

    with (
        caplog.at_level(logging.ERROR),
        connected(client, server=server, Fail=("unary_stream", one_and_fail)) as channel,
    ):
        responses = channel.unary_stream(path("Fail"))(b"", timeout=WAIT)
        assert next(responses) == b"1"
        error = rpc_error(client, next, responses)
    assert (error.code().name, error.details()) == (
        "UNKNOWN",
        "Exception iterating responses: boom",
    )
    (record,) = errors_logged(caplog)
    assert record.getMessage() == "Exception iterating responses: boom"


def test_an_exception_while_reading_requests(pair):
    server, client = pair

    def read_one_and_fail(requests, context):
        next(requests)
        raise ValueError("boom")

    with connected(client, server=server, Fail=("stream_unary", read_one_and_fail)) as channel:
        error = rpc_error(
            client, channel.stream_unary(path("Fail")), iter([b"1", b"2"]), timeout=WAIT
        )
    assert (error.code().name, error.details()) == (
        "UNKNOWN",
        "Exception calling application: boom",
    )


def test_an_exception_with_strange_text(pair):
    server, client = pair

    def fail(request, context):
        raise ValueError("☃\n%")

    with connected(client, server=server, Fail=("unary_unary", fail)) as channel:
        assert call(client, channel, "Fail") == ("UNKNOWN", "Exception calling application: ☃\n%")


def test_an_exception_whose_str_raises(russet):
    class Rude(Exception):
        def __str__(self):
            raise RuntimeError("no")

    def fail(request, context):
        raise Rude

    with connected(russet, Fail=("unary_unary", fail), Echo=ECHO) as channel:
        assert call(russet, channel, "Fail")[0] == "UNKNOWN"
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


@pytest.mark.parametrize("exception", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_exceptions_that_are_no_errors_end_the_call(russet, exception):
    """With grpcio such a call is never answered."""

    def fail(request, context):
        raise exception("bye")

    with connected(russet, workers=1, Fail=("unary_unary", fail), Echo=ECHO) as channel:
        assert call(russet, channel, "Fail")[0] == "UNKNOWN"
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_returning_none(pair):
    server, client = pair
    with connected(
        client, server=server, Nothing=("unary_unary", lambda request, context: None)
    ) as channel:
        assert call(client, channel, "Nothing") == ("INTERNAL", "Failed to serialize response!")


@pytest.mark.parametrize("response", ["text", 5, bytearray(b"x"), [b"x"]], ids=repr)
def test_returning_what_is_not_bytes(russet, response):
    """With grpcio such a call is never answered."""
    with connected(
        russet, Wrong=("unary_unary", lambda request, context: response), Echo=ECHO
    ) as channel:
        code, details = call(russet, channel, "Wrong")
        assert code == "INTERNAL"
        assert "serialize response" in details
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream"])
def test_response_serializer_that_raises(grpc, kind):
    def fail(response):
        raise ValueError("cannot")

    behavior = (
        (lambda request, context: b"")
        if kind == "unary_unary"
        else (lambda request, context: iter([b""]))
    )
    handler = getattr(grpc, f"{kind}_rpc_method_handler")(behavior, response_serializer=fail)
    with serving_handlers(grpc, handler) as channel:
        error = rpc_error(grpc, lambda: list(getattr(channel, kind)("/s/m")(b"", timeout=WAIT)))
    assert (error.code().name, error.details()) == ("INTERNAL", "Failed to serialize response!")


def deserializing_badly(grpc, kind):
    """The outcome of a call of a method whose request deserializer raises."""

    def fail(request):
        raise ValueError("cannot")

    def unary(request, context):
        return b""

    def stream(requests, context):
        return b"".join(requests)

    behavior = unary if kind == "unary_unary" else stream
    handler = getattr(grpc, f"{kind}_rpc_method_handler")(behavior, request_deserializer=fail)
    with serving_handlers(grpc, handler) as channel:
        request = b"" if kind == "unary_unary" else iter([b"1", b"2"])
        error = rpc_error(grpc, getattr(channel, kind)("/s/m"), request, timeout=WAIT)
    return error.code().name, error.details()


def test_request_deserializer_that_raises(grpc):
    assert deserializing_badly(grpc, "unary_unary") == (
        "INTERNAL",
        "Exception deserializing request!",
    )


def test_request_deserializer_that_raises_in_a_stream(russet):
    """With grpcio such a call is sometimes never answered."""
    assert deserializing_badly(russet, "stream_unary") == (
        "INTERNAL",
        "Exception deserializing request!",
    )


def test_unknown_method_and_unknown_service(pair):
    server, client = pair
    with connected(client, server=server, Echo=ECHO) as channel:
        for name in (path("Nope"), "/no.such.Service/Echo", "/", "/x"):
            error = rpc_error(client, channel.unary_unary(name), b"", timeout=WAIT)
            assert (error.code().name, error.details()) == ("UNIMPLEMENTED", "Method not found!")
            error = rpc_error(
                client,
                lambda name=name: list(channel.stream_stream(name)(iter([b"", b""]), timeout=WAIT)),
            )
            assert (error.code().name, error.details()) == ("UNIMPLEMENTED", "Method not found!")


def test_a_generic_handler_that_raises(grpc):
    class Raises(grpc.GenericRpcHandler):
        def service(self, handler_call_details):
            raise ValueError("lookup")

    with serving_handlers(grpc, Raises()) as channel:
        error = rpc_error(grpc, channel.unary_unary("/s/m"), b"", timeout=WAIT)
    assert (error.code().name, error.details()) == ("UNKNOWN", "Error in service handler!")


def test_generic_handlers_are_asked_in_order(grpc):
    asked = []

    class Asked(grpc.GenericRpcHandler):
        def __init__(self, name, answer):
            self.name, self.answer = name, answer

        def service(self, details):
            asked.append((self.name, details.method, ("k", "v") in details.invocation_metadata))
            return self.answer

    echo = grpc.unary_unary_rpc_method_handler(lambda request, context: request)
    with serving_handlers(
        grpc, Asked("first", None), Asked("second", echo), Asked("third", echo)
    ) as channel:
        assert channel.unary_unary("/any/thing")(b"x", metadata=(("k", "v"),), timeout=WAIT) == b"x"
    assert asked == [("first", "/any/thing", True), ("second", "/any/thing", True)]


def test_no_request_for_a_method_that_needs_one(pair):
    server, client = pair
    with connected(client, server=server, Echo=ECHO) as channel:
        error = rpc_error(
            client, lambda: list(channel.stream_stream(path("Echo"))(iter([]), timeout=WAIT))
        )
        assert error.code() in (client.StatusCode.UNIMPLEMENTED, client.StatusCode.INTERNAL)


def test_methods_of_another_kind_on_the_client(pair):
    """The wire does not tell the kinds apart; what fits works."""
    server, client = pair
    with connected(
        client, server=server, Echo=ECHO, Repeat=REPEAT, Each=ECHO_EACH, Cat=CONCATENATE
    ) as channel:
        assert list(channel.unary_stream(path("Echo"))(b"x", timeout=WAIT)) == [b"x"]
        assert channel.unary_unary(path("Repeat"))(b"1", timeout=WAIT) == b"0"
        assert channel.unary_unary(path("Each"))(b"x", timeout=WAIT) == b"x"
        assert channel.unary_unary(path("Cat"))(b"x", timeout=WAIT) == b"x"


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream"])
def test_the_log_says_where_an_exception_came_from(grpc, caplog, kind):
    def the_culprit(request, context):
        raise ValueError("why")

    def stream(request, context):
        yield the_culprit(request, context)

    behavior = stream if kind == "unary_stream" else the_culprit
    with connected(grpc, Fail=(kind, behavior)) as channel:
        error = rpc_error(
            grpc, lambda: list(getattr(channel, kind)(path("Fail"))(b"", timeout=WAIT))
        )
        assert error.code() is grpc.StatusCode.UNKNOWN
    assert "in the_culprit" in caplog.text
