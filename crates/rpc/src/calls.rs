//! The calls of a connection, by the slots of their streams.

use russet_http2::StreamId;

use crate::CallId;

impl CallId {
    pub(crate) const fn of(stream: StreamId) -> Self {
        Self {
            stream: stream.number,
            slot: stream.slot,
        }
    }

    pub(crate) const fn stream_id(self) -> StreamId {
        StreamId {
            number: self.stream,
            slot: self.slot,
        }
    }
}

/// Calls that have not ended. HTTP/2 gives a slot to a new stream only after its stream was released, and a call ends no later.
#[derive(Debug)]
pub(crate) struct Calls<C> {
    slots: Vec<Option<(u32, C)>>,
    len: usize,
}

impl<C> Default for Calls<C> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            len: 0,
        }
    }
}

impl<C> Calls<C> {
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn insert(&mut self, id: CallId, call: C) {
        let slot = id.slot as usize;
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        debug_assert!(
            self.slots[slot].is_none(),
            "a slot is given again only after its release"
        );
        self.slots[slot] = Some((id.stream, call));
        self.len += 1;
    }

    pub(crate) fn contains(&self, id: CallId) -> bool {
        self.get(id).is_some()
    }

    pub(crate) fn get(&self, id: CallId) -> Option<&C> {
        self.slots
            .get(id.slot as usize)?
            .as_ref()
            .filter(|(stream, _)| *stream == id.stream)
            .map(|(_, call)| call)
    }

    pub(crate) fn get_mut(&mut self, id: CallId) -> Option<&mut C> {
        let slot = self.slots.get_mut(id.slot as usize)?;
        slot.as_mut()
            .filter(|(stream, _)| *stream == id.stream)
            .map(|(_, call)| call)
    }

    pub(crate) fn remove(&mut self, id: CallId) -> Option<C> {
        self.get(id)?;
        self.len -= 1;
        self.slots
            .get_mut(id.slot as usize)?
            .take()
            .map(|(_, call)| call)
    }

    /// The handles of all calls.
    pub(crate) fn ids(&self) -> Vec<CallId> {
        let ids = (0..).zip(&self.slots).filter_map(|(slot, call)| {
            call.as_ref().map(|(stream, _)| CallId {
                stream: *stream,
                slot,
            })
        });
        ids.collect()
    }
}
