//! The calls of a server: what handlers ask and command.

use std::sync::Arc;
use std::time::Instant;

use russet_rpc::server::{CancelReason, StatusSent};
use russet_rpc::{CallEnded, CallId, Code, Encoding, MessageOptions, Metadata, SendError, Status};

use super::{CallKey, Sent, Server};
use crate::inbox::{Inbound, Received};
use crate::parker::Parker;
use crate::transport::Turn;

impl Server {
    /// Takes the next message of a call. A compressed one is given as it came: whoever takes it decompresses it, without the server, and calls [`Server::fail_message`] where that fails.
    pub fn next_message(&mut self, key: CallKey) -> Inbound<CancelReason> {
        let Some(call) = self.call_mut(key) else {
            return Inbound::Ended(CancelReason::ConnectionLost);
        };
        if let Some(reason) = call.ended {
            return Inbound::Ended(reason);
        }
        let (connection, id) = (call.connection, call.id);
        match call.inbox.pop() {
            Some(Received { message, credit }) => {
                if let Some(peer) = self.peers.get_mut(connection) {
                    peer.transport.engine.message_consumed(id, credit);
                    self.after(connection, Turn::Idle);
                }
                Inbound::Message(message)
            }
            None if call.half_closed => Inbound::HalfClosed,
            None => Inbound::Pending,
        }
    }

    /// Why the call ended without its handler's status; `None` while it goes on. A call that is gone has ended.
    pub fn ended(&self, key: CallKey) -> Option<CancelReason> {
        self.call(key)
            .map_or(Some(CancelReason::ConnectionLost), |call| call.ended)
    }

    /// Whether the call should wait before it sends more.
    pub fn is_congested(&self, key: CallKey) -> bool {
        self.call(key)
            .is_some_and(|call| call.congested && call.ended.is_none())
    }

    /// Leaves `parker` to be told of the call's next news.
    pub fn set_waiter(&mut self, key: CallKey, parker: &Arc<Parker>) {
        if let Some(call) = self.call_mut(key) {
            call.interest.add_waiter(parker);
        }
    }

    /// Puts the call on the list of changed calls whenever it has news.
    pub fn watch(&mut self, key: CallKey) {
        if let Some(call) = self.call_mut(key) {
            call.interest.watched = true;
        }
    }

    /// Sets how the call's messages are compressed.
    pub fn set_encoding(&mut self, key: CallKey, encoding: Encoding) -> Result<(), CallEnded> {
        let (connection, id) = self.open(key)?;
        self.peers[connection]
            .transport
            .engine
            .set_encoding(id, encoding)
    }

    /// Sends the response headers.
    pub fn send_initial_metadata(
        &mut self,
        key: CallKey,
        metadata: &Metadata,
    ) -> Result<(), CallEnded> {
        let (connection, id) = self.open(key)?;
        let outcome = self.peers[connection]
            .transport
            .engine
            .send_initial_metadata(id, metadata);
        self.after(connection, Turn::Idle);
        outcome
    }

    /// Sends a message. It is written at the next flush.
    pub fn send_message(
        &mut self,
        key: CallKey,
        message: &[u8],
        options: MessageOptions,
    ) -> Result<Sent, SendError> {
        let (connection, id) = self.open(key)?;
        let engine = &mut self.peers[connection].transport.engine;
        if self.observer.is_some() {
            engine.tell_time(Instant::now());
        }
        engine.send_message(id, message, options)?;
        let congested = engine.is_congested(id);
        self.after(connection, Turn::Idle);
        if let Some(call) = self.call_mut(key) {
            call.congested = congested;
        }
        Ok(Sent { congested })
    }

    /// Ends a call with `status`; its key is dead afterwards.
    pub fn send_status(
        &mut self,
        key: CallKey,
        status: &Status,
        trailing: &Metadata,
    ) -> Result<(), CallEnded> {
        let (connection, id) = self.open(key)?;
        self.observe_status(key, status);
        let outcome = self.peers[connection]
            .transport
            .engine
            .send_status(id, status, trailing);
        if let Some(call) = self.call_mut(key) {
            call.succeeded = status.code == Code::Ok;
        }
        self.after(connection, Turn::Idle);
        match outcome? {
            StatusSent::Written => self.forget(key),
            StatusSent::Buffered => {
                if let Some(call) = self.call_mut(key) {
                    call.released = true;
                }
            }
        }
        Ok(())
    }

    /// Ends a call at once by a reset.
    pub fn cancel(&mut self, key: CallKey, code: Code) {
        self.observe_status(key, &Status::new(code, ""));
        if let Ok((connection, id)) = self.open(key) {
            let _ = self.peers[connection].transport.engine.cancel(id, code);
            self.after(connection, Turn::Idle);
        }
        self.forget(key);
    }

    /// The handler is done with a call: its state goes. A call that still runs is reset.
    pub fn release(&mut self, key: CallKey) {
        match self.call_mut(key) {
            Some(call) if call.ended.is_none() && !call.released => {
                self.cancel(key, Code::Cancelled);
            }
            Some(call) if !call.released => self.forget(key),
            _ => {}
        }
    }

    pub(super) fn open(&self, key: CallKey) -> Result<(usize, CallId), CallEnded> {
        self.call(key)
            .filter(|call| call.ended.is_none() && self.peers.contains(call.connection))
            .map(|call| (call.connection, call.id))
            .ok_or(CallEnded)
    }

    pub(super) fn forget(&mut self, key: CallKey) {
        if let Some(call) = self.calls.remove(key) {
            self.forget_inflated(key, &call);
            self.counts.end(call.succeeded && call.ended.is_none());
            if let Some(observation) = call.observation {
                self.observe_end(observation);
            }
            // The place of a connection that has ended may be another's by now, and its call may have the same number.
            if let Some(peer) = self.peers.get_mut(call.connection)
                && peer.calls.get(&call.id) == Some(&key)
            {
                peer.calls.remove(&call.id);
            }
            if self.calls.is_empty() {
                for waiter in std::mem::take(&mut self.idle_waiters) {
                    waiter.unpark();
                }
            }
        }
    }
}
