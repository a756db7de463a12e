//! A wait that another thread ends, and that a signal interrupts.
//!
//! The standard library's condition variables restart after a signal, so a thread that waits on one cannot answer Ctrl-C. A [`Parker`] waits in `poll(2)` on a descriptor of its own, which returns when a signal arrives.

use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use crate::alarm::Alarm;

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Someone called [`Parker::unpark`], or the wait ended without a reason.
    Unparked,
    /// The deadline passed.
    TimedOut,
    /// A signal arrived; the caller asks Python whether to raise.
    Interrupted,
}

/// One thread's place to wait.
#[derive(Debug)]
pub struct Parker {
    read: OwnedFd,
    /// The pipe's other end; on Linux the eventfd is both.
    #[cfg(not(target_os = "linux"))]
    write: OwnedFd,
    /// While the thread leads it waits in the reactor's poll, and is woken there.
    leads: Mutex<Option<Arc<Alarm>>>,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Parker>>> = const { RefCell::new(None) };
}

impl Parker {
    /// The calling thread's own.
    pub fn current() -> io::Result<Arc<Self>> {
        CURRENT.with(|current| {
            if let Some(parker) = &*current.borrow() {
                return Ok(parker.clone());
            }
            let parker = Arc::new(Self::new()?);
            *current.borrow_mut() = Some(parker.clone());
            Ok(parker)
        })
    }

    /// Gives the calling thread another one when it asks: the descriptor of this one is that of its parent process.
    pub(crate) fn forget_current() {
        CURRENT.with(|current| *current.borrow_mut() = None);
    }

    /// Says where the thread waits from now on: in the poll of `alarm`, or here again.
    pub(crate) fn set_leading(&self, alarm: Option<Arc<Alarm>>) {
        *self.leads.lock().unwrap_or_else(PoisonError::into_inner) = alarm;
    }

    /// Opens the descriptor. Fails where the process has no descriptor left.
    pub fn new() -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        {
            use rustix::event::{EventfdFlags, eventfd};
            Ok(Self {
                read: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
                leads: Mutex::new(None),
            })
        }
        #[cfg(not(target_os = "linux"))]
        {
            let (read, write) = rustix::pipe::pipe()?;
            for end in [&read, &write] {
                rustix::io::ioctl_fionbio(end, true)?;
                rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
            }
            Ok(Self {
                read,
                write,
                leads: Mutex::new(None),
            })
        }
    }

    /// Ends the wait of the thread that is parked here, or the next one. Without effect on the calling thread's own: it is not waiting.
    pub fn unpark(&self) {
        if CURRENT.with(|current| {
            let current = current.borrow();
            current
                .as_ref()
                .is_some_and(|own| std::ptr::eq(&raw const **own, self))
        }) {
            return;
        }
        if let Some(alarm) = &*self.leads.lock().unwrap_or_else(PoisonError::into_inner) {
            alarm.ring();
            return;
        }
        #[cfg(target_os = "linux")]
        let end = &self.read;
        #[cfg(not(target_os = "linux"))]
        let end = &self.write;
        // A full counter or pipe means that a wake-up is pending already.
        let _ = rustix::io::write(end, &1_u64.to_ne_bytes());
    }

    /// Waits until [`Parker::unpark`], a signal, or `deadline`.
    pub fn park(&self, deadline: Option<Instant>) -> Wake {
        let timeout = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
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
    fn an_unpark_before_the_wait_is_not_lost() {
        let parker = Parker::new().unwrap();
        parker.unpark();
        parker.unpark();
        assert_eq!(parker.park(None), Wake::Unparked);
        assert_eq!(parker.park(Some(Instant::now())), Wake::TimedOut);
    }

    #[test]
    fn another_thread_ends_the_wait() {
        let parker = Arc::new(Parker::new().unwrap());
        let other = parker.clone();
        let thread = std::thread::spawn(move || other.unpark());
        assert_eq!(parker.park(None), Wake::Unparked);
        thread.join().unwrap();
    }
}
