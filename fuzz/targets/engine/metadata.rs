//! Metadata, timeouts and statuses. Between two ends of ours they arrive as they were given; as a foreign client's header fields of any bytes they are taken as the protocol says, or refused, and nothing panics.
#![no_main]

mod choices;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use choices::Choices;
use russet_http2::hpack::{Encoder, Index};
use russet_rpc::client::StartCall;
use russet_rpc::server::IncomingCall;
use russet_rpc::{
    Code, Encoding, Metadata, Status, client, is_binary, percent_decode, percent_encode, server,
};

/// What an application may say; what it may not is left out, as drivers do.
fn metadata(choices: &mut Choices<'_>) -> Metadata {
    let mut metadata = Metadata::new();
    for _ in 0..choices.byte() % 5 {
        let mut key = String::from_utf8_lossy(choices.bytes(12)).into_owned();
        if choices.byte() & 1 == 0 {
            key.push_str("-bin");
        }
        let value = choices.bytes(60);
        let taken = metadata.push(&key, value).is_ok();
        let is_legal = !key.is_empty()
            && key
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.'))
            && (is_binary(&key) || value.iter().all(|byte| matches!(byte, b' '..=b'~')));
        assert!(is_legal || !taken, "{key:?}: {value:?}");
    }
    metadata
}

/// That all of `sent` has arrived in order. Blanks around a text value may be lost (PROTOCOL-HTTP2, "ASCII-Value").
fn assert_arrived(sent: &Metadata, arrived: &Metadata) {
    let arrived: Vec<_> = arrived
        .iter()
        .filter(|(key, _)| sent.get(key).is_some())
        .collect();
    assert_eq!(arrived.len(), sent.len(), "{sent:?}: {arrived:?}");
    for ((key, value), (their_key, their_value)) in sent.iter().zip(arrived) {
        assert_eq!(key, their_key);
        assert!(
            value == their_value
                || !is_binary(key) && value.trim_ascii() == their_value.trim_ascii(),
            "{key}: {value:?}, {their_value:?}"
        );
    }
}

fn feed_server(from: &mut client::Connection, to: &mut server::Connection, now: Instant) {
    to.handle_input(from.output(), now);
    let count = from.output().len();
    from.output_written(count);
}

fn feed_client(from: &mut server::Connection, to: &mut client::Connection, now: Instant) {
    to.handle_input(from.output(), now);
    let count = from.output().len();
    from.output_written(count);
}

/// Two calls of the same words, one after the other: the second meets tables that have the first one's.
fn between_our_ends(choices: &mut Choices<'_>) {
    let now = Instant::now();
    let mut client = client::Connection::new(Arc::default(), now);
    let mut server = server::Connection::new(Arc::default(), now);
    let (sent, first, last) = (metadata(choices), metadata(choices), metadata(choices));
    let timeout = (choices.byte() & 1 == 0).then(|| {
        let nanos = (u64::from(choices.number()) << 32 | u64::from(choices.number()))
            >> (choices.byte() % 64);
        Duration::from_nanos(nanos.max(1))
    });
    let code = Code::from_u32(u32::from(choices.byte() % 17)).unwrap_or(Code::Unknown);
    let message = String::from_utf8_lossy(choices.bytes(80)).into_owned();
    for _ in 0..2 {
        let start = StartCall {
            path: "/fuzz.Service/Say",
            authority: "localhost",
            scheme: "http",
            user_agent: "fuzz",
            metadata: &sent,
            deadline: timeout.map(|timeout| now + timeout),
            encoding: Encoding::Identity,
        };
        let started = client.start_call(&start, now).expect("an open connection");
        client.half_close(started).expect("an open call");
        feed_server(&mut client, &mut server, now);
        let call = loop {
            match server.poll_event().expect("a call") {
                server::Event::Call(incoming) => break arrived(&incoming, &sent, timeout, now),
                event => panic!("{event:?}"),
            }
        };
        server
            .send_initial_metadata(call, &first)
            .expect("an open call");
        let status = Status::new(code, message.clone());
        server
            .send_status(call, &status, &last)
            .expect("an open call");
        while server.poll_event().is_some() {}
        feed_client(&mut server, &mut client, now);
        let mut is_over = false;
        while let Some(event) = client.poll_event() {
            match event {
                client::Event::InitialMetadata { metadata, .. } => {
                    assert_arrived(&first, &metadata);
                }
                client::Event::Status {
                    status, trailing, ..
                } => {
                    assert_eq!((status.code, &*status.message), (code, &*message));
                    assert_arrived(&last, &trailing);
                    is_over = true;
                }
                client::Event::Closed { reason } => panic!("{reason:?}"),
                _ => {}
            }
        }
        assert!(is_over);
        // Settings, acknowledgements and credit go on their way.
        feed_server(&mut client, &mut server, now);
        feed_client(&mut server, &mut client, now);
    }
}

fn arrived(
    incoming: &IncomingCall,
    sent: &Metadata,
    timeout: Option<Duration>,
    now: Instant,
) -> russet_rpc::CallId {
    assert_arrived(sent, &incoming.metadata);
    match (timeout, incoming.deadline) {
        (Some(timeout), Some(deadline)) => {
            // Rounded up. A unit is left for one a thousand times as large at eight digits: at least five are kept.
            let left = deadline - now;
            assert!(left >= timeout && left <= timeout + timeout / 100_000 + NANOSECOND);
        }
        (None, None) => {}
        both => panic!("{both:?}"),
    }
    incoming.call
}

const NANOSECOND: Duration = Duration::from_nanos(1);

/// `grpc-timeout` read in another way than the engine does.
fn timeout(value: &[u8]) -> Option<Duration> {
    let text = str::from_utf8(value).ok()?;
    let unit = text.chars().next_back()?;
    let digits = &text[..text.len() - unit.len_utf8()];
    if !(1..=8).contains(&digits.len()) || digits.starts_with('+') {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    let nanos: u64 = match unit {
        'n' => 1,
        'u' => 1_000,
        'm' => 1_000_000,
        'S' => 1_000_000_000,
        'M' => 60_000_000_000,
        'H' => 3_600_000_000_000,
        _ => return None,
    };
    let nanos = u128::from(number) * u128::from(nanos);
    let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
    let rest = u32::try_from(nanos % 1_000_000_000).ok()?;
    Some(Duration::new(seconds, rest))
}

/// Requests whose fields have any bytes. Fields that are wrong end their stream and leave the connection.
fn from_a_foreign_client(choices: &mut Choices<'_>) {
    let now = Instant::now();
    let mut server = server::Connection::new(Arc::default(), now);
    let mut encoder = Encoder::default();
    let mut input = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    let mut stream = 1_u32;
    while !choices.is_empty() && stream < 20 {
        let limit = choices.bytes(12);
        let (key, value) = (choices.bytes(16), choices.bytes(80));
        let mut block = Vec::new();
        encoder.start_block(&mut block);
        let mut put =
            |name: &[u8], value: &[u8]| encoder.field(name, value, Index::IfRepeated, &mut block);
        put(b":method", b"POST");
        put(b":scheme", b"http");
        put(b":path", b"/a/b");
        put(b":authority", b"test");
        put(b"te", b"trailers");
        put(b"content-type", b"application/grpc");
        put(b"grpc-timeout", limit);
        put(key, value);
        let length = u32::try_from(block.len()).expect("short").to_be_bytes();
        input.extend_from_slice(&length[1..]);
        input.extend_from_slice(&[1, 5]);
        input.extend_from_slice(&stream.to_be_bytes());
        input.extend_from_slice(&block);
        server.handle_input(&input, now);
        input.clear();
        while let Some(event) = server.poll_event() {
            if let server::Event::Call(incoming) = event {
                let expected = timeout(limit);
                let left = incoming.deadline.map(|deadline| deadline - now);
                assert_eq!(left, expected, "{limit:?}");
                for (key, value) in &incoming.metadata {
                    assert!(!key.is_empty() && !key.starts_with(':'));
                    assert!(is_binary(key) || value.iter().all(|&byte| byte != b'\n' && byte != 0));
                }
            }
        }
        assert!(!server.is_closed());
        let count = server.output().len();
        server.output_written(count);
        stream += 2;
    }
}

/// The texts of statuses: any bytes are read, and what we write comes back.
fn texts(choices: &mut Choices<'_>) {
    let wire = choices.bytes(255);
    let text: Cow<'_, str> = percent_decode(wire).into();
    let mut out = Vec::new();
    percent_encode(&text, &mut out);
    assert!(out.iter().all(|byte| matches!(byte, b' '..=b'~')));
    assert_eq!(percent_decode(&out), text);
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    match choices.byte() % 4 {
        0 => texts(&mut choices),
        1 => from_a_foreign_client(&mut choices),
        _ => between_our_ends(&mut choices),
    }
});
