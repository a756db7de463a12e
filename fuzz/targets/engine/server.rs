//! A server's connection with a client that does anything, and handlers that do anything too: nothing panics, every call ends once, what is held is bounded.
#![no_main]

mod choices;
mod peer;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use choices::Choices;
use peer::Peer;
use russet_rpc::server::{Config, Connection, Event, StatusSent};
use russet_rpc::{CallId, Code, MessageOptions, Metadata, Status, limits};

const MEMORY: usize = 200_000;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let mut now = Instant::now();
    let config = Config {
        max_connection_memory: MEMORY,
        // A small one may grow.
        call_window: if choices.byte() & 1 == 0 {
            2000
        } else {
            256 << 10
        },
        max_receive_message_length: Some(100_000),
        max_concurrent_calls: 20,
        max_connection_idle: (choices.byte() & 1 != 0).then_some(Duration::from_secs(60)),
        max_connection_age: (choices.byte() & 1 != 0).then_some(Duration::from_secs(300)),
        max_connection_age_grace: Some(Duration::from_secs(30)),
        ..Config::default()
    };
    let mut server = Connection::new(Arc::new(config), now);
    let mut peer = Peer::new(true);
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    let mut calls: HashSet<CallId> = HashSet::new();
    let mut owed: Vec<(CallId, u32)> = Vec::new();
    for _ in 0..1000 {
        if choices.is_empty() || server.is_closed() {
            break;
        }
        if choices.byte() == 255 {
            // As if streams were opened that were not.
            peer.saw_streams(choices.number() & 0x7fff_ffff);
        }
        peer.act(&mut choices, &mut bytes);
        if choices.byte() & 3 != 0 {
            let cut = if choices.byte() & 7 == 0 {
                usize::from(choices.byte()).min(bytes.len())
            } else {
                bytes.len()
            };
            let rest = bytes.split_off(cut);
            // As a driver does: a peer that does not read is not read from.
            if server.accepts_input() {
                server.handle_input(&bytes, now);
            }
            bytes = rest;
        }
        while let Some(event) = server.poll_event() {
            match event {
                Event::Call(incoming) => assert!(calls.insert(incoming.call)),
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
                Event::HalfClosed { call } | Event::Writable { call } => {
                    assert!(calls.contains(&call));
                }
                Event::Cancelled { call, .. } | Event::Finished { call } => {
                    assert!(calls.remove(&call));
                }
            }
        }
        let call = calls.iter().min_by_key(|call| call.stream()).copied();
        if let Some(call) = call {
            match choices.byte() % 12 {
                0 => {
                    let size = usize::from(choices.byte()) << (choices.byte() % 10);
                    let _ended =
                        server.send_message(call, &vec![1; size], MessageOptions::default());
                }
                1 => {
                    let sent = server.send_status(call, &Status::OK, &Metadata::EMPTY);
                    if sent == Ok(StatusSent::Written) {
                        calls.remove(&call);
                    }
                }
                2 => {
                    if server.cancel(call, Code::Internal).is_ok() {
                        calls.remove(&call);
                    }
                }
                3 => {
                    let _ended = server.send_initial_metadata(call, &Metadata::EMPTY);
                }
                _ => {}
            }
        }
        match choices.byte() % 16 {
            0 => {
                for (call, credit) in owed.drain(..) {
                    server.message_consumed(call, credit);
                }
            }
            1 => {
                now += Duration::from_millis(u64::from(choices.number()) % 400_000);
                if server.poll_timeout().is_some_and(|at| at <= now) {
                    server.handle_timeout(now);
                }
            }
            2 => server.shutdown(now),
            3..=8 => {
                let count = server.output().len();
                server.output_written(count);
            }
            9 => {
                let count = server.output().len().min(choices.byte().into());
                server.output_written(count);
            }
            _ => {}
        }
        // The oldest call may have its message beside the limit.
        assert!(server.unfinished_bytes() <= MEMORY + 200_000);
        assert!(server.output().len() <= 4 * limits::MAX_UNREAD_OUTPUT + (1 << 20));
    }
    server.handle_eof(now);
    while let Some(event) = server.poll_event() {
        if let Event::Cancelled { call, .. } | Event::Finished { call } = event {
            calls.remove(&call);
        } else if let Event::Call(incoming) = event {
            calls.insert(incoming.call);
        }
    }
    assert!(calls.is_empty(), "{calls:?}");
    assert_eq!(server.unfinished_bytes(), 0);
});
