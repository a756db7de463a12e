//! A peer whose every step is chosen by the fuzzer's input: well-formed frames with odd content, frames that are wrong, and bytes that are no frames.

use russet_http2::hpack::{Encoder, Index};

use crate::choices::Choices;

/// One end of a connection, as the other end sees it.
pub struct Peer {
    encoder: Encoder,
    /// The highest stream number so far.
    last: u32,
    /// Stream numbers go up from here in steps of two: of a client from 1, of a server those that the client has opened.
    is_client: bool,
}

impl Peer {
    pub fn new(is_client: bool) -> Self {
        Self {
            encoder: Encoder::default(),
            last: 0,
            is_client,
        }
    }

    /// The streams that the other end has opened, so that frames can be about them.
    pub fn saw_streams(&mut self, last: u32) {
        self.last = self.last.max(last);
    }

    fn stream(&mut self, choices: &mut Choices<'_>) -> u32 {
        match choices.byte() {
            // Mostly one of the last few.
            choice @ 0..=199 => self.last.saturating_sub(2 * u32::from(choice % 4)),
            200..=220 => 0,
            221..=240 => choices.number() & 0x7fff_ffff,
            _ => self.last + 2,
        }
    }

    /// Appends what the peer does next.
    pub fn act(&mut self, choices: &mut Choices<'_>, out: &mut Vec<u8>) {
        match choices.byte() % 16 {
            0..=3 if self.is_client => {
                self.last = if self.last == 0 { 1 } else { self.last + 2 };
                let block = self.request(choices);
                self.headers(self.last, &block, choices, out);
            }
            0..=3 => {
                let stream = self.stream(choices);
                let block = self.response(choices);
                self.headers(stream, &block, choices, out);
            }
            4..=7 => {
                let stream = self.stream(choices);
                let payload = message(choices);
                put_frame(0, choices.byte() & 0x9, stream, &payload, out);
            }
            8 => {
                let stream = self.stream(choices);
                put_frame(3, 0, stream, &choices.number().to_be_bytes(), out);
            }
            9 => {
                let stream = self.stream(choices);
                let increment = choices.number() >> (choices.byte() % 32);
                put_frame(8, 0, stream, &increment.to_be_bytes(), out);
            }
            10 => {
                // The answer to a probe of the bandwidth, or to nothing.
                let payload = match choices.byte() {
                    0..=127 => *b"bdp\0ping",
                    other => [other; 8],
                };
                put_frame(6, choices.byte() & 1, 0, &payload, out);
            }
            11 => {
                let mut settings = Vec::new();
                for _ in 0..choices.byte() % 4 {
                    settings.extend_from_slice(&[0, choices.byte() % 8]);
                    let value = choices.number() >> (choices.byte() % 32);
                    settings.extend_from_slice(&value.to_be_bytes());
                }
                put_frame(4, 0, 0, &settings, out);
            }
            12 => {
                let mut payload = self.stream(choices).to_be_bytes().to_vec();
                payload.extend_from_slice(&choices.number().to_be_bytes());
                payload.extend_from_slice(choices.bytes(20));
                put_frame(7, 0, 0, &payload, out);
            }
            13 => {
                // A header block of any bytes, perhaps with the rest of it in other frames.
                let stream = self.stream(choices);
                put_frame(1, choices.byte() & 0x2d, stream, choices.bytes(200), out);
                put_frame(9, choices.byte() & 4, stream, choices.bytes(100), out);
            }
            14 => {
                let stream = self.stream(choices);
                put_frame(
                    choices.byte() % 12,
                    choices.byte(),
                    stream,
                    choices.bytes(100),
                    out,
                );
            }
            _ => out.extend_from_slice(choices.bytes(50)),
        }
    }

    fn headers(&mut self, stream: u32, block: &[u8], choices: &mut Choices<'_>, out: &mut Vec<u8>) {
        let end_stream = choices.byte() & 1;
        let cut = usize::from(choices.byte()).min(block.len());
        if cut == 0 {
            put_frame(1, 4 | end_stream, stream, block, out);
        } else {
            put_frame(1, end_stream, stream, &block[..cut], out);
            put_frame(9, 4, stream, &block[cut..], out);
        }
    }

    fn request(&mut self, choices: &mut Choices<'_>) -> Vec<u8> {
        let mut block = Vec::new();
        self.encoder.start_block(&mut block);
        let mut put = |name: &[u8], value: &[u8]| {
            self.encoder
                .field(name, value, Index::IfRepeated, &mut block);
        };
        let paths: [&[u8]; 4] = [b"/a/b", b"/a/c", b"nothing", b""];
        let types: [&[u8]; 4] = [
            b"application/grpc",
            b"application/grpc+proto",
            b"text/html",
            b"",
        ];
        let encodings: [&[u8]; 4] = [b"identity", b"gzip", b"deflate", b"br"];
        put(
            b":method",
            if choices.byte() < 250 {
                b"POST"
            } else {
                b"GET"
            },
        );
        put(b":scheme", b"http");
        put(
            b":path",
            paths[usize::from(choices.byte() % 64).saturating_sub(60)],
        );
        put(b":authority", b"test");
        put(b"te", b"trailers");
        put(
            b"content-type",
            types[usize::from(choices.byte() % 64).saturating_sub(60)],
        );
        let more = choices.byte();
        if more & 1 != 0 {
            put(b"grpc-timeout", choices.bytes(10));
        }
        if more & 2 != 0 {
            put(b"grpc-encoding", encodings[usize::from(choices.byte() % 4)]);
        }
        if more & 4 != 0 {
            put(b"content-length", choices.bytes(5));
        }
        if more & 8 != 0 {
            put(choices.bytes(20), choices.bytes(100));
        }
        if more & 16 != 0 {
            put(b"data-bin", choices.bytes(30));
        }
        block
    }

    fn response(&mut self, choices: &mut Choices<'_>) -> Vec<u8> {
        let mut block = Vec::new();
        self.encoder.start_block(&mut block);
        let mut put = |name: &[u8], value: &[u8]| {
            self.encoder
                .field(name, value, Index::IfRepeated, &mut block);
        };
        let statuses: [&[u8]; 4] = [b"200", b"100", b"503", b"x"];
        let more = choices.byte();
        if more & 1 == 0 {
            put(
                b":status",
                statuses[usize::from(choices.byte() % 32).saturating_sub(28)],
            );
            put(b"content-type", b"application/grpc");
        }
        if more & 2 != 0 {
            put(b"grpc-status", choices.bytes(3));
            put(b"grpc-message", choices.bytes(30));
        }
        if more & 4 != 0 {
            put(b"grpc-encoding", b"gzip");
        }
        if more & 8 != 0 {
            put(choices.bytes(20), choices.bytes(100));
        }
        if more & 16 != 0 {
            put(b"grpc-retry-pushback-ms", choices.bytes(5));
        }
        block
    }
}

/// Something like a message: a prefix that may lie, and bytes.
fn message(choices: &mut Choices<'_>) -> Vec<u8> {
    let flag = choices.byte().saturating_sub(250);
    let length = match choices.byte() {
        length @ 0..=199 => u32::from(length),
        _ => choices.number() >> (choices.byte() % 32),
    };
    let mut payload = vec![flag];
    payload.extend_from_slice(&length.to_be_bytes());
    payload.resize(payload.len() + usize::from(choices.byte()), 7);
    let cut = usize::from(choices.byte());
    if cut < payload.len() {
        // The beginning, or a piece from the middle.
        payload.drain(..cut % 8);
    }
    payload
}

fn put_frame(kind: u8, flags: u8, stream: u32, payload: &[u8], out: &mut Vec<u8>) {
    let [_, a, b, c] = u32::try_from(payload.len())
        .unwrap_or(u32::MAX)
        .to_be_bytes();
    out.extend_from_slice(&[a, b, c, kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}
