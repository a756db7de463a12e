//! The latch of systems without futexes: a pipe, and `poll(2)` to wait for its reading end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;

use super::timespec;
use crate::parker::Wake;

/// See the module above.
#[derive(Debug)]
pub(crate) struct Latch {
    read: OwnedFd,
    write: OwnedFd,
}

impl Latch {
    pub(crate) fn open() -> io::Result<Self> {
        let (read, write) = rustix::pipe::pipe()?;
        for end in [&read, &write] {
            rustix::io::ioctl_fionbio(end, true)?;
            rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
        }
        Ok(Self { read, write })
    }

    /// A descriptor that is readable from a call to the wait that it ends, or the next.
    #[expect(clippy::unnecessary_wraps, reason = "on Linux it may fail")]
    pub(crate) fn descriptor(&self) -> io::Result<BorrowedFd<'_>> {
        Ok(self.read.as_fd())
    }

    /// Ends the wait, or the next one.
    pub(crate) fn set(&self) {
        // A full pipe means that a wake-up is pending already.
        let _ = rustix::io::write(&self.write, &[1]);
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
