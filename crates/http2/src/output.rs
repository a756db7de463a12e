//! The bytes that wait for the socket.

use crate::ErrorCode;
use crate::frame::{self, FrameHeader, HEADER_LEN, PREFACE, flag, kind};
use crate::spare;

/// An empty buffer keeps at most this much memory for the next bytes: enough for a few calls with short messages. A longer one goes to the thread's next connection.
const KEPT_CAPACITY: usize = 8 << 10;

/// Bytes to write, and what has been written of them.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
    written: usize,
    /// The last DATA frame, where nothing came after it and none of it is written: later data of its stream joins it.
    open_frame: Option<OpenFrame>,
    /// Frames since the buffer was last empty that answer the peer's frames.
    pub(crate) answers: u32,
    /// Bytes written in the connection's life.
    pub(crate) total_written: u64,
    /// Bytes that were put into DATA frames in the connection's life.
    pub(crate) total_data: u64,
    /// DATA frames that were made in it.
    pub(crate) data_frames: u64,
}

#[derive(Clone, Copy, Debug)]
struct OpenFrame {
    stream: u32,
    at: usize,
    length: usize,
}

impl Output {
    pub(crate) fn unwritten(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    pub(crate) fn unwritten_len(&self) -> usize {
        self.bytes.len() - self.written
    }

    /// The first `count` unwritten bytes are written.
    pub(crate) fn advance(&mut self, count: usize) {
        self.open_frame = None;
        let count = count.min(self.unwritten_len());
        self.total_written += count as u64;
        self.written += count;
        if self.written == self.bytes.len() {
            self.bytes.clear();
            self.written = 0;
            self.answers = 0;
            if self.bytes.capacity() > KEPT_CAPACITY {
                spare::give(std::mem::take(&mut self.bytes));
            }
        } else if self.written > self.bytes.len() / 2 {
            // Up to a frame's start, which is where the buffer always begins.
            let done = self.frame_start();
            self.bytes.drain(..done);
            self.written -= done;
        }
    }

    /// Takes back what waits, but the rest of a frame of which a part is written.
    pub(crate) fn retract(&mut self) {
        self.open_frame = None;
        let mut end = self.written;
        let mut at = 0;
        while let Some((next, header)) = self.next_frame(at) {
            // The preface goes before any last word, and a header block that has begun is one frame to the peer.
            let stays = header.kind == kind::CONTINUATION || self.bytes[at..].starts_with(PREFACE);
            if at >= self.written && !stays {
                break;
            }
            (at, end) = (next, next.max(self.written));
        }
        self.bytes.truncate(end);
    }

    /// Where the frame starts of which the next byte is to be written.
    fn frame_start(&self) -> usize {
        let mut at = 0;
        while let Some((next, _)) = self.next_frame(at)
            && next <= self.written
        {
            at = next;
        }
        at
    }

    /// The frame that starts at `at`, and where it ends. A client's preface belongs to the frame after it.
    fn next_frame(&self, at: usize) -> Option<(usize, FrameHeader)> {
        let preface = if self.bytes[at..].starts_with(PREFACE) {
            PREFACE.len()
        } else {
            0
        };
        let header = FrameHeader::parse(self.bytes[at + preface..].first_chunk()?);
        Some((at + preface + HEADER_LEN + header.length as usize, header))
    }

    /// The buffer, to append to.
    fn buffer(&mut self) -> &mut Vec<u8> {
        if self.bytes.capacity() == 0 {
            self.bytes = spare::take();
        }
        &mut self.bytes
    }

    /// To append frames other than DATA.
    pub(crate) fn frames(&mut self) -> &mut Vec<u8> {
        self.open_frame = None;
        self.buffer()
    }

    /// To append a frame that answers one of the peer's.
    pub(crate) fn answer(&mut self) -> &mut Vec<u8> {
        self.answers = self.answers.saturating_add(1);
        self.frames()
    }

    /// Appends data of a stream: to the frame that is last, if it is of that stream and has room, or in a new one. The caller has checked `max_frame` and the windows.
    pub(crate) fn data(
        &mut self,
        stream: u32,
        parts: [&[u8]; 2],
        end_stream: bool,
        max_frame: usize,
    ) {
        let added = parts[0].len() + parts[1].len();
        self.total_data += added as u64;
        let flags = if end_stream { flag::END_STREAM } else { 0 };
        match self.open_frame {
            Some(mut open) if open.stream == stream && open.length + added <= max_frame => {
                open.length += added;
                self.put_data_header(open.at, open.length, flags, stream);
                self.open_frame = Some(open);
            }
            _ => {
                self.data_frames += 1;
                let bytes = self.buffer();
                let at = bytes.len();
                bytes.extend_from_slice(&[0; HEADER_LEN]);
                self.put_data_header(at, added, flags, stream);
                self.open_frame = Some(OpenFrame {
                    stream,
                    at,
                    length: added,
                });
            }
        }
        self.bytes.extend_from_slice(parts[0]);
        self.bytes.extend_from_slice(parts[1]);
        if end_stream {
            self.open_frame = None;
        }
    }

    fn put_data_header(&mut self, at: usize, length: usize, flags: u8, stream: u32) {
        let length = u32::try_from(length).expect("a frame is at most 2^24 - 1 bytes");
        let header = FrameHeader {
            length,
            kind: kind::DATA,
            flags,
            stream,
        };
        self.bytes[at..at + HEADER_LEN].copy_from_slice(&header.to_bytes());
    }

    /// Appends HEADERS whose block `encode` appends, with CONTINUATION where it is longer than a frame may be.
    pub(crate) fn headers(
        &mut self,
        stream: u32,
        end_stream: bool,
        max_frame: usize,
        encode: impl FnOnce(&mut Vec<u8>),
    ) {
        let out = self.frames();
        let at = out.len();
        out.extend_from_slice(&[0; HEADER_LEN]);
        encode(out);
        let length = out.len() - at - HEADER_LEN;
        let end_stream = if end_stream { flag::END_STREAM } else { 0 };
        if length <= max_frame {
            let length = u32::try_from(length).expect("a frame is at most 2^24 - 1 bytes");
            let header = FrameHeader {
                length,
                kind: kind::HEADERS,
                flags: end_stream | flag::END_HEADERS,
                stream,
            };
            out[at..at + HEADER_LEN].copy_from_slice(&header.to_bytes());
            return;
        }
        let block = out.split_off(at + HEADER_LEN);
        out.truncate(at);
        let mut fragments = block.chunks(max_frame).peekable();
        let (mut kind, mut flags) = (kind::HEADERS, end_stream);
        while let Some(fragment) = fragments.next() {
            if fragments.peek().is_none() {
                flags |= flag::END_HEADERS;
            }
            frame::put(kind, flags, stream, fragment, out);
            (kind, flags) = (kind::CONTINUATION, 0);
        }
    }

    pub(crate) fn reset(&mut self, stream: u32, code: ErrorCode) {
        frame::put_reset(stream, code, self.frames());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(mut bytes: &[u8]) -> Vec<(FrameHeader, Vec<u8>)> {
        let mut frames = Vec::new();
        while let Some((header, rest)) = bytes.split_first_chunk() {
            let header = FrameHeader::parse(header);
            let (payload, rest) = rest.split_at(header.length as usize);
            frames.push((header, payload.to_vec()));
            bytes = rest;
        }
        frames
    }

    #[test]
    fn data_of_one_stream_shares_a_frame_until_something_comes_between() {
        let mut output = Output::default();
        output.data(1, [b"a", b"bc"], false, 6);
        output.data(1, [b"", b"def"], false, 6);
        output.data(1, [b"g", b""], false, 6);
        output.reset(3, ErrorCode::CANCEL);
        output.data(1, [b"h", b""], true, 6);
        let payloads: Vec<_> = frames(output.unwritten())
            .into_iter()
            .map(|(_, payload)| payload)
            .collect();
        assert_eq!(payloads, [&b"abcdef"[..], b"g", &[0, 0, 0, 8], b"h"]);
    }

    #[test]
    fn what_is_partly_written_is_not_touched() {
        let mut output = Output::default();
        output.data(1, [b"abcdefgh", b""], false, 100);
        output.advance(3);
        output.data(1, [b"i", b""], false, 100);
        let all = [&[0_u8; 3][..], output.unwritten()].concat();
        assert_eq!(all.len(), 9 + 8 + 9 + 1);
        output.advance(usize::MAX);
        assert!(output.unwritten().is_empty());
    }

    #[test]
    fn what_is_taken_back_leaves_whole_frames() {
        let start = || {
            let mut output = Output::default();
            output.frames().extend_from_slice(PREFACE);
            frame::put_reset(1, ErrorCode::CANCEL, output.frames());
            output.headers(3, false, 4, |out| out.extend_from_slice(b"01234567"));
            output.data(3, [b"abc", b""], true, 100);
            output
        };
        let all = start().unwritten().len();
        // The preface with its frame, a block of two frames, data.
        let ends = [PREFACE.len() + 13, PREFACE.len() + 13 + 26, all];
        for written in 0..=all {
            for step in [1, 7, all] {
                let mut output = start();
                let mut sent = 0;
                while sent < written {
                    let count = step.min(written - sent);
                    output.advance(count);
                    sent += count;
                }
                output.retract();
                let end = ends.iter().find(|end| **end >= written).unwrap();
                assert_eq!(
                    output.unwritten().len(),
                    end - written,
                    "{written} by {step}"
                );
            }
        }
    }

    #[test]
    fn a_long_header_block_is_continued() {
        let mut output = Output::default();
        output.headers(5, true, 4, |out| out.extend_from_slice(b"0123456789"));
        let frames = frames(output.unwritten());
        let shape: Vec<_> = frames
            .iter()
            .map(|(header, payload)| (header.kind, header.flags, payload.len()))
            .collect();
        assert_eq!(
            shape,
            [
                (kind::HEADERS, flag::END_STREAM, 4),
                (kind::CONTINUATION, 0, 4),
                (kind::CONTINUATION, flag::END_HEADERS, 2)
            ]
        );
    }
}
