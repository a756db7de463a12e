//! Ends the wait of whoever waits in a reactor's poll.
//!
//! The waker stands behind a lock because a fork's child gets another one: the descriptor of the first is its parent's, and both would wake each other.

use crate::poller::Waker;
use crate::sync::{PoisonError, RwLock, RwLockWriteGuard};

/// See the module's documentation.
#[derive(Debug)]
pub struct Alarm(RwLock<Waker>);

impl Alarm {
    pub(crate) const fn new(waker: Waker) -> Self {
        Self(RwLock::new(waker))
    }

    /// Interrupts the wait in the poll, or the next one.
    pub fn ring(&self) {
        // It fails only where the poll is gone, and then nobody waits in it.
        let _ = self.0.read().unwrap_or_else(PoisonError::into_inner).wake();
    }

    /// Keeps others from ringing; a fork must not find the lock taken by a thread that the child does not have.
    pub(crate) fn hold(&self) -> RwLockWriteGuard<'_, Waker> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
