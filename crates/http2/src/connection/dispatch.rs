//! The meaning of each frame that comes in (RFC 9113 section 6), with errors on the scope that section 5.4 asks for. Frames that carry no part of a message are in `control`.

use super::control::depends_on;
use super::receive::HeaderBlock;
use super::{Connection, Role, Shutdown};
use crate::frame::{self, FrameHeader, flag, kind};
use crate::headers::ListKind;
use crate::limits;
use crate::streams::{Receiving, Stream};
use crate::{ConnectionError, ErrorCode, Event, StreamId};

pub(super) type Dispatched = Result<Option<Event<'static>>, ConnectionError>;

pub(super) fn fatal<T>(code: ErrorCode, detail: &'static str) -> Result<T, ConnectionError> {
    Err(ConnectionError { code, detail })
}

pub(super) fn protocol_error<T>(detail: &'static str) -> Result<T, ConnectionError> {
    fatal(ErrorCode::PROTOCOL_ERROR, detail)
}

pub(super) fn frame_size_error<T>(detail: &'static str) -> Result<T, ConnectionError> {
    fatal(ErrorCode::FRAME_SIZE_ERROR, detail)
}

pub(super) fn too_many<T>(detail: &'static str) -> Result<T, ConnectionError> {
    fatal(ErrorCode::ENHANCE_YOUR_CALM, detail)
}

fn bad_block<T>() -> Result<T, ConnectionError> {
    fatal(
        ErrorCode::COMPRESSION_ERROR,
        "a header block that cannot be decoded",
    )
}

impl Connection {
    /// Acts on a whole frame other than DATA.
    pub(super) fn dispatch(&mut self, header: FrameHeader, payload: &[u8]) -> Dispatched {
        self.work += limits::FRAME_WORK;
        match header.kind {
            kind::HEADERS => self.on_headers(header, payload),
            kind::CONTINUATION => self.on_continuation(header, payload),
            kind::WINDOW_UPDATE => self.on_window_update(header, payload),
            kind::RST_STREAM => self.on_reset(header, payload),
            kind::SETTINGS => self.on_settings(header, payload),
            kind::PING => self.on_ping(header, payload),
            kind::GOAWAY => self.on_goaway(header, payload),
            kind::PRIORITY => self.on_priority(header, payload),
            kind::PUSH_PROMISE => protocol_error("PUSH_PROMISE, which nobody may send here"),
            _ => self.charge_idle_frame().map(|()| None),
        }
    }

    /// A stream number that the peer names in a frame which does not open a stream: `Ok(None)` if the stream has ended.
    pub(super) fn known_stream(
        &self,
        number: u32,
        detail_if_idle: &'static str,
    ) -> Result<Option<StreamId>, ConnectionError> {
        if let Some(stream) = self.streams.find(number) {
            return Ok(Some(stream));
        }
        if number == 0 || self.is_idle(number) {
            protocol_error(detail_if_idle)
        } else {
            Ok(None)
        }
    }

    /// Whether no stream of that number was ever opened.
    fn is_idle(&self, number: u32) -> bool {
        let by_client = number % 2 == 1;
        match (self.role, by_client) {
            (Role::Server, true) => number > self.last_peer_stream && !self.is_turned_away(number),
            (Role::Client, true) => number >= self.next_stream,
            (_, false) => true,
        }
    }

    /// Whether the final GOAWAY told the client that this stream is not processed. The client may have opened it before it knew, so its frames are ignored (RFC 9113 section 6.8).
    fn is_turned_away(&self, number: u32) -> bool {
        match self.shutdown {
            Shutdown::Final { last_stream } => {
                self.role == Role::Server && number % 2 == 1 && number > last_stream
            }
            _ => false,
        }
    }

    pub(super) fn charge_idle_frame(&mut self) -> Result<(), ConnectionError> {
        if self.idle_frames.take(self.now) {
            Ok(())
        } else {
            too_many("too many frames that change nothing")
        }
    }

    /// Charges a `WINDOW_UPDATE` that there are more of than what this side has sent accounts for.
    pub(super) fn charge_window_update(&mut self) -> Result<(), ConnectionError> {
        self.window_updates += 1;
        let opened = u64::from(self.last_peer_stream.max(self.next_stream) / 2);
        let (frames, bytes) = (self.output.data_frames, self.output.total_data);
        let due = limits::FREE_WINDOW_UPDATES + 4 * (opened + frames) + bytes / 16;
        if self.window_updates > due {
            self.charge_idle_frame()
        } else {
            Ok(())
        }
    }

    pub(super) fn charge_empty_data(&mut self) -> Result<(), ConnectionError> {
        if self.empty_data.take(self.now) {
            Ok(())
        } else {
            too_many("too many empty DATA frames")
        }
    }

    pub(super) fn charge_reset(&mut self) -> Result<(), ConnectionError> {
        if self.resets.take(self.now) {
            Ok(())
        } else {
            too_many("too many streams reset")
        }
    }

    /// Resets a stream because the peer broke a rule on it.
    pub(super) fn stream_error(
        &mut self,
        stream: StreamId,
        code: ErrorCode,
        rule: &'static str,
    ) -> Dispatched {
        self.charge_reset()?;
        let Some(state) = self.streams.get_mut(stream) else {
            return Ok(None);
        };
        if state.reset {
            return Ok(None);
        }
        self.pending_bytes -= state.mark_reset();
        frame::put_reset(stream.number, code, self.output.answer());
        self.remember_reset(stream.number);
        Ok(Some(Event::Reset {
            stream,
            code,
            broken_rule: Some(rule),
        }))
    }

    /// Refuses or resets a stream that was never made.
    fn refuse(&mut self, number: u32, code: ErrorCode) -> Dispatched {
        self.charge_reset()?;
        frame::put_reset(number, code, self.output.answer());
        self.remember_reset(number);
        Ok(None)
    }

    pub(super) fn remember_reset(&mut self, number: u32) {
        if self.reset_here.len() == limits::REMEMBERED_RESETS {
            self.reset_here.pop_front();
        }
        self.reset_here.push_back(number);
    }
}

/// HEADERS and CONTINUATION.
impl Connection {
    fn on_headers(&mut self, header: FrameHeader, payload: &[u8]) -> Dispatched {
        if header.stream == 0 {
            return protocol_error("HEADERS on stream 0");
        }
        let mut fragment = payload;
        let mut padding = 0;
        if header.has(flag::PADDED) {
            let Some((&length, rest)) = fragment.split_first() else {
                return frame_size_error("padded HEADERS without a length");
            };
            (padding, fragment) = (usize::from(length), rest);
        }
        let mut depends_on_itself = false;
        if header.has(flag::PRIORITY) {
            let Some((priority, rest)) = fragment.split_first_chunk::<5>() else {
                return frame_size_error("HEADERS too short for its priority");
            };
            depends_on_itself = depends_on(*priority) == header.stream;
            fragment = rest;
        }
        let Some(length) = fragment.len().checked_sub(padding) else {
            return protocol_error("more padding than the frame has bytes");
        };
        let fragment = &fragment[..length];
        let end_stream = header.has(flag::END_STREAM);
        (self.headers).restart(self.config.max_header_list_size as usize);
        self.decoder.begin();
        let rest = self.decode_fields(fragment)?;
        if header.has(flag::END_HEADERS) {
            self.end_block(rest, fragment.len())?;
            return self.on_header_block(header.stream, end_stream, depends_on_itself);
        }
        self.receiver.block = Some(HeaderBlock {
            stream: header.stream,
            end_stream,
            rest: rest.to_vec(),
            length: fragment.len(),
            small_continuations: 0,
            depends_on_itself,
        });
        Ok(None)
    }

    fn on_continuation(&mut self, header: FrameHeader, payload: &[u8]) -> Dispatched {
        let Some(mut block) = self.receiver.block.take() else {
            return protocol_error("CONTINUATION without HEADERS");
        };
        if payload.len() < limits::SMALL_CONTINUATION {
            block.small_continuations += 1;
        }
        if block.small_continuations > limits::MAX_SMALL_CONTINUATIONS {
            return too_many("a header block in too many CONTINUATION frames");
        }
        block.length = block.length.saturating_add(payload.len());
        if block.length > limits::MAX_HEADER_BLOCK {
            return too_many("a header block far over SETTINGS_MAX_HEADER_LIST_SIZE");
        }
        // What is over the limit is decoded and dropped as it comes, so that no more than a field is held.
        let end_headers = header.has(flag::END_HEADERS);
        if block.rest.is_empty() {
            let rest = self.decode_fields(payload)?;
            block.rest.extend_from_slice(rest);
        } else {
            block.rest.extend_from_slice(payload);
            let left = self.decode_fields(&block.rest)?.len();
            block.rest.drain(..block.rest.len() - left);
        }
        if end_headers {
            self.end_block(&block.rest, block.length)?;
            return self.on_header_block(block.stream, block.end_stream, block.depends_on_itself);
        }
        self.receiver.block = Some(block);
        Ok(None)
    }

    /// The longest frame of a kind that is held until it is whole. A large limit on frames is meant for data, and for header lists as long as they may be.
    pub(super) fn max_held_frame(&self, kind: u8) -> usize {
        let limit = self.config.max_header_list_size as usize;
        match kind {
            kind::HEADERS | kind::CONTINUATION => limit.max(limits::MAX_HEADERS_FRAME),
            _ => limits::MAX_HELD_FRAME,
        }
    }

    /// Decodes the fields that a part of a header block has whole, and gives the rest of it.
    fn decode_fields<'p>(&mut self, part: &'p [u8]) -> Result<&'p [u8], ConnectionError> {
        let headers = &mut self.headers;
        let decoded = (self.decoder).decode_part(part, |field| headers.push(field));
        decoded.map(|used| &part[used..]).or_else(|_| bad_block())
    }

    /// A header block has ended. It was decoded whatever becomes of it, so that HPACK's state stays right.
    fn end_block(&mut self, rest: &[u8], length: usize) -> Result<(), ConnectionError> {
        if self.decoder.end(rest).is_err() {
            return bad_block();
        }
        self.work += self.headers.count() * limits::FIELD_WORK;
        let fields = self.headers.count();
        // A string that was passed over cost nothing.
        let decoded = self.headers.size().min(length);
        let tokens = 1 + decoded / limits::OVERSIZE_BYTES + fields / limits::OVERSIZE_FIELDS;
        if self.headers.is_too_large()
            && !(self.oversize).take_many(u32::try_from(tokens).unwrap_or(u32::MAX), self.now)
        {
            return too_many("too many header lists over SETTINGS_MAX_HEADER_LIST_SIZE");
        }
        Ok(())
    }

    /// A whole header list.
    fn on_header_block(
        &mut self,
        number: u32,
        end_stream: bool,
        depends_on_itself: bool,
    ) -> Dispatched {
        if let Some(stream) = self.streams.find(number) {
            if depends_on_itself {
                return self.stream_error(
                    stream,
                    ErrorCode::PROTOCOL_ERROR,
                    "a stream depends on itself",
                );
            }
            return self.on_stream_headers(stream, end_stream);
        }
        if self.is_turned_away(number) {
            return self.charge_idle_frame().map(|()| None);
        }
        if !self.is_idle(number) {
            if self.reset_here.contains(&number) || self.role == Role::Client {
                return Ok(None);
            }
            return fatal(
                ErrorCode::STREAM_CLOSED,
                "HEADERS on a stream that has ended",
            );
        }
        if self.role == Role::Client {
            return protocol_error("HEADERS on a stream that was never opened");
        }
        if number.is_multiple_of(2) {
            return protocol_error("a client opened a stream with an even number");
        }
        self.last_peer_stream = number;
        if depends_on_itself || self.headers.judge(ListKind::Request).is_err() {
            return self.refuse(number, ErrorCode::PROTOCOL_ERROR);
        }
        let content_left = self.headers.content_length();
        if end_stream && content_left.is_some_and(|length| length > 0) {
            return self.refuse(number, ErrorCode::PROTOCOL_ERROR);
        }
        if self.streams.len() >= self.config.max_concurrent_streams as usize {
            return self.refuse(number, ErrorCode::REFUSED_STREAM);
        }
        let receiving = if end_stream {
            Receiving::Closed
        } else {
            Receiving::Open
        };
        let window = self.initial_receive_window();
        let mut state = Stream::new(
            number,
            receiving,
            self.peer.initial_window,
            window,
            self.config.stream_window,
        );
        state.content_left = content_left;
        let stream = self.streams.insert(state);
        Ok(Some(Event::Headers {
            stream,
            trailers: false,
            end_stream,
        }))
    }

    /// A header list on a stream that lives: a response or trailers.
    fn on_stream_headers(&mut self, stream: StreamId, end_stream: bool) -> Dispatched {
        let Some(state) = self.streams.get_mut(stream) else {
            return Ok(None);
        };
        if state.reset {
            return Ok(None);
        }
        let trailers = match state.receiving {
            Receiving::Closed => {
                return self.stream_error(
                    stream,
                    ErrorCode::STREAM_CLOSED,
                    "HEADERS after the end of the stream",
                );
            }
            Receiving::AwaitingResponse => false,
            Receiving::Open => true,
        };
        let kind = if trailers {
            ListKind::Trailers
        } else {
            ListKind::Response
        };
        if let Err(rule) = self.headers.judge(kind) {
            return self.stream_error(stream, ErrorCode::PROTOCOL_ERROR, rule);
        }
        if trailers && !end_stream {
            return self.stream_error(
                stream,
                ErrorCode::PROTOCOL_ERROR,
                "trailers that do not end the stream",
            );
        }
        if !trailers {
            if self.headers.status().is_some_and(|status| status < 200) {
                if end_stream {
                    let rule = "an informational response ends the stream";
                    return self.stream_error(stream, ErrorCode::PROTOCOL_ERROR, rule);
                }
                return self.charge_idle_frame().map(|()| None);
            }
            state.content_left = self.headers.content_length();
        }
        if end_stream && state.content_left.is_some_and(|length| length > 0) {
            return self.stream_error(
                stream,
                ErrorCode::PROTOCOL_ERROR,
                "less data than content-length promises",
            );
        }
        state.receiving = if end_stream {
            Receiving::Closed
        } else {
            Receiving::Open
        };
        Ok(Some(Event::Headers {
            stream,
            trailers,
            end_stream,
        }))
    }
}

/// DATA.
impl Connection {
    /// Charges a DATA frame, before its content is there, and finds its stream: `None` if the content is to be dropped.
    pub(super) fn admit_data(
        &mut self,
        header: FrameHeader,
    ) -> Result<(Option<StreamId>, Option<Event<'static>>), ConnectionError> {
        let stream = self.known_stream(header.stream, "DATA on a stream that was never opened")?;
        let length = i64::from(header.length);
        if length > self.receive_window {
            return fatal(
                ErrorCode::FLOW_CONTROL_ERROR,
                "more data than the connection's window allows",
            );
        }
        self.receive_window -= length;
        if length == 0 && !header.has(flag::END_STREAM) {
            self.charge_empty_data()?;
        }
        let Some(stream) = stream else {
            if self.role == Role::Server
                && !self.reset_here.contains(&header.stream)
                && !self.is_turned_away(header.stream)
            {
                self.refuse(header.stream, ErrorCode::STREAM_CLOSED)?;
            }
            return Ok((None, None));
        };
        let Some(state) = self.streams.get_mut(stream) else {
            return Ok((None, None));
        };
        if state.reset {
            return Ok((None, None));
        }
        let broken = match state.receiving {
            Receiving::Closed => {
                Some((ErrorCode::STREAM_CLOSED, "DATA after the end of the stream"))
            }
            Receiving::AwaitingResponse => Some((
                ErrorCode::PROTOCOL_ERROR,
                "DATA before the response headers",
            )),
            Receiving::Open if length > state.receive_window => Some((
                ErrorCode::FLOW_CONTROL_ERROR,
                "more data than the stream's window allows",
            )),
            Receiving::Open => None,
        };
        if let Some((code, rule)) = broken {
            return Ok((None, self.stream_error(stream, code, rule)?));
        }
        state.receive_window -= length;
        Ok((Some(stream), None))
    }

    /// Returns the credit of data that nobody will release.
    pub(super) fn drop_data(&mut self, stream: Option<StreamId>, length: u32) {
        self.release_connection_credit(length);
        if let Some(stream) = stream {
            self.release_stream_credit(stream, length);
        }
    }

    /// Content of a stream, admitted before; drops it if the stream has gone since.
    pub(super) fn accept_data<'i>(
        &mut self,
        stream: Option<StreamId>,
        bytes: &'i [u8],
        end_stream: bool,
    ) -> Option<Event<'i>> {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let living = stream.and_then(|id| {
            self.streams
                .get_mut(id)
                .filter(|state| !state.reset)
                .map(|state| (id, state))
        });
        let Some((stream, state)) = living else {
            self.release_connection_credit(length);
            return None;
        };
        if let Some(left) = state.content_left {
            let left = left.checked_sub(u64::from(length));
            if left.is_none() || (end_stream && left != Some(0)) {
                self.release_connection_credit(length);
                let rule = "not as much data as content-length promises";
                return match self.stream_error(stream, ErrorCode::PROTOCOL_ERROR, rule) {
                    Ok(event) => event,
                    Err(error) => {
                        self.fail(error.into());
                        None
                    }
                };
            }
            state.content_left = left;
        }
        if end_stream {
            state.receiving = Receiving::Closed;
        }
        Some(Event::Data {
            stream,
            bytes,
            end_stream,
        })
    }
}
