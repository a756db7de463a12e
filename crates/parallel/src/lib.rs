//! Work on many things, shared out among the machine's cores.
//!
//! Threads live as long as one call: there is no pool, which a process that forks could not keep. What a thread works on next is decided when it is free, since files differ in size.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// How many small items a thread takes at once, so that taking them costs nothing beside the work.
pub const CHUNK: usize = 16;

/// What `work` makes of each item, in the order of the items.
pub fn map<I: Send, O: Send>(items: Vec<I>, work: impl Fn(I) -> O + Sync) -> Vec<O> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(items.len());
    if threads <= 1 {
        return items.into_iter().map(work).collect();
    }
    let count = items.len();
    let items = Mutex::new(items.into_iter().enumerate());
    let done = Mutex::new(Vec::with_capacity(count));
    let run = || {
        let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
        while let Some((index, item)) = next() {
            let output = work(item);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((index, output));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where the system gives no thread, this one does all.
            let _started = thread::Builder::new().spawn_scoped(scope, run);
        }
        run();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, output)| output).collect()
}

/// All that `work` makes of [`CHUNK`]s of the items, in their order; the first error in that order.
pub fn map_chunks<I: Sync, O: Send, E: Send>(
    items: &[I],
    work: impl Fn(&[I]) -> Result<Vec<O>, E> + Sync,
) -> Result<Vec<O>, E> {
    let mut all = Vec::with_capacity(items.len());
    for part in map(items.chunks(CHUNK).collect(), work) {
        all.extend(part?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_is_given_once_and_order_is_kept() {
        for count in [0, 1, 2, 1000] {
            let items: Vec<String> = (0..count).map(|index| index.to_string()).collect();
            let doubled = map(items.clone(), |item| item.clone() + &item);
            let expected: Vec<String> = items.iter().map(|item| item.repeat(2)).collect();
            assert_eq!(doubled, expected);
        }
    }

    #[test]
    fn the_first_error_counts() {
        let items: Vec<u32> = (0..1000).collect();
        let doubled = map_chunks(&items, |chunk| {
            Ok::<_, ()>(chunk.iter().map(|item| item * 2).collect())
        });
        assert_eq!(doubled, Ok(items.iter().map(|item| item * 2).collect()));
        let failed = map_chunks(&items, |chunk| -> Result<Vec<u32>, u32> {
            match chunk.iter().find(|item| **item % 300 == 299) {
                Some(item) => Err(*item),
                None => Ok(Vec::new()),
            }
        });
        assert_eq!(failed, Err(299));
    }
}
