//! What a call was given so far: for a call that waits for a connection, and for one that may be sent again.

use russet_rpc::{Encoding, MessageOptions, Metadata};

/// How many bytes of messages are kept of a call without a retry policy, so that it can be sent again where no server saw it.
pub(super) const TRANSPARENT_RETRY_BUFFER: usize = 64 << 10;

/// Records that are kept for the next calls, so that a call costs no allocation for its own.
const MAX_SPARE: usize = 128;

/// The longest buffer that a spare record keeps.
const MAX_SPARE_BYTES: usize = 4 << 10;

/// All that a call was given.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) path: String,
    pub(super) metadata: Metadata,
    pub(super) encoding: Encoding,
    /// The messages, one after the other.
    bytes: Vec<u8>,
    /// Where each message ends.
    ends: Vec<(usize, MessageOptions)>,
    pub(super) half_closed: bool,
    /// Whether it waits for [`Channel::provide`](super::Channel::provide) before it goes out.
    pub(super) held: bool,
}

impl Record {
    pub(super) fn push(&mut self, message: &[u8], options: MessageOptions) {
        self.bytes.extend_from_slice(message);
        self.ends.push((self.bytes.len(), options));
    }

    /// Bytes of all messages.
    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The messages, each with whether it is the last of the call.
    pub(super) fn messages(&self) -> impl Iterator<Item = (&[u8], MessageOptions, bool)> {
        let count = self.ends.len();
        let mut start = 0;
        self.ends
            .iter()
            .enumerate()
            .map(move |(number, (end, options))| {
                let message = self.bytes.get(start..*end).unwrap_or_default();
                start = *end;
                (message, *options, self.half_closed && number + 1 == count)
            })
    }

    /// Whether the end was given and no message to carry it.
    pub(super) const fn ends_without_message(&self) -> bool {
        self.half_closed && self.ends.is_empty()
    }
}

/// Records that wait for their next call.
#[derive(Debug, Default)]
#[expect(
    clippy::vec_box,
    reason = "a call holds its record by one pointer, most of them none; the box is what is used again"
)]
pub(super) struct Spare(Vec<Box<Record>>);

impl Spare {
    #[expect(
        clippy::unnecessary_box_returns,
        reason = "the box itself is what is used again"
    )]
    pub(super) fn take(
        &mut self,
        path: &str,
        metadata: &Metadata,
        encoding: Encoding,
    ) -> Box<Record> {
        let mut record = self.0.pop().unwrap_or_default();
        record.path.push_str(path);
        record.metadata = metadata.clone();
        record.encoding = encoding;
        record
    }

    pub(super) fn give_back(&mut self, mut record: Box<Record>) {
        if self.0.len() >= MAX_SPARE {
            return;
        }
        record.path.clear();
        record.metadata = Metadata::EMPTY;
        record.bytes.clear();
        if record.bytes.capacity() > MAX_SPARE_BYTES {
            record.bytes = Vec::new();
        }
        record.ends.clear();
        record.half_closed = false;
        record.held = false;
        self.0.push(record);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_gives_back_what_it_was_given() {
        let mut spare = Spare::default();
        for round in 0..2 {
            let mut record = spare.take("/s/M", &Metadata::EMPTY, Encoding::Identity);
            assert_eq!((record.path.as_str(), record.len()), ("/s/M", 0), "{round}");
            record.half_closed = true;
            assert!(record.ends_without_message());
            let plain = MessageOptions::default();
            for message in [&b"one"[..], b"", b"three"] {
                record.push(message, plain);
            }
            let given: Vec<_> = record
                .messages()
                .map(|(message, _, last)| (message.to_vec(), last))
                .collect();
            assert_eq!(
                given,
                [
                    (b"one".to_vec(), false),
                    (b"".to_vec(), false),
                    (b"three".to_vec(), true)
                ]
            );
            assert!(!record.ends_without_message());
            spare.give_back(record);
        }
        assert_eq!(spare.0.len(), 1);
    }
}
