//! What both roles share of a connection: the HTTP/2 state, keepalive, the handshake's time limit, deadlines, and the account of data that waits for the application.

use std::time::Instant;

use russet_http2::{ErrorCode, Failure, StreamId};

use crate::bandwidth::{Bandwidth, PROBE};
use crate::calls::Calls;
use crate::deadlines::{Deadlines, earliest};
use crate::handshake::Handshake;
use crate::inbound::{Inbound, InboundError, Received, Taken};
use crate::keepalive::{Action, Keepalive};
use crate::memory::{Held, Memory, Shortage};
use crate::{CallId, CloseReason, Traffic};

/// How far a peer is let ahead, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    pub(crate) call: u32,
    pub(crate) connection: u32,
    /// Whether they grow where the network needs it.
    pub(crate) grow: bool,
}

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) h2: russet_http2::Connection,
    /// Why the connection has ended.
    pub(crate) closed: Option<CloseReason>,
    pub(crate) deadlines: Deadlines,
    keepalive: Keepalive,
    handshake: Handshake,
    memory: Memory,
    pub(crate) traffic: Traffic,
    /// The last time that an input gave.
    pub(crate) now: Instant,
    /// Connection credit held back because too many messages wait for the application.
    withheld: u32,
    /// Bytes that a peer should be let ahead on a call that goes on.
    call_window: u32,
    /// Bytes that it is let ahead on the connection.
    connection_window: u32,
    bandwidth: Bandwidth,
}

impl Link {
    pub(crate) fn new(
        h2: russet_http2::Connection,
        keepalive: Keepalive,
        handshake: Handshake,
        memory: Memory,
        windows: Windows,
        now: Instant,
    ) -> Self {
        let largest = if windows.grow {
            memory.largest_window()
        } else {
            0
        };
        Self {
            h2,
            closed: None,
            deadlines: Deadlines::default(),
            keepalive,
            handshake,
            memory,
            traffic: Traffic::default(),
            now,
            withheld: 0,
            call_window: windows.call,
            connection_window: windows.connection,
            bandwidth: Bandwidth::new(windows.call, largest),
        }
    }

    /// What the peer makes the connection hold.
    pub(crate) fn held(&self) -> Held {
        self.memory.held()
    }

    /// Bytes of messages of which a part has come, over all calls.
    pub(crate) const fn unfinished(&self) -> usize {
        self.memory.unfinished()
    }

    pub(crate) const fn on_read(&mut self, now: Instant) {
        self.now = now;
        self.keepalive.on_read(now);
    }

    pub(crate) fn on_ready(&mut self) {
        self.handshake.on_settings(self.now);
    }

    /// A number that changes with all that calls send.
    const fn sent(&self) -> u64 {
        (self.h2.data_sent()).wrapping_add(self.traffic.streams_started)
    }

    /// The earliest of the shared timers.
    pub(crate) fn next_timeout<C>(&mut self, calls: &Calls<C>) -> Option<Instant> {
        let deadline = self.deadlines.next(|call| calls.contains(call));
        earliest([
            deadline,
            self.handshake.by(self.h2.is_acknowledged()),
            self.keepalive.next(calls.len() > 0, self.sent()),
        ])
    }

    /// Acts on the handshake's time limit and on keepalive.
    pub(crate) fn handle_timeout(&mut self, has_calls: bool, now: Instant) {
        self.now = now;
        if self
            .handshake
            .by(self.h2.is_acknowledged())
            .is_some_and(|by| by <= now)
        {
            self.end(
                CloseReason::HandshakeTimeout,
                ErrorCode::SETTINGS_TIMEOUT,
                "handshake timeout",
            );
            return;
        }
        match self.keepalive.poll(has_calls, self.sent(), now) {
            Action::Nothing => {}
            Action::SendPing => {
                self.traffic.keepalives_sent += 1;
                self.h2.ping(Keepalive::PAYLOAD);
            }
            Action::GiveUp => self.end(
                CloseReason::KeepaliveTimeout,
                ErrorCode::NO_ERROR,
                "keepalive timeout",
            ),
        }
    }

    /// Ends the connection, unless it has ended already.
    pub(crate) fn end(&mut self, reason: CloseReason, code: ErrorCode, debug: &str) {
        if self.closed.is_none() {
            self.closed = Some(reason);
            self.h2.close(code, debug);
        }
    }

    /// Notes that HTTP/2 has failed, if it has.
    pub(crate) fn notice_failure(&mut self) {
        if self.closed.is_none()
            && let Some(failure) = self.h2.failure()
        {
            self.closed = Some(match failure {
                Failure::Protocol(error) => CloseReason::Protocol(*error),
                Failure::NotHttp2(what) => CloseReason::NotHttp2(what),
                Failure::Closed => CloseReason::ShutDown,
            });
        }
    }

    /// Assembles a piece of a call's data, gives each whole message to `deliver`, and returns what credit can be returned.
    #[inline]
    pub(crate) fn take_data(
        &mut self,
        stream: StreamId,
        inbound: &mut Inbound,
        mut piece: &[u8],
        max: Option<usize>,
        mut deliver: impl FnMut(Received),
    ) -> Result<(), InboundError> {
        let length = u32::try_from(piece.len()).unwrap_or(u32::MAX);
        if self.bandwidth.received(length, self.now) {
            self.h2.ping(PROBE);
            self.keepalive.on_ping(self.sent(), self.now);
        }
        let (before, reserved) = (inbound.unfinished(), inbound.reserved());
        let taken = loop {
            match inbound.take(&mut piece, max) {
                Ok(Taken::Message(received)) => {
                    self.memory.came(received.credit);
                    self.traffic.message_received(self.now);
                    deliver(received);
                }
                Ok(Taken::NeedInput { release }) => break Ok(release),
                Err(error) => break Err(error),
            }
        };
        self.memory.reserved(reserved, inbound.reserved());
        let admitted = self.memory.resized(stream, before, inbound.unfinished());
        self.release_connection(length);
        let release = taken?;
        admitted?;
        if self.memory.admits(stream, release, inbound.unfinished()) {
            self.h2.release_stream_credit(stream, release);
            if inbound.window < self.call_window {
                let window = self.memory.window(inbound.window, self.call_window);
                if window > inbound.window {
                    inbound.window = window;
                    self.h2.open_window(stream, window);
                }
            }
        }
        self.give_turns();
        Ok(())
    }

    /// A PING was answered.
    pub(crate) fn on_pong(&mut self, payload: [u8; 8]) {
        if payload == Keepalive::PAYLOAD {
            self.keepalive.on_answer();
        }
        if payload != PROBE {
            return;
        }
        let Some(window) = self.bandwidth.answered(self.now) else {
            return;
        };
        // Calls get theirs with their next data: only those that go on need it.
        self.call_window = self.call_window.max(window);
        let more = window.saturating_sub(self.connection_window);
        if more > 0 && self.memory.may_promise(more) {
            self.connection_window += more;
            self.h2.open_connection_window(self.connection_window);
        }
    }

    /// Gives credit to calls that memory was too short for, as far as there is some again.
    fn give_turns(&mut self) {
        while let Some((stream, credit)) = self.memory.next_turn() {
            self.h2.release_stream_credit(stream, credit);
        }
    }

    /// Data that no call takes.
    pub(crate) fn drop_data(&mut self, length: usize) {
        self.release_connection(u32::try_from(length).unwrap_or(u32::MAX));
    }

    fn release_connection(&mut self, length: u32) {
        if self.memory.withholds() {
            self.withheld = self.withheld.saturating_add(length);
        } else {
            let length = length.saturating_add(std::mem::take(&mut self.withheld));
            self.h2.release_connection_credit(length);
        }
    }

    /// The application took a message.
    pub(crate) fn message_consumed(&mut self, call: CallId, inbound: &mut Inbound, credit: u32) {
        let before = inbound.untaken();
        let release = inbound.consumed(credit);
        self.memory.taken(before - inbound.untaken());
        self.h2.release_stream_credit(call.stream_id(), release);
        self.release_connection(0);
    }

    /// Counts a call that has come with names of so many bytes.
    pub(crate) fn hold(&mut self, names: usize) -> Result<usize, Shortage> {
        self.memory.hold(names)
    }

    /// Counts it no longer.
    pub(crate) fn let_go(&mut self, names: usize) {
        self.memory.let_go(names);
    }

    /// Whether an answer of so many bytes may wait for credit.
    pub(crate) fn check_answer(&mut self, length: usize) -> Result<(), Shortage> {
        self.memory.set_unsent(self.h2.pending_bytes());
        self.memory.check_answer(length)
    }

    /// Counts what waits for the peer's credit.
    #[inline]
    pub(crate) fn count_unsent(&mut self) {
        self.memory.set_unsent(self.h2.pending_bytes());
    }

    /// A call has ended: nothing of it waits any more.
    pub(crate) fn forget(&mut self, call: CallId, inbound: &Inbound) {
        self.memory.forget(call.stream_id(), inbound);
        self.release_connection(0);
        self.give_turns();
    }
}
