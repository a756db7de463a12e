"""The names of options that are known without being read here, and what is said of those that nobody knows.

grpcio ignores an unknown key and a value of another type without a word, so that a misspelling is found in production. Here each such key is logged once, as a warning of the logger `grpc._options`, with the name that was probably meant; the option is ignored all the same. `RUSSET_STRICT_OPTIONS=1` in the environment, or the option `russet.strict_options`, makes it a `ValueError`.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# What grpcio's engine reads, or once read, and this one has no use for: its buffers and timers, its xDS.
WITHOUT_EFFECT = frozenset(
    [
        "SingleThreadedUnaryStream",
        "grpc.disable_client_authority_filter",
        "grpc.dns_enable_srv_queries",
        "grpc.event_engine_use_memory_allocator_factory",
        "grpc.expand_wildcard_addrs",
        "grpc.experimental.enable_hedging",
        "grpc.experimental.event_engine",
        "grpc.experimental.http2.enable_preferred_frame_size",
        "grpc.experimental.server_config_change_drain_grace_time_ms",
        "grpc.experimental.tcp_max_read_buffer_size",
        "grpc.experimental.tcp_max_read_chunk_size",
        "grpc.experimental.tcp_min_read_chunk_size",
        "grpc.experimental.tcp_read_chunk_size",
        "grpc.experimental.tcp_tx_zerocopy_enabled",
        "grpc.experimental.tcp_tx_zerocopy_max_simultaneous_sends",
        "grpc.experimental.tcp_tx_zerocopy_send_bytes_threshold",
        "grpc.grpclb_call_timeout_ms",
        "grpc.grpclb_fallback_timeout_ms",
        "grpc.http.overload_protection",
        "grpc.http2.initial_sequence_number",
        "grpc.http2.max_inflight_pings",
        "grpc.http2.min_sent_ping_interval_without_data_ms",
        "grpc.http2.min_time_between_pings_ms",
        "grpc.http2.true_binary",
        "grpc.http2.write_buffer_size",
        "grpc.http2_scheme",
        "grpc.http_connect_headers",
        "grpc.http_connect_server",
        "grpc.max_connections_per_subchannel_cap",
        "grpc.minimal_stack",
        "grpc.optimization_target",
        "grpc.per_message_compression",
        "grpc.per_message_decompression",
        "grpc.preferred_transport_protocols",
        "grpc.priority_failover_timeout_ms",
        "grpc.resource_quota",
        "grpc.server.max_pending_requests",
        "grpc.server.max_pending_requests_hard_limit",
        "grpc.server_call_metric_recording",
        "grpc.server_max_unrequested_time_in_server",
        "grpc.service_config_disable_resolution",
        "grpc.ssl_session_cache",
        "grpc.tcp_receive_buffer_size",
        "grpc.tcp_tracing_enabled",
        "grpc.testing.fixed_reconnect_backoff_ms",
        "grpc.tsi.max_frame_size",
        "grpc.use_local_subchannel_pool",
        "grpc.xds_resource_does_not_exist_timeout_ms",
    ]
)

# What many programs write, and grpcio never knew: they mean the interval between pings that a server puts up with.
MISSPELLED = {
    "grpc.http2.min_recv_ping_interval_without_data_ms": "grpc.http2.min_ping_interval_without_data_ms"
}

_told: set[str] = set()


def is_strict() -> bool:
    """Whether the environment wants errors in place of warnings."""
    return os.environ.get("RUSSET_STRICT_OPTIONS", "").lower() in ("1", "true", "yes", "on")


def complain(key: str, what: str, strict: bool) -> None:
    """Says what is wrong with an option: an error if `strict`, else a warning, once a key."""
    if strict:
        raise ValueError(what)
    _tell_once(key, f"{what}; it is ignored")


def unknown(key: str, known: Iterable[str]) -> str:
    """What is said of a key that nobody knows."""
    import difflib

    # Without the first word, which all share and which would make all look alike.
    names = {name.partition(".")[2] or name: name for name in known}
    near = difflib.get_close_matches(key.partition(".")[2] or key, names, n=1, cutoff=0.75)
    meant = f"; did you mean {names[near[0]]!r}?" if near else ""
    return f"no option is named {key!r}{meant}"


def read_as(key: str, meant: str) -> None:
    """Says once that a key is taken for another."""
    _tell_once(key, f"no option is named {key!r}; it is read as {meant!r}")


def _tell_once(key: str, what: str) -> None:
    # Most programs make no mistake, and some have no use for logging either.
    import logging

    if key not in _told:
        _told.add(key)
        logging.getLogger("grpc._options").warning(what)
