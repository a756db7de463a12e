//! What calls do when nothing goes wrong, and flow control.

use std::sync::Arc;
use std::time::Duration;

use crate::pair::{Pair, call, client_story, metadata, plain, server_story};
use russet_rpc::client::{self, StartCall, StartError};
use russet_rpc::server::{self, StatusSent};
use russet_rpc::{Code, Encoding, MessageOptions, Metadata, SendError, Status, limits};

#[test]
fn unary() {
    let mut pair = Pair::new();
    let id = pair.start("/a.B/C");
    pair.client.send_last_message(id, b"ping", plain()).unwrap();
    let incoming = pair.accept();
    assert_eq!(
        (&*incoming.path, &*incoming.authority, incoming.deadline),
        ("/a.B/C", "localhost", None)
    );
    assert_eq!(incoming.metadata, metadata_of_user_agent());
    assert_eq!(
        server_story(&pair.server_events()),
        ["message(4)", "half_closed"]
    );
    pair.server
        .send_message(incoming.call, b"pong!", plain())
        .unwrap();
    assert_eq!(
        pair.server
            .send_status(incoming.call, &Status::OK, &Metadata::EMPTY),
        Ok(StatusSent::Written)
    );
    assert_eq!(
        client_story(&pair.client_events()),
        ["initial(0)", "message(5)", "status(OK)"]
    );
    assert_eq!(
        (pair.client.active_calls(), pair.server.active_calls()),
        (0, 0)
    );
    assert!(pair.server_events().is_empty());
}

/// `user-agent` cannot be pushed by an application, so it is compared by its parts.
fn metadata_of_user_agent() -> Metadata {
    let mut pair = Pair::new();
    pair.start("/x/y");
    let metadata = pair.accept().metadata;
    assert_eq!(
        metadata.iter().collect::<Vec<_>>(),
        [("user-agent", &b"test"[..])]
    );
    metadata
}

#[test]
fn metadata_goes_both_ways_and_repeats_without_cost() {
    let mut pair = Pair::new();
    let sent = metadata(&[
        ("a", b"1"),
        ("b-bin", &[0, 1, 255]),
        ("a", b"2"),
        ("empty", b""),
        ("spaced", b" x "),
    ]);
    let mut stored = Vec::new();
    for _ in 0..4 {
        let id = pair.start_with(&StartCall {
            metadata: &sent,
            user_agent: "",
            ..call()
        });
        let incoming = pair.accept();
        assert_eq!(incoming.metadata, sent);
        stored.push(incoming.metadata);
        pair.server
            .send_initial_metadata(incoming.call, &sent)
            .unwrap();
        let details = metadata(&[("grpc-status-details-bin", b"\x08\x05")]);
        let status = Status::new(Code::NotFound, "naïve 100%\n");
        pair.server
            .send_status(incoming.call, &status, &details)
            .unwrap();
        let events = pair.client_events();
        let [
            client::Event::InitialMetadata {
                metadata: initial, ..
            },
            client::Event::Status {
                status: got,
                trailing,
                call,
                ..
            },
        ] = &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!(
            (initial, got, trailing, *call),
            (&sent, &status, &details, id)
        );
    }
    assert!(
        stored[2].same_storage(&stored[3]),
        "the fields are in HPACK's table by then"
    );
}

#[test]
fn repeated_routes_share_their_name() {
    let mut pair = Pair::new();
    let mut paths = Vec::new();
    for path in ["/a/b", "/c/d", "/a/b", "/c/d"] {
        pair.start(path);
        paths.push(pair.accept().path);
    }
    assert!(Arc::ptr_eq(&paths[0], &paths[2]) && Arc::ptr_eq(&paths[1], &paths[3]));
    assert_eq!(&*paths[3], "/c/d");
}

#[test]
fn server_stream() {
    let mut pair = Pair::new();
    let id = pair.start("/a/b");
    pair.client.send_message(id, b"all", plain()).unwrap();
    pair.client.half_close(id).unwrap();
    let call = pair.accept().call;
    for length in 0..5 {
        pair.server
            .send_message(call, &vec![1; length], plain())
            .unwrap();
    }
    pair.server
        .send_status(call, &Status::OK, &Metadata::EMPTY)
        .unwrap();
    assert_eq!(
        client_story(&pair.client_events()),
        [
            "initial(0)",
            "message(0)",
            "message(1)",
            "message(2)",
            "message(3)",
            "message(4)",
            "status(OK)"
        ]
    );
}

#[test]
fn client_stream_and_bidirectional() {
    let mut pair = Pair::new();
    let id = pair.start("/a/b");
    let call = pair.accept().call;
    for round in 0..10 {
        pair.client
            .send_message(id, &vec![1; round], plain())
            .unwrap();
        assert_eq!(
            server_story(&pair.server_events()),
            [format!("message({round})")]
        );
        pair.server
            .send_message(call, &vec![2; round + 1], plain())
            .unwrap();
        let story = client_story(&pair.client_events());
        assert_eq!(story.last().unwrap(), &format!("message({})", round + 1));
    }
    pair.client.half_close(id).unwrap();
    pair.client.half_close(id).unwrap();
    assert_eq!(
        pair.client.send_message(id, b"late", plain()),
        Err(SendError::HalfClosed)
    );
    assert_eq!(server_story(&pair.server_events()), ["half_closed"]);
    pair.server
        .send_status(call, &Status::OK, &Metadata::EMPTY)
        .unwrap();
    assert_eq!(client_story(&pair.client_events()), ["status(OK)"]);
}

#[test]
fn an_early_status_stops_the_client() {
    let mut pair = Pair::new();
    let id = pair.start("/a/b");
    pair.client.send_message(id, b"one", plain()).unwrap();
    let call = pair.accept().call;
    pair.server
        .send_status(
            call,
            &Status::new(Code::PermissionDenied, "no"),
            &Metadata::EMPTY,
        )
        .unwrap();
    assert!(
        pair.server_events().is_empty(),
        "messages of an ended call are not told"
    );
    assert_eq!(
        client_story(&pair.client_events()),
        ["status(PERMISSION_DENIED: no)"]
    );
    assert_eq!(
        pair.client.send_message(id, b"two", plain()),
        Err(SendError::CallEnded)
    );
    // The connection still works both ways.
    pair.start("/c/d");
    pair.accept();
    assert!(!pair.client.is_closed() && !pair.server.is_closed());
}

#[test]
fn messages_larger_than_every_window_pass_and_come_in_pieces() {
    let tiny = 1000;
    let mut pair = Pair::with(
        client::Config {
            call_window: tiny,
            ..client::Config::default()
        },
        server::Config {
            call_window: tiny,
            ..server::Config::default()
        },
    );
    pair.piece = 777;
    let id = pair.start("/a/b");
    let big: Vec<u8> = (0..300_000_u32).map(|i| (i % 251) as u8).collect();
    pair.client.send_last_message(id, &big, plain()).unwrap();
    let call = pair.accept().call;
    let events = pair.server_events();
    let [
        server::Event::Message { message, .. },
        server::Event::HalfClosed { .. },
    ] = &events[..]
    else {
        panic!("{:?}", server_story(&events))
    };
    assert!(message.clone().into_bytes().as_ref() == Ok(&big));
    pair.server.send_message(call, &big, plain()).unwrap();
    assert_eq!(
        pair.server.send_status(call, &Status::OK, &Metadata::EMPTY),
        Ok(StatusSent::Buffered)
    );
    assert_eq!(
        pair.server.send_message(call, b"x", plain()),
        Err(SendError::CallEnded)
    );
    assert_eq!(
        client_story(&pair.client_events()),
        ["initial(0)", "message(300000)", "status(OK)"]
    );
    assert_eq!(server_story(&pair.server_events()), ["finished"]);
}

#[test]
fn a_slow_handler_pushes_back() {
    let mut pair = Pair::with(
        client::Config::default(),
        server::Config {
            call_window: 10_000,
            ..server::Config::default()
        },
    );
    let id = pair.start("/a/b");
    let call = pair.accept().call;
    for _ in 0..100 {
        pair.client.send_message(id, &[7; 995], plain()).unwrap();
    }
    let mut waiting = pair.server_events();
    // Until the SETTINGS are known the client may send HTTP/2's first window; here it knew them.
    assert_eq!(waiting.len(), 10);
    assert_eq!(pair.client.send_buffered(id), 90_000);
    let mut got = 0;
    while let Some(server::Event::Message { credit, .. }) = waiting.pop() {
        got += 1;
        pair.server.message_consumed(call, credit);
        waiting.extend(pair.server_events());
    }
    assert_eq!((got, pair.client.send_buffered(id)), (100, 0));
    assert_eq!(client_story(&pair.client_events()), ["writable"]);
}

#[test]
fn a_call_that_is_not_read_does_not_stop_the_others() {
    let mut pair = Pair::new();
    let stalled = pair.start("/a/b");
    let big = vec![1; 1_000_000];
    for _ in 0..3 {
        pair.client.send_message(stalled, &big, plain()).unwrap();
    }
    pair.accept();
    // One whole message and a window of the next: the rest waits at the client.
    assert_eq!(server_story(&pair.server_events()), ["message(1000000)"]);
    assert!(pair.client.send_buffered(stalled) > 1_000_000);
    for _ in 0..100 {
        let id = pair.start("/c/d");
        pair.client
            .send_last_message(id, &big[..100_000], plain())
            .unwrap();
        let call = pair.accept().call;
        let events = pair.server_events();
        assert_eq!(server_story(&events), ["message(100000)", "half_closed"]);
        let server::Event::Message { credit, .. } = events[0] else {
            panic!()
        };
        pair.server.message_consumed(call, credit);
        pair.server
            .send_status(call, &Status::OK, &Metadata::EMPTY)
            .unwrap();
    }
}

#[test]
fn output_is_bounded_while_the_socket_does_not_take_it() {
    let mut pair = Pair::with(
        client::Config {
            call_window: 1 << 30,
            connection_window: 1 << 30,
            ..client::Config::default()
        },
        server::Config::default(),
    );
    let id = pair.start("/a/b");
    let call = pair.accept().call;
    for _ in 0..50 {
        pair.server
            .send_message(call, &vec![3; 100_000], plain())
            .unwrap();
    }
    let bound = russet_http2::limits::MAX_UNWRITTEN + 100_000 + (32 << 10);
    assert!(
        pair.server.output().len() <= bound,
        "{}",
        pair.server.output().len()
    );
    assert!(pair.server.send_buffered(call) > limits::SEND_BUFFER_HIGH);
    pair.server
        .send_status(call, &Status::OK, &Metadata::EMPTY)
        .unwrap();
    let events = pair.client_events();
    assert_eq!(events.len(), 52);
    assert!(matches!(events.last(), Some(client::Event::Status { call, .. }) if *call == id));
}

#[test]
fn compressed_messages_go_both_ways() {
    let mut pair = Pair::new();
    let text = b"again and ".repeat(1000);
    for encoding in [Encoding::Deflate, Encoding::Gzip, Encoding::Zstd] {
        let id = pair.start_with(&StartCall { encoding, ..call() });
        pair.client.send_message(id, &text, plain()).unwrap();
        assert!(pair.client.output().len() < 1000);
        pair.client
            .send_message(id, &text, MessageOptions { compress: false })
            .unwrap();
        let incoming = pair.accept();
        assert_eq!(incoming.encoding, encoding);
        assert!(incoming.accepts.contains(Encoding::Gzip));
        assert_eq!(
            server_story(&pair.server_events()),
            ["message(10000)", "message(10000)"]
        );
        pair.server.set_encoding(incoming.call, encoding).unwrap();
        pair.server
            .send_message(incoming.call, &text, plain())
            .unwrap();
        assert!(pair.server.output().len() < 1000);
        pair.server
            .send_status(incoming.call, &Status::OK, &Metadata::EMPTY)
            .unwrap();
        assert_eq!(
            client_story(&pair.client_events()),
            ["initial(0)", "message(10000)", "status(OK)"]
        );
    }
}

#[test]
fn the_servers_limit_on_calls_is_told_and_freed() {
    let mut pair = Pair::with(
        client::Config::default(),
        server::Config {
            max_concurrent_calls: 2,
            ..server::Config::default()
        },
    );
    let one = pair.start("/a/b");
    pair.start("/a/b");
    assert_eq!(pair.client.available_calls(), 0);
    assert_eq!(
        pair.client.start_call(&call(), pair.now),
        Err(StartError::TooManyStreams(2))
    );
    pair.client
        .cancel(one, Status::new(Code::Cancelled, "enough"))
        .unwrap();
    assert_eq!(
        client_story(&pair.client_events()),
        ["status(CANCELLED: enough)", "streams"]
    );
    pair.start("/a/b");
    assert_eq!(pair.server_events().len(), 2);
}

#[test]
fn a_call_that_cannot_be_written_as_headers_is_refused_at_home() {
    let mut pair = Pair::new();
    for (call, error) in [
        (
            StartCall {
                path: "/a b",
                ..call()
            },
            StartError::IllegalHeader("path"),
        ),
        (
            StartCall {
                authority: "",
                ..call()
            },
            StartError::IllegalHeader("authority"),
        ),
        (
            StartCall {
                user_agent: "a\nb",
                ..call()
            },
            StartError::IllegalHeader("user agent"),
        ),
    ] {
        assert_eq!(pair.client.start_call(&call, pair.now), Err(error));
    }
    let large = metadata(&[("k", &vec![b'v'; 20_000])]);
    let refused = pair.client.start_call(
        &StartCall {
            metadata: &large,
            ..call()
        },
        pair.now,
    );
    assert!(
        matches!(refused, Err(StartError::HeadersTooLarge { max: 16384, .. })),
        "{refused:?}"
    );
}

#[test]
fn commands_on_a_call_that_has_ended_say_so() {
    let mut pair = Pair::new();
    let id = pair.start("/a/b");
    let call = pair.accept().call;
    pair.server
        .send_status(call, &Status::OK, &Metadata::EMPTY)
        .unwrap();
    pair.client_events();
    assert!(
        pair.server
            .send_status(call, &Status::OK, &Metadata::EMPTY)
            .is_err()
    );
    assert!(
        pair.server
            .send_initial_metadata(call, &Metadata::EMPTY)
            .is_err()
    );
    assert!(pair.server.cancel(call, Code::Cancelled).is_err());
    assert!(pair.client.half_close(id).is_err());
    assert!(pair.client.cancel(id, Status::OK).is_err());
    pair.client.message_consumed(id, 1 << 20);
    pair.server.message_consumed(call, 1 << 20);
    // The slot is used again; the old handle does not reach the new call.
    let next = pair.start("/a/b");
    assert_ne!(next, id);
    pair.accept();
    assert!(pair.client.half_close(id).is_err() && pair.client.half_close(next).is_ok());
    assert_eq!(russet_rpc::CallId::from_u64(next.as_u64()), next);
}

#[test]
fn any_split_of_the_bytes_gives_the_same_events() {
    let mut stories = Vec::new();
    for piece in [1, 2, 7, 100, usize::MAX] {
        let mut pair = Pair::new();
        pair.piece = piece;
        let mut story = Vec::new();
        for n in 0..3_u32 {
            let sent = metadata(&[("n", n.to_string().as_bytes())]);
            let deadline = Some(pair.now + Duration::from_secs(5));
            let id = pair.start_with(&StartCall {
                metadata: &sent,
                deadline,
                ..call()
            });
            pair.client.send_message(id, &[1; 300], plain()).unwrap();
            pair.client.send_last_message(id, b"", plain()).unwrap();
            let incoming = pair.accept();
            story.extend(server_story(&pair.server_events()));
            pair.server
                .send_initial_metadata(incoming.call, &sent)
                .unwrap();
            pair.server
                .send_message(incoming.call, &[2; 400], plain())
                .unwrap();
            pair.server
                .send_status(incoming.call, &Status::new(Code::Aborted, "é"), &sent)
                .unwrap();
            story.extend(client_story(&pair.client_events()));
        }
        stories.push(story);
    }
    assert_eq!(stories[0].len(), 3 * 6);
    assert!(stories.iter().all(|story| *story == stories[0]));
}
