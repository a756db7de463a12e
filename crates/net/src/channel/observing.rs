//! What a channel keeps of calls for an observer, from their beginning to their end. Nothing here happens to a call that nobody observes.

use std::sync::Arc;
use std::time::Instant;

use russet_rpc::{Code, Status, Tally};

use super::{Attempt, CallKey, Channel, Place};
use crate::observation::{self, ClientCall, Observed};

/// A call that is observed.
#[derive(Debug)]
pub(super) struct Observation {
    call: ClientCall,
    /// Attempts that go on.
    open: Vec<Open>,
    /// No server saw the last one.
    unseen: bool,
    /// It did not get a connection at once.
    waited: bool,
}

#[derive(Debug)]
struct Open {
    on: Attempt,
    started: Instant,
    picked: Option<Instant>,
    previous: u32,
    transparent: bool,
}

impl Channel {
    /// A call has begun.
    pub(super) fn observe_start(&mut self, key: CallKey, path: &str, token: u64, now: Instant) {
        let Some(observer) = self.observer.as_ref().filter(|one| one.is_listening()) else {
            return;
        };
        let path: Arc<str> = path.into();
        observer.tell(Observed::AttemptStarted { path: path.clone() });
        if let Some(call) = self.calls.get_mut(key) {
            call.observation = Some(Box::new(Observation {
                call: ClientCall {
                    path,
                    token,
                    started: now,
                    ended: now,
                    status: Status::new(Code::Unknown, ""),
                    attempts: Vec::new(),
                },
                open: Vec::new(),
                unseen: false,
                waited: false,
            }));
        }
    }

    /// A call, or its next attempt, waits for a connection.
    pub(super) fn observe_wait(&mut self, key: CallKey) {
        if let Some(observation) = self.observation(key) {
            observation.waited = true;
        }
    }

    /// A call has an attempt on a connection. `previous` attempts of its policy went before.
    pub(super) fn observe_attempt(
        &mut self,
        key: CallKey,
        on: Attempt,
        previous: u32,
        now: Instant,
    ) {
        let Some(observation) = self.observation(key) else {
            return;
        };
        let first = observation.open.is_empty() && observation.call.attempts.is_empty();
        let waited = std::mem::take(&mut observation.waited);
        let transparent = std::mem::take(&mut observation.unseen);
        observation.open.push(Open {
            on,
            started: if first { observation.call.started } else { now },
            picked: (first && waited).then_some(now),
            previous,
            transparent,
        });
        let path = (!first).then(|| observation.call.path.clone());
        if let (Some(path), Some(observer)) = (path, &self.observer) {
            observer.tell(Observed::AttemptStarted { path });
        }
    }

    /// No server saw the attempt that ended last: another is made in its place.
    pub(super) fn observe_unseen(&mut self, key: CallKey) {
        if let Some(observation) = self.observation(key) {
            observation.unseen = true;
        }
    }

    /// A compressed message has been decompressed.
    pub(super) fn observe_read(&mut self, key: CallKey, length: usize) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        if let &Place::On { connection, id } = &call.place
            && let Some(Some(link)) = self.links.get_mut(connection)
        {
            link.transport.engine.note_read(id, length);
        }
        // Of an attempt that has ended, what is kept stands here.
        if let Some(observation) = &mut call.observation
            && let Some(attempt) = observation.call.attempts.last_mut()
            && let Some(tally) = &mut attempt.tally
        {
            tally.read(length);
        }
    }

    /// An attempt has ended.
    pub(super) fn observe_attempt_end(
        &mut self,
        key: CallKey,
        on: Attempt,
        status: &Status,
        tally: Option<Box<Tally>>,
    ) {
        let Some(observation) = self.observation(key) else {
            return;
        };
        let Some(index) = observation.open.iter().position(|open| open.on == on) else {
            return;
        };
        let open = observation.open.remove(index);
        observation.call.attempts.push(observation::Attempt {
            started: open.started,
            picked: open.picked,
            ended: Instant::now(),
            status: status.clone(),
            previous: open.previous,
            transparent: open.transparent,
            tally,
        });
    }

    /// A call has ended, and so have its attempts.
    pub(super) fn observe_end(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let (Some(mut observation), Some(outcome)) = (call.observation.take(), &call.outcome)
        else {
            return;
        };
        let ended = Instant::now();
        let call = &mut observation.call;
        call.ended = ended;
        call.status = outcome.status.clone();
        if call.attempts.is_empty() {
            call.attempts.push(observation::Attempt {
                started: call.started,
                picked: None,
                ended,
                status: call.status.clone(),
                previous: 0,
                transparent: false,
                tally: None,
            });
        }
        if let Some(observer) = &self.observer {
            observer.tell(Observed::ClientCall(Box::new(observation.call)));
        }
    }

    fn observation(&mut self, key: CallKey) -> Option<&mut Observation> {
        self.calls.get_mut(key)?.observation.as_deref_mut()
    }
}
