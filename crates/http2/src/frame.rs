//! Frames on the wire (RFC 9113 sections 4 and 6): the header, the types, and the frames of fixed shape that this side sends.

use crate::ErrorCode;

/// What a client sends first (RFC 9113 section 3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes of a frame header.
pub const HEADER_LEN: usize = 9;

/// Stream numbers and window sizes have 31 bits.
pub const MAX_31_BIT: u32 = (1 << 31) - 1;

/// Frame types (RFC 9113 section 6).
pub mod kind {
    #![expect(missing_docs, reason = "the names are those of RFC 9113 section 6")]
    pub const DATA: u8 = 0x0;
    pub const HEADERS: u8 = 0x1;
    pub const PRIORITY: u8 = 0x2;
    pub const RST_STREAM: u8 = 0x3;
    pub const SETTINGS: u8 = 0x4;
    pub const PUSH_PROMISE: u8 = 0x5;
    pub const PING: u8 = 0x6;
    pub const GOAWAY: u8 = 0x7;
    pub const WINDOW_UPDATE: u8 = 0x8;
    pub const CONTINUATION: u8 = 0x9;
}

/// Frame flags (RFC 9113 section 6).
pub mod flag {
    #![expect(missing_docs, reason = "the names are those of RFC 9113 section 6")]
    pub const END_STREAM: u8 = 0x1;
    pub const ACK: u8 = 0x1;
    pub const END_HEADERS: u8 = 0x4;
    pub const PADDED: u8 = 0x8;
    pub const PRIORITY: u8 = 0x20;
}

/// SETTINGS identifiers (RFC 9113 section 6.5.2).
pub mod setting {
    #![expect(missing_docs, reason = "the names are those of RFC 9113 section 6.5.2")]
    pub const HEADER_TABLE_SIZE: u16 = 0x1;
    pub const ENABLE_PUSH: u16 = 0x2;
    pub const MAX_CONCURRENT_STREAMS: u16 = 0x3;
    pub const INITIAL_WINDOW_SIZE: u16 = 0x4;
    pub const MAX_FRAME_SIZE: u16 = 0x5;
    pub const MAX_HEADER_LIST_SIZE: u16 = 0x6;
}

/// The nine bytes before each frame's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Bytes of payload, at most 2^24 - 1.
    pub length: u32,
    /// One of [`kind`], or a type that is not known.
    pub kind: u8,
    /// A union of [`flag`]s, as the type defines them.
    pub flags: u8,
    /// The stream's number, or 0 for the connection.
    pub stream: u32,
}

impl FrameHeader {
    /// Reads a header. The reserved bit is ignored.
    pub const fn parse(bytes: &[u8; HEADER_LEN]) -> Self {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = *bytes;
        Self {
            length: u32::from_be_bytes([0, l0, l1, l2]),
            kind,
            flags,
            stream: u32::from_be_bytes([s0, s1, s2, s3]) & MAX_31_BIT,
        }
    }

    /// The header's bytes.
    pub const fn to_bytes(self) -> [u8; HEADER_LEN] {
        let [_, l0, l1, l2] = self.length.to_be_bytes();
        let [s0, s1, s2, s3] = self.stream.to_be_bytes();
        [l0, l1, l2, self.kind, self.flags, s0, s1, s2, s3]
    }

    /// Whether the flag is set.
    pub const fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// Appends a frame whose payload is `payload`.
pub fn put(kind: u8, flags: u8, stream: u32, payload: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(
        &FrameHeader {
            length,
            kind,
            flags,
            stream,
        }
        .to_bytes(),
    );
    out.extend_from_slice(payload);
}

/// Appends SETTINGS.
pub fn put_settings(settings: &[(u16, u32)], out: &mut Vec<u8>) {
    let mut payload = Vec::with_capacity(6 * settings.len());
    for (id, value) in settings {
        payload.extend_from_slice(&id.to_be_bytes());
        payload.extend_from_slice(&value.to_be_bytes());
    }
    put(kind::SETTINGS, 0, 0, &payload, out);
}

/// Appends the acknowledgement of SETTINGS.
pub fn put_settings_ack(out: &mut Vec<u8>) {
    put(kind::SETTINGS, flag::ACK, 0, &[], out);
}

/// Appends a PING, or the answer to one.
pub fn put_ping(ack: bool, payload: [u8; 8], out: &mut Vec<u8>) {
    put(
        kind::PING,
        if ack { flag::ACK } else { 0 },
        0,
        &payload,
        out,
    );
}

/// Appends `RST_STREAM`.
pub fn put_reset(stream: u32, code: ErrorCode, out: &mut Vec<u8>) {
    put(kind::RST_STREAM, 0, stream, &code.0.to_be_bytes(), out);
}

/// Appends GOAWAY.
pub fn put_goaway(last_stream: u32, code: ErrorCode, debug: &[u8], out: &mut Vec<u8>) {
    let payload = [&last_stream.to_be_bytes()[..], &code.0.to_be_bytes(), debug].concat();
    put(kind::GOAWAY, 0, 0, &payload, out);
}

/// Appends `WINDOW_UPDATE`; stream 0 is the connection.
pub fn put_window_update(stream: u32, increment: u32, out: &mut Vec<u8>) {
    put(
        kind::WINDOW_UPDATE,
        0,
        stream,
        &increment.to_be_bytes(),
        out,
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_have_the_bytes_of_the_rfc() {
        let mut out = Vec::new();
        put_settings(&[(setting::INITIAL_WINDOW_SIZE, 65_536)], &mut out);
        put_settings_ack(&mut out);
        put_reset(3, ErrorCode::CANCEL, &mut out);
        put_window_update(0, 5, &mut out);
        put_ping(true, *b"12345678", &mut out);
        put_goaway(7, ErrorCode::NO_ERROR, b"hi", &mut out);
        let expected: &[&[u8]] = &[
            &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0],
            &[0, 0, 0, 4, 1, 0, 0, 0, 0],
            &[0, 0, 4, 3, 0, 0, 0, 0, 3, 0, 0, 0, 8],
            &[0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 5],
            b"\x00\x00\x08\x06\x01\x00\x00\x00\x0012345678",
            b"\x00\x00\x0a\x07\x00\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00hi",
        ];
        assert_eq!(out, expected.concat());
    }

    proptest! {
        #[test]
        fn every_header_survives(length in 0_u32..1 << 24, kind: u8, flags: u8, stream in 0..=MAX_31_BIT) {
            let header = FrameHeader { length, kind, flags, stream };
            prop_assert_eq!(FrameHeader::parse(&header.to_bytes()), header);
        }
    }
}
