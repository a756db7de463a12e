//! What hostile peers do, and what they get: an error that names the fault, bounded memory, and no panic.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use russet_http2::frame::{self, PREFACE, flag, kind};
use russet_http2::hpack::Encoder;
use russet_http2::{ErrorCode, limits as h2_limits};
use russet_rpc::client;
use russet_rpc::server::{self, Event};
use russet_rpc::{CloseReason, Code, Fault, Metadata, Status, limits};

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
    let pong = wire(kind::PING, flag::ACK, 0, &[0; 8]);
    let credit = wire(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]);
    let credit_for_none = wire(kind::WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]);
    let reset_of_none = reset(1);
    let updates =
        h2_limits::IDLE_FRAME_BURST + u32::try_from(h2_limits::FREE_WINDOW_UPDATES).unwrap() + 10;
    let config = server::Config {
        max_ping_strikes: None,
        ..server::Config::default()
    };
    for (flood, limit) in [
        (&ping, h2_limits::PING_BURST),
        (&settings, h2_limits::SETTINGS_BURST),
        (&priority, h2_limits::IDLE_FRAME_BURST),
        (&unknown, h2_limits::IDLE_FRAME_BURST),
        (&pong, h2_limits::IDLE_FRAME_BURST),
        (&credit, updates),
        (&credit_for_none, updates),
        (&reset_of_none, h2_limits::IDLE_FRAME_BURST + 1),
    ] {
        let mut victim = Victim::with(config.clone());
        // A stream that has ended.
        victim.feed(&[open(1), reset(1)].concat());
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
    let long = h2_limits::MAX_HEADER_BLOCK / 16_000 + 1;
    for (fragment, limit) in [
        (&b""[..], h2_limits::MAX_SMALL_CONTINUATIONS as usize),
        (&[0; 16_000], long),
    ] {
        let mut victim = Victim::new();
        victim.feed(&wire(kind::HEADERS, 0, 1, &[]));
        let times = victim.flood(100_000, |_| wire(kind::CONTINUATION, 0, 1, fragment));
        assert!(
            times.is_some_and(|times| times <= limit),
            "{times:?} of {limit}"
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
fn header_lists_over_the_limit_are_refused_one_by_one_and_counted() {
    let long = "0".repeat(20_000);
    let mut victim = Victim::new();
    let one = |stream| request(stream, flag::END_STREAM, &[("long", &long)]);
    victim.feed(&[one(1), open(3)].concat());
    assert_eq!(victim.events().len(), 1, "the good one");
    let times = victim.flood(100_000, |time| one(stream(time + 2)));
    assert!(
        times.is_some_and(|times| times <= h2_limits::OVERSIZE_BURST as usize),
        "{times:?}"
    );
    victim.assert_calm_asked();
}

/// One block of a megabyte in frames of the usual length, and the call after it.
#[test]
fn a_very_long_header_list_costs_its_call_alone() {
    for name in ["k".to_owned(), "n".repeat(200_000)] {
        let mut long = block(&REQUEST);
        long.extend(block(&[(&name, &"v".repeat(1_000_000))]));
        let mut victim = Victim::new();
        let mut pieces = long.chunks(16_000).peekable();
        let mut kind = kind::HEADERS;
        while let Some(piece) = pieces.next() {
            let last = if pieces.peek().is_none() {
                flag::END_HEADERS
            } else {
                0
            };
            victim.feed(&wire(kind, last, 1, piece));
            kind = kind::CONTINUATION;
        }
        assert!(victim.events().is_empty());
        assert!(!victim.server.is_closed());
        victim.feed(&open(3));
        assert_eq!(victim.events().len(), 1);
    }
}

#[test]
fn the_metadata_of_waiting_calls_is_counted() {
    let mut victim = Victim::new();
    let limit = server::Config::default().max_connection_memory / limits::METADATA_SHARE;
    let mut calls = Vec::new();
    for nth in 0..5000 {
        let value = format!("{nth:010000}");
        victim.feed(&request(stream(nth), 0, &[("key", &value)]));
        for event in victim.events() {
            let Event::Call(call) = event else { continue };
            calls.push(call);
        }
        victim.read();
    }
    assert!(!victim.server.is_closed());
    let most = limit / 10_000;
    assert!(
        (most - 50..=most + 1).contains(&calls.len()),
        "{}",
        calls.len()
    );
    // Those that are gone make room.
    for call in calls.drain(..100) {
        victim.server.cancel(call.call, Code::Cancelled).unwrap();
    }
    let value = "x".repeat(10_000);
    victim.feed(&request(stream(6000), 0, &[("key", &value)]));
    assert!(
        victim
            .events()
            .iter()
            .any(|event| matches!(event, Event::Call(_)))
    );
}

#[test]
fn unread_answers_are_refused_one_by_one() {
    let mut pair = Pair::with(
        client::Config {
            call_window: 0,
            ..client::Config::default()
        },
        server::Config {
            max_connection_memory: 1 << 20,
            ..server::Config::default()
        },
    );
    for _ in 0..100 {
        pair.start("/a/b");
    }
    let calls: Vec<_> = (pair.server_events().into_iter())
        .filter_map(|event| match event {
            Event::Call(call) => Some(call.call),
            _ => None,
        })
        .collect();
    assert_eq!(calls.len(), 100, "all had come before the first answer");
    let answer = vec![0; 100_000];
    let mut refused = 0;
    for call in calls {
        match pair.server.send_message(call, &answer, plain()) {
            Ok(()) => assert!(pair.server.is_congested(call)),
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("russet.max_connection_memory"), "{text}");
                refused += 1;
                let status = Status::new(Code::ResourceExhausted, text);
                pair.server
                    .send_status(call, &status, &Metadata::EMPTY)
                    .unwrap();
            }
        }
    }
    assert_eq!(refused, 90);
}

#[test]
fn a_status_longer_than_the_client_takes_is_cut_and_costs_its_call_alone() {
    let long = "é".repeat(1_000_000);
    let mut pair = Pair::new();
    for started in [false, true] {
        pair.start("/a/b");
        let call = pair.accept().call;
        if started {
            pair.server.send_message(call, b"first", plain()).unwrap();
        }
        let status = Status::new(Code::Internal, long.clone());
        pair.server
            .send_status(call, &status, &Metadata::EMPTY)
            .unwrap();
        let events = pair.client_events();
        let Some(client::Event::Status { status, .. }) = events.last() else {
            panic!("{events:?}")
        };
        assert_eq!(status.code, Code::Internal);
        assert!(status.message.ends_with(" ... (cut: 2000000 bytes in all)"));
        assert!(status.message.len() > 5000);
    }
    // Metadata is not cut: who needs it would miss it.
    let mut metadata = Metadata::new();
    metadata.push("k", "v".repeat(20_000).as_bytes()).unwrap();
    for initial in [false, true] {
        let id = pair.start("/a/b");
        let call = pair.accept().call;
        if initial {
            assert!(pair.server.send_initial_metadata(call, &metadata).is_err());
        } else {
            pair.server
                .send_status(call, &Status::OK, &metadata)
                .unwrap();
        }
        let events = pair.client_events();
        let Some(client::Event::Status { call, status, .. }) = events.last() else {
            panic!("{events:?}")
        };
        assert_eq!((*call, status.code), (id, Code::ResourceExhausted));
        assert!(status.message.contains("exceeds peer limit"), "{status}");
    }
    assert!(!pair.client.is_closed() && !pair.server.is_closed());
}

/// Trailers of a server that does not care what its client takes.
#[test]
fn trailers_longer_than_a_client_takes_end_their_call_alone() {
    for length in [20_000, 70_000, 3_000_000] {
        let now = Instant::now();
        let mut client = client::Connection::new(Arc::default(), now);
        let [first, second] =
            [(); 2].map(|()| client.start_call(&crate::pair::call(), now).unwrap());
        let mut bytes = Vec::new();
        frame::put_settings(&[], &mut bytes);
        let text = "x".repeat(length);
        let status = block(&[
            (":status", "200"),
            ("content-type", "application/grpc"),
            ("grpc-status", "13"),
            ("grpc-message", &text),
        ]);
        let mut pieces = status.chunks(16_000).peekable();
        let (mut kind, mut flags) = (kind::HEADERS, flag::END_STREAM);
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                flags |= flag::END_HEADERS;
            }
            bytes.extend(wire(kind, flags, first.stream(), piece));
            (kind, flags) = (kind::CONTINUATION, 0);
        }
        let short = block(&[
            (":status", "200"),
            ("content-type", "application/grpc"),
            ("grpc-status", "0"),
        ]);
        bytes.extend(wire(
            kind::HEADERS,
            flag::END_HEADERS | flag::END_STREAM,
            second.stream(),
            &short,
        ));
        client.handle_input(&bytes, now);
        assert!(!client.is_closed(), "{length}: {:?}", client.close_reason());
        let ends: Vec<_> = std::iter::from_fn(|| client.poll_event())
            .filter_map(|event| match event {
                client::Event::Status { call, status, .. } => Some((call, status.code)),
                _ => None,
            })
            .collect();
        assert_eq!(
            ends,
            [(first, Code::ResourceExhausted), (second, Code::Ok)],
            "{length}"
        );
    }
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
