//! The numbers of a list lent out as memory: what was lent stays where it is and what it is, whatever becomes of the list.
//!
//! The list and those it lent its numbers to share one block. Who changes the list first leaves that block to them and goes on with a copy, so a loan never forbids a change and never sees one. Lists that are lent are few: the list has one bit for it, and all else stands in a table beside.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::list::{Items, List};

/// The block that a list left to those it was lent to, once the list changed.
type Left = OnceLock<Box<dyn Any + Send + Sync>>;

/// What every list that is lent out now shares with its exports, by the list's address.
static LENT: Mutex<BTreeMap<usize, Arc<Left>>> = Mutex::new(BTreeMap::new());

fn lent() -> MutexGuard<'static, BTreeMap<usize, Arc<Left>>> {
    LENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The numbers of a list as they were when this was made.
pub struct Export {
    list: List,
    left: Arc<Left>,
    start: *const u8,
    count: usize,
    width: usize,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export")
            .field("count", &self.count)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

impl Export {
    /// Lends the numbers of a list; `None` if its elements are none, or are being written.
    pub fn of(list: &List) -> Option<Self> {
        let (start, count, width) = match &*list.try_items()? {
            Items::I32(vec) => (vec.as_ptr().cast(), vec.len(), 4),
            Items::U32(vec) => (vec.as_ptr().cast(), vec.len(), 4),
            Items::F32(vec) => (vec.as_ptr().cast(), vec.len(), 4),
            Items::I64(vec) => (vec.as_ptr().cast(), vec.len(), 8),
            Items::U64(vec) => (vec.as_ptr().cast(), vec.len(), 8),
            Items::F64(vec) => (vec.as_ptr().cast(), vec.len(), 8),
            Items::Bool(vec) => (vec.as_ptr().cast(), vec.len(), 1),
            Items::Text(_) | Items::Message(_) => return None,
        };
        let left = Arc::clone(lent().entry(list.address()).or_default());
        list.write_lent(true);
        Some(Self {
            list: list.clone(),
            left,
            start,
            count,
            width,
        })
    }

    /// Where the first number stands. The memory may be read, not written, until this is dropped, and is aligned for the numbers.
    pub fn start(&self) -> *const u8 {
        self.start
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The size of each, in bytes.
    pub fn width(&self) -> usize {
        self.width
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        let mut lent = lent();
        let address = self.list.address();
        // The last one that shares the list's block: this and the table's.
        if Arc::strong_count(&self.left) == 2
            && lent
                .get(&address)
                .is_some_and(|left| Arc::ptr_eq(left, &self.left))
        {
            lent.remove(&address);
            self.list.write_lent(false);
        }
    }
}

/// Leaves the block of a list that is about to change to its exports; the list goes on with a copy.
#[cold]
pub(crate) fn leave(list: &List, items: &mut Items) {
    /// The vector that is left, in whose place a copy stands.
    fn part<T: Copy + Send + Sync + 'static>(vec: &mut Vec<T>) -> Box<dyn Any + Send + Sync> {
        let copy = vec.clone();
        Box::new(std::mem::replace(vec, copy))
    }
    let shared = lent().remove(&list.address());
    list.write_lent(false);
    let Some(shared) = shared else { return };
    let block = match items {
        Items::I32(vec) => part(vec),
        Items::U32(vec) => part(vec),
        Items::I64(vec) => part(vec),
        Items::U64(vec) => part(vec),
        Items::F32(vec) => part(vec),
        Items::F64(vec) => part(vec),
        Items::Bool(vec) => part(vec),
        Items::Text(_) | Items::Message(_) => return,
    };
    // The cell is empty: a list leaves one block to one generation of exports.
    let _ = shared.set(block);
}
