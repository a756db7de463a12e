//! Full names and what they stand for.
//!
//! Each entry keeps its hash, so that the table grows without reading the names again: over a large set of files that is the difference between a scan and a cache miss a name.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry as Slot;
use rustc_hash::FxBuildHasher;

use crate::table::{Name, Symbol};

/// A set of named symbols.
#[derive(Clone, Debug, Default)]
pub(crate) struct Symbols {
    entries: HashTable<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    hash: u64,
    name: Name,
    symbol: Symbol,
}

impl Symbols {
    pub(crate) fn get(&self, name: &str) -> Option<Symbol> {
        let hash = FxBuildHasher.hash_one(name);
        let found = self.entries.find(hash, |entry| *entry.name == *name);
        found.map(|entry| entry.symbol)
    }

    /// Adds a name; gives the symbol that has it already, which stays.
    pub(crate) fn add(&mut self, name: Name, symbol: Symbol) -> Option<Symbol> {
        let hash = FxBuildHasher.hash_one(&*name);
        let is_same = |entry: &Entry| entry.hash == hash && entry.name == name;
        match self.entries.entry(hash, is_same, |entry| entry.hash) {
            Slot::Occupied(entry) => Some(entry.get().symbol),
            Slot::Vacant(slot) => {
                slot.insert(Entry { hash, name, symbol });
                None
            }
        }
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(Symbol) -> bool) {
        self.entries.retain(|entry| keep(entry.symbol));
    }

    /// All names, in no order to rely on.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Symbol)> {
        self.entries
            .iter()
            .map(|entry| (&*entry.name, entry.symbol))
    }
}
