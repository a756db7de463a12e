//! A wait that another thread ends, and that a signal interrupts.
//!
//! The standard library's condition variables restart after a signal, so a thread that waits on one cannot answer Ctrl-C. A [`Parker`] waits on a latch, whose wait ends when a signal arrives.

use std::cell::RefCell;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use crate::alarm::Alarm;
use crate::latch::Latch;
use crate::sync::{Arc, Mutex, PoisonError, thread_local};

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
    latch: Latch,
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

    /// Gives the calling thread another one when it asks: a descriptor of this one is that of its parent process.
    pub(crate) fn forget_current() {
        CURRENT.with(|current| *current.borrow_mut() = None);
    }

    /// Says where the thread waits from now on: in the poll of `alarm`, or here again.
    pub(crate) fn set_leading(&self, alarm: Option<Arc<Alarm>>) {
        *self.leads.lock().unwrap_or_else(PoisonError::into_inner) = alarm;
    }

    /// Fails where the system's latch needs a descriptor and the process has none left.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            latch: Latch::open()?,
            leads: Mutex::new(None),
        })
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
        self.latch.set();
    }

    /// A descriptor for a thread that waits for several things at once: readable from [`Parker::unpark`] to the next [`Parker::park`]. Fails where the process has none left.
    pub fn descriptor(&self) -> io::Result<BorrowedFd<'_>> {
        self.latch.descriptor()
    }

    /// Waits until [`Parker::unpark`], a signal, or `deadline`.
    pub fn park(&self, deadline: Option<Instant>) -> Wake {
        let timeout = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        self.latch.wait(timeout)
    }
}
