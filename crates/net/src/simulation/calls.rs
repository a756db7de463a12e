//! The calls of the application, and what is promised of each: it ends once, in time, and its messages come whole, in order, and none twice.

use std::time::{Duration, Instant};

use russet_rpc::{Code, Encoding, MessageOptions, Metadata, SendError, Status};

use super::dice::Dice;
use super::servers::Servers;
use crate::channel::{Channel, NewCall};
use crate::inbox::Inbound;
use crate::slots::CallKey;

/// A message that says whose it is, and which: `of` is a call's number, or that of an attempt.
pub(super) fn message(of: u32, place: u32, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + length);
    bytes.extend(of.to_be_bytes());
    bytes.extend(place.to_be_bytes());
    let fill = of.wrapping_mul(31).wrapping_add(place).to_be_bytes()[3];
    bytes.resize(8 + length, fill);
    bytes
}

/// The opposite: whose it is, and which.
fn read(bytes: &[u8]) -> (u32, u32) {
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let (of, place) = (number(0), number(4));
    assert!(
        message(of, place, bytes.len() - 8) == bytes,
        "message {place} of {of} has changed on its way"
    );
    (of, place)
}

#[derive(Debug)]
struct Call {
    key: CallKey,
    deadline: Option<Instant>,
    sent: u32,
    half_closed: bool,
    /// The attempt that answered, once a message has told.
    attempt: Option<u32>,
    received: u32,
    cancelled: bool,
    watched: bool,
    /// Its end has been told.
    told: bool,
    outcome: Option<Status>,
    released: bool,
}

/// All calls that there were; one's number is its place.
#[derive(Debug)]
pub(super) struct Calls {
    all: Vec<Call>,
    /// How many attempts a call has at most.
    most_attempts: u32,
    hedged: bool,
}

impl Calls {
    pub(super) const fn new(most_attempts: u32, hedged: bool) -> Self {
        Self {
            all: Vec::new(),
            most_attempts,
            hedged,
        }
    }

    /// Whether a call may have several attempts at once.
    pub(super) const fn are_hedged(&self) -> bool {
        self.hedged
    }

    pub(super) const fn most_attempts(&self) -> u32 {
        self.most_attempts
    }

    pub(super) fn is_known(&self, call: u32) -> bool {
        (call as usize) < self.all.len()
    }

    /// A server has got a message.
    pub(super) fn check_request(&self, call: u32, place: u32, bytes: &[u8]) {
        assert_eq!(
            read(bytes),
            (call, place),
            "messages to a server come in order, and none twice"
        );
        assert!(place < self.all[call as usize].sent);
    }

    /// A server has got the last message.
    pub(super) fn check_complete(&self, call: u32, received: u32) {
        let call = &self.all[call as usize];
        assert!(call.half_closed);
        assert_eq!(
            received, call.sent,
            "the end of a request comes after all of its messages"
        );
    }

    pub(super) fn start(&mut self, channel: &mut Channel, dice: &mut Dice, now: Instant) {
        let patient = dice.once_in(3);
        // Now and then it is over already.
        let most = if dice.once_in(20) { 0 } else { 600 };
        let deadline = dice.once_in(2).then(|| now + dice.milliseconds(most));
        self.start_with(channel, dice, deadline, patient, now);
        let call = self.all.last_mut().unwrap();
        if dice.once_in(3) {
            call.watched = true;
            channel.watch(call.key);
        }
        if dice.once_in(2) {
            let length = dice.length(100_000);
            self.send(self.all.len() - 1, channel, length, dice.once_in(2));
        }
    }

    /// A call that waits for a connection as long as it takes.
    pub(super) fn start_last(
        &mut self,
        channel: &mut Channel,
        dice: &mut Dice,
        length: usize,
        now: Instant,
    ) -> usize {
        self.start_with(channel, dice, None, true, now);
        let number = self.all.len() - 1;
        self.send(number, channel, length, true);
        number
    }

    fn start_with(
        &mut self,
        channel: &mut Channel,
        dice: &mut Dice,
        deadline: Option<Instant>,
        patient: bool,
        now: Instant,
    ) {
        let mut metadata = Metadata::new();
        metadata
            .push("number", self.all.len().to_string().as_bytes())
            .unwrap();
        metadata
            .push("key", &[b'a' + u8::try_from(dice.below(5)).unwrap()])
            .unwrap();
        let held = deadline.is_some() && dice.once_in(10);
        let new = NewCall {
            path: "/test.Service/Method",
            metadata: &metadata,
            deadline,
            wait_for_ready: Some(patient),
            encoding: dice.pick(&[Encoding::Identity, Encoding::Identity, Encoding::Gzip]),
            held,
            streaming: false,
            token: self.all.len() as u64,
        };
        let key = channel.start(&new, now);
        self.all.push(Call {
            key,
            deadline,
            sent: 0,
            half_closed: false,
            attempt: None,
            received: 0,
            cancelled: false,
            watched: false,
            told: false,
            outcome: None,
            released: false,
        });
        if held && dice.once_in(2) {
            channel.provide(key, &Metadata::EMPTY, now);
        }
    }

    /// One of the latest calls that the application still has.
    fn any(&self, dice: &mut Dice) -> Option<usize> {
        let held: Vec<usize> = (0..self.all.len())
            .filter(|number| !self.all[*number].released)
            .collect();
        let back = dice.below(6);
        held.iter().rev().nth(back).or(held.last()).copied()
    }

    /// Does something with one of the calls.
    pub(super) fn act(&mut self, channel: &mut Channel, servers: &Servers, dice: &mut Dice) {
        let Some(number) = self.any(dice) else { return };
        match dice.below(12) {
            0..=3 => self.send(number, channel, dice.length(100_000), dice.once_in(4)),
            4 => self.end_request(number, channel),
            5..=8 => self.take(number, channel, servers, dice.pick(&[1, 3, 100])),
            9 => {
                let call = &mut self.all[number];
                if call.outcome.is_none() {
                    call.cancelled = true;
                    channel.cancel(call.key, Status::new(Code::Cancelled, "by the application"));
                }
            }
            10 => {
                let call = &mut self.all[number];
                if call.outcome.is_some() || dice.once_in(4) {
                    if call.outcome.is_none() && call.half_closed && dice.once_in(2) {
                        channel.abandon(call.key);
                    } else {
                        channel.release(call.key);
                    }
                    call.released = true;
                }
            }
            _ => {
                let call = &mut self.all[number];
                // One that has ended already is listed at once.
                call.watched = true;
                channel.watch(call.key);
            }
        }
    }

    fn send(&mut self, number: usize, channel: &mut Channel, length: usize, last: bool) {
        let call = &mut self.all[number];
        if call.half_closed {
            return;
        }
        let bytes = message(u32::try_from(number).unwrap(), call.sent, length);
        // Counted before, as a server may be asked at once.
        call.sent += 1;
        call.half_closed = last;
        let options = MessageOptions::default();
        let sent = if last {
            channel.send_last_message(call.key, &bytes, options)
        } else {
            channel.send_message(call.key, &bytes, options)
        };
        if let Err(error) = sent {
            assert_eq!(error, SendError::CallEnded);
        }
    }

    fn end_request(&mut self, number: usize, channel: &mut Channel) {
        let call = &mut self.all[number];
        if !call.half_closed {
            call.half_closed = true;
            if let Err(error) = channel.half_close(call.key) {
                assert_eq!(error, SendError::CallEnded);
            }
        }
    }

    /// Takes answers, all of which are of one attempt.
    fn take(&mut self, number: usize, channel: &mut Channel, servers: &Servers, most: usize) {
        let call = &mut self.all[number];
        for _ in 0..most {
            match channel.next_message(call.key) {
                Inbound::Message(message) => {
                    let bytes = message.into_bytes().expect("nothing is compressed");
                    let (attempt, place) = read(&bytes);
                    assert_eq!(
                        *call.attempt.get_or_insert(attempt),
                        attempt,
                        "answers of two attempts"
                    );
                    assert_eq!(
                        place, call.received,
                        "answers come in order, and none twice"
                    );
                    call.received += 1;
                }
                Inbound::Ended(()) => {
                    let outcome = channel.outcome(call.key).expect("it has not been released");
                    check_end(call, outcome, servers);
                    return;
                }
                Inbound::Pending => return,
                Inbound::HalfClosed => unreachable!("only a server is told so"),
            }
        }
    }

    /// What holds after every turn.
    pub(super) fn check(&mut self, channel: &mut Channel, now: Instant) {
        let changed = channel.take_changed();
        let (mut running, mut attended, mut held) = (0, 0, 0);
        for (number, call) in self.all.iter_mut().enumerate() {
            call.told |= changed.contains(&call.key) && channel.outcome(call.key).is_some();
            if call.released {
                continue;
            }
            held += 1;
            let outcome = channel.outcome(call.key);
            if let Some(before) = &call.outcome {
                assert_eq!(
                    outcome.map(|outcome| &outcome.status),
                    Some(before),
                    "a call ends once"
                );
                continue;
            }
            let Some(outcome) = outcome else {
                running += 1;
                attended += usize::from(call.watched);
                assert!(
                    call.deadline.is_none_or(|at| now < at),
                    "call {number} has outlived its deadline"
                );
                assert!(!call.cancelled);
                continue;
            };
            assert!(
                !call.watched || call.told,
                "nobody was told that call {number} has ended"
            );
            if outcome.status.code == Code::DeadlineExceeded {
                let at = call.deadline.expect("a call without a deadline");
                // A server's clock runs on whole units of its own.
                assert!(
                    at <= now + Duration::from_millis(1),
                    "call {number} has ended before its deadline"
                );
            }
            call.outcome = Some(outcome.status.clone());
        }
        let abandoned = channel.active_calls() - held;
        assert!(channel.attended() >= attended && channel.attended() <= attended + abandoned);
        let counts = channel.census().calls;
        let open = counts.started - counts.succeeded - counts.failed;
        assert_eq!(
            open,
            u64::try_from(running + abandoned).unwrap(),
            "the counts do not add up"
        );
    }

    /// Ends the requests, and takes and lets go what there is; whether all calls have ended.
    pub(super) fn finish(&mut self, channel: &mut Channel, servers: &Servers) -> bool {
        for number in 0..self.all.len() {
            if !self.all[number].released {
                self.end_request(number, channel);
                self.take(number, channel, servers, usize::MAX);
                let call = &mut self.all[number];
                if call.outcome.is_some() {
                    call.released = true;
                    channel.release(call.key);
                }
            }
        }
        channel.active_calls() == 0
    }

    /// How a call ended.
    pub(super) fn code(&self, number: usize) -> Option<Code> {
        self.all[number].outcome.as_ref().map(|status| status.code)
    }

    /// How all calls ended.
    pub(super) fn codes(&self) -> Vec<Option<Code>> {
        (0..self.all.len())
            .map(|number| self.code(number))
            .collect()
    }

    /// The calls that have not ended, for a failure's text.
    pub(super) fn open(&self) -> Vec<String> {
        let open = self.all.iter().filter(|call| !call.released);
        open.map(|call| format!("{call:?}")).collect()
    }
}

/// What a server said at the end is what it did.
fn check_end(call: &Call, outcome: &crate::channel::Outcome, servers: &Servers) {
    let text = |key| {
        let value = outcome.trailing.get(key)?;
        Some(str::from_utf8(value).unwrap().parse::<u32>().unwrap())
    };
    let (Some(attempt), Some(count)) = (text("attempt"), text("count")) else {
        assert_ne!(outcome.status.code, Code::Ok, "only a server makes it OK");
        return;
    };
    assert_eq!(servers.status_of(attempt), Some(outcome.status.code));
    assert!(
        call.attempt.is_none_or(|answered| answered == attempt),
        "answers and status of two attempts"
    );
    assert_eq!(call.received, count, "all answers come before the status");
}
