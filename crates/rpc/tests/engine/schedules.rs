//! Random schedules: any order of commands, deliveries, pieces and timeouts. Every call ends exactly once on each side that knows of it, messages come whole and in order, and no credit is lost.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use russet_rpc::client::{self, StartCall};
use russet_rpc::server::{self, StatusSent};
use russet_rpc::{CallId, Code, Metadata, Status};

use crate::pair::{Pair, call, plain};

#[derive(Clone, Debug)]
enum Step {
    Start { deadline: Option<u8> },
    ClientSend { call: usize, length: usize },
    HalfClose { call: usize },
    ClientCancel { call: usize },
    ClientTake { call: usize },
    ServerSend { call: usize, length: usize },
    ServerStatus { call: usize },
    ServerCancel { call: usize },
    ServerTake { call: usize },
    ToServer { bytes: usize },
    ToClient { bytes: usize },
    Pass { milliseconds: u16 },
}

fn any_step() -> impl Strategy<Value = Step> {
    let call = 0_usize..6;
    // The longest fills the output, with windows that let it.
    let length = prop_oneof![4 => 0_usize..20, 4 => 0_usize..5000, 1 => Just(150_000_usize)];
    let bytes = prop_oneof![2 => 1_usize..40, 2 => 1_usize..5000, 1 => Just(200_000_usize)];
    prop_oneof![
        4 => prop::option::weighted(0.2, any::<u8>()).prop_map(|deadline| Step::Start { deadline }),
        6 => (call.clone(), length.clone()).prop_map(|(call, length)| Step::ClientSend { call, length }),
        2 => call.clone().prop_map(|call| Step::HalfClose { call }),
        1 => call.clone().prop_map(|call| Step::ClientCancel { call }),
        4 => call.clone().prop_map(|call| Step::ClientTake { call }),
        6 => (call.clone(), length).prop_map(|(call, length)| Step::ServerSend { call, length }),
        2 => call.clone().prop_map(|call| Step::ServerStatus { call }),
        1 => call.clone().prop_map(|call| Step::ServerCancel { call }),
        4 => call.prop_map(|call| Step::ServerTake { call }),
        12 => bytes.clone().prop_map(|bytes| Step::ToServer { bytes }),
        12 => bytes.prop_map(|bytes| Step::ToClient { bytes }),
        1 => any::<u16>().prop_map(|milliseconds| Step::Pass { milliseconds }),
    ]
}

/// One direction of one call: what was sent, what came, and the credits that are owed.
#[derive(Default)]
struct Direction {
    sent: Vec<Vec<u8>>,
    came: usize,
    owed: Vec<u32>,
}

impl Direction {
    fn check(&mut self, message: &[u8], credit: u32) {
        assert_eq!(
            self.sent[self.came], message,
            "messages come whole and in order"
        );
        self.came += 1;
        self.owed.push(credit);
    }
}

#[derive(Default)]
struct World {
    client_calls: Vec<CallId>,
    server_calls: Vec<CallId>,
    /// By stream number.
    up: HashMap<u32, Direction>,
    down: HashMap<u32, Direction>,
    client_ends: HashMap<u32, usize>,
    server_ends: HashMap<u32, usize>,
    told: Vec<u32>,
    /// Streams whose client half was closed, and those for which the server heard of it.
    half_closed: Vec<u32>,
    half_close_heard: Vec<u32>,
}

impl World {
    fn poll(&mut self, pair: &mut Pair) {
        while let Some(event) = pair.client.poll_event() {
            match event {
                client::Event::Message {
                    call,
                    message,
                    credit,
                } => {
                    assert!(
                        !self.client_ends.contains_key(&call.stream()),
                        "nothing comes after the status"
                    );
                    self.down
                        .get_mut(&call.stream())
                        .unwrap()
                        .check(&message.into_bytes().unwrap(), credit);
                }
                client::Event::Status { call, status, .. } => {
                    *self.client_ends.entry(call.stream()).or_default() += 1;
                    if status.code == Code::Ok {
                        let down = &self.down[&call.stream()];
                        assert_eq!(
                            down.came,
                            down.sent.len(),
                            "OK means that every message came"
                        );
                    }
                }
                client::Event::Closed { reason } => panic!("{reason}"),
                _ => {}
            }
        }
        while let Some(event) = pair.server.poll_event() {
            match event {
                server::Event::Call(incoming) => {
                    self.server_calls.push(incoming.call);
                    self.told.push(incoming.call.stream());
                }
                server::Event::Message {
                    call,
                    message,
                    credit,
                } => {
                    assert!(
                        self.told.contains(&call.stream()),
                        "a call comes before its messages"
                    );
                    self.up
                        .get_mut(&call.stream())
                        .unwrap()
                        .check(&message.into_bytes().unwrap(), credit);
                }
                server::Event::HalfClosed { call } => self.half_close_heard.push(call.stream()),
                server::Event::Cancelled { call, .. } | server::Event::Finished { call } => {
                    *self.server_ends.entry(call.stream()).or_default() += 1;
                }
                server::Event::Writable { .. } => {}
            }
        }
    }

    fn act(&mut self, pair: &mut Pair, step: &Step) {
        let pick = |calls: &[CallId], call: usize| calls.iter().rev().nth(call).copied();
        match *step {
            Step::Start { deadline } => {
                let deadline = deadline
                    .map(|tenths| pair.now + Duration::from_millis(100 * u64::from(tenths)));
                if let Ok(id) = pair
                    .client
                    .start_call(&StartCall { deadline, ..call() }, pair.now)
                {
                    self.client_calls.push(id);
                    self.up.insert(id.stream(), Direction::default());
                    self.down.insert(id.stream(), Direction::default());
                }
            }
            Step::ClientSend { call, length } => {
                let Some(id) = pick(&self.client_calls, call) else {
                    return;
                };
                let up = self.up.get_mut(&id.stream()).unwrap();
                let message = vec![u8::try_from(up.sent.len() % 251).unwrap(); length];
                if pair.client.send_message(id, &message, plain()).is_ok() {
                    up.sent.push(message);
                }
            }
            Step::HalfClose { call } => {
                let Some(id) = pick(&self.client_calls, call) else {
                    return;
                };
                if pair.client.half_close(id).is_ok() {
                    self.half_closed.push(id.stream());
                }
            }
            Step::ClientCancel { call } => {
                let _ = pick(&self.client_calls, call)
                    .map(|id| pair.client.cancel(id, Status::new(Code::Cancelled, "")));
            }
            Step::ClientTake { call } => {
                let Some(id) = pick(&self.client_calls, call) else {
                    return;
                };
                if let Some(credit) = self.down.get_mut(&id.stream()).unwrap().owed.pop() {
                    pair.client.message_consumed(id, credit);
                }
            }
            Step::ServerSend { call, length } => {
                let Some(id) = pick(&self.server_calls, call) else {
                    return;
                };
                let down = self.down.get_mut(&id.stream()).unwrap();
                let message = vec![u8::try_from(down.sent.len() % 251).unwrap(); length];
                if pair.server.send_message(id, &message, plain()).is_ok() {
                    down.sent.push(message);
                }
            }
            Step::ServerStatus { call } => {
                let Some(id) = pick(&self.server_calls, call) else {
                    return;
                };
                if pair.server.send_status(id, &Status::OK, &Metadata::EMPTY)
                    == Ok(StatusSent::Written)
                {
                    *self.server_ends.entry(id.stream()).or_default() += 1;
                }
            }
            Step::ServerCancel { call } => {
                let Some(id) = pick(&self.server_calls, call) else {
                    return;
                };
                if pair.server.cancel(id, Code::Internal).is_ok() {
                    *self.server_ends.entry(id.stream()).or_default() += 1;
                }
            }
            Step::ServerTake { call } => {
                let Some(id) = pick(&self.server_calls, call) else {
                    return;
                };
                if let Some(credit) = self.up.get_mut(&id.stream()).unwrap().owed.pop() {
                    pair.server.message_consumed(id, credit);
                }
            }
            Step::ToServer { bytes } => {
                pair.deliver_to_server(bytes);
            }
            Step::ToClient { bytes } => {
                pair.deliver_to_client(bytes);
            }
            Step::Pass { milliseconds } => {
                pair.now += Duration::from_millis(u64::from(milliseconds) / 8);
                pair.client.handle_timeout(pair.now);
                pair.server.handle_timeout(pair.now);
            }
        }
    }

    /// Takes everything and ends every call; then nothing may be left.
    fn finish(&mut self, pair: &mut Pair) {
        loop {
            pair.run();
            self.poll(pair);
            let mut moved = false;
            for (directions, from_client) in [(&mut self.up, true), (&mut self.down, false)] {
                for (stream, direction) in directions {
                    let calls = if from_client {
                        &self.server_calls
                    } else {
                        &self.client_calls
                    };
                    let Some(id) = calls.iter().find(|id| id.stream() == *stream) else {
                        continue;
                    };
                    for credit in direction.owed.drain(..) {
                        moved = true;
                        if from_client {
                            pair.server.message_consumed(*id, credit);
                        } else {
                            pair.client.message_consumed(*id, credit);
                        }
                    }
                }
            }
            if !moved {
                break;
            }
        }
        for stream in &self.half_closed {
            let open = self.told.contains(stream)
                && !self.server_ends.contains_key(stream)
                && !self.client_ends.contains_key(stream);
            assert!(
                !open || self.half_close_heard.contains(stream),
                "the end of a client's messages comes"
            );
        }
        for id in self.server_calls.clone() {
            if pair.server.send_status(id, &Status::OK, &Metadata::EMPTY) == Ok(StatusSent::Written)
            {
                *self.server_ends.entry(id.stream()).or_default() += 1;
            }
        }
        for _ in 0..1000 {
            pair.run();
            self.poll(pair);
            for id in &self.client_calls {
                for credit in std::mem::take(&mut self.down.get_mut(&id.stream()).unwrap().owed) {
                    pair.client.message_consumed(*id, credit);
                }
            }
            if pair.client.active_calls() + pair.server.active_calls() == 0 {
                break;
            }
        }
        assert_eq!(
            (pair.client.active_calls(), pair.server.active_calls()),
            (0, 0)
        );
        for id in &self.client_calls {
            assert_eq!(
                self.client_ends.get(&id.stream()),
                Some(&1),
                "each call ends once at the client"
            );
        }
        for stream in &self.told {
            assert_eq!(
                self.server_ends.get(stream),
                Some(&1),
                "each call that was told ends once at the server"
            );
        }
        // No credit was lost on the connection: a message as long as all windows together still passes.
        let big = vec![9; 100_000];
        let id = pair.start("/last/call");
        pair.client.send_last_message(id, &big, plain()).unwrap();
        let incoming = pair.accept();
        let [
            server::Event::Message { message, .. },
            server::Event::HalfClosed { .. },
        ] = &pair.server_events()[..]
        else {
            panic!("the connection is stuck")
        };
        assert_eq!(message.wire_len(), big.len());
        pair.server
            .send_message(incoming.call, &big, plain())
            .unwrap();
        pair.server
            .send_status(incoming.call, &Status::OK, &Metadata::EMPTY)
            .unwrap();
        let last = pair.client_events();
        assert!(
            matches!(last.last(), Some(client::Event::Status { status, .. }) if status.code == Code::Ok),
            "{last:?}"
        );
    }
}

/// How many schedules are tried.
fn schedules() -> u32 {
    let count = std::env::var("RUSSET_TEST_SCHEDULES").ok();
    count.map_or(200, |count| count.parse().expect("a number of schedules"))
}

/// Sizes of tables of header fields: none, too small for most, HTTP/2's own, large.
fn any_tables() -> impl Strategy<Value = [u32; 4]> {
    prop::array::uniform4(prop::sample::select(vec![0, 100, 4096, 1 << 16]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: schedules(), ..ProptestConfig::default() })]

    #[test]
    fn every_schedule_keeps_the_promises(steps in prop::collection::vec(any_step(), 1..200), window in prop_oneof![1_u32..8000, Just(4 << 20)], tables in any_tables()) {
        let mut pair = Pair::with(
            client::Config { call_window: window, connection_window: window, decoder_table_size: tables[0], encoder_table_size: tables[1], ..client::Config::default() },
            server::Config { call_window: window, connection_window: window, max_concurrent_calls: 8, decoder_table_size: tables[2], encoder_table_size: tables[3], ..server::Config::default() },
        );
        let mut world = World::default();
        for step in &steps {
            world.act(&mut pair, step);
            world.poll(&mut pair);
        }
        world.finish(&mut pair);
    }
}
