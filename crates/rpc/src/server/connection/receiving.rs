//! What a client sends to a server connection.

use std::sync::Arc;

use russet_http2::hpack::Index;
use russet_http2::{ErrorCode, StreamId};

use super::ending::put_response;
use super::{Call, Connection};
use crate::inbound::Inbound;
use crate::memory::Shortage;
use crate::server::request::{Rejection, Request};
use crate::server::{CancelReason, Event, IncomingCall};
use crate::{CallId, CloseReason, Code, Encoding, Status, Tally, limits, wire};

/// What comes in.
impl Connection {
    pub(super) fn on_request(&mut self, stream: StreamId, end_stream: bool) {
        let accepted = self.config.accepted_encodings;
        let request = match (self.requests).read(self.link.h2.headers(), accepted, self.now) {
            Ok(request) => request,
            Err(rejection) if rejection.http_status == 200 => {
                self.reject(stream, &rejection);
                return;
            }
            Err(rejection) => {
                self.strangers.insert(CallId::of(stream), rejection);
                if end_stream {
                    self.turn_away(stream);
                }
                return;
            }
        };
        let call = CallId::of(stream);
        let names = match self.admit(&request) {
            Ok(names) => names,
            Err(rejection) => {
                self.reject(stream, &rejection);
                return;
            }
        };
        self.idle_since = None;
        self.link.traffic.stream_started(self.now);
        self.calls.insert(
            call,
            Call {
                inbound: Inbound::new(request.encoding),
                encoding: self.config.encoding.of(request.accepts),
                accepts: request.accepts,
                announced: false,
                headers_sent: false,
                status_given: false,
                tally: Tally::new(self.config.observe),
                names,
            },
        );
        if let Some(at) = request.deadline {
            let calls = &self.calls;
            self.link
                .deadlines
                .push(at, call, calls.len(), |call| calls.contains(call));
        }
        self.events.push_back(Event::Call(IncomingCall {
            call,
            path: request.path,
            authority: request
                .authority
                .unwrap_or_else(|| Arc::clone(&self.no_authority)),
            deadline: request.deadline,
            metadata: request.metadata,
            encoding: request.encoding,
            accepts: request.accepts,
        }));
        if end_stream {
            self.events.push_back(Event::HalfClosed { call });
        }
    }

    /// Counts what a call holds from its start; what that is, or why there is no room for it.
    fn admit(&mut self, request: &Request) -> Result<usize, Rejection> {
        let limit = self.config.max_connection_memory;
        let exhausted = |text: String| Rejection::new(Code::ResourceExhausted, text);
        if self.link.h2.pending_bytes() > limit {
            return Err(exhausted(format!(
                "SERVER: more than {limit} bytes of answers wait on this connection for the client to give credit (russet.max_connection_memory)"
            )));
        }
        // Metadata counts itself.
        let names = request.path.len() + request.authority.as_ref().map_or(0, |name| name.len());
        let long = if names > limits::CALL_MEMORY / 2 {
            names
        } else {
            0
        };
        self.link.hold(long).map_err(|shortage| match shortage {
            Shortage::Connection { limit } => exhausted(format!(
                "SERVER: the metadata of the calls on this connection holds more than {limit} bytes (an eighth of russet.max_connection_memory); send fewer calls at once"
            )),
            Shortage::Server { limit } => exhausted(format!(
                "SERVER: what waits on all connections holds more than this one's share of {limit} bytes (russet.max_server_memory); try again later"
            )),
        })
    }

    /// Answers a request that makes no call.
    pub(super) fn reject(&mut self, stream: StreamId, rejection: &Rejection) {
        self.strikes.forgive();
        let accepted = self.config.accepted_encodings;
        self.link.h2.send_headers(stream, true, |block| {
            put_response(rejection.http_status, Encoding::Identity, accepted, block);
            wire::put_status(&rejection.status, block);
        });
        self.link.h2.release(stream);
    }

    /// Answers a request that is not gRPC, now that it has ended, so that a person with a browser or curl can read why.
    pub(super) fn turn_away(&mut self, stream: StreamId) {
        let Some(rejection) = self.strangers.remove(CallId::of(stream)) else {
            return;
        };
        self.strikes.forgive();
        let text = format!("{}\n", rejection.status.message);
        let http_status = rejection.http_status.to_string();
        let length = text.len().to_string();
        self.link.h2.send_headers(stream, false, |block| {
            block.field(b":status", http_status.as_bytes(), Index::IfRepeated);
            block.field(b"content-type", b"text/plain", Index::IfRepeated);
            block.field(b"content-length", length.as_bytes(), Index::IfRepeated);
        });
        self.link.h2.send_data(stream, text.as_bytes(), &[], true);
        if self.link.h2.is_send_ended(stream) {
            self.link.h2.release(stream);
        }
    }

    pub(super) fn on_data(&mut self, stream: StreamId, bytes: &[u8], end_stream: bool) {
        let call = CallId::of(stream);
        let Ok(state) = Self::open_call(&mut self.calls, call) else {
            self.link.drop_data(bytes.len());
            if end_stream {
                self.turn_away(stream);
            } else if self.strangers.contains(call) {
                let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                self.link.h2.release_stream_credit(stream, length);
            }
            return;
        };
        let max = self.config.max_receive_message_length;
        let events = &mut self.events;
        let (tally, now) = (&mut state.tally, self.now);
        let taken = self
            .link
            .take_data(stream, &mut state.inbound, bytes, max, |received| {
                if let Some(tally) = tally.as_deref_mut() {
                    tally.received(&received.message, now);
                }
                events.push_back(Event::Message {
                    call,
                    message: received.message,
                    credit: received.credit,
                });
            });
        let status = match taken {
            Err(error) => error.status("SERVER"),
            Ok(()) if !end_stream => return,
            Ok(()) if state.inbound.is_inside_message() => Status::new(
                Code::Internal,
                "SERVER: the client ended its messages inside one",
            ),
            Ok(()) => {
                self.events.push_back(Event::HalfClosed { call });
                return;
            }
        };
        self.fail_call(call, &status, CancelReason::BadMessage);
    }

    pub(super) fn on_reset(&mut self, stream: StreamId) {
        let call = CallId::of(stream);
        self.end_call(call, CancelReason::Reset);
        self.strangers.remove(call);
        // A stream without a call, if any, is forgotten too.
        self.link.h2.release(stream);
    }

    pub(super) fn on_ping(&mut self) {
        let idle = self.calls.len() == 0 && !self.config.permit_ping_without_calls;
        let least = if idle {
            limits::MIN_PING_INTERVAL_WITHOUT_CALLS
        } else {
            self.config.min_ping_interval
        };
        if !self
            .strikes
            .on_ping(least, self.link.h2.data_sent(), self.now)
        {
            let error = russet_http2::ConnectionError {
                code: ErrorCode::ENHANCE_YOUR_CALM,
                detail: "too many PINGs (too_many_pings)",
            };
            self.link
                .end(CloseReason::Protocol(error), error.code, "too_many_pings");
        }
    }
}
