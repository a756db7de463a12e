//! Calls that a server answers in its own time, and threads that wait for them, leave them to the guard, or fork.

use std::time::Instant;

use shuttle::sync::mpsc::{Receiver, Sender, channel};
use shuttle::sync::{Arc, Mutex};
use shuttle::thread;

use crate::parker::Parker;
use crate::poller::{Readiness, Registry};
use crate::reactor::{Core, Reactor, Waited};

/// Schedules of each test, unless the environment says otherwise.
const SCHEDULES: usize = 500;

/// Calls by their numbers. Each is written by a flush, and its answer is the readiness of that number.
#[derive(Debug)]
struct Calls {
    written: Sender<usize>,
    unwritten: Vec<usize>,
    answered: Vec<usize>,
    waiters: Vec<(usize, Arc<Parker>)>,
    /// Calls that nobody waits for.
    unattended: Vec<usize>,
    /// One of those is answered, or the timer was due, and nobody has been told.
    changed: bool,
    /// Whether each answer starts a timer.
    timed: bool,
    /// Turns until the timer is due; 0 where none runs.
    timer: usize,
    left: bool,
}

impl Calls {
    fn start(&mut self, call: usize) {
        self.unwritten.push(call);
    }

    /// Whether the call is over; where it is not, `parker` is told when it is.
    fn is_over(&mut self, call: usize, parker: &Arc<Parker>) -> Option<()> {
        if self.answered.contains(&call) {
            return Some(());
        }
        self.waiters.push((call, parker.clone()));
        None
    }
}

impl Core for Calls {
    fn handle_event(&mut self, ready: Readiness, _: Instant) {
        assert!(!self.answered.contains(&ready.token), "answered once");
        self.answered.push(ready.token);
        let before = self.unattended.len();
        self.unattended.retain(|call| *call != ready.token);
        self.changed |= self.unattended.len() < before;
        if self.timed {
            // Not in this turn.
            self.timer = 2;
        }
        let told = |(call, parker): &(usize, Arc<Parker>)| {
            let over = *call == ready.token;
            if over {
                parker.unpark();
            }
            !over
        };
        self.waiters.retain(told);
    }

    fn handle_turn(&mut self, _: Instant) {
        self.changed |= self.timer == 1;
        self.timer = self.timer.saturating_sub(1);
    }

    fn next_turn(&self) -> Option<Instant> {
        (self.timer > 0).then(Instant::now)
    }

    fn flush(&mut self, _: Instant) {
        for call in self.unwritten.drain(..) {
            // The server is gone only where the test ends.
            let _ = self.written.send(call);
        }
    }

    fn needs_guard(&self) -> bool {
        self.timed || !self.unattended.is_empty() || !self.unwritten.is_empty()
    }

    fn forked(&mut self, _: Registry) {
        self.left = true;
    }

    fn has_news(&self) -> bool {
        self.changed
    }

    fn is_busy(&self) -> bool {
        self.timed || !self.unattended.is_empty() || self.changed
    }
}

/// A reactor, and the server's thread, which answers until the reactor is gone.
fn start() -> (Arc<Reactor<Calls>>, thread::JoinHandle<()>) {
    let (written, calls): (_, Receiver<usize>) = channel();
    let registry = Arc::new(Mutex::new(None));
    let given = registry.clone();
    let reactor = Reactor::new(|registry, _| {
        *given.lock().unwrap() = Some(registry);
        Ok(Calls {
            written,
            unwritten: Vec::new(),
            answered: Vec::new(),
            waiters: Vec::new(),
            unattended: Vec::new(),
            changed: false,
            timed: false,
            timer: 0,
            left: false,
        })
    });
    let registry = registry.lock().unwrap().take().unwrap();
    let server = thread::spawn(move || {
        while let Ok(call) = calls.recv() {
            thread::yield_now();
            registry.make_ready(call);
        }
    });
    (Arc::new(reactor.unwrap()), server)
}

/// Makes calls one after the other and waits for each.
fn call(reactor: &Reactor<Calls>, calls: impl IntoIterator<Item = usize>) {
    let parker = Parker::current().unwrap();
    for call in calls {
        reactor.core().start(call);
        let waited = reactor.wait(&parker, None, |core| core.is_over(call, &parker));
        assert_eq!(waited, Waited::Ready(()));
    }
}

fn check(test: impl Fn() + Send + Sync + 'static) {
    let count = std::env::var("RUSSET_TEST_SCHEDULES").ok();
    let count = count.map_or(SCHEDULES, |count| {
        count.parse().expect("a number of schedules")
    });
    let test = Arc::new(test);
    let other = test.clone();
    // Any thread next, then the same few threads for long, which finds what needs one rare order.
    shuttle::check_random(move || test(), count);
    shuttle::check_pct(move || other(), count, 3);
}

#[test]
fn every_thread_is_told_of_its_answer() {
    check(|| {
        let (reactor, server) = start();
        let callers: Vec<_> = (0..3)
            .map(|number| {
                let reactor = reactor.clone();
                thread::spawn(move || call(&reactor, [10 * number + 1, 10 * number + 2]))
            })
            .collect();
        for caller in callers {
            caller.join().unwrap();
        }
        assert_eq!(reactor.core().answered.len(), 6);
        drop(reactor);
        server.join().unwrap();
    });
}

#[test]
fn the_guard_sees_to_calls_that_nobody_waits_for() {
    check(|| {
        let (reactor, server) = start();
        let guarded = reactor.clone();
        let (sender, receiver) = channel();
        let guard = thread::spawn(move || {
            guarded.run_guard(|reactor| {
                if std::mem::take(&mut reactor.core().changed) {
                    // The receiver is gone only where the test has failed.
                    let _ = sender.send(());
                }
            });
        });
        let caller = reactor.clone();
        let caller = thread::spawn(move || call(&caller, [2, 3]));
        let mut core = reactor.core();
        core.start(1);
        core.unattended.push(1);
        drop(core);
        reactor.nudge_guard();
        receiver.recv().unwrap();
        caller.join().unwrap();
        reactor.stop_guard();
        guard.join().unwrap();
        drop(reactor);
        server.join().unwrap();
    });
}

#[test]
fn the_guard_heeds_the_timer_that_another_thread_left() {
    check(|| {
        let (reactor, server) = start();
        reactor.core().timed = true;
        let guarded = reactor.clone();
        let (sender, receiver) = channel();
        let guard = thread::spawn(move || {
            guarded.run_guard(|reactor| {
                if std::mem::take(&mut reactor.core().changed) {
                    // The receiver is gone only where the test has failed.
                    let _ = sender.send(());
                }
            });
        });
        for round in 0..2 {
            // Whom the guard tells makes the next call, perhaps before the guard is back.
            call(&reactor, [round]);
            receiver.recv().unwrap();
        }
        reactor.stop_guard();
        guard.join().unwrap();
        drop(reactor);
        server.join().unwrap();
    });
}

#[test]
fn a_fork_holds_nobody_up_for_ever() {
    check(|| {
        let (reactor, server) = start();
        let callers: Vec<_> = (0..2)
            .map(|number| {
                let reactor = reactor.clone();
                thread::spawn(move || call(&reactor, [number]))
            })
            .collect();
        let frozen = reactor.freeze();
        thread::yield_now();
        frozen.thaw();
        for caller in callers {
            caller.join().unwrap();
        }
        assert!(!reactor.core().left);
        drop(reactor);
        server.join().unwrap();
    });
}

#[test]
fn the_child_of_a_fork_begins_anew() {
    check(|| {
        let (reactor, server) = start();
        reactor.core().start(1);
        reactor.freeze().thaw_in_child().unwrap();
        assert!(reactor.core().left);
        assert!(reactor.followers.lock().unwrap().is_empty());
        drop(reactor);
        server.join().unwrap();
    });
}
