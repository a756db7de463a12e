//! How calls and connections end: deadlines, cancellation, limits, GOAWAY, timers, lost connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::pair::{Pair, call, client_story, plain, server_story};
use russet_http2::ErrorCode;
use russet_rpc::client::{self, StartCall, StartError};
use russet_rpc::server::{self, StatusSent};
use russet_rpc::{CloseReason, Code, Fault, Metadata, SendError, Status};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_deadline_ends_the_call_on_both_sides() {
    let mut pair = Pair::new();
    let deadline = pair.now + 10 * SECOND;
    pair.start_with(&StartCall {
        deadline: Some(deadline),
        ..call()
    });
    let incoming = pair.accept();
    assert_eq!(incoming.deadline, Some(deadline));
    pair.pass(9 * SECOND);
    assert!(pair.client_events().is_empty() && pair.server_events().is_empty());
    pair.pass(SECOND);
    assert_eq!(
        client_story(&pair.client_events()),
        ["status(DEADLINE_EXCEEDED: Deadline Exceeded)"]
    );
    let [server::Event::Cancelled { call, .. }] = pair.server_events()[..] else {
        panic!()
    };
    assert_eq!(call, incoming.call);
    assert_eq!(
        (pair.client.active_calls(), pair.server.active_calls()),
        (0, 0)
    );
    assert!(!pair.client.is_closed() && !pair.server.is_closed());
}

#[test]
fn the_server_keeps_the_deadline_alone() {
    let mut pair = Pair::new();
    pair.start_with(&StartCall {
        deadline: Some(pair.now + SECOND),
        ..call()
    });
    pair.accept();
    pair.now += 2 * SECOND;
    pair.server.handle_timeout(pair.now);
    assert_eq!(
        server_story(&pair.server_events()),
        ["cancelled(DeadlineExceeded)"]
    );
    assert_eq!(
        client_story(&pair.client_events()),
        ["status(DEADLINE_EXCEEDED: Deadline Exceeded)"]
    );
}

#[test]
fn a_deadline_in_the_past_sends_nothing() {
    let mut pair = Pair::new();
    let id = pair.start_with(&StartCall {
        deadline: Some(pair.now),
        ..call()
    });
    assert!(pair.client.output().is_empty());
    assert_eq!(
        client_story(&pair.client_events()),
        ["unsent(DEADLINE_EXCEEDED: Deadline Exceeded)"]
    );
    assert!(pair.client.half_close(id).is_err());
    pair.start("/a/b");
    pair.accept();
}

#[test]
fn deadlines_come_in_their_order_and_ended_calls_are_left_out() {
    let mut pair = Pair::new();
    let ids: Vec<_> = [5, 3, 4]
        .map(|seconds| {
            pair.start_with(&StartCall {
                deadline: Some(pair.now + seconds * SECOND),
                ..call()
            })
        })
        .into();
    assert_eq!(pair.client.poll_timeout(), Some(pair.now + 3 * SECOND));
    pair.client
        .cancel(ids[1], Status::new(Code::Cancelled, ""))
        .unwrap();
    assert_eq!(pair.client.poll_timeout(), Some(pair.now + 4 * SECOND));
    pair.client_events();
    pair.pass(6 * SECOND);
    let ended: Vec<_> = pair
        .client_events()
        .iter()
        .filter_map(client::Event::call)
        .collect();
    assert_eq!(ended, [ids[2], ids[0]]);
}

#[test]
fn the_client_cancels() {
    let mut pair = Pair::new();
    let id = pair.start("/a/b");
    let incoming = pair.accept();
    pair.server
        .send_message(incoming.call, b"partial", plain())
        .unwrap();
    pair.run();
    pair.client
        .cancel(
            id,
            Status::new(Code::Cancelled, "Locally cancelled by application!"),
        )
        .unwrap();
    assert_eq!(
        client_story(&pair.client_events()),
        ["status(CANCELLED: Locally cancelled by application!)"]
    );
    assert_eq!(server_story(&pair.server_events()), ["cancelled(Reset)"]);
    assert_eq!(
        pair.server.send_message(incoming.call, b"x", plain()),
        Err(SendError::CallEnded)
    );
}

#[test]
fn a_call_cancelled_before_it_was_polled_is_never_told() {
    let mut pair = Pair::new();
    let id = pair.start("/a/b");
    pair.client.send_message(id, b"x", plain()).unwrap();
    pair.client
        .cancel(id, Status::new(Code::Cancelled, ""))
        .unwrap();
    assert!(pair.server_events().is_empty());
    assert_eq!(pair.server.active_calls(), 0);
}

#[test]
fn the_server_resets() {
    let mut pair = Pair::new();
    for (code, told) in [
        (
            Code::Cancelled,
            "status(CANCELLED: Received RST_STREAM with error code 8)",
        ),
        (
            Code::ResourceExhausted,
            "status(RESOURCE_EXHAUSTED: Received RST_STREAM with error code 11)",
        ),
        // UNAVAILABLE would be REFUSED_STREAM, which says that no handler has seen the call.
        (
            Code::Unavailable,
            "status(CANCELLED: Received RST_STREAM with error code 8)",
        ),
    ] {
        pair.start("/a/b");
        let call = pair.accept().call;
        pair.server.cancel(call, code).unwrap();
        assert_eq!(client_story(&pair.client_events()), [told]);
    }
}

#[test]
fn a_server_is_silent_until_the_preface_has_come() {
    let now = Instant::now();
    let soon = Some(Duration::from_millis(10));
    for config in [
        server::Config {
            max_connection_age: soon,
            ..server::Config::default()
        },
        server::Config {
            max_connection_idle: soon,
            ..server::Config::default()
        },
        server::Config {
            keepalive_time: soon,
            ..server::Config::default()
        },
    ] {
        let mut server = server::Connection::new(Arc::new(config), now);
        server.handle_timeout(now + Duration::from_millis(20));
        // Its first frame is to be SETTINGS, and nothing tells yet that the peer speaks HTTP/2.
        assert!(server.output().is_empty());
    }
}

#[test]
fn a_call_that_was_not_sent_is_not_sent_with_the_last_words() {
    let config = client::Config {
        keepalive_time: Some(Duration::from_secs(10)),
        ..client::Config::default()
    };
    let mut pair = Pair::with(config, server::Config::default());
    let first = pair.start("/a/first");
    pair.accept();
    let mut sent = pair.client.output().len();
    assert_eq!(sent, 0, "all is delivered");
    pair.now += Duration::from_secs(10);
    pair.client.handle_timeout(pair.now);
    let second = pair.start("/a/second");
    pair.now += Duration::from_secs(100);
    pair.client.handle_timeout(pair.now);
    let ends: Vec<_> = std::iter::from_fn(|| pair.client.poll_event())
        .filter_map(|event| match event {
            client::Event::Status { call, reach, .. } => Some((call, reach)),
            _ => None,
        })
        .collect();
    assert_eq!(
        ends,
        [
            (first, client::Reach::Processed),
            (second, client::Reach::Unsent)
        ]
    );
    while pair.deliver_to_server(usize::MAX) > 0 {
        sent += 1;
    }
    assert!(sent > 0, "there are last words");
    let told = server_story(&pair.server_events());
    assert_eq!(told, [""; 0], "the second call does not come");
}

#[test]
fn messages_over_the_limit_end_the_call_and_not_the_connection() {
    let client = client::Config {
        max_receive_message_length: Some(100),
        ..client::Config::default()
    };
    let server = server::Config {
        max_receive_message_length: Some(50),
        ..server::Config::default()
    };
    let mut pair = Pair::with(client, server);
    let id = pair.start("/a/b");
    pair.accept();
    pair.client.send_message(id, &[0; 51], plain()).unwrap();
    assert_eq!(
        server_story(&pair.server_events()),
        ["cancelled(BadMessage)"]
    );
    assert_eq!(
        client_story(&pair.client_events()),
        ["status(RESOURCE_EXHAUSTED: SERVER: Received message larger than max (51 vs. 50))"]
    );

    pair.start("/a/b");
    let call = pair.accept().call;
    pair.server.send_message(call, &[0; 100], plain()).unwrap();
    pair.server.send_message(call, &[0; 101], plain()).unwrap();
    assert_eq!(
        client_story(&pair.client_events()),
        [
            "initial(0)",
            "message(100)",
            "status(RESOURCE_EXHAUSTED: CLIENT: Received message larger than max (101 vs. 100))"
        ]
    );
    assert_eq!(server_story(&pair.server_events()), ["cancelled(Reset)"]);
    assert!(!pair.client.is_closed() && !pair.server.is_closed());
}

#[test]
fn a_message_over_the_sending_limit_is_not_sent() {
    let client = client::Config {
        max_send_message_length: Some(10),
        ..client::Config::default()
    };
    let mut pair = Pair::with(client, server::Config::default());
    let id = pair.start("/a/b");
    let error = pair.client.send_message(id, &[0; 11], plain()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Sent message larger than max (11 vs. 10)"
    );
    pair.client
        .send_last_message(id, &[0; 10], plain())
        .unwrap();
    pair.accept();
    assert_eq!(
        server_story(&pair.server_events()),
        ["message(10)", "half_closed"]
    );
}

#[test]
fn a_compressed_bomb_is_refused_at_its_limit() {
    let mut pair = Pair::new();
    let id = pair.start_with(&StartCall {
        encoding: russet_rpc::Encoding::Gzip,
        ..call()
    });
    pair.accept();
    pair.client
        .send_message(id, &vec![0; 5 << 20], plain())
        .unwrap();
    let events = pair.server_events();
    let [server::Event::Message { call, message, .. }] = &events[..] else {
        panic!("{:?}", server_story(&events))
    };
    // As it came: nobody has made anything of it yet.
    assert!(message.is_compressed() && message.wire_len() < 10_000);
    let error = message.clone().into_bytes().unwrap_err();
    pair.server.fail_message(*call, error);
    assert_eq!(
        server_story(&pair.server_events()),
        ["cancelled(BadMessage)"]
    );
    assert_eq!(
        client_story(&pair.client_events()),
        [
            "status(RESOURCE_EXHAUSTED: SERVER: Received message larger than max (4194304) after decompression)"
        ]
    );
}

#[test]
fn a_graceful_shutdown_serves_what_was_on_its_way() {
    let mut pair = Pair::new();
    pair.start("/a/b");
    let first = pair.accept().call;
    pair.server.shutdown(pair.now);
    // Started before the client hears of the end.
    pair.start("/late/call");
    let late = pair.accept();
    assert_eq!(&*late.path, "/late/call");
    assert_eq!(
        pair.client.start_call(&call(), pair.now),
        Err(StartError::GoingAway)
    );
    for call in [first, late.call] {
        assert!(!pair.server.is_closed());
        pair.server
            .send_status(call, &Status::OK, &Metadata::EMPTY)
            .unwrap();
    }
    assert!(pair.server.is_closed());
    assert_eq!(pair.server.close_reason(), Some(&CloseReason::ShutDown));
    let story = client_story(&pair.client_events());
    assert_eq!(
        story,
        [
            "goaway(NO_ERROR )",
            "goaway(NO_ERROR )",
            "status(OK)",
            "status(OK)",
            "closed(shut down)"
        ]
    );
    assert!(pair.client.is_closed());
}

#[test]
fn a_shutdown_without_an_answer_to_its_ping_goes_on() {
    let mut pair = Pair::new();
    pair.server.shutdown(pair.now);
    assert!(!pair.server.is_closed());
    pair.server.handle_timeout(pair.now + 21 * SECOND);
    assert!(pair.server.is_closed());
}

#[test]
fn a_client_shuts_down_after_its_last_call() {
    let mut pair = Pair::new();
    pair.start("/a/b");
    let call = pair.accept().call;
    pair.client.shutdown(pair.now);
    assert_eq!(
        pair.client.start_call(&crate::pair::call(), pair.now),
        Err(StartError::GoingAway)
    );
    pair.server
        .send_status(call, &Status::OK, &Metadata::EMPTY)
        .unwrap();
    assert_eq!(
        client_story(&pair.client_events()),
        ["status(OK)", "closed(shut down)"]
    );
    pair.run();
    // The connection is the client's to close.
    assert!(!pair.server.is_closed());
    pair.server.handle_eof(pair.now);
    assert!(pair.server.is_closed());
}

#[test]
fn a_lost_connection_ends_every_call_once() {
    let mut pair = Pair::new();
    pair.start("/a/b");
    pair.accept();
    pair.start("/never/written");
    pair.server.handle_eof(pair.now);
    assert_eq!(
        server_story(&pair.server_events()),
        ["cancelled(ConnectionLost)"]
    );
    let mut pair = Pair::new();
    pair.start("/a/b");
    pair.accept();
    pair.start("/never/written");
    pair.client.handle_eof(pair.now);
    let story: Vec<_> = std::iter::from_fn(|| pair.client.poll_event()).collect();
    assert_eq!(
        client_story(&story),
        [
            "status(UNAVAILABLE: the peer closed the connection)",
            "unsent(UNAVAILABLE: the peer closed the connection)",
            "closed(the peer closed the connection)"
        ]
    );
    assert_eq!(
        pair.client.start_call(&call(), pair.now),
        Err(StartError::Closed)
    );
    assert_eq!(pair.client.poll_timeout(), None);
}

#[test]
fn closing_tells_the_peer() {
    let mut pair = Pair::new();
    pair.start("/a/b");
    pair.accept();
    pair.server.close("maintenance");
    assert_eq!(
        server_story(&pair.server_events()),
        ["cancelled(ConnectionLost)"]
    );
    // The client may have been processed up to the last stream: its call is left to the end of the connection.
    assert_eq!(
        client_story(&pair.client_events()),
        ["goaway(NO_ERROR maintenance)"]
    );
    pair.client.handle_eof(pair.now);
    assert_eq!(client_story(&pair.client_events()).len(), 2);
}

#[test]
fn keepalive_finds_a_dead_peer() {
    let config = client::Config {
        keepalive_time: Some(30 * SECOND),
        keepalive_timeout: 5 * SECOND,
        max_pings_without_data: None,
        ..client::Config::default()
    };
    let mut pair = Pair::with(
        config,
        server::Config {
            max_ping_strikes: None,
            ..server::Config::default()
        },
    );
    assert_eq!(pair.client.poll_timeout(), None);
    pair.start("/a/b");
    pair.accept();
    pair.pass(300 * SECOND);
    assert!(!pair.client.is_closed(), "the server answers");
    // Now nothing is delivered.
    pair.client.handle_timeout(pair.now + 40 * SECOND);
    pair.client.handle_timeout(pair.now + 46 * SECOND);
    assert_eq!(
        pair.client.close_reason(),
        Some(&CloseReason::KeepaliveTimeout)
    );
}

#[test]
fn a_client_that_pings_too_often_is_sent_away() {
    let config = client::Config {
        keepalive_time: Some(SECOND),
        max_pings_without_data: None,
        ..client::Config::default()
    };
    let mut pair = Pair::with(config, server::Config::default());
    pair.start("/a/b");
    pair.accept();
    pair.pass(10 * SECOND);
    assert!(pair.server.is_closed());
    assert_eq!(
        pair.server.close_reason().map(CloseReason::fault),
        Some(Fault::PeerMisbehaved)
    );
    let story = client_story(&pair.client_events());
    assert_eq!(story[0], "goaway(ENHANCE_YOUR_CALM too_many_pings)");
    pair.client.handle_eof(pair.now);
    let expected = CloseReason::PeerError {
        code: ErrorCode::ENHANCE_YOUR_CALM,
        debug: "too_many_pings".to_owned(),
    };
    assert_eq!(pair.client.close_reason(), Some(&expected));
}

/// Two PINGs, and from then on one a minute.
#[test]
fn a_client_whose_calls_send_nothing_pings_rarely() {
    let client = client::Config {
        keepalive_time: Some(SECOND),
        ..client::Config::default()
    };
    let server = server::Config {
        max_ping_strikes: None,
        ..server::Config::default()
    };
    let mut pair = Pair::with(client, server);
    let id = pair.start("/a/b");
    pair.accept();
    for (pings, seconds) in [(2, 50), (3, 20), (4, 60)] {
        pair.pass(seconds * SECOND);
        assert_eq!(pair.client.traffic().keepalives_sent, pings);
    }
    pair.client.send_message(id, b"x", plain()).unwrap();
    pair.pass(50 * SECOND);
    assert_eq!(pair.client.traffic().keepalives_sent, 6);
}

#[test]
fn settings_that_are_not_acknowledged_end_the_connection() {
    let now = Instant::now();
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    for acknowledges in [false, true] {
        let mut server = server::Connection::new(Arc::default(), now);
        server.handle_input(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", now);
        server.handle_input(&settings, now + SECOND);
        if acknowledges {
            let acknowledgement = [0, 0, 0, 4, 1, 0, 0, 0, 0];
            server.handle_input(&acknowledgement, now + 2 * SECOND);
        } else {
            assert_eq!(server.poll_timeout(), Some(now + 61 * SECOND));
        }
        server.handle_timeout(now + 61 * SECOND);
        assert_eq!(server.is_closed(), !acknowledges);
    }
}

/// What a client does that estimates the bandwidth, as gRPC in Go: a PING for what it was sent, while one long message comes as its windows allow.
#[test]
fn pings_while_a_long_message_comes_are_not_too_many() {
    const PING: [u8; 17] = [0, 0, 8, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut pair = Pair::new();
    pair.start("/a/b");
    let call = pair.accept().call;
    let message = vec![0; 4 << 20];
    pair.server.send_message(call, &message, plain()).unwrap();
    let mut pings = 0;
    while pair.deliver_to_client(usize::MAX) > 0 {
        let has_credit = pair.deliver_to_server(usize::MAX) > 0;
        if has_credit {
            pair.server.handle_input(&PING, pair.now);
            pings += 1;
        }
    }
    assert!(pings > 3, "{pings}");
    assert_eq!(pair.server.close_reason(), None);
}

/// Go's server resets a call whose deadline is over, and its timer may be the first.
#[test]
fn a_reset_by_cancel_after_the_deadline_is_the_deadline() {
    for (late, expected) in [(false, Code::Cancelled), (true, Code::DeadlineExceeded)] {
        let mut pair = Pair::new();
        let id = pair.start_with(&StartCall {
            deadline: Some(pair.now + SECOND),
            ..call()
        });
        let call = pair.accept().call;
        pair.server.cancel(call, Code::Cancelled).unwrap();
        if late {
            pair.now += SECOND;
        }
        pair.run();
        let ends = pair
            .client_events()
            .into_iter()
            .find_map(|event| match event {
                client::Event::Status { call, status, .. } => Some((call, status.code)),
                _ => None,
            });
        assert_eq!(ends, Some((id, expected)));
    }
}

#[test]
fn idle_and_age_limits_end_connections_gracefully() {
    let server = server::Config {
        max_connection_idle: Some(10 * SECOND),
        ..server::Config::default()
    };
    let mut pair = Pair::with(client::Config::default(), server);
    pair.start("/a/b");
    let call = pair.accept().call;
    pair.pass(100 * SECOND);
    assert!(!pair.server.is_closed(), "a call is open");
    pair.server
        .send_status(call, &Status::OK, &Metadata::EMPTY)
        .unwrap();
    pair.pass(9 * SECOND);
    assert!(!pair.server.is_closed());
    pair.pass(12 * SECOND);
    assert_eq!(pair.server.close_reason(), Some(&CloseReason::Idle));

    let server = server::Config {
        max_connection_age: Some(10 * SECOND),
        max_connection_age_grace: Some(5 * SECOND),
        ..server::Config::default()
    };
    let mut pair = Pair::with(client::Config::default(), server);
    pair.start("/a/b");
    pair.accept();
    pair.pass(14 * SECOND);
    assert!(!pair.server.is_closed());
    pair.pass(SECOND);
    assert_eq!(pair.server.close_reason(), Some(&CloseReason::MaxAge));
    assert_eq!(
        server_story(&pair.server_events()),
        ["cancelled(ConnectionLost)"]
    );
}

#[test]
fn a_peer_that_says_nothing_is_dropped() {
    let now = Instant::now();
    let mut server = server::Connection::new(Arc::default(), now);
    assert!(server.output().is_empty());
    server.handle_input(b"PRI * HTTP/2.0\r\n\r\n", now);
    let at = server.poll_timeout().unwrap();
    assert_eq!(at, now + 120 * SECOND);
    server.handle_timeout(at);
    assert_eq!(server.close_reason(), Some(&CloseReason::HandshakeTimeout));
}

#[test]
fn a_status_behind_messages_can_still_be_cut_off() {
    let client = client::Config {
        call_window: 100,
        ..client::Config::default()
    };
    let mut pair = Pair::with(client, server::Config::default());
    let id = pair.start_with(&StartCall {
        deadline: Some(pair.now + SECOND),
        ..call()
    });
    let incoming = pair.accept();
    for _ in 0..10 {
        pair.server
            .send_message(incoming.call, &[0; 95], plain())
            .unwrap();
    }
    assert_eq!(
        pair.server
            .send_status(incoming.call, &Status::OK, &Metadata::EMPTY),
        Ok(StatusSent::Buffered)
    );
    assert_eq!(
        client_story(&pair.client_events()),
        ["initial(0)", "message(95)"]
    );
    pair.now += 2 * SECOND;
    pair.server.handle_timeout(pair.now);
    assert_eq!(
        server_story(&pair.server_events()),
        ["cancelled(DeadlineExceeded)"]
    );
    let events = pair.client_events();
    assert!(
        matches!(&events[..], [client::Event::Status { call, .. }] if *call == id),
        "{:?}",
        client_story(&events)
    );
}

#[test]
fn what_is_late_for_a_cancelled_call_is_dropped_and_its_credit_returned() {
    let mut pair = Pair::new();
    let id = pair.start("/a/b");
    let call = pair.accept().call;
    // Many small frames are on their way when the client cancels, again and again.
    for round in 0..200 {
        let (id, call) = if round == 0 {
            (id, call)
        } else {
            (pair.start("/a/b"), pair.accept().call)
        };
        for _ in 0..400 {
            pair.server.send_message(call, b"tick", plain()).unwrap();
            // Written at once, so that each message is a frame.
            pair.deliver_to_client(0);
        }
        pair.client
            .cancel(id, Status::new(Code::Cancelled, ""))
            .unwrap();
        assert_eq!(client_story(&pair.client_events()), ["status(CANCELLED)"]);
        pair.server_events();
    }
    assert!(!pair.client.is_closed() && !pair.server.is_closed());
    let id = pair.start("/a/b");
    pair.client
        .send_last_message(id, &vec![0; 2 << 20], plain())
        .unwrap();
    pair.accept();
    assert_eq!(
        server_story(&pair.server_events()),
        ["message(2097152)", "half_closed"]
    );
}
