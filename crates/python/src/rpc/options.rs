//! Settings, from the dictionary that `russet/grpc/_options.py` makes of channel and server options.
//!
//! The names are the engine's; a value of the wrong type is an error here, since the Python side has checked what users give.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use russet_net::backoff::BackoffConfig;
use russet_net::channel::ChannelConfig;
use russet_net::channel_trace::DEFAULT_TRACE_MEMORY;
use russet_net::proxy::{AddressProxy, Proxy};
use russet_net::rpc::service_config::{LoadBalancing, MAX_RING_SIZE, ServiceConfig};
use russet_net::rpc::{
    Code, DefaultEncoding, EncodingSet, MemoryQuota, Status, client, limits, server,
};
use russet_net::server::ServerConfig;

use super::convert::encoding;
use super::imports;

/// A setting, if it is given and not `None`.
fn get<'py, T>(settings: &Bound<'py, PyDict>, name: &str) -> PyResult<Option<T>>
where
    T: for<'a> FromPyObject<'a, 'py, Error = PyErr>,
{
    match settings.get_item(name)? {
        Some(value) if !value.is_none() => value.extract().map(Some),
        _ => Ok(None),
    }
}

/// A text.
pub(super) fn text(settings: &Bound<'_, PyDict>, name: &str) -> PyResult<Option<String>> {
    get(settings, name)
}

/// A length limit: absent keeps `default`, negative means none.
fn limit(
    settings: &Bound<'_, PyDict>,
    name: &str,
    default: Option<usize>,
) -> PyResult<Option<usize>> {
    Ok(match get::<i64>(settings, name)? {
        Some(value) => usize::try_from(value).ok(),
        None => default,
    })
}

/// A time in milliseconds: absent keeps `default`; what does not fit means none.
fn millis(
    settings: &Bound<'_, PyDict>,
    name: &str,
    default: Option<Duration>,
) -> PyResult<Option<Duration>> {
    /// `INT_MAX`, which gRPC's options take for "never".
    const NEVER: i64 = i32::MAX as i64;
    Ok(match get::<i64>(settings, name)? {
        Some(value) if value >= NEVER => None,
        Some(value) => u64::try_from(value).ok().map(Duration::from_millis),
        None => default,
    })
}

/// A time in milliseconds: absent keeps `default`; what does not fit is for ever.
fn time(settings: &Bound<'_, PyDict>, name: &str, default: Duration) -> PyResult<Duration> {
    Ok(millis(settings, name, Some(default))?.unwrap_or(Duration::MAX))
}

/// An amount of memory: absent keeps `default`, negative means none.
fn memory(settings: &Bound<'_, PyDict>, name: &str, default: usize) -> PyResult<usize> {
    Ok(limit(settings, name, Some(default))?.unwrap_or(usize::MAX))
}

/// A number; what is out of its range becomes the nearest that is not.
fn natural(settings: &Bound<'_, PyDict>, name: &str) -> PyResult<Option<u32>> {
    let given = get::<i64>(settings, name)?;
    Ok(given.map(|value| u32::try_from(value.max(0)).unwrap_or(u32::MAX)))
}

fn number(settings: &Bound<'_, PyDict>, name: &str, default: u32) -> PyResult<u32> {
    Ok(natural(settings, name)?.unwrap_or(default))
}

/// How the peer's messages may be compressed.
fn accepted_encodings(settings: &Bound<'_, PyDict>) -> PyResult<EncodingSet> {
    // All bits of a negative number stand for algorithms to come, as in C.
    let given = get::<i64>(settings, "accepted_encodings")?;
    let bits = given.map(|bits| u32::try_from(bits & 0xff).unwrap_or(u32::MAX));
    Ok(bits.map_or(EncodingSet::ALL, EncodingSet::of_bits))
}

/// A differentiated-services code point; one that does not exist is left out.
fn dscp(settings: &Bound<'_, PyDict>) -> PyResult<Option<u8>> {
    let given = get::<i64>(settings, "dscp")?;
    Ok(given.and_then(|value| u8::try_from(value).ok().filter(|dscp| *dscp < 64)))
}

/// Reads what the connections of clients and servers have in common. The two types have these fields and no trait.
macro_rules! read_connection {
    ($settings:ident, $config:ident) => {
        let settings = $settings;
        let config = &mut $config;
        config.max_receive_message_length = limit(
            settings,
            "max_receive_message_length",
            config.max_receive_message_length,
        )?;
        config.max_send_message_length = limit(
            settings,
            "max_send_message_length",
            config.max_send_message_length,
        )?;
        config.max_header_list_size = number(
            settings,
            "max_header_list_size",
            config.max_header_list_size,
        )?;
        config.max_connection_memory = memory(
            settings,
            "max_connection_memory",
            config.max_connection_memory,
        )?;
        config.keepalive_time = millis(settings, "keepalive_time_ms", config.keepalive_time)?;
        config.keepalive_timeout =
            time(settings, "keepalive_timeout_ms", config.keepalive_timeout)?;
        config.ping_timeout = millis(settings, "ping_timeout_ms", config.ping_timeout)?;
        config.settings_timeout = millis(settings, "settings_timeout_ms", config.settings_timeout)?;
        if let Some(grow) = get(settings, "grow_windows")? {
            config.grow_windows = grow;
        }
        config.call_window = number(settings, "call_window", config.call_window)?;
        config.connection_window = config.connection_window.max(config.call_window);
        config.max_frame_size = number(settings, "max_frame_size", config.max_frame_size)?;
        config.decoder_table_size =
            number(settings, "decoder_table_size", config.decoder_table_size)?;
        config.encoder_table_size =
            number(settings, "encoder_table_size", config.encoder_table_size)?;
        config.accepted_encodings = accepted_encodings(settings)?;
    };
}

pub(super) fn client_config(settings: &Bound<'_, PyDict>) -> PyResult<client::Config> {
    let mut config = client::Config::default();
    read_connection!(settings, config);
    if let Some(without_calls) = get(settings, "keepalive_without_calls")? {
        config.keepalive_without_calls = without_calls;
    }
    if let Some(pings) = natural(settings, "max_pings_without_data")? {
        // 0 allows any number, as in gRPC.
        config.max_pings_without_data = Some(pings).filter(|pings| *pings > 0);
    }
    Ok(config)
}

pub(super) fn server_config(settings: &Bound<'_, PyDict>) -> PyResult<ServerConfig> {
    let mut config = server::Config::default();
    read_connection!(settings, config);
    // One message of the greatest length is let in whatever the limit of memory.
    let longest = (config.max_receive_message_length).unwrap_or(limits::LONGEST_MESSAGE);
    let least = longest.max(limits::DEFAULT_MAX_SERVER_MEMORY);
    let memory = memory(settings, "max_server_memory", least)?;
    config.memory = Some(Arc::new(MemoryQuota::new(memory)));
    config.max_concurrent_calls = number(
        settings,
        "max_concurrent_streams",
        config.max_concurrent_calls,
    )?;
    config.handshake_timeout = millis(settings, "handshake_timeout_ms", config.handshake_timeout)?;
    if let Some(permit) = get(settings, "keepalive_without_calls")? {
        config.permit_ping_without_calls = permit;
    }
    config.min_ping_interval = time(settings, "min_ping_interval_ms", config.min_ping_interval)?;
    if let Some(strikes) = natural(settings, "max_ping_strikes")? {
        // 0 forgives all, as in gRPC.
        config.max_ping_strikes = Some(strikes).filter(|strikes| *strikes > 0);
    }
    config.max_connection_idle = millis(settings, "max_connection_idle_ms", None)?;
    config.max_connection_age = millis(settings, "max_connection_age_ms", None)?;
    config.max_connection_age_grace = millis(settings, "max_connection_age_grace_ms", None)?;
    // A level counts more than an algorithm, as in grpcio.
    config.encoding = match natural(settings, "compression_level")? {
        Some(level) => DefaultEncoding::Level(level),
        None => DefaultEncoding::Fixed(encoding(get(settings, "compression")?)?),
    };
    Ok(ServerConfig {
        engine: config,
        max_connections: limit(settings, "max_connections", None)?,
        dscp: dscp(settings)?,
        trace_memory: trace_memory(settings)?,
        ..ServerConfig::default()
    })
}

/// Whether channelz lists it.
pub(super) fn shows_in_channelz(settings: &Bound<'_, PyDict>) -> PyResult<bool> {
    Ok(get(settings, "channelz")?.unwrap_or(true))
}

/// How many bytes the latest events of each channel, subchannel and server may take.
pub(super) fn trace_memory(settings: &Bound<'_, PyDict>) -> PyResult<usize> {
    let memory = limit(settings, "trace_memory", Some(DEFAULT_TRACE_MEMORY))?;
    Ok(memory.unwrap_or(DEFAULT_TRACE_MEMORY))
}

pub(super) fn backoff(settings: &Bound<'_, PyDict>) -> PyResult<BackoffConfig> {
    let default = BackoffConfig::default();
    Ok(BackoffConfig {
        initial: millis(settings, "initial_backoff_ms", Some(default.initial))?
            .unwrap_or(default.initial),
        max: millis(settings, "max_backoff_ms", Some(default.max))?.unwrap_or(default.max),
        min_connect_timeout: millis(
            settings,
            "min_backoff_ms",
            Some(default.min_connect_timeout),
        )?
        .unwrap_or(default.min_connect_timeout),
    })
}

/// Bounds of the time that an address has before the next one is tried beside it (gRFC A61).
const MIN_HAPPY_EYEBALLS_DELAY: Duration = Duration::from_millis(100);
const MAX_HAPPY_EYEBALLS_DELAY: Duration = Duration::from_secs(2);

/// What calls are given and where connections go. What is wrong with it ends each call, as in grpcio, but for a proxy that cannot be used, which is logged.
pub(super) fn call_policy(
    settings: &Bound<'_, PyDict>,
    target: &str,
    config: &mut ChannelConfig,
) -> PyResult<()> {
    if let Some(text) = text(settings, "service_config")? {
        match ServiceConfig::parse(&text) {
            Ok(parsed) => config.service_config = parsed,
            Err(error) => {
                let text = format!("Failed to create channel to '{target}':{error}");
                config.defect = Some(Status::new(Code::InvalidArgument, text));
            }
        }
    }
    let policy = text(settings, "load_balancing")?;
    if let Some(policy) = policy.and_then(|name| LoadBalancing::named(&name)) {
        config.load_balancing = policy;
    }
    config.idle_timeout =
        millis(settings, "idle_timeout_ms", config.idle_timeout)?.filter(|time| !time.is_zero());
    config.health_checks = !get(settings, "inhibit_health_checking")?.unwrap_or(false);
    config.ring_size_cap =
        number(settings, "ring_size_cap", config.ring_size_cap)?.clamp(1, MAX_RING_SIZE);
    config.trace_memory = trace_memory(settings)?;
    config.dscp = dscp(settings)?;
    config.resolution_timeout = millis(settings, "resolution_timeout_ms", None)?;
    config.retries.enabled = get(settings, "enable_retries")?.unwrap_or(true);
    if let Some(buffer) = limit(settings, "retry_buffer", Some(config.retries.buffer))? {
        config.retries.buffer = buffer;
    }
    config.happy_eyeballs_delay = millis(
        settings,
        "happy_eyeballs_delay_ms",
        Some(config.happy_eyeballs_delay),
    )?
    .unwrap_or(MAX_HAPPY_EYEBALLS_DELAY)
    .clamp(MIN_HAPPY_EYEBALLS_DELAY, MAX_HAPPY_EYEBALLS_DELAY);
    config.resolution_interval = time(
        settings,
        "resolution_interval_ms",
        config.resolution_interval,
    )?;
    if get(settings, "enable_http_proxy")?.unwrap_or(true) {
        let option = text(settings, "http_proxy")?;
        let variable = |option: &str, variable: &str| -> PyResult<Option<String>> {
            let given = text(settings, option)?.or_else(|| std::env::var(variable).ok());
            Ok(given.filter(|given| !given.is_empty()))
        };
        let proxy = variable("address_http_proxy", "GRPC_ADDRESS_HTTP_PROXY")?;
        let enabled = variable(
            "address_http_proxy_enabled",
            "GRPC_ADDRESS_HTTP_PROXY_ENABLED_ADDRESSES",
        )?;
        if let (Some(proxy), Some(enabled)) = (proxy, enabled) {
            match AddressProxy::new(&proxy, &enabled) {
                Ok(proxy) => config.address_proxy = Some(proxy),
                Err(why) => log_no_proxy(settings, &why)?,
            }
        }
        let found = Proxy::find(target, option.as_deref(), |name| std::env::var(name).ok());
        match found {
            Ok(proxy) => config.proxy = proxy,
            Err(why) => log_no_proxy(settings, &why)?,
        }
    }
    Ok(())
}

fn log_no_proxy(settings: &Bound<'_, PyDict>, why: &str) -> PyResult<()> {
    imports::logger(settings.py())?
        .call1(("_channel",))?
        .call_method1("error", ("no proxy is used: %s", why))
        .map(drop)
}
