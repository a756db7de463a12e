//! How the calls of a server connection end, and how the connection does.

use std::time::Instant;

use russet_http2::hpack::Index;
use russet_http2::{Block, Sent};

use super::{Call, Connection, IdleSince};
use crate::calls::Calls;
use crate::server::{CancelReason, Event};
use crate::{
    CallEnded, CallId, CloseReason, Encoding, EncodingSet, Metadata, Status, limits, mapping, wire,
};

/// How calls and the connection end.
impl Connection {
    /// A call that takes commands: its status was not given yet.
    #[inline]
    pub(super) fn open_call(calls: &mut Calls<Call>, call: CallId) -> Result<&mut Call, CallEnded> {
        calls
            .get_mut(call)
            .filter(|state| !state.status_given)
            .ok_or(CallEnded)
    }

    pub(super) fn put_trailers(
        &mut self,
        call: CallId,
        trailers_only: bool,
        status: &Status,
        trailing: &Metadata,
    ) {
        self.strikes.forgive();
        let accepted = self.config.accepted_encodings;
        let max = self.link.h2.peer_max_header_list_size() as usize;
        let fitted = wire::fit_trailers(status, trailing, max);
        let (status, trailing) =
            (fitted.as_ref()).map_or((status, trailing), |(status, trailing)| (status, trailing));
        self.link.h2.send_headers(call.stream_id(), true, |block| {
            if trailers_only {
                put_response(200, Encoding::Identity, accepted, block);
            }
            wire::put_status(status, block);
            wire::put_metadata(trailing, block);
        });
    }

    /// Ends a call with a status of the engine: as trailers, or by a reset where messages are in the way.
    pub(super) fn fail_call(&mut self, call: CallId, status: &Status, reason: CancelReason) {
        let Some(state) = self.calls.get(call) else {
            return;
        };
        let (status_given, trailers_only) = (state.status_given, !state.headers_sent);
        if status_given || self.link.h2.pending(call.stream_id()) > 0 {
            self.link
                .h2
                .reset(call.stream_id(), mapping::reset_of_code(status.code));
        } else {
            self.put_trailers(call, trailers_only, status, &Metadata::EMPTY);
        }
        self.end_call(call, reason);
    }

    /// Forgets a call and tells the driver, if it knows of it.
    pub(super) fn end_call(&mut self, call: CallId, reason: CancelReason) {
        if let Some(state) = self.forget(call).filter(|state| state.announced) {
            self.events.push_back(Event::Cancelled {
                call,
                reason,
                tally: state.tally,
            });
        }
    }

    pub(super) fn forget(&mut self, call: CallId) -> Option<Call> {
        let state = self.calls.remove(call)?;
        self.link.forget(call, &state.inbound);
        self.link.let_go(state.names);
        self.link.h2.release(call.stream_id());
        if self.calls.len() == 0 {
            self.idle_since = Some(IdleSince {
                at: self.now,
                exact: false,
            });
        }
        Some(state)
    }

    /// Draws the consequences of what HTTP/2 did: data that has gone out, a failure, the end of a shutdown.
    #[inline]
    pub(super) fn settle(&mut self) {
        self.link.count_unsent();
        while let Some(sent) = self.link.h2.poll_sent() {
            match sent {
                Sent::Drained(stream) => self.events.push_back(Event::Writable {
                    call: CallId::of(stream),
                }),
                Sent::Ended(stream) => {
                    let call = CallId::of(stream);
                    if self.forget(call).is_some() {
                        self.link.traffic.streams_succeeded += 1;
                        self.events.push_back(Event::Finished { call });
                    } else {
                        // The answer to a stranger.
                        self.link.h2.release(stream);
                    }
                }
            }
        }
        if self.calls.len() == 0 && self.link.h2.is_shutdown_final() && self.link.closed.is_none() {
            self.link.closed = Some(self.shutdown_reason.clone());
        }
        self.link.notice_failure();
        if self.link.closed.is_some() && self.calls.len() > 0 {
            for call in self.calls.ids() {
                self.end_call(call, CancelReason::ConnectionLost);
            }
        }
    }

    pub(super) fn shutdown_for(&mut self, reason: CloseReason, now: Instant) {
        if self.is_closed() || self.link.h2.is_shutting_down() {
            return;
        }
        self.shutdown_reason = reason;
        self.link.h2.shutdown();
        if !self.link.h2.is_shutdown_final() {
            self.shutdown_ping_by = now.checked_add(limits::SHUTDOWN_PING_TIMEOUT);
        }
    }

    pub(super) fn idle_limit(&self) -> Option<Instant> {
        self.idle_since?
            .at
            .checked_add(self.config.max_connection_idle?)
    }
}

/// Writes what each response starts with.
pub(super) fn put_response(
    http_status: u16,
    encoding: Encoding,
    accepted: EncodingSet,
    block: &mut Block<'_>,
) {
    match http_status {
        200 => block.field(b":status", b"200", Index::Always),
        other => block.field(b":status", other.to_string().as_bytes(), Index::IfRepeated),
    }
    block.field(b"content-type", wire::CONTENT_TYPE, Index::Always);
    if encoding != Encoding::Identity {
        block.field(b"grpc-encoding", encoding.name().as_bytes(), Index::Always);
    }
    block.field(b"grpc-accept-encoding", accepted.names(), Index::Always);
}
