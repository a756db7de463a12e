"""A channel's connectivity: `subscribe`, `unsubscribe`, `channel_ready_future`."""

from __future__ import annotations

import queue
import threading

import pytest
from support.rpc import ECHO, WAIT, connected, happened, path, refused_address, serving


def states_until(states, last):
    """The states that were reported, up to `last`."""
    seen = []
    while not seen or seen[-1] is not last:
        seen.append(states.get(timeout=WAIT))
    return seen


def test_subscribe_reports_idle_first_and_ready_in_the_end(grpc):
    state = grpc.ChannelConnectivity
    with serving(grpc, Echo=ECHO) as address, grpc.insecure_channel(address) as channel:
        states: queue.Queue = queue.Queue()
        channel.subscribe(states.put)
        assert states.get(timeout=WAIT) is state.IDLE
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        seen = states_until(states, state.READY)
        assert set(seen) <= {state.CONNECTING, state.READY}


def test_subscribe_can_start_the_connection(grpc):
    state = grpc.ChannelConnectivity
    with serving(grpc, Echo=ECHO) as address, grpc.insecure_channel(address) as channel:
        states: queue.Queue = queue.Queue()
        channel.subscribe(states.put, try_to_connect=True)
        seen = states_until(states, state.READY)
        assert set(seen[:-1]) <= {state.IDLE, state.CONNECTING}


def test_a_late_subscriber_learns_the_present_state(grpc):
    with connected(grpc, Echo=ECHO) as channel:
        channel.unary_unary(path("Echo"))(b"", timeout=WAIT)
        first: queue.Queue = queue.Queue()
        channel.subscribe(first.put, try_to_connect=True)
        states_until(first, grpc.ChannelConnectivity.READY)
        second: queue.Queue = queue.Queue()
        channel.subscribe(second.put)
        assert second.get(timeout=WAIT) is grpc.ChannelConnectivity.READY


def test_refused_connection_is_transient_failure(grpc):
    with grpc.insecure_channel(refused_address()) as channel:
        states: queue.Queue = queue.Queue()
        channel.subscribe(states.put, try_to_connect=True)
        states_until(states, grpc.ChannelConnectivity.TRANSIENT_FAILURE)


def test_losing_the_server_is_reported(grpc):
    with serving(grpc, Echo=ECHO) as address:
        channel = grpc.insecure_channel(address)
        states: queue.Queue = queue.Queue()
        channel.subscribe(states.put, try_to_connect=True)
        states_until(states, grpc.ChannelConnectivity.READY)
    assert states.get(timeout=WAIT) is not grpc.ChannelConnectivity.READY
    channel.close()


def test_unsubscribed_callbacks_hear_nothing(grpc):
    with serving(grpc, Echo=ECHO) as address, grpc.insecure_channel(address) as channel:
        unsubscribed: queue.Queue = queue.Queue()
        subscribed: queue.Queue = queue.Queue()
        callback = unsubscribed.put
        channel.subscribe(callback)
        assert unsubscribed.get(timeout=WAIT) is grpc.ChannelConnectivity.IDLE
        channel.unsubscribe(callback)
        channel.subscribe(subscribed.put, try_to_connect=True)
        states_until(subscribed, grpc.ChannelConnectivity.READY)
        assert unsubscribed.empty()
        channel.unsubscribe(lambda state: None)


def test_a_callback_that_raises_does_no_harm(grpc):
    def fail(state):
        raise ValueError("callback")

    with serving(grpc, Echo=ECHO) as address, grpc.insecure_channel(address) as channel:
        channel.subscribe(fail)
        states: queue.Queue = queue.Queue()
        channel.subscribe(states.put, try_to_connect=True)
        states_until(states, grpc.ChannelConnectivity.READY)


def test_channel_ready_future(grpc):
    with serving(grpc, Echo=ECHO) as address, grpc.insecure_channel(address) as channel:
        future = grpc.channel_ready_future(channel)
        assert isinstance(future, grpc.Future)
        assert future.result(timeout=WAIT) is None
        assert future.exception() is None
        assert future.traceback() is None
        assert (future.done(), future.running(), future.cancelled()) == (True, False, False)
        assert future.cancel() is False
        late = []
        future.add_done_callback(late.append)
        assert late == [future]


def test_channel_ready_future_callback(grpc):
    with serving(grpc, Echo=ECHO) as address, grpc.insecure_channel(address) as channel:
        future = grpc.channel_ready_future(channel)
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        assert happened(done)


def test_channel_ready_future_times_out(grpc):
    with grpc.insecure_channel(refused_address()) as channel:
        future = grpc.channel_ready_future(channel)
        assert (future.done(), future.running(), future.cancelled()) == (False, True, False)
        with pytest.raises(grpc.FutureTimeoutError):
            future.result(timeout=0.05)
        assert future.cancel() is True
        with pytest.raises(grpc.FutureCancelledError):
            future.result(timeout=WAIT)
        assert (future.done(), future.running(), future.cancelled()) == (True, False, True)


def test_channel_ready_future_waits_for_the_server(pair):
    from concurrent import futures

    from support.rpc import handlers

    server_module, client = pair
    address = refused_address()
    with client.insecure_channel(
        address,
        options=[("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 50)],
    ) as channel:
        future = client.channel_ready_future(channel)
        server = server_module.server(
            futures.ThreadPoolExecutor(2), handlers=[handlers(server_module, {"Echo": ECHO})]
        )
        server.add_insecure_port(address)
        server.start()
        assert future.result(timeout=WAIT) is None
    assert happened(server.stop(None))


def test_a_channel_that_nobody_calls_becomes_idle_and_connects_again(russet):
    state = russet.ChannelConnectivity
    options = [("grpc.client_idle_timeout_ms", 50)]
    with connected(russet, channel_options=options, Echo=ECHO) as channel:
        states: queue.Queue = queue.Queue()
        channel.subscribe(states.put)
        assert states.get(timeout=WAIT) is state.IDLE
        for _ in range(2):
            assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
            states_until(states, state.IDLE)


def test_a_call_that_goes_on_keeps_its_channel(russet):
    ended = threading.Event()

    def wait(request, context):
        yield request
        ended.wait(WAIT)

    options = [("grpc.client_idle_timeout_ms", 20)]
    with connected(russet, channel_options=options, Wait=("unary_stream", wait)) as channel:
        states: queue.Queue = queue.Queue()
        call = channel.unary_stream(path("Wait"))(b"x", timeout=WAIT)
        assert next(call) == b"x"
        channel.subscribe(states.put)
        # Several times as long as the channel would wait without a call.
        with pytest.raises(queue.Empty):
            states_until_other(states, russet.ChannelConnectivity.READY, 0.2)
        ended.set()
        assert list(call) == []
        states_until(states, russet.ChannelConnectivity.IDLE)


def states_until_other(states, state, seconds):
    """The first state that is another one, if it comes within this time."""
    while (seen := states.get(timeout=seconds)) is state:
        pass
    return seen
