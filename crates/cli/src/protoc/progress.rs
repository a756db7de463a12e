//! How far a run is, on a terminal, once it takes longer than a second. Where standard error is not a terminal, nothing is shown.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// A run that is over before is not spoken of.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line is written anew.
const INTERVAL: Duration = Duration::from_millis(100);

/// Runs `work` and meanwhile shows how much of it is done, as `what 12 of 34 files`; `done` counts, with `total` zero where it does not.
pub(super) fn shown<T>(
    what: &str,
    done: &AtomicUsize,
    total: usize,
    work: impl FnOnce() -> T,
) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let is_over = &AtomicBool::new(false);
    thread::scope(|scope| {
        let line = move || line(what, done.load(Ordering::Relaxed), total);
        let watcher = scope.spawn(move || show_until(is_over, line));
        // Ends the thread also when the work panics.
        let _end = End(is_over, watcher.thread().clone());
        work()
    })
}

struct End<'a>(&'a AtomicBool, thread::Thread);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
        self.1.unpark();
    }
}

fn show_until(is_over: &AtomicBool, line: impl Fn() -> String) {
    let mut out = std::io::stderr();
    let mut pause = PATIENCE;
    let mut shown = false;
    while !is_over.load(Ordering::Acquire) {
        thread::park_timeout(pause);
        if is_over.load(Ordering::Acquire) {
            break;
        }
        // A terminal that cannot be written to has nobody to tell.
        let _unseen = write!(out, "\r\x1b[K{}", line());
        let _unseen = out.flush();
        (shown, pause) = (true, INTERVAL);
    }
    if shown {
        let _unseen = write!(out, "\r\x1b[K");
        let _unseen = out.flush();
    }
}

fn line(what: &str, done: usize, total: usize) -> String {
    if total == 0 {
        what.to_owned()
    } else {
        // Imports that the command line does not name count too.
        format!("{what} {done} of {} files", total.max(done))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_counts_where_it_can() {
        assert_eq!(line("compiling", 3, 10), "compiling 3 of 10 files");
        assert_eq!(line("compiling", 12, 10), "compiling 12 of 12 files");
        assert_eq!(line("writing", 0, 0), "writing");
    }

    #[test]
    fn the_work_is_done_and_its_result_given() {
        assert_eq!(shown("compiling", &AtomicUsize::new(0), 1, || 7), 7);
    }
}
