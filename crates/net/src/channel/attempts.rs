//! The attempts of calls: how a call gets to a connection, and to another one where it is sent again (gRFC A6).
//!
//! What is to be done after an attempt is decided by [`russet_rpc::retry`]; here it is done. A call keeps its [`Record`](super::record::Record) until it is committed to one attempt: by response headers, by an end that is final, or by more messages than are kept.

use std::cmp::Reverse;
use std::time::Instant;

use russet_rpc::balancing::{self, LoadReport};
use russet_rpc::client::{Reach, StartCall, StartError};
use russet_rpc::retry::{self, Next, Pushback};
use russet_rpc::service_config::LoadBalancing;
use russet_rpc::{Code, Metadata, Status, Tally};

use super::picking::Pick;
use super::{Attempt, CallKey, Channel, Outcome, Place};
use crate::random::{random_below, random_unit};
use crate::trace::trace;
use crate::transport::Turn;

impl Channel {
    /// Starts an attempt of a call that waits or hedges, with all that the call was given; `false` where no connection takes it now, or where the call is held.
    pub(super) fn begin(&mut self, key: CallKey, now: Instant) -> bool {
        let Some(call) = self.call(key) else {
            return true;
        };
        if call.record.as_ref().is_some_and(|record| record.held) {
            return false;
        }
        if call.deadline.is_some_and(|deadline| deadline <= now) {
            self.end_locally(key, deadline_exceeded());
            return true;
        }
        let repeating = self.call(key).and_then(|call| call.repeating.as_ref());
        if repeating.is_some_and(|repeating| repeating.attempts.is_exhausted()) {
            // It has waited for two attempts at once: one that no server saw, and one that was due.
            return true;
        }
        match self.pick(key, now) {
            Pick::On(index) if self.begin_on(index, key, now) => return true,
            Pick::On(_) => {}
            Pick::Wait => return false,
            Pick::Refuse(status) => {
                self.end_locally(key, status);
                return true;
            }
        }
        self.begin_anywhere(key, now)
    }

    /// Starts an attempt although the connection that was picked has no room for it: where the policy does not insist on that one, the next one that has room takes it. All are asked, so that each tells when it has room again.
    fn begin_anywhere(&mut self, key: CallKey, now: Instant) -> bool {
        if matches!(
            self.policy,
            LoadBalancing::PickFirst { .. } | LoadBalancing::RingHash(_)
        ) {
            return false;
        }
        let first = random_below(self.order.len().max(1));
        (0..self.order.len()).any(|step| {
            let usable = self.usable_at((first + step) % self.order.len());
            usable.is_some_and(|index| self.begin_on(index, key, now))
        })
    }

    fn begin_on(&mut self, index: usize, key: CallKey, now: Instant) -> bool {
        let Some(call) = self.calls.get_mut(key) else {
            return true;
        };
        let Some(record) = &call.record else {
            return true;
        };
        let Some(Some(link)) = self.links.get_mut(index) else {
            return false;
        };
        let before = call
            .repeating
            .as_ref()
            .map_or(0, |repeating| repeating.attempts.started());
        let numbered;
        let metadata = if before == 0 {
            &record.metadata
        } else {
            numbered = with_attempts(&record.metadata, before);
            &numbered
        };
        let started = link.transport.engine.start_call(
            &StartCall {
                path: &record.path,
                authority: &self.authority,
                scheme: self.security.scheme(),
                user_agent: &self.user_agent,
                metadata,
                deadline: call.deadline,
                encoding: record.encoding,
            },
            now,
        );
        let id = match started {
            Ok(id) => id,
            Err(StartError::TooManyStreams(_) | StartError::GoingAway | StartError::Closed) => {
                return false;
            }
            Err(error @ StartError::HeadersTooLarge { .. }) => {
                self.end_locally(key, Status::new(Code::ResourceExhausted, error.to_string()));
                return true;
            }
            Err(error @ StartError::IllegalHeader(_)) => {
                self.end_locally(key, Status::new(Code::Internal, error.to_string()));
                return true;
            }
        };
        trace!(
            Call,
            "channel {}: {} goes to {}, stream {}",
            self.id,
            record.path,
            link.peer,
            id.stream()
        );
        link.calls.insert(id, key);
        if let Some(subchannel) = self.subchannels.get_mut(link.subchannel) {
            subchannel.calls.start(now);
        }
        if let Some(max) = call
            .method
            .as_ref()
            .and_then(|method| method.max_response_bytes)
        {
            link.transport.engine.limit_responses(id, max);
        }
        call.peer = Some(link.peer.clone());
        call.place = Place::On {
            connection: index,
            id,
        };
        if let Some(repeating) = &mut call.repeating {
            repeating.attempts.on_start(now);
            if repeating.attempts.hedges() {
                repeating.open.push((index, id));
                call.place = Place::Hedged;
                if let Some(at) = repeating.attempts.next_start() {
                    self.call_timers.push(Reverse((at, key)));
                }
            }
        }
        self.after(index, Turn::Idle);
        self.observe_attempt(key, (index, id), before, now);
        self.replay(key, (index, id));
        true
    }

    /// Gives an attempt what its call was given before.
    fn replay(&mut self, key: CallKey, (connection, id): Attempt) {
        let keep = self.retries.enabled;
        // Out of the call meanwhile, so that both can be used.
        let Some(record) = self.call_mut(key).and_then(|call| call.record.take()) else {
            return;
        };
        let mut congested = false;
        for (message, options, last) in record.messages() {
            // An attempt that ended meanwhile has its status.
            congested = self
                .send_on(connection, id, Some(message), options, last)
                .unwrap_or(false);
        }
        if record.ends_without_message() {
            let _ = self.send_on(connection, id, None, <_>::default(), true);
        }
        let given = record.len() > 0 || record.half_closed;
        let Some(call) = self.call_mut(key) else {
            return;
        };
        // The attempts of a hedged call take no more than is kept of it, so that its sender never waits.
        let congested = congested && !matches!(call.place, Place::Hedged);
        let was_congested = std::mem::replace(&mut call.congested, congested);
        if keep {
            call.record = Some(record);
            if given {
                self.limit_record(key);
            }
        } else {
            self.spare.give_back(record);
        }
        if was_congested && !congested {
            self.tell(key);
        }
    }

    /// Whether the call has committed, so that nothing of it can be sent again.
    pub(super) fn is_committed(&self, key: CallKey) -> bool {
        self.call(key).is_none_or(|call| call.record.is_none())
    }

    /// Commits a call to one of its attempts: the others are cancelled, and what it was given is let go.
    pub(super) fn commit(&mut self, key: CallKey, attempt: Attempt) {
        let Some(call) = self.call_mut(key) else {
            return;
        };
        let record = call.record.take();
        if matches!(call.place, Place::Hedged) {
            let (connection, id) = attempt;
            call.place = Place::On { connection, id };
            let open = call
                .repeating
                .as_mut()
                .map_or_else(Vec::new, |repeating| std::mem::take(&mut repeating.open));
            for other in open.into_iter().filter(|other| *other != attempt) {
                let status = Status::new(Code::Cancelled, "another attempt was answered first");
                self.cancel_attempt(other, &status);
            }
            let peer = self
                .links
                .get(connection)
                .and_then(|link| Some(link.as_ref()?.peer.clone()));
            if let Some(call) = self.call_mut(key) {
                call.peer = peer;
            }
        }
        if let Some(record) = record {
            self.spare.give_back(record);
        }
    }

    /// An attempt has ended: so does the call, or it is sent again.
    pub(super) fn attempt_over(
        &mut self,
        key: CallKey,
        attempt: Attempt,
        outcome: Outcome,
        reach: Reach,
        tally: Option<Box<Tally>>,
        now: Instant,
    ) {
        self.count_end(attempt, &outcome, now);
        self.observe_attempt_end(key, attempt, &outcome.status, tally);
        let Some(call) = self.call_mut(key) else {
            return;
        };
        if let Some(repeating) = &mut call.repeating {
            repeating.open.retain(|open| *open != attempt);
        }
        let unseen = call.record.is_some() && outcome.status.code == Code::Unavailable;
        let again = match reach {
            Reach::Unsent => unseen,
            Reach::Unprocessed => unseen && !std::mem::replace(&mut call.refused, true),
            Reach::Processed => false,
        };
        if again {
            if let Some(repeating) = &mut call.repeating {
                repeating.attempts.on_unseen();
            }
            self.observe_unseen(key);
            self.begin_or_wait(key, now);
            return;
        }
        let next = self.decide(key, &outcome, now);
        match next {
            Next::End => self.end(key, outcome),
            Next::Wait => {}
            Next::Start => {
                trace!(
                    Retry,
                    "channel {}: {} is sent again",
                    self.id,
                    self.path_of(key)
                );
                self.schedule(key);
            }
        }
    }

    /// What a line of the log calls a call.
    fn path_of(&self, key: CallKey) -> &str {
        let record = self.call(key).and_then(|call| call.record.as_ref());
        record.map_or("a call", |record| &record.path)
    }

    /// Tells whoever judges servers by their calls.
    fn count_end(&mut self, (connection, _): Attempt, outcome: &Outcome, now: Instant) {
        let succeeded = outcome.status.code == Code::Ok;
        let link = self.links.get(connection).and_then(Option::as_ref);
        if let Some(subchannel) = link.and_then(|link| self.subchannels.get_mut(link.subchannel)) {
            subchannel.calls.end(succeeded);
            if let Some(outliers) = &mut self.outliers {
                outliers.record(subchannel.id, succeeded);
            }
            if let LoadBalancing::WeightedRoundRobin(config) = &self.policy
                && !config.out_of_band
                && let Some(report) = outcome.trailing.get(balancing::TRAILER)
                && let Ok(report) = LoadReport::read(report, &config.metrics)
            {
                subchannel.weight.report(&report, config, now);
            }
        }
    }

    /// What follows on the end of an attempt.
    fn decide(&mut self, key: CallKey, outcome: &Outcome, now: Instant) -> Next {
        let Some(call) = self.calls.get_mut(key) else {
            return Next::End;
        };
        let Some(repeating) = &mut call.repeating else {
            return Next::End;
        };
        let next = repeating.attempts.on_end(
            outcome.status.code,
            Pushback::of(&outcome.trailing),
            &mut self.throttle,
            now,
            random_unit(),
        );
        // A call that has committed ends with its attempt, whatever its policy; the channel's tokens count it all the same.
        if call.record.is_none() {
            Next::End
        } else {
            next
        }
    }

    /// Has the call's next attempt start at its time.
    fn schedule(&mut self, key: CallKey) {
        let Some(call) = self.call_mut(key) else {
            return;
        };
        let Some(repeating) = &call.repeating else {
            return;
        };
        let at = repeating.attempts.next_start();
        let idle = repeating.open.is_empty();
        call.place = if repeating.attempts.hedges() {
            Place::Hedged
        } else {
            Place::Pausing
        };
        // While an attempt is open, its connection keeps the deadline.
        let deadline = call.deadline.filter(|_| idle);
        for at in [at, deadline].into_iter().flatten() {
            self.call_timers.push(Reverse((at, key)));
        }
    }

    /// Starts attempts whose time has come, and ends calls whose deadline passed between two.
    pub(super) fn run_call_timers(&mut self, now: Instant) {
        while let Some(&Reverse((at, key))) = self.call_timers.peek() {
            if at > now {
                return;
            }
            self.call_timers.pop();
            let Some(call) = self.calls.get_mut(key) else {
                continue;
            };
            if call.record.is_none() || !matches!(call.place, Place::Pausing | Place::Hedged) {
                continue;
            }
            let Some(repeating) = &mut call.repeating else {
                continue;
            };
            if repeating.open.is_empty() && call.deadline.is_some_and(|deadline| deadline <= now) {
                self.end_locally(key, deadline_exceeded());
                continue;
            }
            if repeating.attempts.next_start().is_none_or(|at| at > now) {
                continue;
            }
            if repeating.attempts.may_start(&self.throttle, now) {
                self.begin_or_wait(key, now);
            } else if repeating.attempts.next_start().is_some() {
                self.schedule(key);
            }
        }
    }

    /// Starts an attempt, or has it wait for a connection.
    fn begin_or_wait(&mut self, key: CallKey, now: Instant) {
        if self.begin(key, now) {
            return;
        }
        let Some(call) = self.call_mut(key) else {
            return;
        };
        let wait_for_ready = call.wait_for_ready;
        if !matches!(call.place, Place::Hedged) {
            call.place = Place::Waiting;
        }
        self.waiting.push_back(key);
        self.pursue(wait_for_ready, now);
    }

    /// Whether an entry of the list of waiting calls still stands for one.
    fn is_waiting(&self, key: CallKey) -> bool {
        self.call(key).is_some_and(|call| {
            call.record.is_some() && matches!(call.place, Place::Waiting | Place::Hedged)
        })
    }

    /// Starts the calls that waited for a connection.
    pub(super) fn start_waiting(&mut self, now: Instant) {
        for key in std::mem::take(&mut self.waiting) {
            if !self.is_waiting(key) {
                continue;
            }
            if self.begin(key, now) {
                // Somebody may wait for it to have a connection.
                self.tell(key);
            } else {
                self.waiting.push_back(key);
            }
        }
    }

    /// Ends the attempts that do not wait for better days, and with them the calls that are not sent again.
    pub(super) fn fail_waiting(&mut self, now: Instant) {
        if self.waiting.is_empty() {
            return;
        }
        let outcome = Outcome {
            status: Status::new(
                Code::Unavailable,
                format!(
                    "failed to connect to all addresses; last error: {}",
                    self.last_error
                ),
            ),
            trailing: Metadata::EMPTY,
        };
        for key in std::mem::take(&mut self.waiting) {
            if !self.is_waiting(key) {
                continue;
            }
            let Some(call) = self.call_mut(key) else {
                continue;
            };
            if call.wait_for_ready {
                self.waiting.push_back(key);
                continue;
            }
            if let Some(repeating) = &mut call.repeating {
                if repeating.attempts.is_exhausted() {
                    // It waited for two attempts at once, and has failed one: what goes on may be started again as long as no more are counted than there may be.
                    continue;
                }
                repeating.attempts.on_start(now);
            }
            match self.decide(key, &outcome, now) {
                Next::End => self.end(key, outcome.clone()),
                Next::Wait => {}
                Next::Start => self.schedule(key),
            }
        }
    }

    /// Ends the waiting calls whose deadline has passed.
    pub(super) fn expire_waiting(&mut self, now: Instant) {
        if self.waiting.is_empty() {
            return;
        }
        for key in std::mem::take(&mut self.waiting) {
            if !self.is_waiting(key) {
                continue;
            }
            let due = self
                .call(key)
                .and_then(|call| call.deadline)
                .is_some_and(|deadline| deadline <= now);
            if due {
                self.end_locally(key, deadline_exceeded());
            } else {
                self.waiting.push_back(key);
            }
        }
    }
}

fn deadline_exceeded() -> Status {
    Status::new(Code::DeadlineExceeded, "Deadline Exceeded")
}

/// Metadata that also says how many attempts came before.
fn with_attempts(metadata: &Metadata, before: u32) -> Metadata {
    let mut metadata = metadata.clone();
    // A name and a number that can always be sent.
    let _ = metadata.push(retry::PREVIOUS_ATTEMPTS, before.to_string().as_bytes());
    metadata
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mio::{Poll, Token, Waker};
    use russet_rpc::Encoding;
    use russet_rpc::service_config::ServiceConfig;

    use super::super::{ChannelConfig, NewCall};
    use super::*;
    use crate::address::Target;
    use crate::alarm::Alarm;

    const HEDGING: &str = r#"{"methodConfig": [{"name": [{}], "hedgingPolicy": {"maxAttempts": 2, "nonFatalStatusCodes": ["UNAVAILABLE"]}}]}"#;

    #[test]
    fn a_call_that_waits_twice_and_fails_is_sent_again_where_no_server_saw_its_other_attempt() {
        let poll = Poll::new().unwrap();
        let waker = Waker::new(poll.registry(), Token(0)).unwrap();
        let registry = poll.registry().try_clone().unwrap();
        let mut config = ChannelConfig::new("test".to_owned());
        config.service_config = ServiceConfig::parse(HEDGING).unwrap();
        let target = Target::Unix("/nowhere".into());
        let alarm = Arc::new(Alarm::new(waker));
        let mut channel = Channel::new(registry, alarm, target, config);
        let now = Instant::now();
        let key = channel.start(
            &NewCall {
                path: "/s/m",
                metadata: &Metadata::EMPTY,
                deadline: None,
                wait_for_ready: Some(true),
                encoding: Encoding::Identity,
                held: false,
                streaming: false,
                token: 0,
            },
            now,
        );
        // One attempt is open, and the second one is due twice: because of its time, and because another one ended.
        let call = channel.call_mut(key).unwrap();
        call.place = Place::Hedged;
        call.wait_for_ready = false;
        call.repeating.as_mut().unwrap().attempts.on_start(now);
        channel.waiting = [key, key].into();
        channel.fail_waiting(now);
        assert!(channel.waiting.is_empty());
        let call = channel.call_mut(key).unwrap();
        let attempts = &mut call.repeating.as_mut().unwrap().attempts;
        assert_eq!((attempts.started(), attempts.open()), (2, 1));
        attempts.on_unseen();
        assert!(!channel.begin(key, now), "it waits for a connection");
    }
}
