//! Bytes to frames: the preface, frames split anywhere, and DATA handed on as it comes.

use std::time::Instant;

use super::{Connection, Failure, Role};
use crate::frame::{FrameHeader, HEADER_LEN, PREFACE, flag, kind};
use crate::{ConnectionError, ErrorCode, Event, StreamId};

/// Sent to a peer that speaks HTTP/1.
const HTTP_1_ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 63\r\nConnection: close\r\n\r\nThis port speaks gRPC over HTTP/2 only (prior knowledge, h2c).\n";

/// Where in the byte stream the input stands.
#[derive(Debug)]
pub(super) struct Receiver {
    /// Bytes of the client's preface that have come; a client expects none.
    preface: usize,
    /// The start of a frame of which the rest has not come.
    partial: Vec<u8>,
    /// The DATA frame that is being handed on.
    data: Option<DataFrame>,
    /// The header block that CONTINUATION frames complete.
    pub(super) block: Option<HeaderBlock>,
    /// Whether the peer's first SETTINGS have come.
    pub(super) settings_seen: bool,
}

/// A DATA frame whose header has come.
#[derive(Debug)]
struct DataFrame {
    /// Its stream, or `None` if the data is dropped.
    stream: Option<StreamId>,
    /// Bytes of content that have not come; while `padded` is true, with those of the padding.
    left: u32,
    /// Whether the byte with the length of the padding is still to come.
    padded: bool,
    padding: u32,
    end_stream: bool,
}

/// A header block of which more is to come.
#[derive(Debug)]
pub(super) struct HeaderBlock {
    pub(super) stream: u32,
    pub(super) end_stream: bool,
    /// The start of a field of which the rest has not come.
    pub(super) rest: Vec<u8>,
    /// Bytes of the block so far.
    pub(super) length: usize,
    pub(super) small_continuations: u32,
    /// Whether its priority field named its own stream (RFC 7540 section 5.3.1).
    pub(super) depends_on_itself: bool,
}

impl Receiver {
    pub(super) const fn new(role: Role) -> Self {
        Self {
            preface: if matches!(role, Role::Client) {
                PREFACE.len()
            } else {
                0
            },
            partial: Vec::new(),
            data: None,
            block: None,
            settings_seen: false,
        }
    }

    pub(super) const fn is_past_preface(&self) -> bool {
        self.preface == PREFACE.len()
    }

    /// Moves bytes from `input` into `partial` until it holds `length`; false if the input was not enough.
    fn fill(&mut self, input: &mut &[u8], length: usize) -> bool {
        let missing = length.saturating_sub(self.partial.len()).min(input.len());
        let (taken, rest) = input.split_at(missing);
        self.partial.extend_from_slice(taken);
        *input = rest;
        self.partial.len() >= length
    }
}

impl Connection {
    /// Takes bytes off the front of `input` until they make an event; `None` when the input is used up. To be called until then. After a failure input is dropped.
    pub fn receive<'i>(&mut self, input: &mut &'i [u8], now: Instant) -> Option<Event<'i>> {
        self.now = now;
        while self.failure.is_none() {
            if self.output.answers > crate::limits::MAX_UNREAD_ANSWERS {
                let detail = "too many frames whose answers are not read";
                self.fail(Failure::Protocol(ConnectionError {
                    code: ErrorCode::ENHANCE_YOUR_CALM,
                    detail,
                }));
                break;
            }
            match self.advance(input) {
                Ok(Step::Event(event)) => return Some(event),
                Ok(Step::Again) => {}
                Ok(Step::NeedInput) => {
                    self.flush();
                    return None;
                }
                Err(error) => self.fail(error),
            }
        }
        *input = &[];
        None
    }

    /// Does the next thing that `input` allows.
    fn advance<'i>(&mut self, input: &mut &'i [u8]) -> Result<Step<'i>, Failure> {
        if !self.receiver.is_past_preface() {
            return self.preface(input);
        }
        if self.receiver.data.is_some() {
            return Ok(self.data(input)?);
        }
        if self.receiver.partial.is_empty()
            && let Some((header, rest)) = input.split_first_chunk::<HEADER_LEN>()
        {
            // The usual case: the frame is in the input, and is read where it stands.
            let header = FrameHeader::parse(header);
            self.check_header(header)?;
            if header.kind == kind::DATA {
                *input = rest;
                return Ok(self.start_data(header)?);
            }
            if let Some((payload, rest)) = rest.split_at_checked(header.length as usize) {
                *input = rest;
                return Ok(self.dispatch(header, payload)?.into());
            }
        }
        if !self.receiver.fill(input, HEADER_LEN) {
            return Ok(Step::NeedInput);
        }
        let Some(header) = self.receiver.partial.first_chunk().map(FrameHeader::parse) else {
            return Ok(Step::NeedInput);
        };
        if self.receiver.partial.len() == HEADER_LEN {
            self.check_header(header)?;
            if header.kind == kind::DATA {
                self.receiver.partial.clear();
                return Ok(self.start_data(header)?);
            }
        }
        if !self
            .receiver
            .fill(input, HEADER_LEN + header.length as usize)
        {
            return Ok(Step::NeedInput);
        }
        let mut frame = std::mem::take(&mut self.receiver.partial);
        let event = self.dispatch(header, &frame[HEADER_LEN..])?;
        frame.clear();
        self.receiver.partial = frame;
        Ok(event.into())
    }

    /// What can be said of a frame before its payload has come.
    fn check_header(&self, header: FrameHeader) -> Result<(), Failure> {
        let error = |code, detail| Err(Failure::Protocol(ConnectionError { code, detail }));
        if self.role == Role::Client
            && !self.receiver.settings_seen
            && header.to_bytes().starts_with(b"HTTP/")
        {
            return Err(Failure::NotHttp2("it answered with HTTP/1"));
        }
        if !self.receiver.settings_seen && (header.kind != kind::SETTINGS || header.has(flag::ACK))
        {
            return error(ErrorCode::PROTOCOL_ERROR, "the first frame is not SETTINGS");
        }
        if header.length > self.config.max_frame_size {
            return error(
                ErrorCode::FRAME_SIZE_ERROR,
                "frame longer than SETTINGS_MAX_FRAME_SIZE",
            );
        }
        if header.kind != kind::DATA && header.length as usize > self.max_held_frame(header.kind) {
            return error(
                ErrorCode::ENHANCE_YOUR_CALM,
                "a frame that is longer than any of its kind needs to be",
            );
        }
        if let Some(block) = &self.receiver.block
            && (header.kind != kind::CONTINUATION || header.stream != block.stream)
        {
            return error(
                ErrorCode::PROTOCOL_ERROR,
                "a header block is interrupted by another frame",
            );
        }
        Ok(())
    }

    /// Compares the start of a server's input with the client's preface.
    fn preface<'i>(&mut self, input: &mut &'i [u8]) -> Result<Step<'i>, Failure> {
        let expected = &PREFACE[self.receiver.preface..];
        let length = expected.len().min(input.len());
        let (got, rest) = input.split_at(length);
        if let Some(wrong) = (0..length).find(|&at| got[at] != expected[at]) {
            self.receiver.preface += wrong;
            return Err(self.not_http_2(got[wrong]));
        }
        *input = rest;
        self.receiver.preface += length;
        if !self.receiver.is_past_preface() {
            return Ok(Step::NeedInput);
        }
        self.send_settings();
        Ok(Step::Again)
    }

    /// Answers a peer that speaks something else, as well as it can be told what from the first byte that differs from the preface.
    fn not_http_2(&mut self, wrong: u8) -> Failure {
        const TLS_HANDSHAKE: u8 = 0x16;
        // The first letter in which a method of RFC 9110, PATCH or PROPFIND differs from `PRI * HTTP/2`.
        let is_method = match self.receiver.preface {
            0 => matches!(wrong, b'C' | b'D' | b'G' | b'H' | b'O' | b'T'),
            1 => matches!(wrong, b'A' | b'O' | b'U'),
            2 => wrong == b'O',
            _ => false,
        };
        if is_method {
            self.output.frames().extend_from_slice(HTTP_1_ANSWER);
            return Failure::NotHttp2("it sent an HTTP/1 request");
        }
        if self.receiver.preface == 0 && wrong == TLS_HANDSHAKE {
            return Failure::NotHttp2("it started TLS on a port without TLS");
        }
        // RFC 9113 section 3.4: GOAWAY may be left out, but tells a broken client what it did.
        self.receiver.preface = PREFACE.len();
        Failure::Protocol(ConnectionError {
            code: ErrorCode::PROTOCOL_ERROR,
            detail: "wrong connection preface",
        })
    }

    /// Charges a DATA frame to the windows, whole, and notes what becomes of its content.
    fn start_data<'i>(&mut self, header: FrameHeader) -> Result<Step<'i>, ConnectionError> {
        let padded = header.has(flag::PADDED);
        if padded && header.length == 0 {
            return Err(ConnectionError {
                code: ErrorCode::FRAME_SIZE_ERROR,
                detail: "padded DATA without a length",
            });
        }
        self.work += crate::limits::FRAME_WORK;
        let (stream, event) = self.admit_data(header)?;
        self.receiver.data = Some(DataFrame {
            stream,
            left: header.length,
            padded,
            padding: 0,
            end_stream: header.has(flag::END_STREAM),
        });
        Ok(event.map_or(Step::Again, Step::Event))
    }

    /// Hands on what has come of a DATA frame.
    fn data<'i>(&mut self, input: &mut &'i [u8]) -> Result<Step<'i>, ConnectionError> {
        let Some(frame) = &mut self.receiver.data else {
            return Ok(Step::Again);
        };
        let stream = frame.stream;
        if frame.padded {
            let Some((&padding, rest)) = input.split_first() else {
                return Ok(Step::NeedInput);
            };
            *input = rest;
            let padding = u32::from(padding);
            let Some(left) = frame.left.checked_sub(1 + padding) else {
                return Err(ConnectionError {
                    code: ErrorCode::PROTOCOL_ERROR,
                    detail: "more padding than the frame has bytes",
                });
            };
            (frame.padded, frame.padding, frame.left) = (false, padding, left);
            let nothing_but_padding = left == 0 && !frame.end_stream;
            // Padding is nobody's to release.
            self.drop_data(stream, 1 + padding);
            if nothing_but_padding {
                self.charge_empty_data()?;
            }
            return Ok(Step::Again);
        }
        let (bytes, rest) = input.split_at(input.len().min(frame.left as usize));
        if frame.left > 0 {
            if bytes.is_empty() {
                return Ok(Step::NeedInput);
            }
            *input = rest;
            let length = u32::try_from(bytes.len()).unwrap_or(frame.left);
            frame.left -= length;
            // The end comes with the last content; padding behind it means nothing.
            let end_stream = frame.end_stream && frame.left == 0;
            if frame.left == 0 && frame.padding == 0 {
                self.receiver.data = None;
            }
            return Ok(self
                .accept_data(stream, bytes, end_stream)
                .map_or(Step::Again, Step::Event));
        }
        // No content left: skip the padding, or end the stream with an empty frame.
        let skipped = input.len().min(frame.padding as usize);
        if frame.padding > 0 && skipped == 0 {
            return Ok(Step::NeedInput);
        }
        *input = &input[skipped..];
        frame.padding -= u32::try_from(skipped).unwrap_or(frame.padding);
        if frame.padding > 0 {
            return Ok(Step::NeedInput);
        }
        let end_stream = frame.end_stream;
        self.receiver.data = None;
        if !end_stream || stream.is_none_or(|stream| self.is_receive_closed(stream)) {
            return Ok(Step::Again);
        }
        Ok(self
            .accept_data(stream, &[], true)
            .map_or(Step::Again, Step::Event))
    }
}

/// What a piece of input gave.
enum Step<'i> {
    Event(Event<'i>),
    Again,
    NeedInput,
}

impl<'i> From<Option<Event<'i>>> for Step<'i> {
    fn from(event: Option<Event<'i>>) -> Self {
        event.map_or(Self::Again, Self::Event)
    }
}
