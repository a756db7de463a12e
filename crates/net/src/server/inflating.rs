//! Compressed requests that are read on the thread which drives the connections, as an event loop does.
//!
//! Two things hold them back. A turn decompresses from a budget. And what was decompressed counts until the call takes its next message or ends, since its handler has it: a connection whose calls hold as much as [`max_connection_memory`](russet_rpc::server::Config::max_connection_memory), or a server whose calls hold as much as its [`MemoryQuota`](russet_rpc::MemoryQuota) allows, has the next message wait, compressed, with its credit. One message is always let through, so that calls go on.

use russet_rpc::server::CancelReason;
use russet_rpc::{CallId, UnreadableMessage};

use super::{Call, CallKey, Server};
use crate::inbox::Inbound;
use crate::inflating::CALLS_A_TURN;
use crate::transport::Turn;

/// What holds a compressed message back.
enum Shortage {
    /// What this connection's calls hold.
    Connection,
    /// What all calls hold.
    Server,
}

impl Server {
    /// A message that was taken cannot be read: the call ends with what `error` says.
    pub fn fail_message(&mut self, key: CallKey, error: UnreadableMessage) {
        if let Ok((connection, id)) = self.open(key) {
            self.peers[connection]
                .transport
                .engine
                .fail_message(id, error);
            self.after(connection, Turn::Idle);
        }
    }

    /// A compressed message that was taken came to so many bytes.
    pub fn message_read(&mut self, key: CallKey, length: usize) {
        if self.observer.is_some()
            && let Ok((connection, id)) = self.open(key)
        {
            self.peers[connection]
                .transport
                .engine
                .note_read(id, length);
        }
    }

    /// As [`Server::next_message`], but decompressed: for whoever takes messages on the thread that drives the connections. `Pending` where a compressed message has to wait; the call is told when it may try again.
    pub fn next_message_in_turn(&mut self, key: CallKey) -> Inbound<CancelReason, Vec<u8>> {
        self.let_go(key);
        if self
            .call(key)
            .is_some_and(|call| call.inbox.is_compressed())
        {
            if let Some(shortage) = self.shortage(key) {
                self.wait_for_memory(key, &shortage);
                return Inbound::Pending;
            }
            if !self.inflating.has_room() {
                self.wait_for_turn(key);
                return Inbound::Pending;
            }
        }
        let message = match self.next_message(key) {
            Inbound::Message(message) => message,
            Inbound::Pending => return Inbound::Pending,
            Inbound::HalfClosed => return Inbound::HalfClosed,
            Inbound::Ended(reason) => return Inbound::Ended(reason),
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
                self.hold(key, bytes.len());
                Inbound::Message(bytes)
            }
            Err(error) => {
                self.inflating.spend(longest);
                self.fail_message(key, error);
                Inbound::Ended(CancelReason::BadMessage)
            }
        }
    }

    /// Tells some of the calls that wait that they may try again.
    pub(super) fn run_inflating(&mut self) {
        self.inflating.renew();
        let mut told = 0;
        while told < CALLS_A_TURN
            && let Some(key) = self.inflating.next()
        {
            let Some(call) = self.calls.get_mut(key) else {
                continue;
            };
            call.waits_to_inflate = false;
            if let Some(shortage) = self.shortage(key) {
                self.wait_for_memory(key, &shortage);
            } else {
                told += 1;
                self.tell(key);
            }
        }
    }

    /// What keeps a call's next message from being decompressed. Nobody is short who holds nothing.
    fn shortage(&self, key: CallKey) -> Option<Shortage> {
        let connection = self.call(key)?.connection;
        let peer = self.peers.get(connection)?;
        let longest = self.config.max_receive_message_length.unwrap_or(0);
        if peer.inflated > 0
            && peer.inflated.saturating_add(longest) > self.config.max_connection_memory
        {
            return Some(Shortage::Connection);
        }
        let quota = self.config.memory.as_ref()?;
        let held = self.inflated.saturating_add(quota.used());
        (self.inflated > 0 && held.saturating_add(longest) > quota.limit())
            .then_some(Shortage::Server)
    }

    fn wait_for_turn(&mut self, key: CallKey) {
        if let Some(call) = self.calls.get_mut(key)
            && !std::mem::replace(&mut call.waits_to_inflate, true)
        {
            self.inflating.wait(key);
        }
    }

    fn wait_for_memory(&mut self, key: CallKey, shortage: &Shortage) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        if std::mem::replace(&mut call.waits_to_inflate, true) {
            return;
        }
        match (shortage, self.peers.get_mut(call.connection)) {
            (Shortage::Connection, Some(peer)) => peer.short.push(key),
            _ => self.short.push(key),
        }
    }

    /// Counts a message that a call was given.
    fn hold(&mut self, key: CallKey, bytes: usize) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        call.inflated = bytes;
        self.inflated += bytes;
        if let Some(peer) = self.peers.get_mut(call.connection) {
            peer.inflated += bytes;
        }
    }

    /// Counts the message no longer that a call was given last.
    fn let_go(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let bytes = std::mem::take(&mut call.inflated);
        if bytes > 0 {
            let (connection, id) = (call.connection, call.id);
            self.give_back(key, connection, id, bytes);
        }
    }

    /// Counts nothing any more of a call that is gone.
    pub(super) fn forget_inflated(&mut self, key: CallKey, call: &Call) {
        if call.inflated > 0 {
            self.give_back(key, call.connection, call.id, call.inflated);
        }
    }

    /// Has those who were short of memory look again in the next turn.
    fn give_back(&mut self, key: CallKey, connection: usize, id: CallId, bytes: usize) {
        self.inflated = self.inflated.saturating_sub(bytes);
        for key in std::mem::take(&mut self.short) {
            self.inflating.wait(key);
        }
        // The place of a connection that has ended may be another's by now.
        if let Some(peer) = self.peers.get_mut(connection)
            && peer.calls.get(&id) == Some(&key)
        {
            peer.inflated = peer.inflated.saturating_sub(bytes);
            for key in std::mem::take(&mut peer.short) {
                self.inflating.wait(key);
            }
        }
    }
}
