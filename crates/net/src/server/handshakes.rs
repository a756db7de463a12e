//! The TLS handshakes of a server's new connections. Each costs as much as many calls, and strangers can ask for them: so they have threads of their own and a budget, and whoever is connected already goes first.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::{Peer, Server};
use crate::handshake::Pool;
use crate::trace::trace;
use crate::transport::Turn;

/// How many steps of handshakes a turn hands to the threads. Where there is no thread it does one.
const STEPS_A_TURN: usize = 16;

/// The steps that may wait for a thread. While there are as many, no connection is accepted: further ones wait in the system's queue.
const MAX_WAITING: usize = 256;

/// The connections that may be in their handshake at once, most of which wait for their peer. One more ends the oldest.
const MAX_UNFINISHED: usize = 1024;

/// What a server knows of a connection until TLS has agreed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handshake {
    /// How many there were before.
    number: u64,
    /// Whether it waits for its turn.
    queued: bool,
    /// Whether its session is on another thread.
    away: bool,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    /// Made with the first handshake.
    pool: Option<Arc<Pool>>,
    /// Connections that have something to read, in the order in which it came.
    queue: VecDeque<usize>,
    /// Those whose session is on another thread.
    away: Vec<usize>,
    /// All that have not agreed, oldest first; among them some that have agreed or are gone.
    unfinished: VecDeque<(usize, u64)>,
    /// How many of them there really are.
    count: usize,
    started: u64,
}

impl Handshakes {
    fn waiting(&self) -> usize {
        self.pool.as_ref().map_or(0, |pool| pool.waiting())
    }

    /// Whether the next turn has something to hand to the threads.
    pub(super) fn are_due(&self) -> bool {
        !self.queue.is_empty() && self.waiting() < MAX_WAITING
    }

    /// Whether so much is to be done that no further connection is accepted.
    fn are_many(&self) -> bool {
        self.queue.len() + self.waiting() >= MAX_WAITING
    }

    /// A connection has agreed, or is gone.
    pub(super) fn forget(&mut self, peer: &mut Peer) {
        self.count -= usize::from(peer.handshake.take().is_some());
    }

    /// In the child of a fork: the threads are the parent's, and one of them may have held a lock.
    pub(super) fn leave_to_parent(&mut self) {
        std::mem::forget(std::mem::take(self).pool);
    }
}

impl Server {
    /// Whether connections are to be accepted now.
    pub(super) fn may_accept(&self) -> bool {
        self.accept_backlog
            && self.accepting
            && self.accept_again.is_none()
            && !self.handshakes.are_many()
    }

    /// A connection begins with its handshake.
    pub(super) fn begin_handshake(&mut self, index: usize, now: Instant) {
        let handshakes = &mut self.handshakes;
        let pool = handshakes.pool.get_or_insert_with(|| Arc::new(Pool::new()));
        let peer = &mut self.peers[index];
        let (pool, alarm) = (pool.clone(), self.alarm.clone());
        peer.transport.shake_hands_in(pool, alarm);
        handshakes.started += 1;
        handshakes.count += 1;
        peer.handshake = Some(Handshake {
            number: handshakes.started,
            queued: false,
            away: false,
        });
        (handshakes.unfinished).push_back((index, handshakes.started));
        // Its timer runs from now on, and what has come already is read in its turn.
        self.after(index, Turn::Idle);
        self.queue_handshake(index);
        self.limit_handshakes(now);
    }

    /// Ends the oldest handshakes where there are too many.
    fn limit_handshakes(&mut self, now: Instant) {
        let peers = &self.peers;
        let goes_on = |(index, number): &(usize, u64)| {
            let handshake = peers.get(*index).and_then(|peer| peer.handshake);
            handshake.is_some_and(|handshake| handshake.number == *number)
        };
        if self.handshakes.unfinished.len() > 2 * MAX_UNFINISHED {
            self.handshakes.unfinished.retain(goes_on);
        }
        if self.handshakes.count <= MAX_UNFINISHED {
            return;
        }
        let oldest = loop {
            match self.handshakes.unfinished.pop_front() {
                Some(oldest) if goes_on(&oldest) => break oldest.0,
                Some(_) => {}
                None => return,
            }
        };
        let why = "too many TLS handshakes at once: the oldest one ends";
        trace!(ServerChannel, "server {}: {why}", self.id);
        self.trace.warning(why, now);
        self.drop_connection(oldest);
    }

    /// Something has come that is part of a handshake: it waits for its turn.
    pub(super) fn queue_handshake(&mut self, index: usize) {
        let peer = self.peers.get_mut(index);
        if let Some(handshake) = peer.and_then(|peer| peer.handshake.as_mut())
            && !std::mem::replace(&mut handshake.queued, true)
        {
            self.handshakes.queue.push_back(index);
        }
    }

    /// Takes back the sessions that have done a step, and hands out some more.
    pub(super) fn run_handshakes(&mut self, now: Instant) {
        for index in std::mem::take(&mut self.handshakes.away) {
            let Some(peer) = self.peers.get_mut(index) else {
                continue;
            };
            if let Some(handshake) = &mut peer.handshake
                && std::mem::take(&mut handshake.away)
            {
                peer.transport.come_back(now);
                // What came meanwhile is the next step, or the first calls.
                self.read(index, now);
            }
        }
        for _ in 0..STEPS_A_TURN {
            if !self.handshakes.are_due() {
                return;
            }
            let Some(index) = self.handshakes.queue.pop_front() else {
                return;
            };
            let Some(peer) = self.peers.get_mut(index) else {
                continue;
            };
            let Some(handshake) = &mut peer.handshake else {
                continue;
            };
            handshake.queued = false;
            if peer.transport.was_left() {
                self.drop_connection(index);
                continue;
            }
            let before = peer.transport.shaken();
            self.read(index, now);
            let stepped_here = self.peers.get(index).is_some_and(|peer| {
                !peer.transport.is_away() && peer.transport.shaken() > before
            });
            if stepped_here {
                return;
            }
        }
    }

    /// A connection in its handshake has been read from.
    pub(super) fn settle_handshake(&mut self, index: usize) {
        let Some(peer) = self.peers.get_mut(index) else {
            return;
        };
        if peer.transport.is_away() {
            if let Some(handshake) = &mut peer.handshake
                && !std::mem::replace(&mut handshake.away, true)
            {
                self.handshakes.away.push(index);
            }
        } else if !peer.transport.is_shaking_hands() {
            self.handshakes.forget(peer);
        }
    }
}
