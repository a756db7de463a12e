//! Compressed responses: read as far as a turn's budget allows.

use std::time::Instant;

use russet_rpc::{Code, Metadata, Status};

use super::{Call, CallKey, Channel, Outcome};
use crate::inbox::{Inbound, Received};
use crate::inflating::CALLS_A_TURN;

impl Channel {
    /// As [`Channel::next_message`], but decompressed: for whoever takes messages on the thread that drives the connections. `Pending` where this turn has decompressed enough; the call is told when it may try again.
    pub fn next_message_in_turn(&mut self, key: CallKey) -> Inbound<(), Vec<u8>> {
        if self
            .call(key)
            .is_some_and(|call| call.inbox.is_compressed())
            && !self.inflating.has_room()
        {
            self.inflating.wait(key);
            return Inbound::Pending;
        }
        let message = match self.next_message(key) {
            Inbound::Message(message) => message,
            Inbound::Pending => return Inbound::Pending,
            Inbound::HalfClosed => return Inbound::HalfClosed,
            Inbound::Ended(()) => return Inbound::Ended(()),
        };
        if !message.is_compressed() {
            // Never fails.
            return Inbound::Message(message.into_bytes().unwrap_or_default());
        }
        let longest = message.longest();
        match message.into_bytes() {
            Ok(bytes) => {
                self.inflating.spend(bytes.len());
                self.message_read(key, bytes.len());
                Inbound::Message(bytes)
            }
            Err(error) => {
                self.inflating.spend(longest);
                self.fail_message(key, error);
                Inbound::Ended(())
            }
        }
    }

    /// Decompresses the only response of a call that ended well, so that its status is what the call comes to. `None` where that waits for a later turn.
    pub(super) fn read_response(&mut self, key: CallKey, outcome: Outcome) -> Option<Outcome> {
        let Some(call) = self.calls.get_mut(key) else {
            return Some(outcome);
        };
        if call.streaming
            || outcome.status.code != Code::Ok
            || call.outcome.is_some()
            || !call.inbox.is_compressed()
        {
            return Some(outcome);
        }
        if !self.inflating.has_room() {
            call.ending = Some(Box::new(outcome));
            self.inflating.wait(key);
            return None;
        }
        let Received { message, credit } = call.inbox.pop()?;
        let longest = message.longest();
        match message.read() {
            Ok(message) => {
                let length = message.wire_len();
                self.inflating.spend(length);
                call.inbox.push(Received { message, credit });
                self.observe_read(key, length);
                Some(outcome)
            }
            Err(error) => {
                self.inflating.spend(longest);
                Some(Outcome {
                    status: error.status("CLIENT"),
                    trailing: Metadata::EMPTY,
                })
            }
        }
    }

    /// Goes on with what waited for this turn's budget.
    pub(super) fn run_inflating(&mut self, now: Instant) {
        self.inflating.renew();
        if !self.inflating.is_due() {
            return;
        }
        let late: Vec<CallKey> = (self.inflating.waiting().iter().copied())
            .filter(|key| self.call(*key).is_some_and(|call| is_late(call, now)))
            .collect();
        for key in late {
            let status = Status::new(Code::DeadlineExceeded, "Deadline Exceeded");
            self.end_locally(key, status);
        }
        let mut told = 0;
        while told < CALLS_A_TURN
            && self.inflating.has_room()
            && let Some(key) = self.inflating.next()
        {
            let Some(call) = self.calls.get_mut(key) else {
                continue;
            };
            if let Some(outcome) = call.ending.take() {
                self.end(key, *outcome);
            } else {
                told += 1;
                self.tell(key);
            }
        }
    }
}

/// Whether the deadline of a call has passed that waits with its only response.
fn is_late(call: &Call, now: Instant) -> bool {
    call.ending.is_some()
        && call.outcome.is_none()
        && call.deadline.is_some_and(|deadline| deadline <= now)
}
