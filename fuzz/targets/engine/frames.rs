//! Any bytes to an HTTP/2 connection, in pieces of any length: it says and answers the same however they were cut, and nothing panics.
#![no_main]

mod choices;

use std::time::Instant;

use choices::Choices;
use russet_http2::{Config, Connection, Event, Role};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The longest piece. What a peer may make us answer between two writes is limited, and must not be reached by one way of cutting alone.
const PIECE: usize = 512;

/// How a connection failed, how many events it told, and how many bytes of data.
type Told = (Option<String>, usize, usize);

/// What a connection answers, how it fails, and what it tells but for data, which comes as it was cut.
fn answered(
    role: Role,
    decoder_table_size: u32,
    bytes: &[u8],
    cuts: &[u8],
    now: Instant,
) -> (Vec<u8>, Told) {
    let config = Config {
        max_concurrent_streams: 10,
        stream_window: 30_000,
        connection_window: 100_000,
        max_frame_size: 16_384,
        decoder_table_size,
        encoder_table_size: 4096,
        max_header_list_size: 4_000,
        send_buffer_high: 10_000,
        send_buffer_low: 5_000,
        send_buffer_total: 50_000,
    };
    let mut connection = Connection::new(role, config, now);
    let mut out = Vec::new();
    let (mut events, mut data) = (0, 0);
    let mut cuts = cuts.iter().cycle();
    let mut rest = bytes;
    while !rest.is_empty() {
        let cut = cuts.next().map_or(PIECE, |&cut| usize::from(cut) + 1);
        let (mut piece, left) = rest.split_at(cut.min(rest.len()));
        rest = left;
        while let Some(event) = connection.receive(&mut piece, now) {
            match event {
                Event::Data { bytes, .. } => data += bytes.len(),
                _ => events += 1,
            }
        }
        assert!(piece.is_empty());
        out.extend_from_slice(connection.output());
        connection.output_written(connection.output().len());
    }
    let failure = connection.failure().map(|failure| format!("{failure:?}"));
    (out, (failure, events, data))
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let choice = choices.byte();
    let table = [4096, 0, 100, 1 << 16][usize::from(choice >> 2 & 3)];
    let (role, start) = match choice & 3 {
        0 => (Role::Server, &b""[..]),
        1 => (Role::Server, PREFACE),
        _ => (Role::Client, &b""[..]),
    };
    let cuts = choices.bytes(16);
    let mut bytes = start.to_vec();
    while !choices.is_empty() {
        bytes.extend_from_slice(choices.bytes(255));
    }
    let now = Instant::now();
    let (out, whole) = answered(role, table, &bytes, &[], now);
    let (out_in_pieces, in_pieces) = answered(role, table, &bytes, cuts, now);
    assert_eq!(in_pieces, whole);
    // What waits when a connection fails is taken back, and that depends on what was written before.
    if whole.0.is_none() {
        assert_eq!(out_in_pieces, out);
    }
});
