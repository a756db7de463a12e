//! The crate's `latch` without a descriptor.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use shuttle::sync::{Condvar, Mutex};
use shuttle::thread;

use crate::parker::Wake;

/// Stays set until the wait that it ends.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Latch {
    #[expect(clippy::unnecessary_wraps, reason = "the other one may fail")]
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self::default())
    }

    #[expect(clippy::unused_self, reason = "the other one has a descriptor")]
    pub(crate) fn descriptor(&self) -> io::Result<BorrowedFd<'_>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn set(&self) {
        *self.set.lock().unwrap() = true;
        self.changed.notify_all();
    }

    /// A wait that is given a time may end at any moment.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> Wake {
        if timeout.is_some() {
            thread::yield_now();
        }
        let mut set = self.set.lock().unwrap();
        while !*set {
            if timeout.is_some() {
                return Wake::TimedOut;
            }
            set = self.changed.wait(set).unwrap();
        }
        *set = false;
        Wake::Unparked
    }
}
