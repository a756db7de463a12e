//! What a server connection is held to.

use std::sync::Arc;
use std::time::Duration;

use crate::{DefaultEncoding, Encoding, EncodingSet, MemoryQuota, Observe, limits};

/// Limits and timers of a server's connections; shared by all of them.
#[derive(Clone, Debug)]
pub struct Config {
    /// The longest message that is accepted, in bytes after decompression; `None` for no limit. Default [`limits::DEFAULT_MAX_RECEIVE_MESSAGE_LENGTH`].
    pub max_receive_message_length: Option<usize>,
    /// The longest message that is sent, in bytes before compression; `None`, the default, for no limit.
    pub max_send_message_length: Option<usize>,
    /// Calls open at once on one connection. Default [`limits::DEFAULT_MAX_CONCURRENT_CALLS`].
    pub max_concurrent_calls: u32,
    /// The largest request header list, in bytes as RFC 9113 section 6.5.2 counts. A call beyond it ends with `RESOURCE_EXHAUSTED`. Default [`limits::DEFAULT_MAX_HEADER_LIST_SIZE`].
    pub max_header_list_size: u32,
    /// Bytes that a call's peer may send ahead of the application. Default [`limits::DEFAULT_CALL_WINDOW`].
    pub call_window: u32,
    /// Bytes that the peer may send ahead on the whole connection. Default [`limits::DEFAULT_CONNECTION_WINDOW`].
    pub connection_window: u32,
    /// Bytes that the unfinished messages of a connection may hold. From a quarter of it on, only the oldest call gets credit; what goes beyond it all the same ends with `RESOURCE_EXHAUSTED`. So does a new call while more bytes than this wait for the peer to give credit. Default [`limits::DEFAULT_MAX_CONNECTION_MEMORY`].
    pub max_connection_memory: usize,
    /// What all connections may hold of messages that wait; `None`, the default, for no limit.
    pub memory: Option<Arc<MemoryQuota>>,
    /// What is kept of each call's messages. Default nothing.
    pub observe: Observe,
    /// Whether both windows grow, to [`limits::MAX_GROWN_WINDOW`] at most, where PINGs show that the network holds more bytes than they allow. Default true.
    pub grow_windows: bool,
    /// The longest DATA frame that the peer may send, 16,384 to 16,777,215. Default [`limits::DEFAULT_MAX_FRAME_SIZE`].
    pub max_frame_size: u32,
    /// How calls are compressed of which the application says nothing. Default not at all.
    pub encoding: DefaultEncoding,
    /// How the peer's messages may be compressed. Default all that is known.
    pub accepted_encodings: EncodingSet,
    /// Bytes that the peer's table of header fields may hold. Default [`limits::DEFAULT_HEADER_TABLE_SIZE`].
    pub decoder_table_size: u32,
    /// Bytes that this side's table of header fields holds at most, where the peer allows so many. Default [`limits::DEFAULT_HEADER_TABLE_SIZE`].
    pub encoder_table_size: u32,
    /// Time for the peer's preface and SETTINGS. Default [`limits::DEFAULT_HANDSHAKE_TIMEOUT`].
    pub handshake_timeout: Option<Duration>,
    /// Time for the peer to acknowledge this side's SETTINGS, from its own on (RFC 9113 section 6.5.3). Default [`limits::DEFAULT_SETTINGS_TIMEOUT`].
    pub settings_timeout: Option<Duration>,
    /// A PING is sent after this long without a byte from the peer. Default [`limits::DEFAULT_SERVER_KEEPALIVE_TIME`].
    pub keepalive_time: Option<Duration>,
    /// The connection closes when that PING is not answered within this time. Default [`limits::DEFAULT_KEEPALIVE_TIMEOUT`].
    pub keepalive_timeout: Duration,
    /// The connection closes when that PING itself is not answered within this time, whatever else comes; `None` for no limit. Default [`limits::DEFAULT_PING_TIMEOUT`].
    pub ping_timeout: Option<Duration>,
    /// The least time between the peer's PINGs while nothing is sent to it; earlier ones are strikes. Default [`limits::DEFAULT_MIN_PING_INTERVAL`].
    pub min_ping_interval: Duration,
    /// Whether PINGs are welcome while no call is open; otherwise only one in two hours. Default false.
    pub permit_ping_without_calls: bool,
    /// Strikes that are forgiven before GOAWAY `too_many_pings`; `None` forgives all. Default [`limits::DEFAULT_MAX_PING_STRIKES`].
    pub max_ping_strikes: Option<u32>,
    /// A connection without a call for this long is closed gracefully. Default none.
    pub max_connection_idle: Option<Duration>,
    /// A connection this old is closed gracefully. The driver adds the jitter of gRFC A9, if it wants it. Default none.
    pub max_connection_age: Option<Duration>,
    /// Time that calls have to end after the age limit. `None`, the default, for no limit.
    pub max_connection_age_grace: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_receive_message_length: Some(limits::DEFAULT_MAX_RECEIVE_MESSAGE_LENGTH),
            max_send_message_length: None,
            max_concurrent_calls: limits::DEFAULT_MAX_CONCURRENT_CALLS,
            max_header_list_size: limits::DEFAULT_MAX_HEADER_LIST_SIZE,
            call_window: limits::DEFAULT_CALL_WINDOW,
            connection_window: limits::DEFAULT_CONNECTION_WINDOW,
            observe: Observe::Nothing,
            grow_windows: true,
            max_connection_memory: limits::DEFAULT_MAX_CONNECTION_MEMORY,
            memory: None,
            max_frame_size: limits::DEFAULT_MAX_FRAME_SIZE,
            encoding: DefaultEncoding::Fixed(Encoding::Identity),
            accepted_encodings: EncodingSet::ALL,
            decoder_table_size: limits::DEFAULT_HEADER_TABLE_SIZE,
            encoder_table_size: limits::DEFAULT_HEADER_TABLE_SIZE,
            handshake_timeout: Some(limits::DEFAULT_HANDSHAKE_TIMEOUT),
            settings_timeout: Some(limits::DEFAULT_SETTINGS_TIMEOUT),
            keepalive_time: Some(limits::DEFAULT_SERVER_KEEPALIVE_TIME),
            keepalive_timeout: limits::DEFAULT_KEEPALIVE_TIMEOUT,
            ping_timeout: Some(limits::DEFAULT_PING_TIMEOUT),
            min_ping_interval: limits::DEFAULT_MIN_PING_INTERVAL,
            permit_ping_without_calls: false,
            max_ping_strikes: Some(limits::DEFAULT_MAX_PING_STRIKES),
            max_connection_idle: None,
            max_connection_age: None,
            max_connection_age_grace: None,
        }
    }
}
