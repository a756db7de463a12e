//! What a client connection is held to.

use std::time::Duration;

use crate::{EncodingSet, Observe, limits};

/// Limits and timers of a client's connections; shared by all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The longest message that is accepted, in bytes after decompression; `None` for no limit. Default [`limits::DEFAULT_MAX_RECEIVE_MESSAGE_LENGTH`].
    pub max_receive_message_length: Option<usize>,
    /// The longest message that is sent, in bytes before compression; `None`, the default, for no limit.
    pub max_send_message_length: Option<usize>,
    /// The largest response header or trailer list, in bytes as RFC 9113 section 6.5.2 counts. A call beyond it ends with `RESOURCE_EXHAUSTED`. Default [`limits::DEFAULT_MAX_HEADER_LIST_SIZE`].
    pub max_header_list_size: u32,
    /// Bytes that the server may send on one call ahead of the application. Default [`limits::DEFAULT_CALL_WINDOW`].
    pub call_window: u32,
    /// Bytes that the unfinished messages of the connection may hold. From a quarter of it on, only the oldest call gets credit; what goes beyond it all the same ends with `RESOURCE_EXHAUSTED`. Default [`limits::DEFAULT_MAX_CONNECTION_MEMORY`].
    pub max_connection_memory: usize,
    /// Bytes that the server may send ahead on the whole connection. Default [`limits::DEFAULT_CONNECTION_WINDOW`].
    pub connection_window: u32,
    /// What is kept of each call's messages. Default nothing.
    pub observe: Observe,
    /// Whether both windows grow, to [`limits::MAX_GROWN_WINDOW`] at most, where PINGs show that the network holds more bytes than they allow. Default true.
    pub grow_windows: bool,
    /// The longest DATA frame that the server may send, 16,384 to 16,777,215. Default [`limits::DEFAULT_MAX_FRAME_SIZE`].
    pub max_frame_size: u32,
    /// How the peer's messages may be compressed. Default all that is known.
    pub accepted_encodings: EncodingSet,
    /// Bytes that the peer's table of header fields may hold. Default [`limits::DEFAULT_HEADER_TABLE_SIZE`].
    pub decoder_table_size: u32,
    /// Bytes that this side's table of header fields holds at most, where the peer allows so many. Default [`limits::DEFAULT_HEADER_TABLE_SIZE`].
    pub encoder_table_size: u32,
    /// Time for the server's SETTINGS. Default [`limits::DEFAULT_HANDSHAKE_TIMEOUT`].
    pub handshake_timeout: Option<Duration>,
    /// Time for the peer to acknowledge this side's SETTINGS, from its own on (RFC 9113 section 6.5.3). Default [`limits::DEFAULT_SETTINGS_TIMEOUT`].
    pub settings_timeout: Option<Duration>,
    /// A PING is sent after this long without a byte from the server. Default none (gRFC A8).
    pub keepalive_time: Option<Duration>,
    /// The connection closes when that PING is not answered within this time. Default [`limits::DEFAULT_KEEPALIVE_TIMEOUT`].
    pub keepalive_timeout: Duration,
    /// The connection closes when that PING itself is not answered within this time, whatever else comes; `None` for no limit. Default [`limits::DEFAULT_PING_TIMEOUT`].
    pub ping_timeout: Option<Duration>,
    /// Whether PINGs are sent while no call is open. Default false (gRFC A8).
    pub keepalive_without_calls: bool,
    /// PINGs that may follow each other while no call sends anything, before they become as rare as one in [`limits::PING_INTERVAL_WITHOUT_DATA`]; `None` for any number. Default [`limits::DEFAULT_MAX_PINGS_WITHOUT_DATA`].
    pub max_pings_without_data: Option<u32>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_receive_message_length: Some(limits::DEFAULT_MAX_RECEIVE_MESSAGE_LENGTH),
            max_send_message_length: None,
            max_header_list_size: limits::DEFAULT_MAX_HEADER_LIST_SIZE,
            call_window: limits::DEFAULT_CALL_WINDOW,
            max_connection_memory: limits::DEFAULT_MAX_CONNECTION_MEMORY,
            connection_window: limits::DEFAULT_CONNECTION_WINDOW,
            observe: Observe::Nothing,
            grow_windows: true,
            max_frame_size: limits::DEFAULT_MAX_FRAME_SIZE,
            accepted_encodings: EncodingSet::ALL,
            decoder_table_size: limits::DEFAULT_HEADER_TABLE_SIZE,
            encoder_table_size: limits::DEFAULT_HEADER_TABLE_SIZE,
            handshake_timeout: Some(limits::DEFAULT_HANDSHAKE_TIMEOUT),
            settings_timeout: Some(limits::DEFAULT_SETTINGS_TIMEOUT),
            keepalive_time: None,
            keepalive_timeout: limits::DEFAULT_KEEPALIVE_TIMEOUT,
            ping_timeout: Some(limits::DEFAULT_PING_TIMEOUT),
            keepalive_without_calls: false,
            max_pings_without_data: Some(limits::DEFAULT_MAX_PINGS_WITHOUT_DATA),
        }
    }
}
