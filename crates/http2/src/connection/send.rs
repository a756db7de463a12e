//! What this side sends: streams, headers, data, credit, resets; and whose turn it is.

use super::{Connection, Role};
use crate::frame::{self, MAX_31_BIT};
use crate::hpack::{Encoder, Index};
use crate::limits::{MAX_UNANNOUNCED, MAX_UNWRITTEN};
use crate::streams::{End, Receiving, Stream};
use crate::{ErrorCode, Sent, StreamId};

/// A header block being written.
#[derive(Debug)]
pub struct Block<'a> {
    /// `None` where the block is sent later than it is encoded, and so must not touch the dynamic table.
    encoder: Option<&'a mut Encoder>,
    out: &'a mut Vec<u8>,
}

impl Block<'_> {
    /// Appends a field. The caller answers for lower-case names and for values without control characters.
    pub fn field(&mut self, name: &[u8], value: &[u8], index: Index) {
        match &mut self.encoder {
            Some(encoder) => encoder.field(name, value, index, self.out),
            None => Encoder::field_out_of_order(name, value, self.out),
        }
    }
}

/// Commands. On a stream that is gone or reset they do nothing, and say so by `false`.
impl Connection {
    /// How many streams this side may open now; 0 if it may open none, for whatever reason.
    pub fn available_streams(&self) -> u32 {
        if self.role == Role::Server
            || self.failure.is_some()
            || self.peer_goaway.is_some()
            || self.is_shutting_down()
            || self.next_stream > MAX_31_BIT
        {
            return 0;
        }
        self.peer
            .max_concurrent_streams
            .saturating_sub(u32::try_from(self.streams.len()).unwrap_or(u32::MAX))
    }

    /// Whether this side has used all its stream numbers.
    pub const fn is_out_of_streams(&self) -> bool {
        self.next_stream > MAX_31_BIT
    }

    /// Opens a stream; `None` if [`available_streams`](Self::available_streams) is 0.
    pub fn open_stream(&mut self) -> Option<StreamId> {
        if self.available_streams() == 0 {
            return None;
        }
        let number = self.next_stream;
        self.next_stream += 2;
        let window = self.initial_receive_window();
        let state = Stream::new(
            number,
            Receiving::AwaitingResponse,
            self.peer.initial_window,
            window,
            self.config.stream_window,
        );
        Some(self.streams.insert(state))
    }

    /// Sends a header list: the request, the response or, with `end_stream`, the trailers. Behind pending data it waits; only trailers may come there.
    pub fn send_headers(
        &mut self,
        stream: StreamId,
        end_stream: bool,
        fields: impl FnOnce(&mut Block<'_>),
    ) -> bool {
        if self.failure.is_some() {
            return false;
        }
        let Some(state) = self
            .streams
            .get_mut(stream)
            .filter(|state| !state.reset && state.end == End::No)
        else {
            return false;
        };
        if state.pending_len() > 0 {
            let mut out = Vec::new();
            fields(&mut Block {
                encoder: None,
                out: &mut out,
            });
            self.pending_bytes += out.len();
            state.end = End::Trailers(out);
            return true;
        }
        if end_stream {
            state.end = End::Sent;
        }
        let encoder = &mut self.encoder;
        self.output.headers(
            stream.number,
            end_stream,
            self.peer.max_frame_size as usize,
            |out| {
                encoder.start_block(out);
                fields(&mut Block {
                    encoder: Some(encoder),
                    out,
                });
            },
        );
        true
    }

    /// Sends `head` and `body` as data, or keeps what the windows do not allow. `end_stream` ends the sending half after them.
    pub fn send_data(
        &mut self,
        stream: StreamId,
        head: &[u8],
        body: &[u8],
        end_stream: bool,
    ) -> bool {
        if self.failure.is_some() {
            return false;
        }
        let Some(state) = self
            .streams
            .get_mut(stream)
            .filter(|state| !state.reset && state.end == End::No)
        else {
            return false;
        };
        let length = head.len() + body.len();
        let max_frame = self.peer.max_frame_size as usize;
        let fits = |window: i64| i64::try_from(length).is_ok_and(|length| length <= window);
        let room = || {
            length <= max_frame
                && fits(state.send_window)
                && fits(self.send_window)
                && self.output.unwritten_len() < MAX_UNWRITTEN
        };
        // The end alone needs no credit, and no room worth waiting for: as nothing is pending, nothing would ever come back to it.
        if state.pending_len() == 0 && (length == 0 || room()) {
            // The usual case: one copy, into the output.
            let length = i64::try_from(length).unwrap_or(0);
            state.send_window -= length;
            self.send_window -= length;
            if end_stream {
                state.end = End::Sent;
            }
            if length > 0 || end_stream {
                self.output
                    .data(stream.number, [head, body], end_stream, max_frame);
            }
            return true;
        }
        state.pending.reserve(length);
        state.pending.extend_from_slice(head);
        state.pending.extend_from_slice(body);
        self.pending_bytes += length;
        if end_stream {
            state.end = End::Data;
        }
        state.over_high |= state.pending_len() > self.config.send_buffer_high
            || self.pending_bytes > self.config.send_buffer_total;
        self.enqueue(stream);
        self.flush();
        true
    }

    /// Whether a sender of this stream should wait for [`Sent::Drained`].
    pub fn is_congested(&self, stream: StreamId) -> bool {
        self.streams
            .get(stream)
            .is_some_and(|state| state.over_high)
    }

    /// Whether the sending half has ended and is wholly in the output.
    pub fn is_send_ended(&self, stream: StreamId) -> bool {
        self.streams
            .get(stream)
            .is_none_or(|state| state.reset || state.end == End::Sent)
    }

    /// Resets a stream and forgets it.
    pub fn reset(&mut self, stream: StreamId, code: ErrorCode) {
        let Some(state) = self.streams.get(stream) else {
            return;
        };
        if !state.is_closed() && self.failure.is_none() {
            self.output.reset(stream.number, code);
            self.remember_reset(stream.number);
        }
        self.discard(stream);
    }

    /// Forgets a stream. One that has not ended both ways is reset: a server that has answered says `NO_ERROR` (RFC 9113 section 8.1), others `CANCEL`.
    pub fn release(&mut self, stream: StreamId) {
        let answered = self.role == Role::Server && self.is_send_ended(stream);
        self.reset(
            stream,
            if answered {
                ErrorCode::NO_ERROR
            } else {
                ErrorCode::CANCEL
            },
        );
    }

    /// Forgets a stream of this side on which nothing was sent, without a word: its number stays unused.
    pub fn discard(&mut self, stream: StreamId) {
        if let Some(state) = self.streams.remove(stream) {
            self.pending_bytes -= state.held();
        }
    }

    /// Gives the peer credit for data of a stream that was taken.
    pub fn release_stream_credit(&mut self, stream: StreamId, length: u32) {
        let Some(state) = self.streams.get_mut(stream) else {
            return;
        };
        // No credit for a peer that sends no more, or not on this connection.
        if state.reset || state.receiving == Receiving::Closed || self.failure.is_some() {
            return;
        }
        state.unannounced = state.unannounced.saturating_add(length);
        if state.unannounced >= announce_at(state.window) {
            let credit = std::mem::take(&mut state.unannounced);
            state.receive_window += i64::from(credit);
            frame::put_window_update(stream.number, credit, self.output.frames());
        }
    }

    /// Lets the peer be `window` bytes ahead on a stream, if that is more than it was before. Changes nothing once the peer sends no more.
    pub fn open_window(&mut self, stream: StreamId, window: u32) {
        let Some(state) = self.streams.get_mut(stream) else {
            return;
        };
        if state.reset || state.receiving == Receiving::Closed || self.failure.is_some() {
            return;
        }
        let more = window.min(MAX_31_BIT).saturating_sub(state.window);
        if more > 0 {
            // One frame for both.
            let credit = more.saturating_add(std::mem::take(&mut state.unannounced));
            state.window += more;
            state.receive_window += i64::from(credit);
            frame::put_window_update(stream.number, credit, self.output.frames());
        }
    }

    /// Lets the peer be `window` bytes ahead on the connection, if that is more than it was before.
    pub fn open_connection_window(&mut self, window: u32) {
        let more = window
            .min(MAX_31_BIT)
            .saturating_sub(self.config.connection_window);
        if more == 0 || self.failure.is_some() || !self.may_speak() {
            return;
        }
        // One frame for both.
        let credit = more.saturating_add(std::mem::take(&mut self.unannounced));
        self.config.connection_window += more;
        self.receive_window += i64::from(credit);
        frame::put_window_update(0, credit, self.output.frames());
    }

    /// Gives the peer credit on the connection for data that was taken.
    pub fn release_connection_credit(&mut self, length: u32) {
        self.unannounced = self.unannounced.saturating_add(length);
        if self.unannounced >= announce_at(self.config.connection_window) && self.failure.is_none()
        {
            let credit = std::mem::take(&mut self.unannounced);
            self.receive_window += i64::from(credit);
            frame::put_window_update(0, credit, self.output.frames());
        }
    }
}

/// Credit is announced when half a window has gathered, or [`MAX_UNANNOUNCED`]: one frame for many releases, and the peer never waits for a window that is half open.
const fn announce_at(window: u32) -> u32 {
    match window / 2 {
        0 => 1,
        half if half < MAX_UNANNOUNCED => half,
        _ => MAX_UNANNOUNCED,
    }
}

/// Turns.
impl Connection {
    /// Puts a stream into the queue if it has something to send and credit of its own.
    pub(super) fn enqueue(&mut self, stream: StreamId) {
        let Some(state) = self.streams.get_mut(stream) else {
            return;
        };
        if !state.queued && !state.reset && state.send_window > 0 && state.pending_len() > 0 {
            state.queued = true;
            self.queue.push_back(stream);
        }
    }

    /// Frames pending data, a frame a stream in turn, as far as the windows and the output's bound allow.
    pub(super) fn flush(&mut self) {
        let max_frame = i64::from(self.peer.max_frame_size);
        while self.send_window > 0
            && self.output.unwritten_len() < MAX_UNWRITTEN
            && self.failure.is_none()
        {
            let Some(stream) = self.queue.pop_front() else {
                return;
            };
            let Some(state) = self.streams.get_mut(stream) else {
                continue;
            };
            state.queued = false;
            let pending = i64::try_from(state.pending_len()).unwrap_or(i64::MAX);
            let length = pending
                .min(max_frame)
                .min(self.send_window)
                .min(state.send_window);
            let Some(taken) = usize::try_from(length).ok().filter(|taken| *taken > 0) else {
                continue;
            };
            state.send_window -= length;
            self.send_window -= length;
            let range = state.pending_start..state.pending_start + taken;
            state.pending_start += taken;
            self.pending_bytes -= taken;
            let all = state.pending_len() == 0;
            let end_stream = all && state.end == End::Data;
            self.output.data(
                stream.number,
                [&state.pending[range], &[]],
                end_stream,
                self.peer.max_frame_size as usize,
            );
            if state.over_high && state.pending_len() <= self.config.send_buffer_low {
                state.over_high = false;
                if state.end == End::No {
                    self.sent.push_back(Sent::Drained(stream));
                }
            }
            if !all {
                if state.pending_start > state.pending.len() / 2 {
                    state.pending.drain(..state.pending_start);
                    state.pending_start = 0;
                }
                self.enqueue(stream);
                continue;
            }
            state.pending = Vec::new();
            state.pending_start = 0;
            match std::mem::replace(&mut state.end, End::Sent) {
                End::No => state.end = End::No,
                End::Data | End::Sent => self.sent.push_back(Sent::Ended(stream)),
                End::Trailers(block) => {
                    self.pending_bytes -= block.len();
                    let encoder = &mut self.encoder;
                    self.output.headers(
                        stream.number,
                        true,
                        self.peer.max_frame_size as usize,
                        |out| {
                            encoder.start_block(out);
                            out.extend_from_slice(&block);
                        },
                    );
                    self.sent.push_back(Sent::Ended(stream));
                }
            }
        }
    }
}
