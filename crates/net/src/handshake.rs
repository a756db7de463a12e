//! A TLS session that is away, because a part of its handshake takes long: where a key is elsewhere on a thread of its own, and on servers on one of a few threads that are there as long as clients shake hands.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::alarm::Alarm;
use crate::tls::{Session, Ticket, with_ticket};

/// The most threads of a [`Pool`]. One core is left to the network, where there are more.
const MAX_THREADS: usize = 4;

/// How long a pool's thread waits for the next handshake before it ends.
const PATIENCE: Duration = Duration::from_secs(1);

/// What comes back: the session, the plaintext that it had for the engine, and whether it goes on.
pub(crate) struct Returned {
    pub(crate) session: Box<Session>,
    pub(crate) plaintext: Vec<u8>,
    pub(crate) outcome: Result<(), String>,
}

/// See the module's documentation. Dropping it cancels what the session waits for.
#[derive(Debug)]
pub(crate) struct Away {
    returned: Receiver<Returned>,
    ticket: Arc<Ticket>,
}

/// A step of a handshake that is to be done elsewhere.
struct Job {
    session: Box<Session>,
    ciphertext: Vec<u8>,
    sender: Sender<Returned>,
    alarm: Arc<Alarm>,
    ticket: Arc<Ticket>,
}

impl Job {
    fn new(session: Box<Session>, ciphertext: Vec<u8>, alarm: Arc<Alarm>) -> (Self, Away) {
        let (sender, returned) = channel();
        let ticket = Arc::new(Ticket::default());
        let away = Away {
            returned,
            ticket: ticket.clone(),
        };
        let job = Self {
            session,
            ciphertext,
            sender,
            alarm,
            ticket,
        };
        (job, away)
    }

    fn run(mut self) {
        if self.ticket.is_cancelled() {
            return;
        }
        let mut plaintext = Vec::new();
        let outcome = with_ticket(&self.ticket, || {
            let sink = |plain: &[u8]| plaintext.extend_from_slice(plain);
            self.session.receive(&self.ciphertext, sink)
        });
        let returned = Returned {
            session: self.session,
            plaintext,
            outcome,
        };
        // The connection may be gone by now; then nobody wants to know.
        if self.sender.send(returned).is_ok() {
            self.alarm.ring();
        }
    }
}

impl Away {
    /// Has a session take in `ciphertext` on a thread of its own; `alarm` is rung when it has.
    pub(crate) fn start(
        session: Box<Session>,
        ciphertext: Vec<u8>,
        alarm: Arc<Alarm>,
    ) -> io::Result<Self> {
        let (job, away) = Job::new(session, ciphertext, alarm);
        std::thread::Builder::new()
            .name("russet-signer".to_owned())
            .spawn(move || job.run())?;
        Ok(away)
    }

    /// The session, if it is back. An error where its thread has ended without it.
    pub(crate) fn poll(&self) -> Result<Option<Returned>, String> {
        match self.returned.try_recv() {
            Ok(returned) => Ok(Some(returned)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err("the handshake's thread failed".to_owned()),
        }
    }

    /// In the child of a fork: the session goes on in the parent, and nothing is cancelled.
    pub(crate) fn leave_to_parent(self) {
        std::mem::forget(self);
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        self.ticket.cancel();
    }
}

/// Threads that do the costly steps of a server's handshakes, so that the connections that stand do not wait for them. They start with the first handshake and end when there was none for a second.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
    most: usize,
}

struct Shared {
    jobs: Mutex<Jobs>,
    more: Condvar,
}

#[derive(Default)]
struct Jobs {
    /// Of clients that have answered this side: they go first, as there is somebody behind them.
    answers: VecDeque<Job>,
    /// First words.
    hellos: VecDeque<Job>,
    threads: usize,
    idle: usize,
    closed: bool,
}

impl Jobs {
    fn len(&self) -> usize {
        self.answers.len() + self.hellos.len()
    }

    /// The job of this ticket, if it waits.
    fn take_back(&mut self, ticket: &Arc<Ticket>) -> Option<Job> {
        [&mut self.answers, &mut self.hellos]
            .into_iter()
            .find_map(|jobs| {
                let place = jobs
                    .iter()
                    .position(|job| Arc::ptr_eq(&job.ticket, ticket))?;
                jobs.remove(place)
            })
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread's work, as long as there is some.
    fn work(&self) {
        let mut jobs = self.jobs();
        loop {
            let next = jobs.answers.pop_front();
            if let Some(job) = next.or_else(|| jobs.hellos.pop_front()) {
                drop(jobs);
                job.run();
                jobs = self.jobs();
                continue;
            }
            if jobs.closed {
                return;
            }
            jobs.idle += 1;
            let (woken, waited) = self
                .more
                .wait_timeout(jobs, PATIENCE)
                .unwrap_or_else(PoisonError::into_inner);
            jobs = woken;
            jobs.idle -= 1;
            if waited.timed_out() && jobs.len() == 0 {
                return;
            }
        }
    }
}

/// Counts a thread out, also one that ends by a panic.
struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.jobs().threads -= 1;
    }
}

impl Pool {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            shared: Arc::new(Shared {
                jobs: Mutex::default(),
                more: Condvar::new(),
            }),
            most: cores.saturating_sub(1).clamp(1, MAX_THREADS),
        }
    }

    /// A pool whose threads, of which there are none, never do what they are given; or one that says that it has none.
    #[cfg(test)]
    pub(crate) fn without_threads(stalled: bool) -> Self {
        let mut pool = Self::new();
        pool.most = usize::from(stalled);
        pool.shared.jobs().threads = pool.most;
        pool
    }

    /// Has a session take in `ciphertext` when a thread is free; `alarm` is rung when it has. The session comes back where there is no thread at all.
    pub(crate) fn start(
        &self,
        session: Box<Session>,
        ciphertext: Vec<u8>,
        answers: bool,
        alarm: Arc<Alarm>,
    ) -> Result<Away, Box<Session>> {
        let (job, away) = Job::new(session, ciphertext, alarm);
        let ticket = job.ticket.clone();
        let wants_thread = {
            let mut jobs = self.shared.jobs();
            if jobs.threads == 0 && self.most == 0 {
                return Err(job.session);
            }
            if answers {
                jobs.answers.push_back(job);
            } else {
                jobs.hellos.push_back(job);
            }
            let wants_thread = jobs.len() > jobs.idle && jobs.threads < self.most;
            // Counted before it is there, so that it can count itself out.
            jobs.threads += usize::from(wants_thread);
            wants_thread
        };
        if !wants_thread {
            self.shared.more.notify_one();
            return Ok(away);
        }
        let counted = Counted(self.shared.clone());
        let spawned = std::thread::Builder::new()
            .name("russet-handshakes".to_owned())
            .spawn(move || counted.0.work());
        if spawned.is_err() {
            let mut jobs = self.shared.jobs();
            if jobs.threads == 0
                && let Some(job) = jobs.take_back(&ticket)
            {
                return Err(job.session);
            }
        }
        Ok(away)
    }

    /// Steps that no thread has taken up yet.
    pub(crate) fn waiting(&self) -> usize {
        self.shared.jobs().len()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.jobs().closed = true;
        self.shared.more.notify_all();
    }
}
