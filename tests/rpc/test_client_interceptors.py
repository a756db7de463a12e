"""Client interceptors: order, changing the call, answering in its place, errors."""

from __future__ import annotations

import pytest
from support.rpc import CONCATENATE, ECHO, ECHO_EACH, REPEAT, WAIT, connected, path, rpc_error

KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]


def make(grpc, intercept):
    """An interceptor of all four kinds; `intercept(kind, continuation, details, request)`."""

    class Interceptor(
        grpc.UnaryUnaryClientInterceptor,
        grpc.UnaryStreamClientInterceptor,
        grpc.StreamUnaryClientInterceptor,
        grpc.StreamStreamClientInterceptor,
    ):
        def intercept_unary_unary(self, continuation, client_call_details, request):
            return intercept("unary_unary", continuation, client_call_details, request)

        def intercept_unary_stream(self, continuation, client_call_details, request):
            return intercept("unary_stream", continuation, client_call_details, request)

        def intercept_stream_unary(self, continuation, client_call_details, request_iterator):
            return intercept("stream_unary", continuation, client_call_details, request_iterator)

        def intercept_stream_stream(self, continuation, client_call_details, request_iterator):
            return intercept("stream_stream", continuation, client_call_details, request_iterator)

    return Interceptor()


METHODS = {
    "unary_unary": "Echo",
    "unary_stream": "Repeat",
    "stream_unary": "Concatenate",
    "stream_stream": "EchoEach",
}
REQUESTS = {
    "unary_unary": b"2",
    "unary_stream": b"2",
    "stream_unary": [b"2"],
    "stream_stream": [b"2"],
}
RESPONSES = {
    "unary_unary": b"2",
    "unary_stream": [b"0", b"1"],
    "stream_unary": b"2",
    "stream_stream": [b"2"],
}


@pytest.fixture
def channel(grpc):
    with connected(
        grpc, Echo=ECHO, Repeat=REPEAT, Concatenate=CONCATENATE, EchoEach=ECHO_EACH
    ) as channel:
        yield channel


def invoke(channel, kind, way="call", **options):
    """Call the method of this kind in a way: "call", "with_call" or "future"; the response or list of responses."""
    method = getattr(channel, kind)(path(METHODS[kind]))
    request = REQUESTS[kind]
    if kind.startswith("stream"):
        request = iter(request)
    options.setdefault("timeout", WAIT)
    if way == "with_call":
        return method.with_call(request, **options)[0]
    if way == "future":
        return method.future(request, **options).result(WAIT)
    response = method(request, **options)
    return list(response) if kind.endswith("stream") else response


WAYS = [
    (kind, way)
    for kind in KINDS
    for way in ("call", "with_call", "future")
    if kind.endswith("unary") or way == "call"
]


@pytest.mark.parametrize(("kind", "way"), WAYS)
def test_order(grpc, channel, kind, way):
    order = []

    def named(name):
        def intercept(kind, continuation, details, request):
            order.append((name, "in", kind, details.method))
            call = continuation(details, request)
            order.append((name, "out", kind, details.method))
            return call

        return make(grpc, intercept)

    intercepted = grpc.intercept_channel(channel, named("first"), named("second"))
    assert isinstance(intercepted, grpc.Channel)
    assert invoke(intercepted, kind, way) == RESPONSES[kind]
    method = path(METHODS[kind])
    assert order == [
        ("first", "in", kind, method),
        ("second", "in", kind, method),
        ("second", "out", kind, method),
        ("first", "out", kind, method),
    ]


@pytest.mark.parametrize(("kind", "way"), WAYS)
def test_details_are_what_the_caller_gave(grpc, channel, kind, way):
    seen = []

    def intercept(kind, continuation, details, request):
        seen.append(details)
        return continuation(details, request)

    intercepted = grpc.intercept_channel(channel, make(grpc, intercept))
    invoke(
        intercepted,
        kind,
        way,
        timeout=12.5,
        metadata=(("k", "v"),),
        wait_for_ready=True,
        compression=grpc.Compression.Gzip,
    )
    (details,) = seen
    assert isinstance(details, grpc.ClientCallDetails)
    assert details.method == path(METHODS[kind])
    assert details.timeout == 12.5
    assert details.metadata == (("k", "v"),)
    assert details.credentials is None
    assert details.wait_for_ready is True
    assert details.compression is grpc.Compression.Gzip


def test_details_not_given_are_none(grpc, channel):
    seen = []

    def intercept(kind, continuation, details, request):
        seen.append(details)
        return continuation(details, request)

    grpc.intercept_channel(channel, make(grpc, intercept)).unary_unary(path("Echo"))(b"")
    (details,) = seen
    assert (
        details.timeout,
        details.metadata,
        details.credentials,
        details.wait_for_ready,
        details.compression,
    ) == (None,) * 5


@pytest.mark.parametrize(("kind", "way"), WAYS)
def test_changing_metadata(grpc, kind, way):
    seen = []

    def note(behavior):
        def noting(request, context):
            seen.append(
                [item for item in context.invocation_metadata() if item[0] in ("added", "kept")]
            )
            return behavior(request, context)

        return noting

    class Details(grpc.ClientCallDetails):
        def __init__(self, method, timeout, metadata):
            self.method, self.timeout, self.metadata = method, timeout, metadata

    def intercept(kind, continuation, details, request):
        # Attributes that are missing keep their values.
        return continuation(
            Details(details.method, details.timeout, [*details.metadata, ("added", "yes")]), request
        )

    methods = {
        name: (k, note(behavior))
        for name, (k, behavior) in {
            "Echo": ECHO,
            "Repeat": REPEAT,
            "Concatenate": CONCATENATE,
            "EchoEach": ECHO_EACH,
        }.items()
    }
    with connected(grpc, **methods) as channel:
        intercepted = grpc.intercept_channel(channel, make(grpc, intercept))
        assert invoke(intercepted, kind, way, metadata=(("kept", "too"),)) == RESPONSES[kind]
    assert seen == [[("kept", "too"), ("added", "yes")]]


def test_details_can_be_replaced_as_a_named_tuple(grpc, channel):
    def intercept(kind, continuation, details, request):
        return continuation(details._replace(method=path("Echo")), request)

    intercepted = grpc.intercept_channel(channel, make(grpc, intercept))
    assert intercepted.unary_unary(path("Elsewhere"))(b"x", timeout=WAIT) == b"x"


def test_changing_the_request(grpc, channel):
    def intercept(kind, continuation, details, request):
        if kind.startswith("stream"):
            return continuation(details, (b"<" + part + b">" for part in request))
        return continuation(details, b"3")

    intercepted = grpc.intercept_channel(channel, make(grpc, intercept))
    assert invoke(intercepted, "unary_unary") == b"3"
    assert invoke(intercepted, "unary_stream") == [b"0", b"1", b"2"]
    assert invoke(intercepted, "stream_unary") == b"<2>"
    assert invoke(intercepted, "stream_stream") == [b"<2>"]


def test_changing_the_responses_of_a_stream(grpc, channel):
    def intercept(kind, continuation, details, request):
        return (b"<" + response + b">" for response in continuation(details, request))

    intercepted = grpc.intercept_channel(channel, make(grpc, intercept))
    assert invoke(intercepted, "unary_stream") == [b"<0>", b"<1>"]


def test_reading_the_response_inside(grpc, channel):
    seen = []

    def intercept(kind, continuation, details, request):
        call = continuation(details, request)
        seen.append((call.result(), call.code(), call.exception(), call.done()))
        return call

    intercepted = grpc.intercept_channel(channel, make(grpc, intercept))
    for way in ("call", "with_call", "future"):
        assert invoke(intercepted, "unary_unary", way) == b"2"
    assert seen == [(b"2", grpc.StatusCode.OK, None, True)] * 3


def test_done_callback_inside(grpc, channel):
    import threading

    done = threading.Event()

    def intercept(kind, continuation, details, request):
        call = continuation(details, request)
        call.add_done_callback(lambda call: done.set())
        return call

    intercepted = grpc.intercept_channel(channel, make(grpc, intercept))
    assert invoke(intercepted, "unary_unary") == b"2"
    assert done.wait(WAIT)


@pytest.mark.parametrize("way", ["call", "with_call", "future"])
def test_an_error_is_returned_to_the_interceptor_not_raised(grpc, way):
    def fail(request, context):
        context.abort(grpc.StatusCode.NOT_FOUND, "gone")

    seen = []

    def intercept(kind, continuation, details, request):
        call = continuation(details, request)
        seen.append(call.code())
        return call

    with connected(grpc, Echo=("unary_unary", fail)) as channel:
        intercepted = grpc.intercept_channel(channel, make(grpc, intercept), make(grpc, intercept))
        error = rpc_error(grpc, invoke, intercepted, "unary_unary", way)
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert seen == [grpc.StatusCode.NOT_FOUND] * 2


@pytest.mark.parametrize("way", ["call", "with_call", "future"])
def test_retrying(grpc, way):
    attempts = []

    def sometimes(request, context):
        attempts.append(request)
        if len(attempts) < 3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        return request

    def intercept(kind, continuation, details, request):
        for _ in range(5):
            call = continuation(details, request)
            if call.code() is grpc.StatusCode.OK:
                return call
        return call

    with connected(grpc, Echo=("unary_unary", sometimes)) as channel:
        intercepted = grpc.intercept_channel(channel, make(grpc, intercept))
        assert invoke(intercepted, "unary_unary", way) == b"2"
    assert len(attempts) == 3


def test_answering_in_place_of_the_server(grpc, channel):
    class Answer(grpc.Future, grpc.Call):
        def result(self, timeout=None):
            return b"cached"

        def code(self):
            return grpc.StatusCode.OK

        def exception(self, timeout=None):
            return None

        def _nothing(self, *arguments):
            return None

        cancel = cancelled = running = done = traceback = add_done_callback = _nothing
        initial_metadata = trailing_metadata = details = is_active = time_remaining = (
            add_callback
        ) = _nothing

    def intercept(kind, continuation, details, request):
        return Answer()

    intercepted = grpc.intercept_channel(channel, make(grpc, intercept))
    assert intercepted.unary_unary("/no/such")(b"") == b"cached"
    assert intercepted.unary_unary("/no/such").future(b"").result() == b"cached"
    response, call = intercepted.unary_unary("/no/such").with_call(b"")
    assert (response, call.code()) == (b"cached", grpc.StatusCode.OK)


@pytest.mark.parametrize(("kind", "way"), WAYS)
def test_an_interceptor_that_raises(grpc, channel, kind, way):
    def intercept(kind, continuation, details, request):
        raise ValueError("interceptor")

    intercepted = grpc.intercept_channel(channel, make(grpc, intercept))
    with pytest.raises(ValueError, match="interceptor"):
        invoke(intercepted, kind, way)


def test_the_future_of_an_interceptor_that_raises(grpc, channel):
    def intercept(kind, continuation, details, request):
        raise ValueError("interceptor")

    future = (
        grpc.intercept_channel(channel, make(grpc, intercept)).unary_unary(path("Echo")).future(b"")
    )
    assert future.done() is True
    assert future.running() is False
    assert future.cancelled() is False
    assert future.cancel() is False
    assert isinstance(future.exception(), ValueError)
    assert future.traceback() is not None
    assert future.code() is grpc.StatusCode.INTERNAL
    assert future.details() == "Exception raised while intercepting the RPC"
    called = []
    future.add_done_callback(called.append)
    assert called == [future]


def test_only_the_kinds_of_the_interceptor_are_wrapped(grpc, channel):
    class Only(grpc.UnaryUnaryClientInterceptor):
        count = 0

        def intercept_unary_unary(self, continuation, client_call_details, request):
            self.count += 1
            return continuation(client_call_details, request)

    only = Only()
    intercepted = grpc.intercept_channel(channel, only)
    for kind in KINDS:
        assert invoke(intercepted, kind) == RESPONSES[kind]
    assert only.count == 1


def test_nesting(grpc, channel):
    order = []

    def named(name):
        def intercept(kind, continuation, details, request):
            order.append(name)
            return continuation(details, request)

        return make(grpc, intercept)

    inner = grpc.intercept_channel(channel, named("inner"))
    outer = grpc.intercept_channel(inner, named("outer 1"), named("outer 2"))
    assert invoke(outer, "unary_unary") == b"2"
    assert order == ["outer 1", "outer 2", "inner"]


@pytest.mark.parametrize("interceptor", [None, object(), "text"], ids=repr)
def test_what_is_no_interceptor_is_refused(grpc, channel, interceptor):
    with pytest.raises(TypeError, match="interceptor must be"):
        grpc.intercept_channel(channel, interceptor)


def test_no_interceptors_is_the_channel_itself(grpc, channel):
    assert grpc.intercept_channel(channel) is channel


def test_closing_and_subscribing_go_through(grpc):
    import queue

    with connected(grpc, Echo=ECHO) as channel:
        intercepted = grpc.intercept_channel(
            channel,
            make(grpc, lambda kind, continuation, details, request: continuation(details, request)),
        )
        grpc.channel_ready_future(intercepted).result(WAIT)
        states: queue.Queue = queue.Queue()
        intercepted.subscribe(states.put)
        assert states.get(timeout=WAIT) is grpc.ChannelConnectivity.READY
        intercepted.unsubscribe(states.put)
        with intercepted:
            assert intercepted.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        with pytest.raises(ValueError, match="closed"):
            channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)


def test_cancelling_an_intercepted_stream(grpc, channel):
    intercepted = grpc.intercept_channel(
        channel,
        make(grpc, lambda kind, continuation, details, request: continuation(details, request)),
    )
    call = intercepted.unary_stream(path("Repeat"))(b"1000000", timeout=WAIT)
    assert next(call) == b"0"
    call.cancel()
    assert rpc_error(grpc, list, call).code() is grpc.StatusCode.CANCELLED
