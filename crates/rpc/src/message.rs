//! A received message: as it came, until somebody takes it.
//!
//! What a peer compressed stays compressed while it waits. So a message that nobody wants costs the time and the memory of its bytes on the wire, whatever they would grow to, and a message that is wanted is decompressed by whoever takes it: on a thread of the application, or in a turn that has room for it.

use crate::compression::{DecompressError, decompress, decompress_into, told_length};
use crate::inbound::InboundError;
use crate::{Encoding, Status};

/// A whole message of a peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    bytes: Vec<u8>,
    packed: Option<Packed>,
}

/// How a message was compressed, and how long it may be without that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packed {
    encoding: Encoding,
    /// `u32::MAX` for no limit. No wider than that, since every message that waits has this beside its bytes.
    max: u32,
}

impl Packed {
    fn limit(self) -> Option<usize> {
        (self.max < u32::MAX).then_some(self.max as usize)
    }
}

/// Why a message that came whole cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadableMessage(InboundError);

impl UnreadableMessage {
    /// The status that the call ends with, in `grpcio`'s words where it has them. `role` is the side that received, `CLIENT` or `SERVER`.
    pub fn status(self, role: &str) -> Status {
        self.0.status(role)
    }
}

impl Message {
    /// A message that was not compressed.
    pub(crate) const fn plain(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            packed: None,
        }
    }

    /// A message that was, and that may have at most `max` bytes without; `None` for no limit.
    pub(crate) fn compressed(bytes: Vec<u8>, encoding: Encoding, max: Option<usize>) -> Self {
        Self {
            bytes,
            packed: Some(Packed {
                encoding,
                max: max.map_or(u32::MAX, |max| u32::try_from(max).unwrap_or(u32::MAX)),
            }),
        }
    }

    /// Whether it is compressed.
    pub const fn is_compressed(&self) -> bool {
        self.packed.is_some()
    }

    /// Its bytes on the wire, without the prefix.
    pub const fn wire_len(&self) -> usize {
        self.bytes.len()
    }

    /// The most bytes that [`Message::into_bytes`] can give; `usize::MAX` for a compressed message without a limit.
    pub fn longest(&self) -> usize {
        self.packed.map_or(self.bytes.len(), |packed| {
            packed.limit().unwrap_or(usize::MAX)
        })
    }

    /// The message itself, decompressed if it was compressed: at most [`Message::longest`] bytes are made, whatever was promised.
    pub fn into_bytes(self) -> Result<Vec<u8>, UnreadableMessage> {
        let Some(packed) = self.packed else {
            return Ok(self.bytes);
        };
        let (encoding, limit) = (packed.encoding, packed.limit());
        // One that says so is too long, or not what it says: nothing has to be made of it.
        if let Some(max) = limit
            && told_length(encoding, &self.bytes).is_some_and(|length| length > max)
        {
            return Err(UnreadableMessage(InboundError::TooLargeDecompressed {
                max,
            }));
        }
        decompress(encoding, &self.bytes, limit).map_err(|error| {
            UnreadableMessage(match error {
                DecompressError::TooLarge => InboundError::TooLargeDecompressed {
                    max: limit.unwrap_or(usize::MAX),
                },
                DecompressError::Corrupt => InboundError::Corrupt(encoding),
            })
        })
    }
}

impl Message {
    /// What a compressed message says of its own length, where it says so and that may be; it may be untrue.
    pub fn told_length(&self) -> Option<usize> {
        let packed = self.packed?;
        told_length(packed.encoding, &self.bytes)
            .filter(|length| packed.limit().is_none_or(|limit| *length <= limit))
    }

    /// Decompresses a compressed message into `out`, which is as long as [`Message::told_length`] said; false where that was not true.
    pub fn read_into(&self, out: &mut [u8]) -> bool {
        self.packed
            .is_some_and(|packed| decompress_into(packed.encoding, &self.bytes, out))
    }
}

impl From<Vec<u8>> for Message {
    /// A message that was not compressed.
    fn from(bytes: Vec<u8>) -> Self {
        Self::plain(bytes)
    }
}

impl Message {
    /// The same message, decompressed. Errors as [`Message::into_bytes`] has them.
    pub fn read(self) -> Result<Self, UnreadableMessage> {
        self.into_bytes().map(Self::plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compression::compress;

    #[test]
    fn a_message_is_decompressed_when_it_is_asked_for() {
        let text = b"to be or not to be ".repeat(50);
        let packed = compress(Encoding::Gzip, &text).unwrap();
        let message = Message::compressed(packed.clone(), Encoding::Gzip, Some(text.len()));
        assert!(message.is_compressed());
        assert_eq!(
            (message.wire_len(), message.longest()),
            (packed.len(), text.len())
        );
        assert_eq!(message.into_bytes(), Ok(text));
        let plain = Message::plain(b"x".to_vec());
        assert_eq!((plain.is_compressed(), plain.longest()), (false, 1));
        assert_eq!(plain.into_bytes(), Ok(b"x".to_vec()));
    }

    #[test]
    fn a_message_that_tells_its_length_is_read_in_place() {
        let text = b"to be or not to be ".repeat(50);
        for (encoding, tells) in [
            (Encoding::Gzip, true),
            (Encoding::Zstd, true),
            (Encoding::Deflate, false),
        ] {
            let packed = compress(encoding, &text).unwrap();
            let message = Message::compressed(packed.clone(), encoding, Some(text.len()));
            assert_eq!(message.told_length(), tells.then_some(text.len()));
            let mut out = vec![0; text.len()];
            assert!(message.read_into(&mut out));
            assert_eq!(out, text);
            // What is longer or shorter than it said is not taken for true.
            for length in [text.len() - 1, text.len() + 1] {
                assert!(!message.read_into(&mut vec![0; length]), "{length}");
            }
            let message = Message::compressed(packed, encoding, Some(text.len() - 1));
            assert_eq!(message.told_length(), None, "over the limit");
        }
        // No deflate stream grows a thousandfold and more.
        let mut lie = compress(Encoding::Gzip, &text).unwrap();
        let end = lie.len();
        lie[end - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(
            Message::compressed(lie, Encoding::Gzip, None).told_length(),
            None
        );
    }

    #[test]
    fn an_unreadable_message_says_why() {
        let bomb = compress(Encoding::Zstd, &vec![0; 100_000]).unwrap();
        for (message, text) in [
            (
                Message::compressed(bomb, Encoding::Zstd, Some(1000)),
                "SERVER: Received message larger than max (1000) after decompression",
            ),
            (
                Message::compressed(b"no".to_vec(), Encoding::Deflate, None),
                "SERVER: message is not valid deflate",
            ),
        ] {
            let error = message.into_bytes().unwrap_err();
            assert_eq!(error.status("SERVER").message, text);
        }
    }
}
