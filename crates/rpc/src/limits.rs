//! Every default limit and timer, by name.

use std::time::Duration;

/// Longest message accepted: 4 MiB, as in every gRPC implementation.
pub const DEFAULT_MAX_RECEIVE_MESSAGE_LENGTH: usize = 4 << 20;

/// Longest message that the prefix of a message can tell (PROTOCOL-HTTP2, "Length-Prefixed-Message"): 4 GiB less one byte.
pub const LONGEST_MESSAGE: usize = u32::MAX as usize;

/// Calls open at once on one connection. `grpcio` has no limit; this one lets no connection hold unbounded memory and is far above what clients open.
pub const DEFAULT_MAX_CONCURRENT_CALLS: u32 = 8192;

/// Largest header list, in bytes: `grpcio`'s hard limit (`grpc.absolute_max_metadata_size`), 16 KiB.
pub const DEFAULT_MAX_HEADER_LIST_SIZE: u32 = 16 << 10;

/// Bytes that the peer may send on one call ahead of the application: 256 KiB.
pub const DEFAULT_CALL_WINDOW: u32 = 256 << 10;

/// What the peer may send on a call before anything of it has come, HTTP/2's own default: with the first data the window becomes the whole one, for as many calls as a quarter of the connection's memory is enough for. So a thousand calls may begin long messages at once.
pub const FIRST_CALL_WINDOW: u32 = 65_535;

/// Bytes that the unfinished messages of one connection may hold: 128 MiB.
pub const DEFAULT_MAX_CONNECTION_MEMORY: usize = 128 << 20;

/// Bytes that messages which wait may hold on all connections of a server: 1 GiB.
pub const DEFAULT_MAX_SERVER_MEMORY: usize = 1 << 30;

/// The metadata of a connection's calls may hold the memory of the connection divided by this: an eighth.
pub const METADATA_SHARE: usize = 8;

/// What a call counts for towards its server's memory, beside its metadata and messages: 1 KiB.
pub const CALL_MEMORY: usize = 1 << 10;

/// An answer that makes a connection hold no more than this may always wait: 64 KiB.
pub const LEAST_SHARE: usize = 64 << 10;

/// In steps of so many bytes a connection counts towards its server's memory: 16 KiB.
pub const MEMORY_GRAIN: usize = 16 << 10;

/// Bytes that the peer may send ahead on one connection: 1 MiB.
pub const DEFAULT_CONNECTION_WINDOW: u32 = 1 << 20;

/// What the windows of a connection and of its calls may become where the network needs more than [`DEFAULT_CALL_WINDOW`]: 16 MiB, a gigabit a second over 130 ms; and not more than an eighth of the connection's memory.
pub const MAX_GROWN_WINDOW: u32 = 16 << 20;

/// Bytes between two probes of the bandwidth where windows have long been large enough: 4 MiB.
pub const LONGEST_PROBE_PAUSE: u32 = 4 << 20;

/// Bytes of whole messages that the application has not taken, on all calls of one connection, from which on the peer gets no more connection credit: 16 MiB, or two windows of the connection where they have grown.
pub const MAX_UNTAKEN_BYTES: usize = 16 << 20;

/// Bytes that a table of header fields holds, in each direction: HTTP/2's own default.
pub const DEFAULT_HEADER_TABLE_SIZE: u32 = 4 << 10;

/// Longest DATA frame accepted: 16 KiB, HTTP/2's own default.
pub const DEFAULT_MAX_FRAME_SIZE: u32 = 16 << 10;

/// Time for the peer's preface and SETTINGS: two minutes, as `grpcio` (`grpc.server_handshake_timeout_ms`).
pub const DEFAULT_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(120);

/// A server's keepalive interval: two hours (gRFC A9).
pub const DEFAULT_SERVER_KEEPALIVE_TIME: Duration = Duration::from_secs(2 * 60 * 60);

/// PINGs of a client that may follow each other while its calls send nothing: 2, as in `grpcio`.
pub const DEFAULT_MAX_PINGS_WITHOUT_DATA: u32 = 2;

/// Least time between a client's PINGs after those: one minute.
pub const PING_INTERVAL_WITHOUT_DATA: Duration = Duration::from_secs(60);

/// Time for the answer to a keepalive PING where other bytes come: one minute.
pub const DEFAULT_PING_TIMEOUT: Duration = Duration::from_secs(60);

/// Time for the acknowledgement of SETTINGS: one minute.
pub const DEFAULT_SETTINGS_TIMEOUT: Duration = Duration::from_secs(60);

/// Time to answer a keepalive PING: 20 seconds (gRFC A9).
pub const DEFAULT_KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Least time between a client's PINGs: five minutes (gRFC A8).
pub const DEFAULT_MIN_PING_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// Least time between a client's PINGs while no call is open and such PINGs are not permitted: two hours (gRFC A8).
pub const MIN_PING_INTERVAL_WITHOUT_CALLS: Duration = Duration::from_secs(2 * 60 * 60);

/// PINGs too early that are forgiven (gRFC A8).
pub const DEFAULT_MAX_PING_STRIKES: u32 = 2;

/// A call with more unsent bytes than this should wait for `Writable` before it sends on: 64 KiB. The engine takes more; the driver holds the application back.
pub const SEND_BUFFER_HIGH: usize = 64 << 10;

/// `Writable` is given when the unsent bytes of a call that had more than [`SEND_BUFFER_HIGH`] have fallen to this: 32 KiB.
pub const SEND_BUFFER_LOW: usize = 32 << 10;

/// A server takes no input while more than this many bytes of output are unwritten, so that a peer that asks and does not read costs bounded memory: 1 MiB. See [`accepts_input`](crate::server::Connection::accepts_input).
pub const MAX_UNREAD_OUTPUT: usize = 1 << 20;

/// How long a graceful shutdown waits for the answer to the PING between its two GOAWAYs: 20 seconds.
pub const SHUTDOWN_PING_TIMEOUT: Duration = Duration::from_secs(20);
