//! The receiving half of a call: length-prefixed messages out of pieces of data, and the credit that they hold.
//!
//! Credit: while the application has taken every whole message, the bytes of the next one are released as they come, so that a message may be longer than the window. As soon as a whole message waits, everything after it holds its credit, so that a call buffers at most a window and one message.

use crate::{Code, Encoding, Message, Status};

/// Bytes before each message: a flag and the length (PROTOCOL-HTTP2, "Length-Prefixed-Message").
pub(crate) const PREFIX_LEN: usize = 5;

/// The first piece of memory for a message whose bytes have not come: more is taken only as they do, so that a false length costs nothing.
const FIRST_RESERVATION: usize = 4 << 10;

/// A call's receiving half.
#[derive(Debug, Default)]
pub(crate) struct Inbound {
    /// How the peer said its messages are compressed.
    pub(crate) encoding: Encoding,
    prefix: [u8; PREFIX_LEN],
    /// Bytes of the prefix that have come.
    prefix_len: u8,
    /// The message of which a part has come.
    partial: Vec<u8>,
    /// Bytes on the wire of whole messages that the application has not taken.
    untaken: u32,
    /// Bytes on the wire of the message in the making whose credit is held.
    held: u32,
    /// The window that the peer has been given, above the first one that each call has; 0 before that.
    pub(crate) window: u32,
}

/// A whole message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) message: Message,
    /// Window bytes that it holds.
    pub(crate) credit: u32,
}

/// What [`Inbound::take`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Message(Received),
    /// The piece is used up. So many of its bytes may be released at once.
    NeedInput {
        release: u32,
    },
}

/// Why the peer's messages cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InboundError {
    TooLarge {
        length: usize,
        max: usize,
    },
    TooLargeDecompressed {
        max: usize,
    },
    BadFlag(u8),
    CompressedWithoutEncoding,
    Corrupt(Encoding),
    /// The messages in the making of this connection hold too much memory.
    ConnectionMemory {
        limit: usize,
    },
    /// Those of all connections of the server do.
    ServerMemory {
        limit: usize,
    },
}

impl InboundError {
    /// The status that tells it, in `grpcio`'s words where it has them. `role` is the side that received.
    pub(crate) fn status(self, role: &str) -> Status {
        match self {
            Self::TooLarge { length, max } => Status::new(
                Code::ResourceExhausted,
                format!("{role}: Received message larger than max ({length} vs. {max})"),
            ),
            Self::TooLargeDecompressed { max } => Status::new(
                Code::ResourceExhausted,
                format!("{role}: Received message larger than max ({max}) after decompression"),
            ),
            Self::BadFlag(flag) => Status::new(
                Code::Internal,
                format!("{role}: message with the unknown flag {flag:#04x}"),
            ),
            Self::CompressedWithoutEncoding => Status::new(
                Code::Internal,
                format!("{role}: compressed message without grpc-encoding"),
            ),
            Self::Corrupt(encoding) => Status::new(
                Code::Internal,
                format!("{role}: message is not valid {}", encoding.name()),
            ),
            Self::ConnectionMemory { limit } => Status::new(
                Code::ResourceExhausted,
                format!(
                    "{role}: the unfinished messages of one connection hold more than {limit} bytes (russet.max_connection_memory); send fewer large messages at once"
                ),
            ),
            Self::ServerMemory { limit } => Status::new(
                Code::ResourceExhausted,
                format!(
                    "{role}: the messages that wait on all connections hold more than {limit} bytes (russet.max_server_memory); try again later"
                ),
            ),
        }
    }
}

impl Inbound {
    pub(crate) fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            ..Self::default()
        }
    }

    /// Takes bytes off the front of `piece` until they complete a message. To be called until it needs input.
    #[inline]
    pub(crate) fn take(
        &mut self,
        piece: &mut &[u8],
        max: Option<usize>,
    ) -> Result<Taken, InboundError> {
        let before = piece.len();
        let message = self.assemble(piece, max)?;
        let used = u32::try_from(before - piece.len()).unwrap_or(u32::MAX);
        let Some(message) = message else {
            let release = if self.untaken == 0 { used } else { 0 };
            self.held += used - release;
            return Ok(Taken::NeedInput { release });
        };
        let credit = std::mem::take(&mut self.held).saturating_add(used);
        self.untaken = self.untaken.saturating_add(credit);
        // The prefix stands until the next one comes.
        let message = if self.prefix[0] == 0 {
            Message::plain(message)
        } else {
            Message::compressed(message, self.encoding, max)
        };
        Ok(Taken::Message(Received { message, credit }))
    }

    fn assemble(
        &mut self,
        piece: &mut &[u8],
        max: Option<usize>,
    ) -> Result<Option<Vec<u8>>, InboundError> {
        let have = usize::from(self.prefix_len);
        if have < PREFIX_LEN {
            let (taken, rest) = piece.split_at(piece.len().min(PREFIX_LEN - have));
            self.prefix[have..have + taken.len()].copy_from_slice(taken);
            self.prefix_len += u8::try_from(taken.len()).unwrap_or(0);
            *piece = rest;
            if usize::from(self.prefix_len) < PREFIX_LEN {
                return Ok(None);
            }
            self.check_prefix(max)?;
        }
        let length = self.length();
        let missing = length - self.partial.len();
        let Some((last, rest)) = piece.split_at_checked(missing) else {
            if self.partial.is_empty() {
                self.partial
                    .reserve_exact(length.min(FIRST_RESERVATION.max(piece.len())));
            } else if self.partial.capacity() - self.partial.len() < piece.len() {
                // By a half, but never beyond the message: what is reserved counts.
                let more = ((self.partial.capacity() / 2).max(piece.len())).min(missing);
                self.partial.reserve_exact(more);
            }
            self.partial.extend_from_slice(piece);
            *piece = &[];
            return Ok(None);
        };
        *piece = rest;
        self.prefix_len = 0;
        let message = if self.partial.is_empty() {
            last.to_vec()
        } else {
            self.partial.reserve_exact(last.len());
            self.partial.extend_from_slice(last);
            std::mem::take(&mut self.partial)
        };
        Ok(Some(message))
    }

    fn length(&self) -> usize {
        let [_, a, b, c, d] = self.prefix;
        u32::from_be_bytes([a, b, c, d]) as usize
    }

    fn check_prefix(&self, max: Option<usize>) -> Result<(), InboundError> {
        match self.prefix[0] {
            1 if self.encoding == Encoding::Identity => {
                return Err(InboundError::CompressedWithoutEncoding);
            }
            0 | 1 => {}
            flag => return Err(InboundError::BadFlag(flag)),
        }
        let length = self.length();
        match max {
            Some(max) if length > max => Err(InboundError::TooLarge { length, max }),
            _ => Ok(()),
        }
    }

    /// Whether a message has begun and not ended.
    pub(crate) const fn is_inside_message(&self) -> bool {
        self.prefix_len > 0
    }

    /// The application took a message: the bytes that may be released now.
    pub(crate) fn consumed(&mut self, credit: u32) -> u32 {
        let credit = credit.min(self.untaken);
        self.untaken -= credit;
        if self.untaken == 0 {
            credit.saturating_add(std::mem::take(&mut self.held))
        } else {
            credit
        }
    }

    /// Bytes of the message in the making.
    pub(crate) const fn unfinished(&self) -> usize {
        self.partial.len()
    }

    /// Its memory: half as much again at most, or [`FIRST_RESERVATION`].
    pub(crate) const fn reserved(&self) -> usize {
        self.partial.capacity()
    }

    /// Window bytes of whole messages that the application has not taken.
    pub(crate) const fn untaken(&self) -> u32 {
        self.untaken
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[0][..], &length, message].concat()
    }

    #[test]
    fn a_long_message_is_released_as_it_comes_and_a_waiting_one_holds_what_follows() {
        let mut inbound = Inbound::default();
        let wire = [framed(&[7; 100]), framed(&[8; 50])].concat();
        assert_eq!(
            inbound.take(&mut &wire[..60], None),
            Ok(Taken::NeedInput { release: 60 })
        );
        let mut piece = &wire[60..120];
        let Ok(Taken::Message(Received {
            message, credit, ..
        })) = inbound.take(&mut piece, None)
        else {
            panic!()
        };
        assert_eq!((message.wire_len(), credit, piece.len()), (100, 45, 15));
        assert_eq!(
            inbound.take(&mut piece, None),
            Ok(Taken::NeedInput { release: 0 })
        );
        assert_eq!((inbound.untaken(), inbound.held), (45, 15));
        assert_eq!(inbound.consumed(45), 60);
        assert_eq!((inbound.untaken(), inbound.held), (0, 0));
        assert_eq!(inbound.consumed(45), 0);
    }

    #[test]
    fn a_false_length_reserves_little() {
        let mut inbound = Inbound::default();
        let wire = [0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3];
        inbound.take(&mut &wire[..], None).unwrap();
        assert!(inbound.partial.capacity() <= FIRST_RESERVATION);
    }

    #[test]
    fn bad_prefixes_are_named() {
        for (wire, error) in [
            (&[2_u8, 0, 0, 0, 0][..], InboundError::BadFlag(2)),
            (&[1, 0, 0, 0, 0], InboundError::CompressedWithoutEncoding),
            (
                &[0, 0, 0, 0, 11],
                InboundError::TooLarge {
                    length: 11,
                    max: 10,
                },
            ),
        ] {
            assert_eq!(
                Inbound::default().take(&mut &wire[..], Some(10)),
                Err(error)
            );
        }
        assert_eq!(
            InboundError::TooLarge {
                length: 11,
                max: 10
            }
            .status("SERVER")
            .message,
            "SERVER: Received message larger than max (11 vs. 10)"
        );
    }

    proptest! {
        /// However the bytes are split and the messages taken, they come whole, in order, and no credit is lost or made.
        #[test]
        fn messages_survive_any_split(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..10),
            cuts in prop::collection::vec(1_usize..200, 1..40),
            take_at_once: bool,
        ) {
            let wire: Vec<u8> = messages.iter().flat_map(|message| framed(message)).collect();
            let mut inbound = Inbound::default();
            let (mut got, mut released, mut owed) = (Vec::new(), 0, Vec::new());
            let (mut rest, mut cuts) = (&wire[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let (mut piece, after) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                rest = after;
                loop {
                    match inbound.take(&mut piece, None).unwrap() {
                        Taken::Message(received) => {
                            if take_at_once { released += inbound.consumed(received.credit) } else { owed.push(received.credit) }
                            got.push(received.message.into_bytes().unwrap());
                        }
                        Taken::NeedInput { release } => { released += release; break; }
                    }
                }
            }
            for credit in owed { released += inbound.consumed(credit); }
            prop_assert_eq!(got, messages);
            prop_assert_eq!(released as usize, wire.len());
            prop_assert!(!inbound.is_inside_message());
        }
    }
}
