"""Channel and server options: from grpcio's names to the engine's settings.

An option is a pair of a key (`str` or `bytes`) and a value (`int`, `str`, `bytes`, or an object with `__int__`). What is ignored, as in grpcio, is logged once (`_option_names`); `docs/limits.md` lists what is known.
"""

from __future__ import annotations

from ._option_names import MISSPELLED, WITHOUT_EFFECT, complain, is_strict, read_as, unknown
from ._version import USER_AGENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ._compression import Compression
    from ._typing import ChannelOption

    Settings = dict[str, Any]

# Option keys with a whole number, and the settings that they set.
_COMMON_NUMBERS = {
    "grpc.max_receive_message_length": "max_receive_message_length",
    "grpc.max_message_length": "max_receive_message_length",
    "grpc.max_send_message_length": "max_send_message_length",
    "grpc.absolute_max_metadata_size": "max_header_list_size",
    "grpc.max_metadata_size": "soft_header_list_size",
    "russet.max_connection_memory": "max_connection_memory",
    "grpc.keepalive_time_ms": "keepalive_time_ms",
    "grpc.keepalive_timeout_ms": "keepalive_timeout_ms",
    "grpc.keepalive_permit_without_calls": "keepalive_without_calls",
    "grpc.http2.ping_timeout_ms": "ping_timeout_ms",
    "grpc.http2.settings_timeout": "settings_timeout_ms",
    "grpc.http2.bdp_probe": "grow_windows",
    "grpc.http2.lookahead_bytes": "call_window",
    "grpc.http2.max_frame_size": "max_frame_size",
    "grpc.http2.hpack_table_size.decoder": "decoder_table_size",
    "grpc.http2.hpack_table_size.encoder": "encoder_table_size",
    "grpc.compression_enabled_algorithms_bitset": "accepted_encodings",
    "grpc.dscp": "dscp",
    "grpc.enable_channelz": "channelz",
    "grpc.max_channel_trace_event_memory_per_node": "trace_memory",
}
_CHANNEL_NUMBERS = {
    **_COMMON_NUMBERS,
    "grpc.initial_reconnect_backoff_ms": "initial_backoff_ms",
    "grpc.max_reconnect_backoff_ms": "max_backoff_ms",
    "grpc.min_reconnect_backoff_ms": "min_backoff_ms",
    "grpc.http2.max_pings_without_data": "max_pings_without_data",
    "grpc.enable_retries": "enable_retries",
    "grpc.per_rpc_retry_buffer_size": "retry_buffer",
    "grpc.happy_eyeballs_connection_attempt_delay_ms": "happy_eyeballs_delay_ms",
    "grpc.dns_min_time_between_resolutions_ms": "resolution_interval_ms",
    "grpc.dns_ares_query_timeout": "resolution_timeout_ms",
    "grpc.enable_http_proxy": "enable_http_proxy",
    "grpc.client_idle_timeout_ms": "idle_timeout_ms",
    "grpc.inhibit_health_checking": "inhibit_health_checking",
    "grpc.lb.ring_hash.ring_size_cap": "ring_size_cap",
}
_SERVER_NUMBERS = {
    **_COMMON_NUMBERS,
    "grpc.max_concurrent_streams": "max_concurrent_streams",
    "grpc.server_handshake_timeout_ms": "handshake_timeout_ms",
    "grpc.http2.min_ping_interval_without_data_ms": "min_ping_interval_ms",
    "grpc.http2.max_ping_strikes": "max_ping_strikes",
    "grpc.max_connection_idle_ms": "max_connection_idle_ms",
    "grpc.max_connection_age_ms": "max_connection_age_ms",
    "grpc.max_connection_age_grace_ms": "max_connection_age_grace_ms",
    "grpc.max_allowed_incoming_connections": "max_connections",
    "grpc.so_reuseport": "so_reuseport",
    "grpc.default_compression_level": "compression_level",
    "russet.max_server_memory": "max_server_memory",
}
# A soft limit of metadata never makes the hard one smaller than this, in bytes.
_LEAST_HARD_HEADER_LIMIT = 16 << 10

# Those of the settings that are switches.
_SWITCHES = {
    "keepalive_without_calls",
    "grow_windows",
    "so_reuseport",
    "enable_retries",
    "enable_http_proxy",
    "inhibit_health_checking",
    "channelz",
}

# A primary user agent goes before the library's own, a secondary one after it.
_TEXTS = {
    "grpc.default_authority": "authority",
    "grpc.ssl_target_name_override": "tls_name",
    "grpc.primary_user_agent": "primary_user_agent",
    "grpc.secondary_user_agent": "secondary_user_agent",
    "grpc.service_config": "service_config",
    "grpc.lb_policy_name": "load_balancing",
    "grpc.http_proxy": "http_proxy",
    "grpc.address_http_proxy": "address_http_proxy",
    "grpc.address_http_proxy_enabled_addresses": "address_http_proxy_enabled",
}

_COMPRESSION = "grpc.default_compression_algorithm"
_STRICT = "russet.strict_options"
# Keys of servers are no mistake on a channel, nor the other way round: many programs share one list.
_KNOWN = frozenset({*_CHANNEL_NUMBERS, *_SERVER_NUMBERS, *_TEXTS, _COMPRESSION, _STRICT})


def _pairs(options: Iterable[ChannelOption] | None) -> Iterable[tuple[str, Any]]:
    for option in options or ():
        try:
            key, value = option
        except (TypeError, ValueError):
            raise ValueError(f"an option is a pair of a key and a value, not {option!r}") from None
        yield key.decode() if isinstance(key, bytes) else key, value


def _read(options: Iterable[ChannelOption] | None, numbers: dict[str, str]) -> Settings:
    settings: Settings = {}
    pairs = [*_pairs(options)]
    strict = any(key == _STRICT and value for key, value in pairs) or (bool(pairs) and is_strict())
    for given, value in pairs:
        key = given
        if given in MISSPELLED:
            key = MISSPELLED[given]
            if strict:
                complain(given, f"no option is named {given!r}; it is {key!r}", strict)
            read_as(given, key)
            if any(other == key for other, _ in pairs):
                continue
        is_text = isinstance(value, (str, bytes))
        if key not in _KNOWN:
            if key not in WITHOUT_EFFECT:
                complain(key, unknown(key, _KNOWN), strict)
        elif (key in _TEXTS) != is_text:
            kind = "text" if key in _TEXTS else "a whole number"
            told = f"the option {key!r} takes {kind}, not {type(value).__name__} {value!r}"
            complain(key, told, strict)
        elif key in numbers:
            name = numbers[key]
            number = int(value)
            settings[name] = bool(number) if name in _SWITCHES else number
        elif is_text:
            settings[_TEXTS[key]] = value.decode() if isinstance(value, bytes) else value
        elif key == _COMPRESSION:
            settings["compression"] = int(value)
    soft = settings.pop("soft_header_list_size", None)
    if soft is not None:
        # grpcio refuses at random above the soft limit and always above the hard one, which it derives so where it is not given. Here only the hard one counts.
        settings.setdefault("max_header_list_size", max(soft * 5 // 4, _LEAST_HARD_HEADER_LIMIT))
    return settings


def _choose_compression(settings: Settings, compression: Compression | None) -> None:
    """Sets how calls are compressed that do not say it themselves: as the argument says, else the option. An algorithm that is turned off is not used."""
    if compression is not None:
        settings["compression"] = int(compression)
    chosen = settings.get("compression", 0)
    if chosen and not settings.get("accepted_encodings", -1) >> chosen & 1:
        import logging

        told = "default compression algorithm %d is not enabled: switching to none"
        logging.getLogger("grpc._options").error(told, chosen)
        del settings["compression"]


def channel_settings(
    options: Iterable[ChannelOption] | None, compression: Compression | None = None
) -> Settings:
    """The settings of a channel. Raises ValueError for something that is not a pair."""
    settings = _read(options, _CHANNEL_NUMBERS)
    _choose_compression(settings, compression)
    agents = (
        settings.pop("primary_user_agent", None),
        USER_AGENT,
        settings.pop("secondary_user_agent", None),
    )
    settings["user_agent"] = " ".join(agent for agent in agents if agent)
    return settings


def server_settings(
    options: Iterable[ChannelOption] | None, compression: Compression | None = None
) -> Settings:
    """The settings of a server. Raises ValueError for something that is not a pair."""
    settings = _read(options, _SERVER_NUMBERS)
    _choose_compression(settings, compression)
    return settings
