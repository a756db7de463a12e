//! A descriptor that one thread waits on in `poll(2)` and others make readable. It stays so until the wait that it ends.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use crate::parker::Wake;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Latch {
    read: OwnedFd,
    /// The pipe's other end; on Linux the eventfd is both.
    #[cfg(not(target_os = "linux"))]
    write: OwnedFd,
}

impl Latch {
    pub(crate) fn open() -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        {
            use rustix::event::{EventfdFlags, eventfd};
            Ok(Self {
                read: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            })
        }
        #[cfg(not(target_os = "linux"))]
        {
            let (read, write) = rustix::pipe::pipe()?;
            for end in [&read, &write] {
                rustix::io::ioctl_fionbio(end, true)?;
                rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
            }
            Ok(Self { read, write })
        }
    }

    pub(crate) fn descriptor(&self) -> RawFd {
        self.read.as_raw_fd()
    }

    /// Ends the wait, or the next one.
    pub(crate) fn set(&self) {
        #[cfg(target_os = "linux")]
        let end = &self.read;
        #[cfg(not(target_os = "linux"))]
        let end = &self.write;
        // A full counter or pipe means that a wake-up is pending already.
        let _ = rustix::io::write(end, &1_u64.to_ne_bytes());
    }

    pub(crate) fn wait(&self, timeout: Option<Duration>) -> Wake {
        let mut descriptors = [PollFd::new(&self.read, PollFlags::IN)];
        match rustix::event::poll(&mut descriptors, timeout.map(timespec).as_ref()) {
            Ok(0) => Wake::TimedOut,
            Ok(_) => {
                let mut drained = [0_u8; 64];
                let _ = rustix::io::read(&self.read, &mut drained);
                Wake::Unparked
            }
            Err(Errno::INTR) => Wake::Interrupted,
            // No other error can come from a descriptor that we own; the caller looks again.
            Err(_) => Wake::Unparked,
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        // Beyond what the type holds, a wait is for ever in practice.
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        std::thread::scope(|scope| {
            scope.spawn(|| latch.set());
            assert_eq!(latch.wait(None), Wake::Unparked);
        });
    }
}
