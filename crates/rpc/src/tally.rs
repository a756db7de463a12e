//! What the messages of one call of a connection came to, for whoever observes calls (gRFC A66 and A72). Kept only where the connection's configuration asks for it.

use std::time::Instant;

use crate::Message;

/// How many messages of a call are noted one by one; later ones are counted only. As many as a span of OpenTelemetry keeps events.
pub const MAX_NOTES: usize = 128;

/// How much is kept of each call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Observe {
    /// Nothing.
    #[default]
    Nothing,
    /// Bytes of messages.
    Sizes,
    /// And when each message was sent and received.
    Messages,
}

/// A message that was sent or received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageNote {
    /// When it was given to the connection, or was whole.
    pub at: Instant,
    /// Whether this side sent it.
    pub outgoing: bool,
    /// How many went before it in its direction.
    pub number: u64,
    /// Its bytes; `None` of a received message that is compressed still, since nobody has taken it.
    pub length: Option<usize>,
    /// Its bytes on the wire, without the prefix, where it was compressed.
    pub compressed: Option<usize>,
}

/// The messages of a call so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bytes of messages sent, compressed if they were, without their prefixes.
    pub sent: u64,
    /// The same of those received.
    pub received: u64,
    /// The first [`MAX_NOTES`] messages, where they are noted.
    pub notes: Vec<MessageNote>,
    noting: bool,
    sent_messages: u64,
    received_messages: u64,
}

impl Tally {
    /// For a call of a connection that is to keep so much; boxed, so that a call without it has one pointer more.
    pub(crate) fn new(observe: Observe) -> Option<Box<Self>> {
        match observe {
            Observe::Nothing => None,
            Observe::Sizes => Some(Box::default()),
            Observe::Messages => Some(Box::new(Self {
                noting: true,
                ..Self::default()
            })),
        }
    }

    pub(crate) fn sent(&mut self, length: usize, compressed: Option<usize>, at: Instant) {
        self.sent += compressed.unwrap_or(length) as u64;
        let number = self.sent_messages;
        self.sent_messages += 1;
        self.note(MessageNote {
            at,
            outgoing: true,
            number,
            length: Some(length),
            compressed,
        });
    }

    pub(crate) fn received(&mut self, message: &Message, at: Instant) {
        let wire = message.wire_len();
        self.received += wire as u64;
        let number = self.received_messages;
        self.received_messages += 1;
        self.note(MessageNote {
            at,
            outgoing: false,
            number,
            length: (!message.is_compressed()).then_some(wire),
            compressed: message.is_compressed().then_some(wire),
        });
    }

    /// The first received message whose length was not known has been decompressed, to so many bytes.
    pub fn read(&mut self, length: usize) {
        let unknown = |note: &&mut MessageNote| !note.outgoing && note.length.is_none();
        if let Some(note) = self.notes.iter_mut().find(unknown) {
            note.length = Some(length);
        }
    }

    fn note(&mut self, note: MessageNote) {
        if self.noting && self.notes.len() < MAX_NOTES {
            self.notes.push(note);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Encoding;

    #[test]
    fn sizes_are_those_of_the_wire_and_messages_are_numbered_each_way() {
        let now = Instant::now();
        let mut tally = Tally::new(Observe::Messages).unwrap();
        tally.sent(100, Some(20), now);
        tally.received(&Message::plain(vec![0; 7]), now);
        tally.sent(5, None, now);
        assert_eq!((tally.sent, tally.received), (25, 7));
        let noted: Vec<_> = (tally.notes.iter())
            .map(|note| (note.outgoing, note.number, note.length, note.compressed))
            .collect();
        assert_eq!(
            noted,
            [
                (true, 0, Some(100), Some(20)),
                (false, 0, Some(7), None),
                (true, 1, Some(5), None)
            ]
        );
    }

    #[test]
    fn a_long_stream_is_counted_to_its_end_and_noted_in_part() {
        let now = Instant::now();
        let mut tally = Tally::new(Observe::Messages).unwrap();
        for _ in 0..1000 {
            tally.received(&Message::plain(vec![0]), now);
        }
        assert_eq!((tally.received, tally.notes.len()), (1000, MAX_NOTES));
    }

    #[test]
    fn a_compressed_message_has_its_length_once_it_is_read() {
        let mut tally = Tally::new(Observe::Messages).unwrap();
        let message = Message::compressed(vec![0; 9], Encoding::Gzip, None);
        tally.received(&message, Instant::now());
        assert_eq!((tally.notes[0].length, tally.received), (None, 9));
        tally.read(1000);
        assert_eq!(tally.notes[0].length, Some(1000));
        tally.read(2000);
        assert_eq!(tally.notes[0].length, Some(1000));
    }

    #[test]
    fn only_what_was_asked_for_is_kept() {
        assert_eq!(Tally::new(Observe::Nothing), None);
        let mut tally = Tally::new(Observe::Sizes).unwrap();
        tally.sent(3, None, Instant::now());
        assert_eq!((tally.sent, tally.notes.capacity()), (3, 0));
    }
}
