//! A client's connection with a server that does anything: nothing panics, every call gets one status, what is held is bounded.
#![no_main]

mod choices;
mod peer;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use choices::Choices;
use peer::Peer;
use russet_rpc::client::{Config, Connection, Event, StartCall};
use russet_rpc::{CallId, Code, Encoding, MessageOptions, Metadata, Status};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let mut now = Instant::now();
    let config = Config {
        max_receive_message_length: Some(100_000),
        // A small one may grow.
        call_window: if choices.byte() & 1 == 0 {
            2000
        } else {
            256 << 10
        },
        keepalive_time: (choices.byte() & 1 != 0).then_some(Duration::from_secs(10)),
        ..Config::default()
    };
    let mut client = Connection::new(Arc::new(config), now);
    let mut peer = Peer::new(false);
    let mut bytes = b"\0\0\0\x04\0\0\0\0\0".to_vec();
    let mut calls: HashSet<CallId> = HashSet::new();
    let mut owed: Vec<(CallId, u32)> = Vec::new();
    for _ in 0..1000 {
        if choices.is_empty() || client.is_closed() {
            break;
        }
        if choices.byte() & 3 == 0 && calls.len() < 50 {
            let start = StartCall {
                path: "/a/b",
                authority: "localhost",
                scheme: "http",
                user_agent: "test",
                metadata: &Metadata::EMPTY,
                deadline: (choices.byte() & 3 == 0).then(|| now + Duration::from_secs(5)),
                encoding: Encoding::Identity,
            };
            if let Ok(call) = client.start_call(&start, now) {
                peer.saw_streams(call.stream());
                assert!(calls.insert(call));
            }
        }
        peer.act(&mut choices, &mut bytes);
        if choices.byte() & 3 != 0 {
            client.handle_input(&bytes, now);
            bytes.clear();
        }
        while let Some(event) = client.poll_event() {
            match event {
                Event::Status { call, .. } => assert!(calls.remove(&call)),
                Event::Message {
                    call,
                    message,
                    credit,
                } => {
                    assert!(calls.contains(&call));
                    // One that cannot be decompressed is the call's affair.
                    if let Ok(message) = message.into_bytes() {
                        assert!(message.len() <= 100_000);
                    }
                    owed.push((call, credit));
                }
                Event::InitialMetadata { call, .. } | Event::Writable { call } => {
                    assert!(calls.contains(&call));
                }
                Event::Ready | Event::StreamsAvailable | Event::GoAway { .. } => {}
                Event::Closed { .. } => assert!(calls.is_empty()),
            }
        }
        let call = calls.iter().min_by_key(|call| call.stream()).copied();
        if let Some(call) = call {
            match choices.byte() % 12 {
                0 => {
                    let size = usize::from(choices.byte()) << (choices.byte() % 10);
                    let _ended =
                        client.send_message(call, &vec![1; size], MessageOptions::default());
                }
                1 => {
                    let _ended = client.half_close(call);
                }
                2 => {
                    let status = Status::new(Code::Cancelled, "tired of it");
                    let _ended = client.cancel(call, status);
                }
                _ => {}
            }
        }
        match choices.byte() % 16 {
            0 => {
                for (call, credit) in owed.drain(..) {
                    client.message_consumed(call, credit);
                }
            }
            1 => {
                now += Duration::from_millis(u64::from(choices.number()) % 40_000);
                if client.poll_timeout().is_some_and(|at| at <= now) {
                    client.handle_timeout(now);
                }
            }
            2 if choices.byte() == 0 => client.shutdown(now),
            3..=8 => {
                let count = client.output().len();
                client.output_written(count);
            }
            _ => {}
        }
    }
    client.handle_eof(now);
    while let Some(event) = client.poll_event() {
        if let Event::Status { call, .. } = event {
            assert!(calls.remove(&call));
        }
    }
    assert!(calls.is_empty(), "{calls:?}");
});
