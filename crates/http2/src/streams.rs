//! The streams of a connection and their states.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use slab::Slab;

/// Names a stream of a connection. Cheap to copy; the name of a stream that is gone finds nothing, even where its slot is used again, because numbers are never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamId {
    /// The stream's number on the wire.
    pub number: u32,
    /// A small number that no other living stream has: users may keep their own state in a vector by it.
    pub slot: u32,
}

/// The receiving half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receiving {
    /// A client's stream before the response.
    AwaitingResponse,
    /// Headers have come; data and trailers may follow.
    Open,
    /// The peer sent `END_STREAM`.
    Closed,
}

/// How the sending half ends, once what is pending has been framed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Not yet.
    No,
    /// By `END_STREAM` on the last DATA frame.
    Data,
    /// By trailers: an encoded header block that needs no dynamic table.
    Trailers(Vec<u8>),
    /// `END_STREAM` is in the output.
    Sent,
}

/// A stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) number: u32,
    pub(crate) receiving: Receiving,
    pub(crate) end: End,
    /// `RST_STREAM` was sent or received: both halves are closed.
    pub(crate) reset: bool,
    /// Bytes that this side may send; below zero after the peer has lowered its initial window.
    pub(crate) send_window: i64,
    /// Bytes that the peer may send.
    pub(crate) receive_window: i64,
    /// How far the peer may be ahead.
    pub(crate) window: u32,
    /// Credit to return that has not been announced.
    pub(crate) unannounced: u32,
    /// Bytes to send, from `pending_start` on.
    pub(crate) pending: Vec<u8>,
    pub(crate) pending_start: usize,
    /// Whether it stands in the queue of streams with something to send.
    pub(crate) queued: bool,
    /// Whether the pending bytes went over the high mark, or were some while the connection had too many, so that a fall to the low mark is told.
    pub(crate) over_high: bool,
    /// Bytes that the peer's content-length promises still.
    pub(crate) content_left: Option<u64>,
}

impl Stream {
    pub(crate) fn new(
        number: u32,
        receiving: Receiving,
        send_window: u32,
        receive_window: i64,
        window: u32,
    ) -> Self {
        Self {
            number,
            receiving,
            end: End::No,
            reset: false,
            send_window: i64::from(send_window),
            receive_window,
            window,
            unannounced: 0,
            pending: Vec::new(),
            pending_start: 0,
            queued: false,
            over_high: false,
            content_left: None,
        }
    }

    /// Closes both halves and drops what is pending; how many bytes that was.
    pub(crate) fn mark_reset(&mut self) -> usize {
        let dropped = self.held();
        self.reset = true;
        self.pending = Vec::new();
        self.pending_start = 0;
        if matches!(self.end, End::Trailers(_)) {
            self.end = End::Sent;
        }
        dropped
    }

    /// Pending bytes, and those of the trailers behind them.
    pub(crate) fn held(&self) -> usize {
        match &self.end {
            End::Trailers(block) => self.pending_len() + block.len(),
            End::No | End::Data | End::Sent => self.pending_len(),
        }
    }

    pub(crate) fn pending_len(&self) -> usize {
        self.pending.len() - self.pending_start
    }

    /// Whether nothing more can come or go.
    pub(crate) fn is_closed(&self) -> bool {
        self.reset || (self.receiving == Receiving::Closed && self.end == End::Sent)
    }
}

/// The living streams by slot and by number.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    slots: Slab<Stream>,
    /// By the numbers that a peer chose, and so hashed with a key that it does not know.
    by_number: HashMap<u32, u32, RandomState>,
}

impl Streams {
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn insert(&mut self, stream: Stream) -> StreamId {
        let number = stream.number;
        let slot = u32::try_from(self.slots.insert(stream))
            .expect("fewer streams than 31-bit stream numbers");
        self.by_number.insert(number, slot);
        StreamId { number, slot }
    }

    pub(crate) fn find(&self, number: u32) -> Option<StreamId> {
        self.by_number
            .get(&number)
            .map(|&slot| StreamId { number, slot })
    }

    pub(crate) fn get(&self, id: StreamId) -> Option<&Stream> {
        self.slots
            .get(id.slot as usize)
            .filter(|stream| stream.number == id.number)
    }

    pub(crate) fn get_mut(&mut self, id: StreamId) -> Option<&mut Stream> {
        self.slots
            .get_mut(id.slot as usize)
            .filter(|stream| stream.number == id.number)
    }

    pub(crate) fn remove(&mut self, id: StreamId) -> Option<Stream> {
        self.get(id)?;
        self.by_number.remove(&id.number);
        self.slots.try_remove(id.slot as usize)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "`insert` hands out only slots of 32 bits"
    )]
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (StreamId, &mut Stream)> {
        self.slots.iter_mut().map(|(slot, stream)| {
            (
                StreamId {
                    number: stream.number,
                    slot: slot as u32,
                },
                stream,
            )
        })
    }
}
