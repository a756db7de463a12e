//! Messages that come in parts, many at once: what they may hold, on a connection and on all of a server.

use std::sync::Arc;

use russet_rpc::{CallId, Code, MemoryQuota, Metadata, Status, client, limits, server};

use crate::pair::{Pair, client_story, plain};

const MIB: usize = 1 << 20;

fn server_with(max_connection_memory: usize) -> server::Config {
    server::Config {
        max_connection_memory,
        ..server::Config::default()
    }
}

/// Calls that have sent all of a message of `size` bytes, as far as they got credit.
fn start_uploads(pair: &mut Pair, count: usize, size: usize) -> Vec<CallId> {
    let message = vec![7; size];
    (0..count)
        .map(|_| {
            let id = pair.start("/a/b");
            pair.client
                .send_last_message(id, &message, plain())
                .unwrap();
            id
        })
        .collect()
}

/// Delivers step by step, takes every message at once and answers it; the most that unfinished messages held, and the messages.
fn serve(pair: &mut Pair) -> (usize, usize) {
    let (mut most, mut messages) = (0, 0);
    loop {
        let moved = pair.deliver_to_server(pair.piece) + pair.deliver_to_client(pair.piece);
        most = most.max(pair.server.unfinished_bytes());
        while let Some(event) = pair.server.poll_event() {
            if let server::Event::Message { call, credit, .. } = event {
                messages += 1;
                pair.server.message_consumed(call, credit);
                pair.server
                    .send_status(call, &Status::OK, &Metadata::EMPTY)
                    .unwrap();
            }
        }
        if moved == 0 {
            return (most, messages);
        }
    }
}

fn statuses(pair: &mut Pair) -> (usize, Vec<String>) {
    let story = client_story(&pair.client_events());
    let (fine, failed): (Vec<String>, Vec<String>) = story
        .into_iter()
        .filter(|event| event.starts_with("status"))
        .partition(|event| event.starts_with("status(OK"));
    (fine.len(), failed)
}

#[test]
fn long_messages_that_are_more_than_memory_end_one_after_the_other() {
    let limit = 8 * MIB;
    let mut pair = Pair::with(client::Config::default(), server_with(limit));
    pair.piece = 50_000;
    start_uploads(&mut pair, 60, MIB);
    let (most, messages) = serve(&mut pair);
    assert_eq!(messages, 60);
    // A quarter, the windows of the rest, and the message whose turn it is.
    assert!(most > limit / 4 && most <= limit + MIB, "{most}");
    assert_eq!(statuses(&mut pair), (60, Vec::new()));
    assert_eq!(pair.server.unfinished_bytes(), 0);
}

#[test]
fn a_message_above_the_limit_of_memory_passes_alone() {
    let mut pair = Pair::with(client::Config::default(), server_with(MIB));
    pair.piece = 50_000;
    start_uploads(&mut pair, 3, 3 * MIB);
    let (_, messages) = serve(&mut pair);
    assert_eq!(messages, 3);
    assert_eq!(statuses(&mut pair), (3, Vec::new()));
}

#[test]
fn calls_that_go_beyond_the_memory_of_a_connection_are_refused() {
    let limit = MIB;
    let mut pair = Pair::with(client::Config::default(), server_with(limit));
    pair.piece = 50_000;
    start_uploads(&mut pair, 200, MIB);
    let (most, messages) = serve(&mut pair);
    let (fine, failed) = statuses(&mut pair);
    assert_eq!(fine, messages);
    assert!(fine > 0 && fine + failed.len() == 200, "{fine}");
    assert!(
        failed
            .iter()
            .all(|status| status.contains("RESOURCE_EXHAUSTED")
                && status.contains("russet.max_connection_memory")),
        "{failed:?}"
    );
    // The one whose turn it is may hold a message beside the limit.
    assert!(most <= limit + MIB + 64 * 1024, "{most}");
    // What is refused costs only itself.
    assert!(!pair.server.is_closed());
    start_uploads(&mut pair, 10, 1000);
    assert_eq!(serve(&mut pair).1, 10);
    assert_eq!(pair.server.unfinished_bytes(), 0);
}

#[test]
fn thousands_of_calls_may_begin_messages_at_once() {
    let mut pair = Pair::with(client::Config::default(), server::Config::default());
    pair.piece = 1 << 20;
    start_uploads(&mut pair, 1000, 100_000);
    let (most, messages) = serve(&mut pair);
    assert_eq!(messages, 1000);
    assert!(most <= limits::DEFAULT_MAX_CONNECTION_MEMORY, "{most}");
    assert_eq!(statuses(&mut pair), (1000, Vec::new()));
}

#[test]
fn small_calls_go_on_while_the_memory_of_a_server_is_used_up() {
    let quota = Arc::new(MemoryQuota::new(2 * MIB));
    let config = || server::Config {
        memory: Some(Arc::clone(&quota)),
        ..server::Config::default()
    };
    // One peer starts many messages and ends none.
    let mut hog = Pair::with(client::Config::default(), config());
    for _ in 0..100 {
        let id = hog.start("/a/b");
        hog.client.send_message(id, &vec![7; MIB], plain()).unwrap();
    }
    for _ in 0..200 {
        hog.deliver_to_server(20_000);
        hog.deliver_to_client(10);
    }
    // Half of what is left then: a third of the whole.
    assert!(quota.used() <= MIB, "{}", quota.used());
    assert!(quota.used() > MIB / 2, "{}", quota.used());
    let mut other = Pair::with(client::Config::default(), config());
    start_uploads(&mut other, 100, 10_000);
    assert_eq!(serve(&mut other).1, 100);
    assert_eq!(statuses(&mut other).0, 100);
    start_uploads(&mut other, 1, MIB);
    serve(&mut other);
    let (_, failed) = statuses(&mut other);
    assert!(failed[0].contains("russet.max_server_memory"), "{failed:?}");
    // Its memory comes back when it goes.
    drop(hog);
    assert!(quota.used() < MIB / 4, "{}", quota.used());
    start_uploads(&mut other, 1, MIB / 2);
    assert_eq!(serve(&mut other).1, 1);
}

#[test]
fn a_peer_that_takes_no_answers_gets_no_more_calls() {
    let mut pair = Pair::with(
        client::Config {
            // What the application does not take holds the windows.
            call_window: 1000,
            ..client::Config::default()
        },
        server_with(4 * MIB),
    );
    let answer = vec![7; MIB];
    let (mut answered, mut refused) = (0, 0);
    for _ in 0..10 {
        pair.start("/a/b");
        pair.run();
        while let Some(event) = pair.server.poll_event() {
            if let server::Event::Call(incoming) = event {
                let sent = (0..2)
                    .all(|_| (pair.server.send_message(incoming.call, &answer, plain())).is_ok());
                if sent {
                    answered += 1;
                } else {
                    let status = Status::new(Code::ResourceExhausted, "answers wait");
                    pair.server
                        .send_status(incoming.call, &status, &Metadata::EMPTY)
                        .unwrap();
                }
            }
        }
        let story = client_story(&pair.client_events());
        refused += story
            .iter()
            .filter(|event| event.contains("answers wait"))
            .count();
    }
    // Beside the limit, what the windows and the output took.
    assert!((2..=4).contains(&answered), "{answered}");
    // A call with one answer of two waits for credit with it, and so does its status.
    assert!(
        (9 - answered..=10 - answered).contains(&refused),
        "{answered} {refused}"
    );
    assert!(!pair.server.is_closed());
}
