//! Links upwards, to the message that a stub, list or map belongs to, and the input buffers that blocks keep alive.

#![expect(
    unsafe_code,
    reason = "a weak link is an address, a buffer one of the host's objects"
)]

use std::cell::Cell;
use std::ptr::{self, NonNull};

use super::{Body, Message};
use crate::guard::Guard;
use crate::host::host;

/// Keeps an input buffer alive in a block's cell; `false` if another is there.
#[inline]
pub(crate) fn keep_buffer(cell: &Cell<*mut ()>, buffer: NonNull<()>) -> bool {
    let kept = cell.get();
    if kept.is_null() {
        // SAFETY: the parser's input is alive while it parses.
        unsafe { (host().retain_object)(buffer) };
        cell.set(buffer.as_ptr());
        true
    } else {
        kept == buffer.as_ptr()
    }
}

/// Lets an input buffer go.
#[inline]
pub(crate) fn release_buffer(cell: &Cell<*mut ()>) {
    if let Some(buffer) = NonNull::new(cell.replace(ptr::null_mut())) {
        // SAFETY: the cell held a reference.
        unsafe { (host().release_object)(buffer) };
    }
}

/// A weak link from a list or map to the message that holds it, while that is a stub itself. Blocks are 8-aligned; the address's low bits are the guard.
#[derive(Debug)]
pub(crate) struct Link(Cell<*const Body>);

const GUARD: usize = (1 << Guard::BITS) - 1;
const _: () = assert!(GUARD < align_of::<Body>());

impl Link {
    /// A link to `owner`, if a change must be passed on to it.
    pub(crate) fn to(owner: &Message) -> Self {
        let address = if owner.is_stub() {
            owner.0.as_ptr()
        } else {
            ptr::null_mut()
        };
        let guard = owner.guard() as usize;
        Self(Cell::new(address.map_addr(|bits| bits | guard)))
    }

    /// No link.
    pub(crate) const fn none() -> Self {
        Self(Cell::new(ptr::null()))
    }

    pub(crate) fn cut(&self) {
        let guard = self.0.get().addr() & GUARD;
        self.0.set(ptr::without_provenance(guard));
    }

    #[inline]
    pub(crate) fn guard(&self) -> Guard {
        Guard::from_bits(self.0.get().addr() & GUARD)
    }

    pub(crate) fn set_guard(&self, guard: Guard) {
        let link = self.0.get();
        self.0
            .set(link.map_addr(|bits| bits & !GUARD | guard as usize));
    }

    /// Passes a change on, once.
    #[inline]
    pub(crate) fn touch(&self) {
        let owner = self.0.get().map_addr(|bits| bits & !GUARD).cast_mut();
        if let Some(owner) = NonNull::new(owner) {
            self.cut();
            // SAFETY: an owner that dies or clears the field cuts the link.
            unsafe { Message::borrow_raw(owner.cast()) }.touch();
        }
    }
}
