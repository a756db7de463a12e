//! What is kept of calls' messages where somebody asks for it.

use std::time::Duration;

use russet_rpc::client::{self, StartCall};
use russet_rpc::{Code, Encoding, Metadata, Observe, Status, Tally, server};

use crate::pair::{Pair, call, plain};

fn pair(observe: Observe) -> Pair {
    let client = client::Config {
        observe,
        ..client::Config::default()
    };
    let server = server::Config {
        observe,
        ..server::Config::default()
    };
    Pair::with(client, server)
}

/// The tally that came with a call's status.
fn told(events: &mut Vec<client::Event>) -> Option<Box<Tally>> {
    match events.pop() {
        Some(client::Event::Status { tally, .. }) => tally,
        other => panic!("{other:?}"),
    }
}

/// (outgoing, number, length, whether it was compressed) of each message.
fn noted(tally: &Tally) -> Vec<(bool, u64, Option<usize>, bool)> {
    (tally.notes.iter())
        .map(|note| {
            (
                note.outgoing,
                note.number,
                note.length,
                note.compressed.is_some(),
            )
        })
        .collect()
}

#[test]
fn both_sides_tell_what_the_wire_carried() {
    let mut pair = pair(Observe::Messages);
    let id = pair.start_with(&StartCall {
        encoding: Encoding::Gzip,
        ..call()
    });
    pair.client
        .send_message(id, &[b'a'; 1000], plain())
        .unwrap();
    pair.client.send_last_message(id, b"b", plain()).unwrap();
    let incoming = pair.accept();
    pair.server
        .send_message(incoming.call, b"answer", plain())
        .unwrap();
    pair.run();
    let server = pair.server.take_tally(incoming.call).unwrap();
    assert_eq!(pair.server.take_tally(incoming.call), None, "only once");
    pair.server
        .send_status(incoming.call, &Status::new(Code::Ok, ""), &Metadata::EMPTY)
        .unwrap();
    let client = told(&mut pair.client_events()).unwrap();
    assert_eq!((client.received, server.sent), (6, 6));
    assert_eq!(client.sent, server.received);
    assert!(client.sent < 100, "{} bytes of 1,001", client.sent);
    let [first, second] = [(0, 1000), (1, 1)];
    let small = noted(&client)[1].3;
    assert_eq!(
        noted(&client),
        [
            (true, first.0, Some(first.1), true),
            (true, second.0, Some(second.1), small),
            (false, 0, Some(6), false)
        ]
    );
    assert_eq!(
        noted(&server),
        [
            // Nobody has taken it, and so nobody knows its length.
            (false, first.0, None, true),
            (false, second.0, (!small).then_some(second.1), small),
            (true, 0, Some(6), false)
        ]
    );
}

#[test]
fn an_end_that_the_driver_did_not_ask_for_brings_its_tally() {
    let mut pair = pair(Observe::Sizes);
    let id = pair.start("/a/b");
    pair.client.send_message(id, b"four", plain()).unwrap();
    let incoming = pair.accept();
    pair.client
        .cancel(id, Status::new(Code::Cancelled, "enough"))
        .unwrap();
    assert_eq!(told(&mut pair.client_events()).unwrap().sent, 4);
    pair.run();
    let events = pair.server_events();
    let Some(server::Event::Cancelled { call, tally, .. }) = events.last() else {
        panic!("{events:?}")
    };
    let tally = tally.as_ref().unwrap();
    assert_eq!((*call, tally.received), (incoming.call, 4));
    assert!(tally.notes.is_empty(), "only sizes were asked for");
}

#[test]
fn nothing_is_kept_where_nobody_asks() {
    let mut pair = Pair::new();
    let id = pair.start("/a/b");
    pair.client.send_last_message(id, b"four", plain()).unwrap();
    let incoming = pair.accept();
    assert_eq!(pair.client.take_tally(id), None);
    assert_eq!(pair.server.take_tally(incoming.call), None);
}

#[test]
fn messages_are_noted_at_the_time_that_the_driver_tells() {
    let mut pair = pair(Observe::Messages);
    let id = pair.start("/a/b");
    pair.run();
    let later = pair.now + Duration::from_secs(5);
    pair.client.tell_time(later);
    pair.client.send_message(id, b"late", plain()).unwrap();
    let tally = pair.client.take_tally(id).unwrap();
    assert_eq!(tally.notes[0].at, later);
}
