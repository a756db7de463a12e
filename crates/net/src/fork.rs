//! A reactor over a fork of its process.
//!
//! `fork` copies memory and the one thread that calls it. A lock that another thread holds at that moment stays locked in the child for ever, and descriptors that both processes use take each other's events. So the forking thread takes all locks of a reactor before ([`Reactor::freeze`]), and afterwards the parent goes on as if nothing had happened ([`Frozen::thaw`]), while the child gets a poll of its own and a core without sockets ([`Frozen::thaw_in_child`]).

use std::io;

use crate::parker::Parker;
use crate::poller::{Poller, Waker};
use crate::reactor::{Core, Reactor};
use crate::sync::atomic::Ordering;
use crate::sync::{Arc, MutexGuard, PoisonError, RwLockWriteGuard};

/// All locks of a reactor.
#[derive(Debug)]
pub struct Frozen<'a, C> {
    reactor: &'a Reactor<C>,
    poller: MutexGuard<'a, Poller>,
    core: MutexGuard<'a, C>,
    followers: MutexGuard<'a, Vec<Arc<Parker>>>,
    guard: RwLockWriteGuard<'a, Arc<Parker>>,
    alarm: RwLockWriteGuard<'a, Waker>,
}

impl<C: Core> Reactor<C> {
    /// Takes every lock; whoever leads makes way. The calling thread neither leads nor holds the core, and no thread that does waits for something that the calling thread has.
    pub fn freeze(&self) -> Frozen<'_, C> {
        self.freezing.store(true, Ordering::SeqCst);
        self.wake();
        // In the order in which threads that hold one take another.
        let poller = self.poller.lock().unwrap_or_else(PoisonError::into_inner);
        let core = self.core();
        let followers = self.followers();
        let guard = self.guard.write().unwrap_or_else(PoisonError::into_inner);
        let alarm = self.alarm.hold();
        Frozen {
            reactor: self,
            poller,
            core,
            followers,
            guard,
            alarm,
        }
    }
}

impl<C: Core> Frozen<'_, C> {
    /// Gives the locks back: no fork happened, or this is the parent.
    pub fn thaw(self) {
        let reactor = self.reactor;
        reactor.freezing.store(false, Ordering::SeqCst);
        drop(self);
        reactor.hand_over();
    }

    /// Makes the reactor the child's own. Its threads are those of the parent, so that nobody leads or waits, and the guard has to be started anew. An error leaves a reactor with which nothing can be reached.
    pub fn thaw_in_child(mut self) -> io::Result<()> {
        let reactor = self.reactor;
        Parker::forget_current();
        self.followers.clear();
        for flag in [
            &reactor.freezing,
            &reactor.polling,
            &reactor.guard_leads,
            &reactor.guard_awake,
        ] {
            flag.store(false, Ordering::SeqCst);
        }
        reactor.wanting.store(0, Ordering::SeqCst);
        let (poller, registry, waker) = Poller::open()?;
        *self.guard = Arc::new(Parker::new()?);
        *self.poller = poller;
        *self.alarm = waker;
        self.core.forked(registry);
        Ok(())
    }
}
