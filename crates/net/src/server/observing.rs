//! What a server keeps of calls for its observer. Nothing here happens to a call that nobody observes.

use std::time::Instant;

use russet_rpc::server::{CancelReason, IncomingCall};
use russet_rpc::{Code, Status, Tally};

use super::{CallKey, Server};
use crate::census::next_id;
use crate::observation::{Observed, ServerCall};

impl Server {
    /// A call has come.
    pub(super) fn observe_start(
        &self,
        incoming: &IncomingCall,
        now: Instant,
    ) -> Option<Box<ServerCall>> {
        let observer = self.observer.as_ref().filter(|one| one.is_listening())?;
        let path = incoming.path.clone();
        observer.tell(Observed::ServerCallStarted { path: path.clone() });
        let metadata = incoming.metadata.clone();
        let call = ServerCall::begin(next_id(), path, metadata, now);
        Some(Box::new(call))
    }

    /// A call is given its status: its last message has been given.
    pub(super) fn observe_status(&mut self, key: CallKey, status: &Status) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        // Of one that has ended, the cause is known.
        if let Some(observation) = &mut call.observation
            && call.ended.is_none()
            && !call.released
        {
            observation.status = status.clone();
            if let Some(peer) = self.peers.get_mut(call.connection) {
                observation.tally = peer.transport.engine.take_tally(call.id);
            }
        }
    }

    /// A call has ended without its handler's status.
    pub(super) fn observe_cancel(
        &mut self,
        key: CallKey,
        reason: CancelReason,
        tally: Option<Box<Tally>>,
    ) {
        let Some(observation) =
            (self.call_mut(key)).and_then(|call| call.observation.as_deref_mut())
        else {
            return;
        };
        let (code, text) = match reason {
            CancelReason::Reset => (Code::Cancelled, "the client cancelled the call"),
            CancelReason::DeadlineExceeded => (Code::DeadlineExceeded, "Deadline Exceeded"),
            CancelReason::OverLimit => {
                (Code::ResourceExhausted, "metadata over the client's limit")
            }
            CancelReason::BadMessage => (Code::Internal, "the client's messages broke a rule"),
            CancelReason::ConnectionLost => (Code::Cancelled, "the connection was lost"),
        };
        observation.status = Status::new(code, text);
        observation.tally = observation.tally.take().or(tally);
        observation.ended = Instant::now();
    }

    /// A call has ended.
    pub(super) fn observe_end(&self, mut observation: Box<ServerCall>) {
        if observation.ended == observation.started {
            observation.ended = Instant::now();
        }
        if let Some(observer) = &self.observer {
            observer.tell(Observed::ServerCall(observation));
        }
    }
}
