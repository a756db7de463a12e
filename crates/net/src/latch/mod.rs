//! A place where one thread waits until others call it, or until a signal comes. A call before the wait ends the next one.
//!
//! The standard library's condition variables restart after a signal. Linux waits on a futex, which costs one system call for the wait and one for the call; other systems wait in `poll(2)` on a pipe.

#[cfg(target_os = "linux")]
mod futex;
#[cfg(target_os = "linux")]
pub(crate) use futex::Latch;

#[cfg(not(target_os = "linux"))]
mod pipe;
#[cfg(not(target_os = "linux"))]
pub(crate) use pipe::Latch;

use std::time::Duration;

use rustix::event::Timespec;

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        // Beyond what the type holds, a wait is for ever in practice.
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

#[cfg(test)]
mod tests {
    use rustix::event::{PollFd, PollFlags, poll};

    use super::*;
    use crate::parker::Wake;

    #[test]
    fn a_set_before_the_wait_is_not_lost() {
        let latch = Latch::open().unwrap();
        latch.set();
        latch.set();
        assert_eq!(latch.wait(None), Wake::Unparked);
        assert_eq!(latch.wait(Some(Duration::ZERO)), Wake::TimedOut);
    }

    #[test]
    fn another_thread_ends_the_wait() {
        let latch = Latch::open().unwrap();
        for _ in 0..1000 {
            std::thread::scope(|scope| {
                scope.spawn(|| latch.set());
                assert_eq!(latch.wait(None), Wake::Unparked);
            });
        }
    }

    #[test]
    fn the_descriptor_is_readable_while_a_set_is_to_be_taken() {
        for set_first in [true, false] {
            let latch = Latch::open().unwrap();
            if set_first {
                latch.set();
            }
            let descriptor = latch.descriptor().unwrap();
            let is_readable = || {
                let mut polled = [PollFd::new(&descriptor, PollFlags::IN)];
                poll(&mut polled, Some(&timespec(Duration::ZERO))).unwrap() == 1
            };
            latch.set();
            assert!(is_readable());
            assert_eq!(latch.wait(None), Wake::Unparked);
            assert!(!is_readable());
        }
    }
}
