//! Leader and followers: whichever thread waits for something drives everybody's I/O meanwhile.
//!
//! A [`Reactor`] owns a poll and a [`Core`], the state that sockets and engines live in. A thread that must wait becomes the *leader* if nobody is: it waits in the poll, lets the core work on what arrived, and goes when its own wish is fulfilled. The others are *followers*, parked until their wish is fulfilled or the leader's place is free. So a call made by a single thread needs no other thread at all.
//!
//! A *guard*, a thread that never needs the GIL, takes the lead where nobody does for longer than [`TICK`] although there is work: a handler that blocks, a future that nobody waits for.
//!
//! ```text
//!  thread A (leader)           thread B (follower)          guard
//!  poll ── work ── poll        parked on its own latch      looks every TICK while there is work,
//!  own reply: unpark B   --->  leads on                     leads if nobody does, yields when asked
//! ```
//!
//! The core's lock is held while frames are processed and commands are given, never while a thread waits and never while Python runs.

use std::io;
use std::time::{Duration, Instant};

use crate::alarm::Alarm;
use crate::parker::{Parker, Wake};
use crate::poller::{Poller, Readiness, Registry};
use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};

/// How long the lead may stand empty, while there is work, before the guard takes it.
pub const TICK: Duration = Duration::from_millis(1);

/// For how many ticks without any work the guard goes on looking before it sleeps. Waking it costs a system call, so that a lull between two calls should not send it to sleep.
const DROWSY_TICKS: u32 = 50;

/// For how many ticks the lead may stand empty while there is nothing to do but to listen. A thread that wants the lead back from the guard pays a wake-up, so that the guard should not take it between two calls.
const PATIENT_TICKS: u32 = 100;

/// The state that a reactor drives.
pub trait Core: Send {
    /// Takes in what the poll says of a source.
    fn handle_event(&mut self, ready: Readiness, now: Instant);
    /// Ends a turn: due timers, unfinished reads, news to those who wait.
    fn handle_turn(&mut self, now: Instant);
    /// When [`Core::handle_turn`] must run next; an instant that has passed where work is left over.
    fn next_turn(&self) -> Option<Instant>;
    /// Writes what is waiting to be written.
    fn flush(&mut self, now: Instant);
    /// Whether somebody should drive the I/O although nobody waits.
    fn needs_guard(&self) -> bool;
    /// This process is the child of a fork: the sockets are its parent's, and so are the calls and all that waits for them. `registry` is that of the child's own poll.
    fn forked(&mut self, registry: Registry);
    /// Whether there is news for which no thread waits, so that the guard is to see to it.
    fn has_news(&self) -> bool;
    /// Whether there is work at hand that may keep the threads that drive the I/O from it, so that the guard should look now and then.
    fn is_busy(&self) -> bool;
}

/// How a wait ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Waited<T> {
    /// The wish was fulfilled.
    Ready(T),
    /// The deadline passed.
    TimedOut,
    /// A signal arrived; the caller asks Python whether to raise, and waits again if not.
    Interrupted,
}

/// What [`Reactor::look`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Look<T> {
    /// The wish is fulfilled.
    Ready(T),
    /// The deadline has passed.
    TimedOut,
    /// Neither. At this time at the latest [`Reactor::work`] is to be called.
    Pending(Option<Instant>),
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Reactor<C> {
    pub(crate) core: Mutex<C>,
    pub(crate) poller: Mutex<Poller>,
    pub(crate) alarm: Arc<Alarm>,
    /// Followers that may be given the lead.
    pub(crate) followers: Mutex<Vec<Arc<Parker>>>,
    /// How many threads wait for the guard to yield.
    pub(crate) wanting: AtomicUsize,
    /// How many turns were made; the guard compares.
    turns: AtomicU64,
    /// Whether the leader is waiting in the poll.
    pub(crate) polling: AtomicBool,
    /// A fork is about to happen: nobody takes the lead.
    pub(crate) freezing: AtomicBool,
    pub(crate) guard: RwLock<Arc<Parker>>,
    pub(crate) guard_leads: AtomicBool,
    pub(crate) guard_awake: AtomicBool,
    /// The last thread that used to lead has left: the guard takes over at once.
    abandoned: AtomicBool,
    stopped: AtomicBool,
}

impl<C: Core> Reactor<C> {
    /// Makes a poll and the core that registers with it.
    pub fn new(make: impl FnOnce(Registry, Arc<Alarm>) -> io::Result<C>) -> io::Result<Self> {
        let (poller, registry, waker) = Poller::open()?;
        let alarm = Arc::new(Alarm::new(waker));
        let core = make(registry, alarm.clone())?;
        Ok(Self {
            core: Mutex::new(core),
            poller: Mutex::new(poller),
            alarm,
            followers: Mutex::default(),
            wanting: AtomicUsize::new(0),
            turns: AtomicU64::new(0),
            polling: AtomicBool::new(false),
            freezing: AtomicBool::new(false),
            guard: RwLock::new(Arc::new(Parker::new()?)),
            guard_leads: AtomicBool::new(false),
            guard_awake: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
        })
    }

    /// The core. The caller neither waits nor runs Python while it holds this.
    pub fn core(&self) -> MutexGuard<'_, C> {
        // A panic in the core is our bug; what it left behind is still memory-safe, and closing connections beats losing the process.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The descriptor of the poll, for an event loop that waits on it instead of calling [`Reactor::wait`].
    pub fn descriptor(&self) -> std::os::fd::RawFd {
        self.poller
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .descriptor()
    }

    /// One turn without waiting, for an event loop. Does nothing while another thread leads.
    pub fn turn_now(&self) {
        if let Some(mut poller) = self.try_lead() {
            self.turn(&mut poller, Some(Duration::ZERO));
        }
    }

    /// Interrupts whoever waits in the poll.
    pub fn wake(&self) {
        self.alarm.ring();
    }

    /// Waits until `ready` gives a value, driving the I/O if nobody else does. `ready` is called with the core whenever something may have changed; where it gives `None` it must leave `parker`, the calling thread's own, where the core finds it when the wish is fulfilled.
    pub fn wait<T>(
        &self,
        parker: &Arc<Parker>,
        deadline: Option<Instant>,
        mut ready: impl FnMut(&mut C) -> Option<T>,
    ) -> Waited<T> {
        let mut parked = false;
        let outcome = loop {
            let next_turn = match self.glance(deadline, &mut ready) {
                Look::Ready(value) => break Waited::Ready(value),
                Look::TimedOut => break Waited::TimedOut,
                Look::Pending(next_turn) => next_turn,
            };
            self.enlist(parker);
            if let Some(mut poller) = self.try_lead() {
                self.dismiss(parker);
                parker.set_leading(Some(self.alarm.clone()));
                let outcome = self.lead(&mut poller, deadline, &mut ready);
                parker.set_leading(None);
                drop(poller);
                self.leave();
                match outcome {
                    Some(outcome) => return outcome,
                    // It made way for a fork.
                    None => self.enlist(parker),
                }
            }
            let next_turn = if self.freezing.load(Ordering::SeqCst) {
                Some(Instant::now() + TICK)
            } else {
                next_turn
            };
            parked = true;
            let wanted = self.guard_leads.load(Ordering::SeqCst);
            if wanted {
                self.wanting.fetch_add(1, Ordering::SeqCst);
                self.wake();
            }
            let wake = parker.park(earlier(deadline, next_turn));
            if wanted {
                self.wanting.fetch_sub(1, Ordering::SeqCst);
            }
            self.dismiss(parker);
            match wake {
                Wake::Interrupted => break Waited::Interrupted,
                Wake::TimedOut => self.work(),
                Wake::Unparked => {}
            }
        };
        if parked && self.try_lead().is_some() {
            // This thread may have been told that the lead is free, and does not take it.
            self.hand_over();
        }
        outcome
    }

    /// Drives the I/O until the wish is fulfilled; `None` where it has to make way.
    fn lead<T>(
        &self,
        poller: &mut Poller,
        deadline: Option<Instant>,
        ready: &mut impl FnMut(&mut C) -> Option<T>,
    ) -> Option<Waited<T>> {
        loop {
            // Something may have been fulfilled between the last look and taking the lead.
            let next_turn = match self.glance(deadline, ready) {
                Look::Ready(value) => return Some(Waited::Ready(value)),
                Look::TimedOut => return Some(Waited::TimedOut),
                Look::Pending(next_turn) => next_turn,
            };
            if self.freezing.load(Ordering::SeqCst) {
                return None;
            }
            let until = earlier(deadline, next_turn);
            let timeout = until.map(|at| at.saturating_duration_since(Instant::now()));
            if !self.turn(poller, timeout) {
                return Some(Waited::Interrupted);
            }
        }
    }

    /// One look at a wish, which writes what waits.
    fn glance<T>(
        &self,
        deadline: Option<Instant>,
        ready: &mut impl FnMut(&mut C) -> Option<T>,
    ) -> Look<T> {
        let mut core = self.core();
        if let Some(value) = ready(&mut core) {
            return Look::Ready(value);
        }
        let now = Instant::now();
        if deadline.is_some_and(|deadline| deadline <= now) {
            return Look::TimedOut;
        }
        self.flush(&mut core, now);
        // What was waited for may be the flush itself.
        ready(&mut core).map_or_else(|| Look::Pending(core.next_turn()), Look::Ready)
    }

    /// For a thread that has other things to do than to wait, such as other greenlets: looks at a wish as [`Reactor::wait`] does, and where it is not fulfilled leaves the I/O to the guard. Then `parker` is told of what may have changed, until [`Reactor::dismiss`].
    pub fn look<T>(
        &self,
        parker: &Arc<Parker>,
        deadline: Option<Instant>,
        mut ready: impl FnMut(&mut C) -> Option<T>,
    ) -> Look<T> {
        let look = self.glance(deadline, &mut ready);
        if matches!(look, Look::Pending(_)) {
            self.enlist(parker);
            if !self.guard_leads.load(Ordering::SeqCst) {
                self.abandon();
            }
        }
        look
    }

    /// Acts on timers that are due.
    pub fn work(&self) {
        let mut core = self.core();
        core.handle_turn(Instant::now());
        if core.is_busy() {
            self.alert_guard();
        }
    }

    /// Polls once and works on what arrived; `false` where a signal interrupted it.
    fn turn(&self, poller: &mut Poller, timeout: Option<Duration>) -> bool {
        self.polling.store(true, Ordering::SeqCst);
        let polled = poller.wait(timeout);
        self.polling.store(false, Ordering::SeqCst);
        self.turns.fetch_add(1, Ordering::SeqCst);
        if let Err(error) = polled {
            // mio returns the interruption; any other error of epoll_wait means a descriptor that we own is broken.
            debug_assert_eq!(error.kind(), io::ErrorKind::Interrupted);
            return false;
        }
        let now = Instant::now();
        let mut core = self.core();
        for ready in poller.ready() {
            core.handle_event(ready, now);
        }
        core.handle_turn(now);
        if core.is_busy() {
            self.alert_guard();
        }
        true
    }

    /// Writes what waits. Where that made news for nobody who waits, the guard is told.
    fn flush(&self, core: &mut C, now: Instant) {
        core.flush(now);
        if core.has_news() {
            self.alert_guard();
        }
    }

    fn try_lead(&self) -> Option<MutexGuard<'_, Poller>> {
        if self.freezing.load(Ordering::SeqCst) {
            return None;
        }
        match self.poller.try_lock() {
            Ok(poller) => Some(poller),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    pub(crate) fn followers(&self) -> MutexGuard<'_, Vec<Arc<Parker>>> {
        self.followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn guard(&self) -> Arc<Parker> {
        self.guard
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn enlist(&self, parker: &Arc<Parker>) {
        self.followers().push(parker.clone());
    }

    /// Tells `parker` no longer that the lead is free.
    pub fn dismiss(&self, parker: &Arc<Parker>) {
        let mut followers = self.followers();
        if let Some(index) = followers
            .iter()
            .position(|other| Arc::ptr_eq(other, parker))
        {
            followers.swap_remove(index);
        }
    }

    /// Lets a follower know that the lead is free.
    pub(crate) fn hand_over(&self) {
        if let Some(follower) = self.followers().last() {
            follower.unpark();
        }
    }

    /// Leaves the lead to a follower or, where connections go on without anybody who waits, to the guard, who may have fallen asleep while this thread led.
    fn leave(&self) {
        self.hand_over();
        if !self.guard_awake.load(Ordering::SeqCst) && self.core().needs_guard() {
            self.alert_guard();
        }
    }

    /// Tells the guard that there is work it should watch over. Cheap while it is awake.
    pub fn alert_guard(&self) {
        if !self.guard_awake.load(Ordering::SeqCst)
            && !self.guard_awake.swap(true, Ordering::SeqCst)
        {
            self.guard().unpark();
        }
    }

    /// Has the guard look at once, wherever it waits. For threads that leave something to it; a turn of its own only needs [`Reactor::alert_guard`].
    pub fn nudge_guard(&self) {
        self.alert_guard();
        if self.guard_leads.load(Ordering::SeqCst) {
            self.wake();
        }
    }

    /// Has the guard look at once although it is awake and nobody has left the lead to it: a thread waits for what the guard does with news.
    pub fn hurry_guard(&self) {
        self.nudge_guard();
        self.guard().unpark();
    }

    /// Leaves the lead to the guard, at once.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::SeqCst);
        self.guard_awake.store(true, Ordering::SeqCst);
        self.guard().unpark();
    }

    /// Ends [`Reactor::run_guard`].
    pub fn stop_guard(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.guard().unpark();
        self.wake();
    }

    /// The guard's loop, on a thread of its own, until [`Reactor::stop_guard`]. `after_turn` runs without the core's lock after each look and each turn that the guard leads: the place to start what needs another thread.
    pub fn run_guard(&self, mut after_turn: impl FnMut(&Self)) {
        let mut idle_ticks = 0_u32;
        let mut empty_ticks = 0_u32;
        let mut seen = self.turns.load(Ordering::SeqCst);
        while !self.stopped.load(Ordering::SeqCst) {
            if idle_ticks > DROWSY_TICKS {
                self.guard_awake.store(false, Ordering::SeqCst);
                // Work and news may have come between the last look and this line, and who brought them saw a guard that was awake.
                if !self.unattended() && !self.core().has_news() {
                    self.guard().park(None);
                }
                self.guard_awake.store(true, Ordering::SeqCst);
                idle_ticks = 0;
            }
            self.guard().park(Some(Instant::now() + TICK));
            let turns = self.turns.load(Ordering::SeqCst);
            let moved = turns != seen;
            seen = turns;
            if !moved {
                // What a thread wanted to send together with more, and then was kept from.
                self.core().flush(Instant::now());
            }
            after_turn(self);
            if moved || !self.unattended() {
                idle_ticks = if moved { 0 } else { idle_ticks + 1 };
                empty_ticks = 0;
                continue;
            }
            idle_ticks = 0;
            empty_ticks += 1;
            let abandoned = self.abandoned.swap(false, Ordering::SeqCst);
            if empty_ticks < PATIENT_TICKS && !abandoned && !self.core().is_busy() {
                continue;
            }
            empty_ticks = 0;
            self.guard_lead(&mut after_turn);
            seen = self.turns.load(Ordering::SeqCst);
        }
    }

    /// Whether there is work and nobody waits in the poll.
    fn unattended(&self) -> bool {
        !self.polling.load(Ordering::SeqCst) && self.core().needs_guard()
    }

    fn guard_lead(&self, after_turn: &mut impl FnMut(&Self)) {
        self.guard_leads.store(true, Ordering::SeqCst);
        while self.wanting.load(Ordering::SeqCst) == 0 && !self.stopped.load(Ordering::SeqCst) {
            {
                let mut core = self.core();
                if !core.needs_guard() {
                    break;
                }
                core.flush(Instant::now());
            }
            // The flush may have made news.
            after_turn(self);
            // Led anew each turn: `after_turn` may wait for Python, and who forks with Python's lock in hand waits for the lead.
            let Some(mut poller) = self.try_lead() else {
                break;
            };
            // Another thread may have led until now, and left news and timers behind.
            let timeout = {
                let core = self.core();
                if core.has_news() {
                    Some(Duration::ZERO)
                } else {
                    (core.next_turn()).map(|at| at.saturating_duration_since(Instant::now()))
                }
            };
            self.turn(&mut poller, timeout);
            drop(poller);
            after_turn(self);
        }
        self.guard_leads.store(false, Ordering::SeqCst);
        self.hand_over();
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
