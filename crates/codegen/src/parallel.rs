//! Work on many files, shared out among the machine's cores.

use std::num::NonZero;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How many items a thread takes at once: files differ in size, so that equal shares would take unequal time.
const CHUNK: usize = 16;

/// What `work` makes of chunks of the items, in their order; the first error in that order.
pub fn map_chunks<I: Sync, O: Send + Sync, E: Send + Sync>(
    items: &[I],
    work: impl Fn(&[I]) -> Result<Vec<O>, E> + Sync,
) -> Result<Vec<O>, E> {
    let chunks: Vec<&[I]> = items.chunks(CHUNK).collect();
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(chunks.len());
    if threads <= 1 {
        return work(items);
    }
    let done: Vec<OnceLock<Result<Vec<O>, E>>> = chunks.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let run = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some(chunk), Some(slot)) = (chunks.get(index), done.get(index)) else {
                break;
            };
            // Each index is given out once, so the slot is empty.
            let _empty_before = slot.set(work(chunk));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where the system gives no thread, this one does all.
            let _started = thread::Builder::new().spawn_scoped(scope, run);
        }
        run();
    });
    let mut all = Vec::with_capacity(items.len());
    for part in done.into_iter().filter_map(OnceLock::into_inner) {
        all.extend(part?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_and_the_first_error_counts() {
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
