//! What hostile peers do, and what they get: an error that names the fault, bounded memory, and no panic.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use russet_http2::frame::{self, PREFACE, flag, kind};
use russet_http2::hpack::Encoder;
use russet_http2::{ErrorCode, limits as h2_limits};
use russet_rpc::client;
use russet_rpc::server::{self, Event};
use russet_rpc::{CloseReason, Fault, Metadata, Status, limits};

use crate::pair::{Pair, plain, server_story};

/// A server that is fed raw bytes.
struct Victim {
    server: server::Connection,
    now: Instant,
}

impl Victim {
    fn new() -> Self {
        Self::with(server::Config::default())
    }

    fn with(config: server::Config) -> Self {
        let now = Instant::now();
        let mut victim = Self {
            server: server::Connection::new(Arc::new(config), now),
            now,
        };
        let mut hello = PREFACE.to_vec();
        frame::put_settings(&[], &mut hello);
        frame::put_settings_ack(&mut hello);
        victim.feed(&hello);
        victim.read();
        victim
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.server.handle_input(bytes, self.now);
    }

    /// The peer reads everything that was written to it.
    fn read(&mut self) -> Vec<u8> {
        let output = self.server.output().to_vec();
        self.server.output_written(output.len());
        output
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.server.poll_event()).collect()
    }

    /// Feeds `bytes` again and again; how often it took to be closed, if it was.
    fn flood(&mut self, times: usize, mut bytes: impl FnMut(usize) -> Vec<u8>) -> Option<usize> {
        for time in 0..times {
            self.feed(&bytes(time));
            if self.server.is_closed() {
                return Some(time);
            }
            self.read();
        }
        None
    }

    fn assert_calm_asked(&self) {
        match self.server.close_reason() {
            Some(reason @ CloseReason::Protocol(error)) => {
                assert_eq!(
                    (error.code, reason.fault()),
                    (ErrorCode::ENHANCE_YOUR_CALM, Fault::PeerMisbehaved)
                );
            }
            other => panic!("{other:?}"),
        }
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

const REQUEST: [(&str, &str); 5] = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/a/b"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
];

fn request(stream: u32, flags: u8, more: &[(&str, &str)]) -> Vec<u8> {
    let fields = [&REQUEST[..], more].concat();
    wire(
        kind::HEADERS,
        flag::END_HEADERS | flags,
        stream,
        &block(&fields),
    )
}

fn open(stream: u32) -> Vec<u8> {
    request(stream, 0, &[])
}

fn reset(stream: u32) -> Vec<u8> {
    wire(kind::RST_STREAM, 0, stream, &[0, 0, 0, 8])
}

/// The number of a client's stream.
fn stream(nth: usize) -> u32 {
    u32::try_from(2 * nth + 1).unwrap()
}

/// The answer to a request, as a client's header list shows it.
fn answer_to(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut victim = Victim::new();
    victim.feed(&wire(kind::HEADERS, flag::END_HEADERS, 1, &block(fields)));
    assert!(victim.events().is_empty());
    let output = victim.read();
    read_answer(&victim, &output)
}

/// The answer to a request that is not gRPC at all, and its text. It comes when the request has ended.
fn answer_to_stranger(fields: &[(&str, &str)]) -> (Vec<(String, String)>, String) {
    let mut victim = Victim::new();
    victim.feed(&wire(kind::HEADERS, flag::END_HEADERS, 1, &block(fields)));
    // More than a stream's window: what nobody reads does not stall the request.
    for _ in 0..40 {
        victim.feed(&wire(kind::DATA, 0, 1, &[0; 16_000]));
        let grants = victim.read();
        assert_eq!(
            frame::FrameHeader::parse(grants.first_chunk().unwrap_or(&[
                0,
                0,
                0,
                kind::WINDOW_UPDATE,
                0,
                0,
                0,
                0,
                0
            ]))
            .kind,
            kind::WINDOW_UPDATE
        );
    }
    victim.feed(&wire(kind::DATA, flag::END_STREAM, 1, b"x"));
    let output = victim.read();
    let header = frame::FrameHeader::parse(output.first_chunk().unwrap());
    let (head, body) = output.split_at(9 + header.length as usize);
    assert!(!header.has(flag::END_STREAM));
    let data = frame::FrameHeader::parse(body.first_chunk().unwrap());
    assert_eq!((data.kind, data.has(flag::END_STREAM)), (kind::DATA, true));
    let text = String::from_utf8(body[9..9 + data.length as usize].to_vec()).unwrap();
    (read_headers(&victim, head), text)
}

fn read_answer(victim: &Victim, output: &[u8]) -> Vec<(String, String)> {
    let header = frame::FrameHeader::parse(output.first_chunk().unwrap());
    assert_eq!(header.kind, kind::HEADERS);
    assert!(header.has(flag::END_STREAM));
    read_headers(victim, output)
}

fn read_headers(victim: &Victim, output: &[u8]) -> Vec<(String, String)> {
    let header = frame::FrameHeader::parse(output.first_chunk().unwrap());
    let mut list = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    russet_http2::hpack::Decoder::new(|_, _| None)
        .decode(&output[9..9 + header.length as usize], |field| {
            list.push((text(field.name), text(field.value)));
        })
        .unwrap();
    assert_eq!(victim.server.active_calls(), 0);
    list
}

#[test]
fn a_path_of_any_form_is_the_handlers_affair() {
    for path in ["*", "word", "a/b", "/a.B/c/d"] {
        let mut fields = REQUEST.to_vec();
        fields[2].1 = path;
        let mut victim = Victim::new();
        victim.feed(&wire(kind::HEADERS, flag::END_HEADERS, 1, &block(&fields)));
        assert!(!victim.events().is_empty(), "{path}");
    }
}

#[test]
fn requests_that_are_not_grpc_get_an_answer_that_says_so() {
    let with = |name: &'static str, value: &'static str| {
        let mut fields = REQUEST.to_vec();
        fields.retain(|field| field.0 != name);
        let at = if name.starts_with(':') {
            0
        } else {
            fields.len()
        };
        fields.insert(at, (name, value));
        fields
    };
    for (fields, expected) in [
        (
            with("grpc-timeout", "soon"),
            &[
                (":status", "200"),
                ("grpc-status", "13"),
                ("grpc-message", "malformed grpc-timeout"),
            ][..],
        ),
        (
            with("grpc-encoding", "br"),
            &[
                (":status", "200"),
                ("grpc-status", "12"),
                ("grpc-accept-encoding", "identity, deflate, gzip, zstd"),
            ],
        ),
        (
            with("x-bin", "!!"),
            &[(":status", "200"), ("grpc-status", "13")],
        ),
    ] {
        let answer = answer_to(&fields);
        for (name, value) in expected {
            assert!(
                answer.contains(&((*name).to_owned(), (*value).to_owned())),
                "{fields:?}: {answer:?}"
            );
        }
    }
    for (fields, status, expected) in [
        (
            with("content-type", "application/json"),
            "415",
            "content-type \"application/json\" is not application/grpc\n",
        ),
        (
            with(":method", "GET"),
            "405",
            "the method of a gRPC request is POST\n",
        ),
    ] {
        let (answer, text) = answer_to_stranger(&fields);
        assert!(
            answer.contains(&(":status".to_owned(), status.to_owned())),
            "{answer:?}"
        );
        assert_eq!(text, expected);
    }
    let big = "a".repeat(20_000);
    let answer = answer_to(
        &[
            &REQUEST[..],
            &[("k", &big[..10_000]), ("k", &big[10_000..])],
        ]
        .concat(),
    );
    assert!(
        answer.contains(&("grpc-status".to_owned(), "8".to_owned())),
        "{answer:?}"
    );
}

#[test]
fn rapid_reset_starts_no_handler_and_is_stopped() {
    let mut victim = Victim::new();
    let times = victim.flood(1_000_000, |time| {
        [open(stream(time)), reset(stream(time))].concat()
    });
    assert_eq!(times, Some(h2_limits::RESET_BURST as usize));
    victim.assert_calm_asked();
    assert!(victim.events().is_empty());
}

#[test]
fn a_client_that_cancels_at_a_human_rate_is_served() {
    let mut victim = Victim::new();
    for second in 0..20 {
        for n in 0..400 {
            let stream = stream(second * 400 + n);
            victim.feed(&[open(stream), reset(stream)].concat());
        }
        victim.now += Duration::from_secs(1);
    }
    assert!(!victim.server.is_closed());
}

/// The frames that make a server reset the stream of this identifier.
type Provocation = fn(u32) -> Vec<u8>;

/// Streams that the server must reset, in seven ways.
#[test]
fn made_you_reset_is_stopped() {
    let ways: [(&str, Provocation); 7] = [
        ("no credit", |stream| {
            [open(stream), wire(kind::WINDOW_UPDATE, 0, stream, &[0; 4])].concat()
        }),
        ("too much credit", |stream| {
            let increment = [0x7f, 0xff, 0xff, 0xff];
            [
                open(stream),
                wire(kind::WINDOW_UPDATE, 0, stream, &increment),
            ]
            .concat()
        }),
        ("headers in the middle", |stream| {
            let second = block(&[("trailers", "without end")]);
            [
                open(stream),
                wire(kind::HEADERS, flag::END_HEADERS, stream, &second),
            ]
            .concat()
        }),
        ("data behind the end", |stream| {
            [
                request(stream, flag::END_STREAM, &[]),
                wire(kind::DATA, 0, stream, b"x"),
            ]
            .concat()
        }),
        ("less than was announced", |stream| {
            [
                request(stream, 0, &[("content-length", "5")]),
                wire(kind::DATA, flag::END_STREAM, stream, b"x"),
            ]
            .concat()
        }),
        ("a priority of the wrong size", |stream| {
            [open(stream), wire(kind::PRIORITY, 0, stream, &[0; 4])].concat()
        }),
        ("a field of the wrong sort", |stream| {
            request(stream, 0, &[("connection", "close")])
        }),
    ];
    for (way, provoke) in ways {
        let mut victim = Victim::new();
        let times = victim.flood(100_000, |time| provoke(stream(time)));
        assert_eq!(times, Some(h2_limits::RESET_BURST as usize), "{way}");
        victim.assert_calm_asked();
        assert_eq!(victim.server.active_calls(), 0, "{way}");
    }
}

#[test]
fn streams_over_the_limit_are_refused_and_the_refusals_are_counted() {
    let mut victim = Victim::with(server::Config {
        max_concurrent_calls: 10,
        ..server::Config::default()
    });
    let times = victim.flood(100_000, |time| open(stream(time)));
    assert_eq!(times, Some(10 + h2_limits::RESET_BURST as usize));
    assert!(
        victim
            .events()
            .iter()
            .filter(|event| matches!(event, Event::Call(_)))
            .count()
            <= 10
    );
}

#[test]
fn floods_of_control_frames_are_stopped() {
    let ping = wire(kind::PING, 0, 0, &[0; 8]);
    let mut settings = Vec::new();
    frame::put_settings(&[(frame::setting::INITIAL_WINDOW_SIZE, 1)], &mut settings);
    let priority = wire(kind::PRIORITY, 0, 9, &[0, 0, 0, 1, 1]);
    let unknown = wire(0x77, 0, 0, b"?");
    let config = server::Config {
        max_ping_strikes: None,
        ..server::Config::default()
    };
    for (flood, limit) in [
        (&ping, h2_limits::PING_BURST),
        (&settings, h2_limits::SETTINGS_BURST),
        (&priority, h2_limits::IDLE_FRAME_BURST),
        (&unknown, h2_limits::IDLE_FRAME_BURST),
    ] {
        let mut victim = Victim::with(config.clone());
        let times = victim.flood(100_000, |_| flood.clone());
        // The handshake took one of the SETTINGS and of the idle frames.
        assert!(
            times.is_some_and(|times| times <= limit as usize),
            "{times:?} of {limit}"
        );
        victim.assert_calm_asked();
    }
}

#[test]
fn empty_data_is_stopped_and_tiny_messages_are_not() {
    let mut victim = Victim::new();
    victim.feed(&open(1));
    let times = victim.flood(100_000, |_| wire(kind::DATA, 0, 1, &[]));
    assert_eq!(times, Some(h2_limits::EMPTY_DATA_BURST as usize));
    let mut victim = Victim::new();
    victim.feed(&open(1));
    let times = victim.flood(100_000, |_| {
        wire(kind::DATA, flag::PADDED, 1, &[3, 0, 0, 0])
    });
    assert_eq!(times, Some(h2_limits::EMPTY_DATA_BURST as usize));

    // A stream of a million small messages, each in its own frame, is good.
    let mut victim = Victim::new();
    victim.feed(&open(1));
    let batch = wire(kind::DATA, 0, 1, &[0, 0, 0, 0, 1, b'x']).repeat(1000);
    let mut messages = 0;
    for _ in 0..1000 {
        victim.feed(&batch);
        for event in victim.events() {
            if let Event::Message { call, credit, .. } = event {
                messages += 1;
                victim.server.message_consumed(call, credit);
            }
        }
        victim.read();
    }
    assert_eq!((messages, victim.server.is_closed()), (1_000_000, false));
}

#[test]
fn continuation_floods_are_stopped_by_number_and_by_size() {
    for fragment in [&b""[..], &[0; 16_000]] {
        let mut victim = Victim::new();
        victim.feed(&wire(kind::HEADERS, 0, 1, &[]));
        let times = victim.flood(100_000, |_| wire(kind::CONTINUATION, 0, 1, fragment));
        assert!(
            times.is_some_and(|times| times <= h2_limits::MAX_CONTINUATIONS as usize),
            "{times:?}"
        );
        victim.assert_calm_asked();
    }
}

/// A table entry of 4,000 bytes, named again and again: 64 MB of header list in 16 KB.
#[test]
fn an_hpack_bomb_is_refused_alone() {
    let mut victim = Victim::new();
    let mut first = block(&REQUEST);
    first.extend([0x40, 1, b'k', 0x7f, 0xa1, 0x1e]);
    first.extend([b'v'; 4000]);
    victim.feed(&wire(kind::HEADERS, flag::END_HEADERS, 1, &first));
    assert_eq!(victim.events().len(), 1);
    let bomb = [block(&REQUEST), vec![0xbe; 16_000]].concat();
    let started = Instant::now();
    victim.feed(&wire(kind::HEADERS, flag::END_HEADERS, 3, &bomb));
    assert!(victim.events().is_empty(), "took {:?}", started.elapsed());
    assert_eq!(
        (victim.server.active_calls(), victim.server.is_closed()),
        (1, false)
    );
}

#[test]
fn answers_that_are_not_read_are_bounded() {
    // PINGs in one batch, within their rate.
    let mut victim = Victim::with(server::Config {
        max_ping_strikes: None,
        ..server::Config::default()
    });
    for _ in 0..100 {
        victim.feed(&wire(kind::PING, 0, 0, &[0; 8]).repeat(200));
        victim.now += Duration::from_secs(1);
    }
    victim.assert_calm_asked();
    assert!(victim.server.output().len() < 200_000);

    // Requests that are answered at once: the driver is told to stop reading.
    let mut victim = Victim::new();
    let mut stream = 1;
    while victim.server.accepts_input() {
        let fields = [&REQUEST[..], &[("grpc-timeout", "soon")]].concat();
        victim.feed(&wire(
            kind::HEADERS,
            flag::END_HEADERS | flag::END_STREAM,
            stream,
            &block(&fields),
        ));
        stream += 2;
        assert!(victim.server.output().len() <= limits::MAX_UNREAD_OUTPUT + 1000);
    }
    victim.read();
    assert!(victim.server.accepts_input() && !victim.server.is_closed());
}

#[test]
fn responses_that_are_not_read_are_bounded_by_the_streams() {
    let mut pair = Pair::with(
        client::Config {
            call_window: 0,
            ..client::Config::default()
        },
        server::Config {
            max_concurrent_calls: 5,
            ..server::Config::default()
        },
    );
    for _ in 0..5 {
        pair.start("/a/b");
    }
    for event in pair.server_events() {
        let Event::Call(call) = event else { continue };
        pair.server
            .send_message(call.call, &[0; 10_000], plain())
            .unwrap();
        pair.server
            .send_status(call.call, &Status::OK, &Metadata::EMPTY)
            .unwrap();
    }
    // The status waits behind the messages, so the calls still count.
    assert_eq!(pair.server.active_calls(), 5);
    pair.run();
    assert_eq!(pair.client.available_calls(), 0);
}

#[test]
fn an_unfinished_message_at_the_end_is_an_error() {
    let mut victim = Victim::new();
    victim.feed(&open(1));
    victim.events();
    victim.feed(&wire(kind::DATA, flag::END_STREAM, 1, &[0, 0, 0, 0, 9, 1]));
    assert_eq!(server_story(&victim.events()), ["cancelled(BadMessage)"]);
    assert!(String::from_utf8_lossy(&victim.read()).len() > 9);
}

#[test]
fn other_protocols_get_a_clear_end() {
    for (bytes, fault) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], Fault::PeerIncompatible),
        (b"\x16\x03\x01\x00\x05", Fault::PeerIncompatible),
        (b"PRI * HTTP/9", Fault::PeerMisbehaved),
    ] {
        let now = Instant::now();
        let mut server = server::Connection::new(Arc::default(), now);
        server.handle_input(bytes, now);
        assert!(server.is_closed());
        assert_eq!(server.close_reason().map(CloseReason::fault), Some(fault));
        assert_eq!(server.poll_timeout(), None);
    }
}

proptest! {
    #[test]
    fn any_bytes_close_a_server_or_wait_for_more(bytes in prop::collection::vec(any::<u8>(), 0..2000), after_hello: bool) {
        let now = Instant::now();
        let mut server = server::Connection::new(Arc::default(), now);
        if after_hello {
            let mut hello = PREFACE.to_vec();
            frame::put_settings(&[], &mut hello);
            server.handle_input(&hello, now);
        }
        server.handle_input(&bytes, now);
        while server.poll_event().is_some() {}
        server.handle_eof(now);
        prop_assert!(server.is_closed());
    }

    #[test]
    fn any_bytes_close_a_client_or_wait_for_more(bytes in prop::collection::vec(any::<u8>(), 0..2000), after_hello: bool) {
        let now = Instant::now();
        let mut connection = client::Connection::new(Arc::default(), now);
        connection.start_call(&crate::pair::call(), now).unwrap();
        if after_hello {
            let mut hello = Vec::new();
            frame::put_settings(&[], &mut hello);
            connection.handle_input(&hello, now);
        }
        connection.handle_input(&bytes, now);
        connection.handle_eof(now);
        let statuses = std::iter::from_fn(|| connection.poll_event()).filter(|event| matches!(event, client::Event::Status { .. })).count();
        prop_assert_eq!(statuses, 1);
    }

    /// A real conversation with one byte changed: any outcome but a panic, a hang or an unended call.
    #[test]
    fn a_changed_byte_is_survived(at in 0_usize..600, to: u8, from_client: bool) {
        let mut pair = Pair::new();
        let talk = |pair: &mut Pair| {
            let id = pair.start("/a/b");
            let _ = pair.client.send_last_message(id, &[5; 50], plain());
        };
        talk(&mut pair);
        talk(&mut pair);
        let mut bytes = pair.client.output().to_vec();
        let length = bytes.len();
        pair.client.output_written(length);
        if from_client && let Some(byte) = bytes.get_mut(at) { *byte = to; }
        pair.server.handle_input(&bytes, pair.now);
        while let Some(event) = pair.server.poll_event() {
            if let Event::Call(call) = event {
                let _ = pair.server.send_message(call.call, &[6; 60], plain());
                let _ = pair.server.send_status(call.call, &Status::OK, &Metadata::EMPTY);
            }
        }
        let mut bytes = pair.server.output().to_vec();
        if !from_client && let Some(byte) = bytes.get_mut(at) { *byte = to; }
        pair.client.handle_input(&bytes, pair.now);
        pair.client.handle_eof(pair.now);
        let statuses = std::iter::from_fn(|| pair.client.poll_event()).filter(|event| matches!(event, client::Event::Status { .. })).count();
        prop_assert_eq!(statuses, 2);
    }
}
