//! The latch of Linux: a number that says whether there was a call, and a futex to wait for it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;
use rustix::thread::futex::{self, Flags};

use super::timespec;
use crate::parker::Wake;

/// Nobody called, and nobody waits.
const IDLE: u32 = 0;
/// There was a call.
const SET: u32 = 1;
/// A thread waits in the kernel, or is about to.
const WAITING: u32 = 2;

/// A wait without a deadline. One with a time returns after any signal that has a handler; one without may be restarted (signal(7)).
const LONG: Duration = Duration::from_secs(3600);

/// See the module above.
#[derive(Debug)]
pub(crate) struct Latch {
    state: AtomicU32,
    /// For who waits for several things at once; opened when first asked for.
    descriptor: OnceLock<OwnedFd>,
}

impl Latch {
    #[expect(clippy::unnecessary_wraps, reason = "on other systems it may fail")]
    pub(crate) const fn open() -> io::Result<Self> {
        Ok(Self {
            state: AtomicU32::new(IDLE),
            descriptor: OnceLock::new(),
        })
    }

    /// A descriptor that is readable from a call to the next wait that begins.
    pub(crate) fn descriptor(&self) -> io::Result<BorrowedFd<'_>> {
        if let Some(descriptor) = self.descriptor.get() {
            return Ok(descriptor.as_fd());
        }
        let opened = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let descriptor = self.descriptor.get_or_init(|| opened);
        // Whoever called before saw no descriptor to write to.
        if self.state.load(Ordering::SeqCst) == SET {
            write(descriptor);
        }
        Ok(descriptor.as_fd())
    }

    /// Ends the wait, or the next one.
    pub(crate) fn set(&self) {
        if self.state.swap(SET, Ordering::SeqCst) == WAITING {
            // It can fail only for an address that is none.
            let _ = futex::wake(&self.state, Flags::PRIVATE, 1);
        }
        if let Some(descriptor) = self.descriptor.get() {
            write(descriptor);
        }
    }

    pub(crate) fn wait(&self, timeout: Option<Duration>) -> Wake {
        // Before the state is changed: a call that comes later makes it readable again, and is not lost.
        if let Some(descriptor) = self.descriptor.get() {
            let _ = rustix::io::read(descriptor, &mut [0_u8; 8]);
        }
        let changed = |from, to| {
            (self.state)
                .compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst)
                .is_ok()
        };
        if !changed(IDLE, WAITING) {
            changed(SET, IDLE);
            return Wake::Unparked;
        }
        let deadline = Instant::now() + timeout.unwrap_or(LONG).min(LONG);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let waited = futex::wait(&self.state, Flags::PRIVATE, WAITING, Some(&timespec(left)));
            let wake = match waited {
                // A wake-up, a call between the look and the wait, or neither: the state says.
                Ok(()) | Err(Errno::AGAIN) if self.state.load(Ordering::SeqCst) == WAITING => {
                    continue;
                }
                Err(Errno::TIMEDOUT) => Wake::TimedOut,
                Err(Errno::INTR) => Wake::Interrupted,
                _ => Wake::Unparked,
            };
            if changed(WAITING, IDLE) {
                return wake;
            }
            changed(SET, IDLE);
            return Wake::Unparked;
        }
    }
}

fn write(descriptor: &OwnedFd) {
    // A full counter means that it is readable already.
    let _ = rustix::io::write(descriptor, &1_u64.to_ne_bytes());
}

#[cfg(test)]
mod tests {
    use rustix::event::{PollFd, PollFlags, poll};

    use super::*;

    /// Two threads call at once; the first call is taken between the two steps of the second.
    #[test]
    fn a_call_that_was_taken_early_does_not_leave_the_descriptor_readable() {
        let latch = Latch::open().unwrap();
        let descriptor = latch.descriptor().unwrap();
        let is_readable = || {
            let mut polled = [PollFd::new(&descriptor, PollFlags::IN)];
            poll(&mut polled, Some(&timespec(Duration::ZERO))).unwrap() == 1
        };
        latch.set();
        latch.state.swap(SET, Ordering::SeqCst);
        assert_eq!(latch.wait(None), Wake::Unparked);
        write(latch.descriptor.get().unwrap());
        assert!(is_readable());
        assert_eq!(latch.wait(Some(Duration::ZERO)), Wake::TimedOut);
        assert!(!is_readable());
    }
}
