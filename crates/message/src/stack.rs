//! Room on the stack for messages that nest deep, on threads whose stacks are short.
//!
//! Walks over messages call themselves once a level or more. Their depth is bounded by [`MAX_NESTING`](crate::MAX_NESTING), which the stack of a main thread has room for, and that of a small thread has not. So every few levels a walk looks how much is left, and goes on on a piece of memory of its own where that is little.

/// A walk looks at the stack once in so many levels.
const LEVELS: u32 = 8;

/// What so many levels need at most, with what they call: 96 KiB.
const LEAST: usize = 96 << 10;

/// The size of a further stack: 1 MiB.
const FURTHER: usize = 1 << 20;

/// Whether a walk that has `depth` levels left looks at the stack here. Not at the first level of any usual limit: most messages are shallow.
#[inline]
pub(crate) const fn is_checked(depth: u32) -> bool {
    depth % LEVELS == 1
}

/// Goes on where there is room for the next levels.
#[cold]
#[inline(never)]
pub(crate) fn with_room<R>(walk: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(LEAST, FURTHER, walk)
}

/// Whether a walk that cannot go on elsewhere, since it runs code of others, should end with an error here.
pub fn is_short() -> bool {
    stacker::remaining_stack().is_some_and(|left| left < LEAST)
}
