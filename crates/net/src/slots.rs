//! The calls of a server or a channel, in slots that are used again. A key that outlives its call finds nothing.

use slab::Slab;

/// Names a call of a server or of a channel. Cheap to copy; the key of a call that is gone is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey {
    index: u32,
    generation: u32,
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct CallSlots<C> {
    /// With the generation in which each slot was filled.
    slots: Slab<(u32, C)>,
    next_generation: u32,
}

impl<C> Default for CallSlots<C> {
    fn default() -> Self {
        Self {
            slots: Slab::new(),
            next_generation: 0,
        }
    }
}

impl<C> CallSlots<C> {
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(crate) fn insert(&mut self, call: C) -> CallKey {
        let generation = self.next_generation;
        self.next_generation = generation.wrapping_add(1);
        let index = self.slots.insert((generation, call));
        CallKey {
            // More than 2^32 calls at once do not fit into memory.
            index: u32::try_from(index).unwrap_or(u32::MAX),
            generation,
        }
    }

    pub(crate) fn get(&self, key: CallKey) -> Option<&C> {
        self.slots
            .get(key.index as usize)
            .filter(|(generation, _)| *generation == key.generation)
            .map(|(_, call)| call)
    }

    pub(crate) fn get_mut(&mut self, key: CallKey) -> Option<&mut C> {
        self.slots
            .get_mut(key.index as usize)
            .filter(|(generation, _)| *generation == key.generation)
            .map(|(_, call)| call)
    }

    pub(crate) fn remove(&mut self, key: CallKey) -> Option<C> {
        self.get(key)?;
        self.slots
            .try_remove(key.index as usize)
            .map(|(_, call)| call)
    }

    /// The keys of all calls.
    pub(crate) fn keys(&self) -> Vec<CallKey> {
        self.slots
            .iter()
            .map(|(index, (generation, _))| CallKey {
                index: u32::try_from(index).unwrap_or(u32::MAX),
                generation: *generation,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_outlives_its_call_finds_nothing() {
        let mut slots = CallSlots::default();
        let first = slots.insert("first");
        assert_eq!(slots.remove(first), Some("first"));
        let second = slots.insert("second");
        assert_eq!(first.index, second.index);
        assert_eq!(slots.get(first), None);
        assert_eq!(slots.get_mut(first), None);
        assert_eq!(slots.remove(first), None);
        assert_eq!(
            (slots.get(second), slots.keys()),
            (Some(&"second"), vec![second])
        );
    }
}
