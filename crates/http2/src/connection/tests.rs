//! The rules of RFC 9113, one row each: what a peer sends, and what it gets for it.

use std::time::Instant;

use proptest::prelude::*;

use super::{Config, Connection, Failure, Role};
use crate::frame::{self, FrameHeader, HEADER_LEN, PREFACE, flag, kind, setting};
use crate::hpack::{Encoder, Index};
use crate::{ErrorCode, Event, Sent, StreamId};

fn config() -> Config {
    Config {
        max_concurrent_streams: 3,
        stream_window: 70_000,
        connection_window: 100_000,
        max_frame_size: 16_384,
        decoder_table_size: 4096,
        encoder_table_size: 4096,
        max_header_list_size: 1000,
        send_buffer_high: 1000,
        send_buffer_low: 500,
        send_buffer_total: usize::MAX,
    }
}

fn wire(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame::put(kind, flags, stream, payload, &mut out);
    out
}

fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        Encoder::field_out_of_order(name.as_bytes(), value.as_bytes(), &mut out);
    }
    out
}

fn request() -> Vec<u8> {
    block(&[(":method", "POST"), (":scheme", "http"), (":path", "/")])
}

/// HEADERS of a request that goes on.
fn open(stream: u32) -> Vec<u8> {
    wire(kind::HEADERS, flag::END_HEADERS, stream, &request())
}

/// HEADERS of a request that is whole.
fn whole(stream: u32) -> Vec<u8> {
    wire(
        kind::HEADERS,
        flag::END_HEADERS | flag::END_STREAM,
        stream,
        &request(),
    )
}

fn settings(settings: &[(u16, u32)]) -> Vec<u8> {
    let mut out = Vec::new();
    frame::put_settings(settings, &mut out);
    out
}

fn window_update(stream: u32, increment: u32) -> Vec<u8> {
    wire(kind::WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
}

/// Frames of an output, as (kind, flags, stream, payload).
fn frames(mut bytes: &[u8]) -> Vec<(u8, u8, u32, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<HEADER_LEN>() {
        let header = FrameHeader::parse(header);
        let (payload, rest) = rest.split_at(header.length as usize);
        frames.push((header.kind, header.flags, header.stream, payload.to_vec()));
        bytes = rest;
    }
    frames
}

fn take_output(connection: &mut Connection) -> Vec<(u8, u8, u32, Vec<u8>)> {
    let frames = frames(connection.output());
    let length = connection.output().len();
    connection.output_written(length);
    frames
}

/// What an event was, without what it borrowed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Headers {
        stream: u32,
        trailers: bool,
        end_stream: bool,
    },
    Data {
        stream: u32,
        bytes: Vec<u8>,
        end_stream: bool,
    },
    Reset {
        stream: u32,
        code: ErrorCode,
        here: bool,
    },
    Other(String),
}

/// Feeds bytes and releases what comes, as a user does.
fn feed(connection: &mut Connection, mut bytes: &[u8]) -> Vec<Seen> {
    let mut seen = Vec::new();
    let now = connection.now;
    while let Some(event) = connection.receive(&mut bytes, now) {
        seen.push(match event {
            Event::Headers {
                stream,
                trailers,
                end_stream,
            } => Seen::Headers {
                stream: stream.number,
                trailers,
                end_stream,
            },
            Event::Data {
                stream,
                bytes,
                end_stream,
            } => Seen::Data {
                stream: stream.number,
                bytes: bytes.to_vec(),
                end_stream,
            },
            Event::Reset {
                stream,
                code,
                broken_rule,
            } => {
                connection.release(stream);
                Seen::Reset {
                    stream: stream.number,
                    code,
                    here: broken_rule.is_some(),
                }
            }
            other => Seen::Other(format!("{other:?}")),
        });
    }
    seen
}

/// A server past the handshake, its output taken.
fn server() -> Connection {
    let mut connection = Connection::new(Role::Server, config(), Instant::now());
    let mut hello = PREFACE.to_vec();
    hello.extend(settings(&[]));
    frame::put_settings_ack(&mut hello);
    assert_eq!(
        feed(&mut connection, &hello),
        [Seen::Other("Ready".to_owned())]
    );
    let kinds: Vec<u8> = take_output(&mut connection)
        .iter()
        .map(|frame| frame.0)
        .collect();
    assert_eq!(kinds, [kind::SETTINGS, kind::WINDOW_UPDATE, kind::SETTINGS]);
    connection
}

/// A client past the handshake with one open stream, its output taken.
fn client() -> (Connection, StreamId) {
    let mut connection = Connection::new(Role::Client, config(), Instant::now());
    assert!(connection.output().starts_with(PREFACE));
    feed(&mut connection, &settings(&[]));
    let stream = connection.open_stream().unwrap();
    connection.send_headers(stream, true, |block| {
        block.field(b":method", b"POST", Index::Always);
    });
    let length = connection.output().len();
    connection.output_written(length);
    (connection, stream)
}

fn failure_code(connection: &Connection) -> Option<ErrorCode> {
    match connection.failure() {
        Some(Failure::Protocol(error)) => Some(error.code),
        None => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_ends_a_servers_connection() {
    const PROTOCOL: ErrorCode = ErrorCode::PROTOCOL_ERROR;
    const SIZE: ErrorCode = ErrorCode::FRAME_SIZE_ERROR;
    let priority = |stream: u32| [&stream.to_be_bytes()[..], &[1]].concat();
    let rows: Vec<(&str, Vec<u8>, ErrorCode)> = vec![
        (
            "4.2 frame too long",
            wire(kind::PING, 0, 0, &[0; 16_385]),
            SIZE,
        ),
        (
            "4.3 broken block",
            wire(kind::HEADERS, flag::END_HEADERS, 1, &[0x80]),
            ErrorCode::COMPRESSION_ERROR,
        ),
        (
            "5.1 DATA on an idle stream",
            wire(kind::DATA, 0, 1, b"x"),
            PROTOCOL,
        ),
        (
            "5.1 RST_STREAM on an idle stream",
            wire(kind::RST_STREAM, 0, 1, &[0; 4]),
            PROTOCOL,
        ),
        (
            "5.1 WINDOW_UPDATE on an idle stream",
            window_update(1, 1),
            PROTOCOL,
        ),
        (
            "5.1 CONTINUATION without HEADERS",
            wire(kind::CONTINUATION, 0, 1, b""),
            PROTOCOL,
        ),
        ("5.1.1 even stream number", open(2), PROTOCOL),
        (
            "5.1.1 lower stream number",
            [open(5), open(3)].concat(),
            ErrorCode::STREAM_CLOSED,
        ),
        (
            "6.1 DATA on stream 0",
            wire(kind::DATA, 0, 0, b"x"),
            PROTOCOL,
        ),
        (
            "6.1 padding too long",
            [open(1), wire(kind::DATA, flag::PADDED, 1, &[5, 1])].concat(),
            PROTOCOL,
        ),
        (
            "6.1 padded without a length",
            [open(1), wire(kind::DATA, flag::PADDED, 1, &[])].concat(),
            SIZE,
        ),
        ("6.2 HEADERS on stream 0", open(0), PROTOCOL),
        (
            "6.2 padding too long",
            wire(
                kind::HEADERS,
                flag::END_HEADERS | flag::PADDED,
                1,
                &[5, 0x82],
            ),
            PROTOCOL,
        ),
        (
            "6.2 no room for the priority",
            wire(kind::HEADERS, flag::END_HEADERS | flag::PRIORITY, 1, &[1]),
            SIZE,
        ),
        (
            "6.3 PRIORITY on stream 0",
            wire(kind::PRIORITY, 0, 0, &priority(1)),
            PROTOCOL,
        ),
        (
            "6.3 PRIORITY of a wrong length",
            wire(kind::PRIORITY, 0, 1, &[0; 4]),
            SIZE,
        ),
        (
            "6.4 RST_STREAM of a wrong length",
            [open(1), wire(kind::RST_STREAM, 0, 1, &[0; 3])].concat(),
            SIZE,
        ),
        (
            "6.4 RST_STREAM on stream 0",
            wire(kind::RST_STREAM, 0, 0, &[0; 4]),
            PROTOCOL,
        ),
        (
            "6.5 SETTINGS on a stream",
            wire(kind::SETTINGS, 0, 1, &[]),
            PROTOCOL,
        ),
        (
            "6.5 SETTINGS of a wrong length",
            wire(kind::SETTINGS, 0, 0, &[0; 5]),
            SIZE,
        ),
        (
            "6.5 acknowledgement with a payload",
            wire(kind::SETTINGS, flag::ACK, 0, &[0; 6]),
            SIZE,
        ),
        (
            "6.5.2 ENABLE_PUSH 2",
            settings(&[(setting::ENABLE_PUSH, 2)]),
            PROTOCOL,
        ),
        (
            "6.5.2 window too large",
            settings(&[(setting::INITIAL_WINDOW_SIZE, 1 << 31)]),
            ErrorCode::FLOW_CONTROL_ERROR,
        ),
        (
            "6.5.2 frame size too small",
            settings(&[(setting::MAX_FRAME_SIZE, 16_383)]),
            PROTOCOL,
        ),
        (
            "6.5.2 frame size too large",
            settings(&[(setting::MAX_FRAME_SIZE, 1 << 24)]),
            PROTOCOL,
        ),
        (
            "10.5 a SETTINGS frame with too many entries",
            settings(&[(setting::INITIAL_WINDOW_SIZE, 9); 65]),
            ErrorCode::ENHANCE_YOUR_CALM,
        ),
        (
            "6.6 PUSH_PROMISE",
            wire(kind::PUSH_PROMISE, flag::END_HEADERS, 1, &[0, 0, 0, 2]),
            PROTOCOL,
        ),
        (
            "6.7 PING on a stream",
            wire(kind::PING, 0, 1, &[0; 8]),
            PROTOCOL,
        ),
        (
            "6.7 PING of a wrong length",
            wire(kind::PING, 0, 0, &[0; 7]),
            SIZE,
        ),
        (
            "6.8 GOAWAY on a stream",
            wire(kind::GOAWAY, 0, 1, &[0; 8]),
            PROTOCOL,
        ),
        (
            "6.8 GOAWAY too short",
            wire(kind::GOAWAY, 0, 0, &[0; 7]),
            SIZE,
        ),
        ("6.9 WINDOW_UPDATE of 0", window_update(0, 0), PROTOCOL),
        (
            "6.9 WINDOW_UPDATE of a wrong length",
            wire(kind::WINDOW_UPDATE, 0, 0, &[0; 3]),
            SIZE,
        ),
        (
            "6.9.1 window overflow",
            window_update(0, frame::MAX_31_BIT),
            ErrorCode::FLOW_CONTROL_ERROR,
        ),
        (
            "6.9.2 window overflow by SETTINGS",
            [
                open(1),
                window_update(1, 1 << 30),
                settings(&[(setting::INITIAL_WINDOW_SIZE, frame::MAX_31_BIT)]),
            ]
            .concat(),
            ErrorCode::FLOW_CONTROL_ERROR,
        ),
        (
            "6.10 interrupted block",
            [
                wire(kind::HEADERS, 0, 1, &request()),
                wire(kind::PING, 0, 0, &[0; 8]),
            ]
            .concat(),
            PROTOCOL,
        ),
        (
            "6.10 CONTINUATION of another stream",
            [
                wire(kind::HEADERS, 0, 1, &request()),
                wire(kind::CONTINUATION, 0, 3, &[]),
            ]
            .concat(),
            PROTOCOL,
        ),
    ];
    for (rule, bytes, code) in rows {
        let mut connection = server();
        feed(&mut connection, &bytes);
        assert_eq!(failure_code(&connection), Some(code), "{rule}");
        let (kind, _, _, payload) = take_output(&mut connection).pop().unwrap();
        assert_eq!(
            (kind, &payload[4..8]),
            (kind::GOAWAY, &code.0.to_be_bytes()[..]),
            "{rule}"
        );
        // Nothing is taken any more.
        assert_eq!(feed(&mut connection, &open(99)), [], "{rule}");
    }
}

#[test]
fn what_resets_a_stream_of_a_server() {
    const PROTOCOL: ErrorCode = ErrorCode::PROTOCOL_ERROR;
    let with_length = |length| {
        let fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/"),
            ("content-length", length),
        ];
        wire(kind::HEADERS, flag::END_HEADERS, 1, &block(&fields))
    };
    let rows: Vec<(&str, Vec<u8>, ErrorCode)> = vec![
        (
            "5.1 DATA after the end",
            [whole(1), wire(kind::DATA, 0, 1, b"x")].concat(),
            ErrorCode::STREAM_CLOSED,
        ),
        (
            "5.1 HEADERS after the end",
            [whole(1), whole(1)].concat(),
            ErrorCode::STREAM_CLOSED,
        ),
        (
            "5.1.2 too many streams",
            [open(1), open(3), open(5), open(7)].concat(),
            ErrorCode::REFUSED_STREAM,
        ),
        (
            "5.3.1 a stream that depends on itself",
            wire(
                kind::HEADERS,
                flag::END_HEADERS | flag::PRIORITY,
                1,
                &[&[0, 0, 0, 1, 9][..], &request()].concat(),
            ),
            PROTOCOL,
        ),
        (
            "6.9 WINDOW_UPDATE of 0",
            [open(1), window_update(1, 0)].concat(),
            PROTOCOL,
        ),
        (
            "6.9.1 window overflow",
            [open(1), window_update(1, frame::MAX_31_BIT)].concat(),
            ErrorCode::FLOW_CONTROL_ERROR,
        ),
        (
            "8.1 trailers that do not end",
            [open(1), open(1)].concat(),
            PROTOCOL,
        ),
        (
            "8.1.1 too much data",
            [with_length("1"), wire(kind::DATA, 0, 1, b"xy")].concat(),
            PROTOCOL,
        ),
        (
            "8.1.1 too little data",
            [
                with_length("3"),
                wire(kind::DATA, flag::END_STREAM, 1, b"xy"),
            ]
            .concat(),
            PROTOCOL,
        ),
        (
            "8.1.1 less than promised before the trailers",
            [
                with_length("3"),
                wire(kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, 1, &[]),
            ]
            .concat(),
            PROTOCOL,
        ),
        (
            "8.3 no pseudo-headers",
            wire(kind::HEADERS, flag::END_HEADERS, 1, &block(&[("a", "b")])),
            PROTOCOL,
        ),
        (
            "8.3 pseudo-headers in trailers",
            [
                open(1),
                wire(
                    kind::HEADERS,
                    flag::END_HEADERS | flag::END_STREAM,
                    1,
                    &request(),
                ),
            ]
            .concat(),
            PROTOCOL,
        ),
    ];
    for (rule, bytes, code) in rows {
        let mut connection = server();
        feed(&mut connection, &bytes);
        assert_eq!(failure_code(&connection), None, "{rule}");
        let resets: Vec<_> = take_output(&mut connection)
            .into_iter()
            .filter(|frame| frame.0 == kind::RST_STREAM)
            .collect();
        assert_eq!(resets.len(), 1, "{rule}");
        assert_eq!(resets[0].3, code.0.to_be_bytes(), "{rule}");
        // The connection goes on.
        feed(
            &mut connection,
            &wire(kind::PING, 0, 0, b"stillhere"[..8].as_ref()),
        );
        assert_eq!(take_output(&mut connection)[0].0, kind::PING, "{rule}");
    }
}

#[test]
fn what_a_client_does_not_take() {
    let headers = |fields, flags| wire(kind::HEADERS, flag::END_HEADERS | flags, 1, &block(fields));
    let ok = [(":status", "200")];
    for (rule, bytes, stream_error) in [
        (
            "a push",
            wire(kind::PUSH_PROMISE, flag::END_HEADERS, 1, &[0, 0, 0, 2]),
            false,
        ),
        (
            "a stream of the server",
            wire(kind::HEADERS, flag::END_HEADERS, 2, &block(&ok)),
            false,
        ),
        (
            "a stream never opened",
            wire(kind::HEADERS, flag::END_HEADERS, 3, &block(&ok)),
            false,
        ),
        ("ENABLE_PUSH", settings(&[(setting::ENABLE_PUSH, 1)]), false),
        (
            "data before the headers",
            wire(kind::DATA, 0, 1, b"x"),
            true,
        ),
        (
            "a response without a status",
            headers(&[("a", "b")], 0),
            true,
        ),
        (
            "a 1xx that ends the stream",
            headers(&[(":status", "103")], flag::END_STREAM),
            true,
        ),
        (
            "a request",
            headers(
                &[(":method", "GET"), (":scheme", "http"), (":path", "/")],
                0,
            ),
            true,
        ),
    ] {
        let (mut connection, _) = client();
        feed(&mut connection, &bytes);
        let expected = if stream_error {
            None
        } else {
            Some(ErrorCode::PROTOCOL_ERROR)
        };
        assert_eq!(failure_code(&connection), expected, "{rule}");
        let last = take_output(&mut connection).pop().unwrap();
        assert_eq!(
            last.0,
            if stream_error {
                kind::RST_STREAM
            } else {
                kind::GOAWAY
            },
            "{rule}"
        );
    }
}

#[test]
fn informational_responses_are_skipped() {
    let (mut connection, _) = client();
    let headers = |status, flags| {
        wire(
            kind::HEADERS,
            flag::END_HEADERS | flags,
            1,
            &block(&[(":status", status)]),
        )
    };
    let seen = feed(
        &mut connection,
        &[
            headers("100", 0),
            headers("103", 0),
            headers("204", flag::END_STREAM),
        ]
        .concat(),
    );
    assert_eq!(
        seen,
        [Seen::Headers {
            stream: 1,
            trailers: false,
            end_stream: true
        }]
    );
}

#[test]
fn other_protocols_are_named() {
    let http1 = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    for (bytes, what, answer) in [
        (
            &http1[..],
            Failure::NotHttp2("it sent an HTTP/1 request"),
            "HTTP/1.1 400 Bad Request",
        ),
        (
            b"POST / HTTP/1.1",
            Failure::NotHttp2("it sent an HTTP/1 request"),
            "HTTP/1.1 400 Bad Request",
        ),
        (
            b"PUT / HTTP/1.1",
            Failure::NotHttp2("it sent an HTTP/1 request"),
            "HTTP/1.1 400 Bad Request",
        ),
        (
            b"\x16\x03\x01\x02\x00",
            Failure::NotHttp2("it started TLS on a port without TLS"),
            "",
        ),
    ] {
        let mut connection = Connection::new(Role::Server, config(), Instant::now());
        for byte in bytes {
            feed(&mut connection, &[*byte]);
        }
        assert_eq!(connection.failure(), Some(&what));
        let output = String::from_utf8_lossy(connection.output()).into_owned();
        assert!(output.starts_with(answer), "{output:?}");
        if let Some((head, body)) = output.split_once("\r\n\r\n") {
            assert!(
                head.contains(&format!("Content-Length: {}\r\n", body.len())),
                "{output}"
            );
        }
    }
    let mut connection = Connection::new(Role::Server, config(), Instant::now());
    feed(&mut connection, b"PRI * HTTP/3");
    assert_eq!(failure_code(&connection), Some(ErrorCode::PROTOCOL_ERROR));
    let mut connection = Connection::new(Role::Client, config(), Instant::now());
    feed(&mut connection, b"HTTP/1.1 400 Bad Request\r\n\r\n");
    assert_eq!(
        connection.failure(),
        Some(&Failure::NotHttp2("it answered with HTTP/1"))
    );
}

#[test]
fn a_header_list_over_the_limit_is_told_and_the_table_stays_right() {
    let mut connection = server();
    let mut encoder = Encoder::default();
    let mut first = request();
    encoder.field(b"kept", b"value", Index::Always, &mut first);
    for _ in 0..30 {
        encoder.field(b"long", &[b'x'; 40], Index::Always, &mut first);
    }
    let seen = feed(
        &mut connection,
        &wire(kind::HEADERS, flag::END_HEADERS, 1, &first),
    );
    assert_eq!(
        seen,
        [Seen::Headers {
            stream: 1,
            trailers: false,
            end_stream: false
        }]
    );
    assert!(connection.headers().is_too_large());
    let mut second = request();
    encoder.field(b"kept", b"value", Index::Always, &mut second);
    feed(
        &mut connection,
        &wire(kind::HEADERS, flag::END_HEADERS, 3, &second),
    );
    let fields: Vec<_> = connection
        .headers()
        .fields()
        .map(|(name, value)| (name, value.bytes))
        .collect();
    assert_eq!(fields, [(&b"kept"[..], &b"value"[..])]);
}

#[test]
fn only_data_may_be_as_long_as_large_frames_may() {
    let config = Config {
        max_frame_size: 1 << 20,
        ..config()
    };
    let most = 66_000;
    for (kind, length, expected) in [
        (kind::DATA, most, None),
        (kind::HEADERS, 30_000, None),
        (kind::HEADERS, most, None),
        (kind::SETTINGS, most, Some(ErrorCode::ENHANCE_YOUR_CALM)),
        (0x77, most, Some(ErrorCode::ENHANCE_YOUR_CALM)),
        (kind::DATA, (1 << 20) + 1, Some(ErrorCode::FRAME_SIZE_ERROR)),
    ] {
        let mut connection = Connection::new(Role::Server, config.clone(), Instant::now());
        feed(&mut connection, PREFACE);
        feed(&mut connection, &wire(kind::SETTINGS, 0, 0, &[]));
        feed(&mut connection, &open(1));
        let stream = u32::from(kind == kind::DATA) + 3 * u32::from(kind == kind::HEADERS);
        // The header alone tells.
        let frame = wire(kind, flag::END_HEADERS, stream, &vec![0; length]);
        feed(&mut connection, &frame[..HEADER_LEN]);
        assert_eq!(failure_code(&connection), expected, "{kind} {length}");
    }
}

#[test]
fn padding_counts_against_the_windows_and_comes_back() {
    let mut connection = server();
    feed(&mut connection, &open(1));
    let padded = [&[200][..], b"hello", &[0; 200]].concat();
    for _ in 0..1000 {
        let seen = feed(&mut connection, &wire(kind::DATA, flag::PADDED, 1, &padded));
        assert_eq!(
            seen,
            [Seen::Data {
                stream: 1,
                bytes: b"hello".to_vec(),
                end_stream: false
            }]
        );
        let stream = connection.streams.find(1).unwrap();
        connection.release_stream_credit(stream, 5);
        connection.release_connection_credit(5);
    }
    assert_eq!(failure_code(&connection), None);
    let announced: u32 = take_output(&mut connection)
        .iter()
        .filter(|frame| frame.0 == kind::WINDOW_UPDATE && frame.2 == 0)
        .map(|frame| u32::from_be_bytes(frame.3[..].try_into().unwrap()))
        .sum();
    assert!(
        (206_000 - 50_000..=206_000).contains(&announced),
        "{announced}"
    );
}

#[test]
fn more_data_than_the_windows_allow_is_an_error_of_the_right_scope() {
    let mut connection = server();
    feed(&mut connection, &open(1));
    let chunk = wire(kind::DATA, 0, 1, &[0; 14_000]);
    for _ in 0..5 {
        assert_eq!(feed(&mut connection, &chunk).len(), 1);
    }
    let seen = feed(&mut connection, &chunk);
    assert_eq!(
        seen,
        [Seen::Reset {
            stream: 1,
            code: ErrorCode::FLOW_CONTROL_ERROR,
            here: true
        }]
    );
    feed(&mut connection, &open(3));
    for _ in 0..2 {
        feed(&mut connection, &wire(kind::DATA, 0, 3, &[0; 14_000]));
    }
    assert_eq!(
        failure_code(&connection),
        Some(ErrorCode::FLOW_CONTROL_ERROR)
    );
}

#[test]
fn a_stream_waits_for_its_window_and_streams_take_turns() {
    let mut connection = server();
    feed(
        &mut connection,
        &[
            settings(&[(setting::INITIAL_WINDOW_SIZE, 10)]),
            whole(1),
            whole(3),
        ]
        .concat(),
    );
    take_output(&mut connection);
    let streams = [1, 3].map(|number| connection.streams.find(number).unwrap());
    for stream in streams {
        assert!(connection.send_headers(stream, false, |block| block.field(
            b":status",
            b"200",
            Index::Always
        )));
        assert!(connection.send_data(stream, b"12345", &vec![7; 20_000], false));
        assert!(connection.send_headers(stream, true, |block| block.field(
            b"end",
            b"1",
            Index::Always
        )));
    }
    let sizes = |frames: Vec<(u8, u8, u32, Vec<u8>)>| -> Vec<(u32, usize)> {
        frames
            .into_iter()
            .filter(|frame| frame.0 == kind::DATA)
            .map(|frame| (frame.2, frame.3.len()))
            .collect()
    };
    assert_eq!(sizes(take_output(&mut connection)), [(1, 10), (3, 10)]);
    assert_eq!(connection.pending(streams[0]), 19_995);
    // A larger initial window opens the streams that live.
    feed(
        &mut connection,
        &settings(&[(setting::INITIAL_WINDOW_SIZE, 17_010)]),
    );
    assert_eq!(
        sizes(take_output(&mut connection)),
        [(1, 16_384), (3, 16_384), (1, 616), (3, 616)]
    );
    // A smaller one makes the windows negative: credit goes into the hole first.
    feed(
        &mut connection,
        &[
            settings(&[(setting::INITIAL_WINDOW_SIZE, 0)]),
            window_update(1, 17_010),
        ]
        .concat(),
    );
    assert_eq!(sizes(take_output(&mut connection)), []);
    feed(&mut connection, &window_update(1, 100_000));
    let out = take_output(&mut connection);
    assert_eq!(
        out.iter()
            .map(|frame| (frame.0, frame.2))
            .collect::<Vec<_>>(),
        [(kind::DATA, 1), (kind::HEADERS, 1)]
    );
    assert_eq!(out[1].1 & flag::END_STREAM, flag::END_STREAM);
    assert_eq!(connection.poll_sent(), Some(Sent::Ended(streams[0])));
    assert_eq!(connection.poll_sent(), None);
}

#[test]
fn the_fall_of_a_full_buffer_is_told_once() {
    let mut connection = server();
    feed(
        &mut connection,
        &[settings(&[(setting::INITIAL_WINDOW_SIZE, 0)]), whole(1)].concat(),
    );
    let stream = connection.streams.find(1).unwrap();
    connection.send_headers(stream, false, |block| {
        block.field(b":status", b"200", Index::Always);
    });
    connection.send_data(stream, &[], &[0; 1200], false);
    feed(&mut connection, &window_update(1, 600));
    assert_eq!(connection.poll_sent(), None);
    feed(&mut connection, &window_update(1, 200));
    assert_eq!(connection.poll_sent(), Some(Sent::Drained(stream)));
    feed(&mut connection, &window_update(1, 1000));
    assert_eq!(connection.poll_sent(), None);
}

#[test]
fn frames_of_a_stream_that_the_goaway_turned_away_are_ignored() {
    let mut connection = server();
    feed(&mut connection, &whole(1));
    connection.finish_shutdown();
    take_output(&mut connection);
    let late = [
        open(3),
        window_update(3, 100),
        wire(kind::DATA, 0, 3, b"12345"),
        wire(
            kind::HEADERS,
            flag::END_HEADERS | flag::END_STREAM,
            3,
            &block(&[("end", "1")]),
        ),
        window_update(5, 100),
        wire(kind::RST_STREAM, 0, 3, &8_u32.to_be_bytes()),
    ];
    assert_eq!(feed(&mut connection, &late.concat()), []);
    assert_eq!(failure_code(&connection), None);
    let kinds: Vec<u8> = take_output(&mut connection)
        .iter()
        .map(|frame| frame.0)
        .collect();
    assert!(
        !kinds.contains(&kind::GOAWAY) && !kinds.contains(&kind::RST_STREAM),
        "{kinds:?}"
    );
}

#[test]
fn the_end_is_sent_while_the_output_is_full() {
    let mut connection = server();
    let credit = settings(&[(setting::INITIAL_WINDOW_SIZE, 1 << 20)]);
    feed(
        &mut connection,
        &[credit, window_update(0, 1 << 20), whole(1)].concat(),
    );
    take_output(&mut connection);
    let stream = connection.streams.find(1).unwrap();
    connection.send_headers(stream, false, |block| {
        block.field(b":status", b"200", Index::Always);
    });
    let length = crate::limits::MAX_UNWRITTEN;
    assert!(connection.send_data(stream, &[], &vec![0; length], false));
    assert_eq!(connection.pending(stream), 0, "all is framed and unwritten");
    assert!(connection.send_data(stream, &[], &[], true));
    let sent = take_output(&mut connection);
    let (kind, flags, ..) = sent.last().unwrap();
    assert_eq!((*kind, *flags), (kind::DATA, flag::END_STREAM));
}

#[test]
fn late_frames_of_a_stream_that_was_reset_here_are_ignored() {
    let mut connection = server();
    feed(&mut connection, &open(1));
    let stream = connection.streams.find(1).unwrap();
    connection.reset(stream, ErrorCode::CANCEL);
    take_output(&mut connection);
    let late = [
        wire(kind::DATA, 0, 1, &[0; 60_000 / 4]),
        window_update(1, 5),
        wire(kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, 1, &[]),
        wire(kind::RST_STREAM, 0, 1, &[0; 4]),
    ];
    for bytes in late {
        assert_eq!(feed(&mut connection, &bytes), []);
    }
    assert_eq!(failure_code(&connection), None);
    assert!(take_output(&mut connection).is_empty());
}

#[test]
fn settings_are_acknowledged_and_shape_what_is_sent() {
    let mut connection = server();
    feed(
        &mut connection,
        &[
            settings(&[(setting::MAX_FRAME_SIZE, 20_000), (0x99, 1)]),
            whole(1),
        ]
        .concat(),
    );
    assert_eq!(take_output(&mut connection)[0].1, flag::ACK);
    let stream = connection.streams.find(1).unwrap();
    connection.send_headers(stream, false, |block| {
        block.field(b":status", b"200", Index::Always);
    });
    connection.send_data(stream, &[], &vec![0; 20_000], true);
    let out = take_output(&mut connection);
    assert_eq!(
        (out[1].0, out[1].1, out[1].3.len()),
        (kind::DATA, flag::END_STREAM, 20_000)
    );
}

/// A transcript with every kind of frame that a good client sends.
fn transcript() -> Vec<u8> {
    let fields = request();
    let (start, rest) = fields.split_at(2);
    let mut out = PREFACE.to_vec();
    out.extend(settings(&[(setting::INITIAL_WINDOW_SIZE, 5000)]));
    frame::put_settings_ack(&mut out);
    out.extend(wire(
        kind::HEADERS,
        flag::PADDED,
        1,
        &[&[3][..], start, &[0; 3]].concat(),
    ));
    out.extend(wire(kind::CONTINUATION, flag::END_HEADERS, 1, rest));
    out.extend(wire(
        kind::DATA,
        flag::PADDED,
        1,
        &[&[4][..], b"abc", &[0; 4]].concat(),
    ));
    out.extend(wire(kind::PRIORITY, 0, 1, &[0, 0, 0, 0, 1]));
    out.extend(wire(0xee, 0xff, 1, b"unknown"));
    out.extend(whole(3));
    out.extend(wire(kind::PING, 0, 0, b"12345678"));
    out.extend(window_update(0, 77));
    out.extend(wire(
        kind::DATA,
        flag::PADDED | flag::END_STREAM,
        1,
        &[2, b'd', 0, 0],
    ));
    out.extend(open(5));
    out.extend(wire(kind::DATA, flag::END_STREAM, 5, &[]));
    out.extend(open(7));
    out.extend(wire(kind::RST_STREAM, 0, 7, &[0, 0, 0, 8]));
    out.extend(wire(kind::GOAWAY, 0, 0, &[0; 8]));
    out
}

/// Events with adjacent data joined, since where data is cut may follow the input.
fn joined(seen: Vec<Seen>) -> Vec<Seen> {
    let mut joined: Vec<Seen> = Vec::new();
    for next in seen {
        match (joined.last_mut(), next) {
            (
                Some(Seen::Data {
                    stream,
                    bytes,
                    end_stream,
                }),
                Seen::Data {
                    stream: next_stream,
                    bytes: more,
                    end_stream: end,
                },
            ) if *stream == next_stream => {
                bytes.extend(more);
                *end_stream |= end;
            }
            (_, next) => joined.push(next),
        }
    }
    joined
}

fn play(pieces: impl Iterator<Item = Vec<u8>>) -> (Vec<Seen>, Vec<u8>) {
    let mut connection = Connection::new(
        Role::Server,
        Config {
            max_concurrent_streams: 9,
            ..config()
        },
        Instant::now(),
    );
    let mut seen = Vec::new();
    for piece in pieces {
        seen.extend(feed(&mut connection, &piece));
    }
    assert_eq!(connection.failure(), None);
    (joined(seen), connection.output().to_vec())
}

#[test]
fn a_transcript_cut_at_any_byte_means_the_same() {
    let transcript = transcript();
    let whole = play(std::iter::once(transcript.clone()));
    assert_eq!(whole.0.len(), 11, "{:?}", whole.0);
    for cut in 0..=transcript.len() {
        let (start, rest) = transcript.split_at(cut);
        assert_eq!(
            play([start.to_vec(), rest.to_vec()].into_iter()),
            whole,
            "cut at {cut}"
        );
    }
}

/// Frames that are well formed but mean anything.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        Just(request()),
        Just(vec![0; 4]),
        Just(vec![0; 8]),
        Just(1000_u32.to_be_bytes().to_vec()),
    ];
    (
        0_u8..11,
        prop_oneof![any::<u8>(), Just(4), Just(5)],
        0_u32..8,
        payload,
    )
        .prop_map(|(kind, flags, stream, payload)| wire(kind, flags, stream, &payload))
}

proptest! {
    #[test]
    fn any_cuts_mean_the_same(cuts in prop::collection::vec(1_usize..20, 1..100)) {
        let transcript = transcript();
        let mut cuts = cuts.iter().cycle();
        let mut rest = &transcript[..];
        let pieces = std::iter::from_fn(|| {
            let (piece, after) = rest.split_at((*cuts.next()?).min(rest.len()));
            rest = after;
            (!piece.is_empty()).then(|| piece.to_vec())
        });
        prop_assert_eq!(play(pieces), play(std::iter::once(transcript.clone())));
    }

    /// Whatever comes: no panic, no more streams than allowed, and windows that never go wrong.
    #[test]
    fn any_frames_are_taken_within_the_limits(list in prop::collection::vec(any_frame(), 0..60), as_client: bool) {
        let mut connection = if as_client { client().0 } else { server() };
        for bytes in list {
            for seen in feed(&mut connection, &bytes) {
                if let Seen::Headers { stream, .. } = seen && let Some(stream) = connection.streams.find(stream) {
                    connection.send_headers(stream, false, |block| block.field(b":status", b"200", Index::Always));
                    connection.send_data(stream, b"head", &[1; 3000], true);
                }
            }
            prop_assert!(connection.streams() <= 3);
            prop_assert!(connection.output().len() < 1 << 20);
            prop_assert!(connection.receive_window <= i64::from(frame::MAX_31_BIT));
        }
    }

    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..500), as_client: bool) {
        let mut connection = if as_client { client().0 } else { server() };
        feed(&mut connection, &bytes);
    }
}
