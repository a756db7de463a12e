//! Long buffers that the connections of a thread use by turns.
//!
//! A connection needs a long buffer while it has much to write, and none between. With thousands of connections that are idle most of the time, a long buffer each would be most of their memory.

use std::cell::RefCell;

use crate::limits::MAX_UNWRITTEN;

/// The buffers that a thread keeps: the connections that write in one turn of it use no more.
const MOST: usize = 2;

/// The longest buffer that is kept. Longer ones were needed for one message, and would seldom be again.
const LONGEST: usize = 2 * MAX_UNWRITTEN;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer, long if there is a spare one.
pub(crate) fn take() -> Vec<u8> {
    // A thread that ends has none any more.
    SPARE
        .try_with(|spare| spare.borrow_mut().pop())
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// Keeps a buffer for the next connection.
pub(crate) fn give(mut buffer: Vec<u8>) {
    if buffer.capacity() > LONGEST {
        return;
    }
    buffer.clear();
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < MOST {
            spare.push(buffer);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_buffers_are_kept_and_none_that_is_too_long() {
        for _ in 0..=MOST {
            give(b"written".to_vec());
        }
        for _ in 0..MOST {
            let spare = take();
            assert!(spare.is_empty() && spare.capacity() > 0);
        }
        assert_eq!(take().capacity(), 0);
        give(Vec::with_capacity(LONGEST + 1));
        assert_eq!(take().capacity(), 0);
    }
}
