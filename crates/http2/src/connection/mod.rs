//! One HTTP/2 connection, of either role.
//!
//! Files: `receive` takes the bytes apart into frames, `dispatch` and `control` give each frame its meaning, `send` writes and schedules; here are the state, the getters and the connection's end.

mod control;
mod dispatch;
mod receive;
mod send;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Instant;

use crate::frame::{self, MAX_31_BIT, PREFACE, setting};
use crate::hpack;
use crate::limits::{self, Budget};
use crate::output::Output;
use crate::streams::{Stream, Streams};
use crate::{ConnectionError, ErrorCode, HeaderList, Sent, StreamId};

pub use send::Block;

/// Flow-control windows start with this size until SETTINGS say otherwise (RFC 9113 section 6.9.2).
const INITIAL_WINDOW: u32 = 65_535;
/// Tables of header fields hold so many bytes until SETTINGS say otherwise.
const INITIAL_TABLE_SIZE: u32 = 4096;
/// Frames are at most this long until SETTINGS say otherwise.
const INITIAL_MAX_FRAME_SIZE: u32 = 16_384;
/// The most that SETTINGS can raise it to.
const LARGEST_MAX_FRAME_SIZE: u32 = (1 << 24) - 1;
/// The payload of the PING between the two GOAWAYs of a graceful end.
const SHUTDOWN_PING: [u8; 8] = *b"goaway!!";

/// Which end of the connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Opens streams.
    Client,
    /// Answers them.
    Server,
}

/// What this side announces and holds the peer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Streams that the peer may have open (servers only; a client accepts none).
    pub max_concurrent_streams: u32,
    /// Bytes that the peer may send on a stream ahead of their release; at most 2^31 - 1.
    pub stream_window: u32,
    /// Bytes that the peer may send on the connection ahead of their release; 65,535 to 2^31 - 1.
    pub connection_window: u32,
    /// The longest frame that the peer may send; 16,384 to 2^24 - 1.
    pub max_frame_size: u32,
    /// Bytes that the peer's table of header fields may hold (`SETTINGS_HEADER_TABLE_SIZE`).
    pub decoder_table_size: u32,
    /// Bytes that this side's table holds at most, where the peer allows so many.
    pub encoder_table_size: u32,
    /// The largest header list, in bytes as RFC 9113 section 6.5.2 counts.
    pub max_header_list_size: u32,
    /// A stream whose pending bytes were over this ...
    pub send_buffer_high: usize,
    /// ... is told of as [`Sent::Drained`] when they fall to this.
    pub send_buffer_low: usize,
    /// While more bytes than this are pending on all streams, one with any counts as over `send_buffer_high`.
    pub send_buffer_total: usize,
}

impl Config {
    /// The same with each value in its range.
    fn clamped(mut self) -> Self {
        self.stream_window = self.stream_window.min(MAX_31_BIT);
        self.connection_window = self.connection_window.clamp(INITIAL_WINDOW, MAX_31_BIT);
        self.max_frame_size = self
            .max_frame_size
            .clamp(INITIAL_MAX_FRAME_SIZE, LARGEST_MAX_FRAME_SIZE);
        self
    }
}

/// What the peer announced.
#[derive(Debug)]
struct PeerSettings {
    max_concurrent_streams: u32,
    initial_window: u32,
    max_frame_size: u32,
    max_header_list_size: u32,
}

/// How far this side's graceful end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shutdown {
    No,
    /// The peer was told that the end is near; streams that it opened before it heard so are still served.
    Announced,
    /// The peer was told the last stream that is served.
    Final {
        last_stream: u32,
    },
}

/// What a GOAWAY of the peer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerGoAway {
    /// Streams of this side above this number were not and will not be processed.
    pub last_stream: u32,
    /// Why.
    pub code: ErrorCode,
    /// The first [`limits::MAX_GOAWAY_DEBUG`] bytes of the debug data.
    pub debug: Vec<u8>,
}

/// Why a connection takes no more input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The peer broke HTTP/2 or a limit.
    Protocol(ConnectionError),
    /// The peer speaks another protocol: which, in words.
    NotHttp2(&'static str),
    /// This side closed the connection.
    Closed,
}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        Self::Protocol(error)
    }
}

/// The connection's state. See the crate's documentation for how it is driven.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    config: Config,
    peer: PeerSettings,
    failure: Option<Failure>,
    receiver: receive::Receiver,
    headers: HeaderList,
    decoder: hpack::Decoder,
    encoder: hpack::Encoder,
    streams: Streams,
    output: Output,
    /// Bytes that this side may send.
    send_window: i64,
    /// Bytes that the peer may send.
    receive_window: i64,
    /// Connection credit to return that has not been announced.
    unannounced: u32,
    /// Streams with pending bytes and credit of their own, in the order of their turns.
    queue: VecDeque<StreamId>,
    /// The pending bytes of all streams.
    pending_bytes: usize,
    sent: VecDeque<Sent>,
    /// The highest stream number that the peer has opened.
    last_peer_stream: u32,
    /// The next stream number of this side.
    next_stream: u32,
    /// Whether the peer has acknowledged this side's SETTINGS.
    settings_acknowledged: bool,
    shutdown: Shutdown,
    peer_goaway: Option<PeerGoAway>,
    /// Numbers of streams that were reset here, for which late frames are ignored.
    reset_here: VecDeque<u32>,
    now: Instant,
    resets: Budget,
    pings: Budget,
    settings: Budget,
    empty_data: Budget,
    idle_frames: Budget,
    oversize: Budget,
    /// `WINDOW_UPDATE` frames that came.
    window_updates: u64,
    /// PINGs that have no answer yet, but for the one of a graceful end.
    pings_sent: u32,
    /// What the input since [`Connection::take_work`] was more than its bytes.
    work: usize,
}

/// Getters.
impl Connection {
    /// Which end this is.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Why no more input is taken, once it is not.
    pub const fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Whether the peer has acknowledged this side's SETTINGS.
    pub const fn is_acknowledged(&self) -> bool {
        self.settings_acknowledged
    }

    /// The header list of the last [`Event::Headers`](crate::Event::Headers).
    pub const fn headers(&self) -> &HeaderList {
        &self.headers
    }

    /// Streams that were not released.
    pub fn streams(&self) -> usize {
        self.streams.len()
    }

    /// Bytes of a stream that wait for credit; 0 if it is gone.
    pub fn pending(&self, stream: StreamId) -> usize {
        self.streams.get(stream).map_or(0, Stream::pending_len)
    }

    /// Bytes that the peer may send on the connection now, and bytes that this side may.
    pub const fn windows(&self) -> (i64, i64) {
        (self.receive_window, self.send_window)
    }

    /// Bytes of DATA that were framed in the connection's life: what waits for credit is not among them.
    pub const fn data_sent(&self) -> u64 {
        self.output.total_data
    }

    /// What the input since the last time was worth beyond its bytes, counted in bytes read: fields and frames are dear where they are short. For a driver that gives each connection its share of time.
    pub const fn take_work(&mut self) -> usize {
        std::mem::replace(&mut self.work, 0)
    }

    /// Bytes that wait for credit, on all streams.
    pub const fn pending_bytes(&self) -> usize {
        self.pending_bytes
    }

    /// Whether the peer sends no more on the stream, or it is gone.
    pub fn is_receive_closed(&self, stream: StreamId) -> bool {
        self.streams.get(stream).is_none_or(|stream| {
            stream.reset || stream.receiving == crate::streams::Receiving::Closed
        })
    }

    /// What the peer's GOAWAY said.
    pub const fn peer_goaway(&self) -> Option<&PeerGoAway> {
        self.peer_goaway.as_ref()
    }

    /// The largest header list that the peer accepts.
    pub const fn peer_max_header_list_size(&self) -> u32 {
        self.peer.max_header_list_size
    }

    /// Streams that the peer lets this side have open at once.
    pub const fn peer_max_concurrent_streams(&self) -> u32 {
        self.peer.max_concurrent_streams
    }

    /// Whether this side's graceful end has been told to the peer with its last stream, so that the connection ends with its last stream.
    pub const fn is_shutdown_final(&self) -> bool {
        matches!(self.shutdown, Shutdown::Final { .. })
    }

    /// Whether [`shutdown`](Self::shutdown) was called.
    pub const fn is_shutting_down(&self) -> bool {
        !matches!(self.shutdown, Shutdown::No)
    }
}

/// The start and the end.
impl Connection {
    /// A connection that begins at `now`. A client's preface and SETTINGS are in the output; a server's SETTINGS follow when the peer's preface has shown that it speaks HTTP/2.
    pub fn new(role: Role, config: Config, now: Instant) -> Self {
        let config = config.clamped();
        let mut connection = Self {
            role,
            peer: PeerSettings {
                max_concurrent_streams: u32::MAX,
                initial_window: INITIAL_WINDOW,
                max_frame_size: INITIAL_MAX_FRAME_SIZE,
                max_header_list_size: u32::MAX,
            },
            failure: None,
            receiver: receive::Receiver::new(role),
            headers: HeaderList::default(),
            decoder: hpack::Decoder::new(crate::headers::flaw),
            encoder: hpack::Encoder::new(config.encoder_table_size as usize),
            config,
            streams: Streams::default(),
            output: Output::default(),
            send_window: i64::from(INITIAL_WINDOW),
            receive_window: i64::from(INITIAL_WINDOW),
            unannounced: 0,
            queue: VecDeque::new(),
            pending_bytes: 0,
            sent: VecDeque::new(),
            last_peer_stream: 0,
            next_stream: 1,
            settings_acknowledged: false,
            shutdown: Shutdown::No,
            peer_goaway: None,
            reset_here: VecDeque::new(),
            now,
            resets: Budget::new(limits::RESET_BURST, limits::RESETS_PER_SECOND),
            pings: Budget::new(limits::PING_BURST, limits::PINGS_PER_SECOND),
            settings: Budget::new(limits::SETTINGS_BURST, limits::SETTINGS_PER_SECOND),
            empty_data: Budget::new(limits::EMPTY_DATA_BURST, limits::EMPTY_DATA_PER_SECOND),
            idle_frames: Budget::new(limits::IDLE_FRAME_BURST, limits::IDLE_FRAMES_PER_SECOND),
            oversize: Budget::new(limits::OVERSIZE_BURST, limits::OVERSIZE_PER_SECOND),
            window_updates: 0,
            pings_sent: 0,
            work: 0,
        };
        (connection.decoder).set_longest_string(connection.config.max_header_list_size as usize);
        if role == Role::Client {
            connection.output.frames().extend_from_slice(PREFACE);
            connection.send_settings();
        }
        connection
    }

    /// Announces this side's settings and opens the connection's window to its configured size.
    fn send_settings(&mut self) {
        let mut settings = vec![
            (setting::HEADER_TABLE_SIZE, self.config.decoder_table_size),
            (setting::INITIAL_WINDOW_SIZE, self.config.stream_window),
            (setting::MAX_FRAME_SIZE, self.config.max_frame_size),
            (
                setting::MAX_HEADER_LIST_SIZE,
                self.config.max_header_list_size,
            ),
        ];
        settings.push(match self.role {
            Role::Client => (setting::ENABLE_PUSH, 0),
            Role::Server => (
                setting::MAX_CONCURRENT_STREAMS,
                self.config.max_concurrent_streams,
            ),
        });
        // What is as HTTP/2 has it anyway is not said.
        settings.retain(|setting| *setting != (setting::HEADER_TABLE_SIZE, INITIAL_TABLE_SIZE));
        // A larger table may be used as soon as this is read, a smaller one has to be once it is acknowledged.
        let larger = self.config.decoder_table_size.max(INITIAL_TABLE_SIZE);
        self.decoder.set_max_table_size(larger as usize);
        let out = self.output.frames();
        frame::put_settings(&settings, out);
        let more = self.config.connection_window - INITIAL_WINDOW;
        if more > 0 {
            frame::put_window_update(0, more, out);
            self.receive_window += i64::from(more);
        }
    }

    /// The window that a new stream of the peer has: until SETTINGS are acknowledged the peer may count on the initial size.
    fn initial_receive_window(&self) -> i64 {
        let configured = self.config.stream_window;
        i64::from(if self.settings_acknowledged {
            configured
        } else {
            configured.max(INITIAL_WINDOW)
        })
    }

    /// Sends a PING; its answer is [`Event::Pong`](crate::Event::Pong).
    pub fn ping(&mut self, payload: [u8; 8]) {
        if self.failure.is_none() && self.may_speak() {
            self.pings_sent = self.pings_sent.saturating_add(1);
            frame::put_ping(false, payload, self.output.frames());
        }
    }

    /// Whether anything may be sent: a server that has not seen a preface does not know that its peer would understand, and its first frame is to be SETTINGS.
    const fn may_speak(&self) -> bool {
        matches!(self.role, Role::Client) || self.receiver.is_past_preface()
    }

    /// Starts the graceful end (RFC 9113 section 6.8). A server announces it with the highest stream number and a PING; the answer to that is followed by the GOAWAY with the true last stream. A client sends its one GOAWAY.
    pub fn shutdown(&mut self) {
        if self.failure.is_some() || self.is_shutting_down() {
            return;
        }
        if self.role == Role::Client || !self.may_speak() {
            self.finish_shutdown();
            return;
        }
        self.shutdown = Shutdown::Announced;
        frame::put_goaway(MAX_31_BIT, ErrorCode::NO_ERROR, b"", self.output.frames());
        frame::put_ping(false, SHUTDOWN_PING, self.output.frames());
    }

    /// Tells the peer the last stream that is served, without waiting for the answer to the PING any longer.
    pub fn finish_shutdown(&mut self) {
        if self.failure.is_some() || self.is_shutdown_final() {
            return;
        }
        self.shutdown = Shutdown::Final {
            last_stream: self.last_peer_stream,
        };
        if self.may_speak() {
            frame::put_goaway(
                self.last_peer_stream,
                ErrorCode::NO_ERROR,
                b"",
                self.output.frames(),
            );
        }
    }

    /// Ends the connection: GOAWAY with `code` and `debug`, and no more input is taken. What is pending on streams is dropped.
    pub fn close(&mut self, code: ErrorCode, debug: &str) {
        if self.failure.is_none() {
            self.end(Failure::Closed, code, debug);
        }
    }

    fn fail(&mut self, failure: Failure) {
        match failure {
            Failure::Protocol(error) => self.end(failure, error.code, error.detail),
            Failure::NotHttp2(_) | Failure::Closed => self.failure = Some(failure),
        }
    }

    fn end(&mut self, failure: Failure, code: ErrorCode, debug: &str) {
        self.failure = Some(failure);
        if self.role == Role::Client {
            // A call of which no byte has gone out is sent elsewhere: this server must not see it later.
            self.output.retract();
        }
        if self.may_speak() {
            frame::put_goaway(
                self.last_peer_stream,
                code,
                debug.as_bytes(),
                self.output.frames(),
            );
        }
        self.queue.clear();
    }
}

/// What is written.
impl Connection {
    /// Bytes to write.
    pub fn output(&self) -> &[u8] {
        self.output.unwritten()
    }

    /// Bytes written in the connection's life.
    pub const fn total_written(&self) -> u64 {
        self.output.total_written
    }

    /// The first `count` bytes of the output are written. Frames more data where there is room now.
    pub fn output_written(&mut self, count: usize) {
        self.output.advance(count);
        self.flush();
    }

    /// The next piece of news about data that had to wait.
    pub fn poll_sent(&mut self) -> Option<Sent> {
        self.sent.pop_front()
    }
}
