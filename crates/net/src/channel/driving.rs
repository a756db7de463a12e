//! What a channel does with the readiness of its sockets and with the events of its engines.

use std::cmp::Reverse;
use std::time::Instant;

use russet_rpc::balancing::Outliers;
use russet_rpc::client::{Event, Reach};
use russet_rpc::{CallId, Code, Metadata, Status};

use super::connecting::Subchannel;
use super::keepalive::TOO_MANY_PINGS;
use super::{CallKey, Channel, FIRST_CONNECTION, Outcome};
use crate::inbox::Received;
use crate::poller::Readiness;
use crate::reactor::Core;
use crate::trace::trace;
use crate::transport::{Turn, with_read_buffer};

impl Channel {
    /// Writes what is waiting to be written, without waiting for the next turn.
    pub fn flush_now(&mut self) {
        self.flush_all(Instant::now());
    }

    pub(super) fn read(&mut self, index: usize, now: Instant) {
        let Some(Some(link)) = self.links.get_mut(index) else {
            return;
        };
        let turn = with_read_buffer(|buffer| link.transport.read(buffer, now));
        if link.transport.is_away() && !self.away.contains(&index) {
            self.away.push(index);
        }
        self.drain_events(index, now);
        self.after(index, turn);
        if turn == Turn::Over {
            self.drop_link(index, now);
        }
    }

    /// What must be looked at whenever an engine was touched.
    pub(super) fn after(&mut self, index: usize, turn: Turn) {
        let Some(Some(link)) = self.links.get_mut(index) else {
            return;
        };
        let transport = &mut link.transport;
        self.timers
            .arm(index, transport.poll_timeout(), &mut transport.armed);
        let has_news = transport.has_output() || transport.engine.has_events();
        if has_news && !std::mem::replace(&mut transport.dirty, true) {
            self.dirty.push(index);
        }
        if turn == Turn::More {
            self.backlog.push(index);
        }
    }

    pub(super) fn drop_link(&mut self, index: usize, now: Instant) {
        let Some(Some(link)) = self.links.get_mut(index) else {
            return;
        };
        link.transport.deregister(&self.registry);
        let why = match (
            link.transport.failure(),
            link.transport.engine.close_reason(),
        ) {
            (Some(failure), _) => failure.to_owned(),
            (None, Some(reason)) => reason.to_string(),
            (None, None) => "the connection was lost".to_owned(),
        };
        trace!(
            Http,
            "channel {}: the connection to {} ended: {why}", self.id, link.peer
        );
        let (peer, subchannel) = (link.peer.clone(), link.subchannel);
        let handshaking = link.since.is_none();
        // The engine has ended each call already; none may be left waiting if it forgot one.
        let left = std::mem::take(&mut link.calls);
        self.retire(index, &why, now);
        self.links.try_remove(index);
        for (id, key) in left {
            if self.call(key).is_some() {
                let outcome = Outcome {
                    status: Status::new(Code::Unavailable, why.clone()),
                    trailing: Metadata::EMPTY,
                };
                self.attempt_over(key, (index, id), outcome, Reach::Processed, None, now);
            }
        }
        if handshaking {
            let error = format!("{peer}: {why}");
            self.racer_failed(subchannel, index, error, now);
        }
    }

    pub(super) fn drain_events(&mut self, index: usize, now: Instant) {
        while let Some(event) = self
            .links
            .get_mut(index)
            .and_then(|link| link.as_mut()?.transport.engine.poll_event())
        {
            let key = match event.call().map(|call| self.key(index, call)) {
                Some(None) => {
                    self.watcher_event(index, event, now);
                    continue;
                }
                key => key.flatten(),
            };
            match event {
                Event::Ready => self.ready(index, now),
                Event::InitialMetadata { call, metadata } => {
                    if let Some(key) = key {
                        if let Some(Some(link)) = self.links.get_mut(index) {
                            link.served = true;
                        }
                        if !self.is_committed(key) {
                            self.commit(key, (index, call));
                        }
                        if let Some(call) = self.call_mut(key) {
                            call.initial = Some(metadata);
                        }
                        self.tell(key);
                    }
                }
                Event::Message {
                    message, credit, ..
                } => {
                    if let Some(key) = key {
                        let abandoned = self.call_mut(key).is_some_and(|call| {
                            call.inbox.push(Received { message, credit });
                            call.abandoned
                        });
                        if abandoned {
                            self.drop_messages(key);
                        }
                        self.tell(key);
                    }
                }
                Event::Status {
                    call,
                    status,
                    trailing,
                    reach,
                    tally,
                } => {
                    if let Some(key) = key {
                        let outcome = Outcome { status, trailing };
                        if let Some(Some(link)) = self.links.get_mut(index) {
                            link.calls.remove(&call);
                            // A call that was lost with its connection got no answer.
                            let lost = link.transport.engine.is_closed()
                                && outcome.status.code == Code::Unavailable;
                            link.served |= reach == Reach::Processed && !lost;
                        }
                        self.attempt_over(key, (index, call), outcome, reach, tally, now);
                    }
                }
                Event::Writable { .. } => {
                    if let Some(key) = key {
                        if let Some(call) = self.call_mut(key) {
                            call.congested = false;
                        }
                        self.tell(key);
                    }
                }
                Event::StreamsAvailable => self.start_waiting(now),
                Event::GoAway { code, debug } => {
                    trace!(Http, "channel {}: GOAWAY {code:?} {debug:?}", self.id);
                    if let Some(subchannel) = self.subchannel_of(index) {
                        let text = format!("the server sent GOAWAY: {code:?} {debug:?}");
                        subchannel.trace.info(text, now);
                    }
                    let pinged = self.links.get(index).and_then(|link| {
                        let config = link.as_ref()?.transport.engine.config();
                        config.keepalive_time.filter(|_| debug == TOO_MANY_PINGS)
                    });
                    if let Some(time) = pinged {
                        self.ping_less(time, now);
                    }
                    let why = format!("GOAWAY {code:?} {debug:?}");
                    self.retire(index, &why, now);
                }
                Event::Closed { reason } => self.retire(index, &reason.to_string(), now),
            }
        }
    }

    fn subchannel_of(&mut self, connection: usize) -> Option<&mut Subchannel> {
        let number = self.links.get(connection)?.as_ref()?.subchannel;
        self.subchannels.get_mut(number)
    }

    fn key(&self, connection: usize, id: CallId) -> Option<CallKey> {
        let link = self.links.get(connection)?.as_ref()?;
        link.calls.get(&id).copied()
    }

    pub(super) fn flush_all(&mut self, now: Instant) {
        while let Some(index) = self.dirty.pop() {
            let Some(Some(link)) = self.links.get_mut(index) else {
                continue;
            };
            link.transport.dirty = false;
            let turn = link.transport.flush(now);
            self.drain_events(index, now);
            if turn == Turn::Over {
                self.drop_link(index, now);
            } else if let Some(Some(link)) = self.links.get_mut(index) {
                let transport = &mut link.transport;
                self.timers
                    .arm(index, transport.poll_timeout(), &mut transport.armed);
            }
        }
    }
}

impl Core for Channel {
    fn handle_event(&mut self, ready: Readiness, now: Instant) {
        let Some(index) = ready.token.checked_sub(FIRST_CONNECTION) else {
            return;
        };
        match self.links.get_mut(index) {
            Some(Some(link)) => {
                link.transport.set_ready(ready);
                if ready.writable && !std::mem::replace(&mut link.transport.dirty, true) {
                    self.dirty.push(index);
                }
                if ready.readable {
                    self.read(index, now);
                }
            }
            Some(None) => self.racer_ready(index, now),
            None => {}
        }
    }

    fn handle_turn(&mut self, now: Instant) {
        self.run_names(now);
        for index in std::mem::take(&mut self.away) {
            if let Some(Some(link)) = self.links.get_mut(index) {
                link.transport.come_back(now);
                self.read(index, now);
            }
        }
        while let Some(index) = self.timers.pop_due(now) {
            if let Some(Some(link)) = self.links.get_mut(index) {
                link.transport.armed = None;
                let turn = link.transport.handle_timeout(now);
                self.drain_events(index, now);
                self.after(index, turn);
                if turn == Turn::Over {
                    self.drop_link(index, now);
                }
            }
        }
        for index in std::mem::take(&mut self.backlog) {
            self.read(index, now);
        }
        self.expire_waiting(now);
        self.run_connecting(now);
        self.run_watchers(now);
        self.run_outliers(now);
        self.run_idling(now);
        self.run_call_timers(now);
        self.run_inflating(now);
    }

    fn next_turn(&self) -> Option<Instant> {
        if !self.backlog.is_empty() || self.inflating.is_due() {
            // Due already.
            return Some(Instant::now());
        }
        let waiting = self
            .waiting
            .iter()
            .filter_map(|key| self.call(*key).and_then(|call| call.deadline))
            .min();
        let call = self.call_timers.peek().map(|Reverse((at, _))| *at);
        let subchannels = self.next_connecting();
        [
            self.timers.next(),
            self.names.next_turn(),
            subchannels,
            call,
            waiting,
            self.outliers.as_ref().and_then(Outliers::next_look),
            self.next_idling(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn flush(&mut self, now: Instant) {
        self.flush_all(now);
    }

    fn needs_guard(&self) -> bool {
        self.unattended > 0 || self.is_connecting() || !self.links.is_empty()
    }

    fn forked(&mut self, registry: mio::Registry) {
        self.inherit(registry);
    }

    fn has_news(&self) -> bool {
        !self.changed.is_empty()
    }

    fn is_busy(&self) -> bool {
        self.unattended > 0 || self.has_news()
    }
}
