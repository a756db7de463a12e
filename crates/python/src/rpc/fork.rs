//! Channels and servers over a fork of the process.
//!
//! In `fork` itself every reactor's locks are taken, so that no other thread holds one at that moment; then the parent goes on, and the child's channels are idle and its servers stopped. That is done by `pthread_atfork` and not by `os.register_at_fork`: between Python's hooks and the fork other threads may run Python, and would wait for a reactor with the interpreter's lock in hand. Nothing here touches Python. The handlers are registered with the first channel or server.
#![expect(
    unsafe_code,
    reason = "pthread_atfork, and locks that are held between two of its handlers beside the object that they are a part of"
)]

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use russet_net::{Core, Frozen, Reactor};

use super::own_threads;

/// What has a reactor.
pub(super) trait Forks: Send + Sync + 'static {
    /// The state that the reactor drives.
    type Core: Core + 'static;

    /// Its reactor.
    fn reactor(&self) -> &Reactor<Self::Core>;
    /// This is the child: its threads are not there.
    fn forked(&self);
}

/// As [`Forks`], whatever the reactor drives.
trait Freeze: Send + Sync {
    fn freeze(self: Arc<Self>) -> Box<dyn Thaw>;
}

impl<T: Forks> Freeze for T {
    fn freeze(self: Arc<Self>) -> Box<dyn Thaw> {
        // SAFETY: what an Arc holds does not move, and lives as long as `Held` keeps the Arc: it is declared after the locks, so that it is dropped after them, and `thaw` drops the locks first. The reference does not leave `Held`.
        let pinned: &'static T = unsafe { &*Arc::as_ptr(&self) };
        Box::new(Held {
            frozen: pinned.reactor().freeze(),
            owner: self,
        })
    }
}

/// An owner of a reactor whose locks are taken.
struct Held<T: Forks> {
    frozen: Frozen<'static, T::Core>,
    owner: Arc<T>,
}

trait Thaw {
    fn thaw(self: Box<Self>, in_child: bool);
}

impl<T: Forks> Thaw for Held<T> {
    fn thaw(self: Box<Self>, in_child: bool) {
        let Self { frozen, owner } = *self;
        if in_child {
            // It fails where no descriptor is left: then every call on the channel fails too, and says so.
            let _ = frozen.thaw_in_child();
            owner.forked();
        } else {
            frozen.thaw();
        }
    }
}

/// The channels and servers of this process.
static LIVE: Mutex<Vec<Weak<dyn Freeze>>> = Mutex::new(Vec::new());

/// One fork at a time.
static TURN: Mutex<()> = Mutex::new(());

/// What a thread holds while it forks.
struct Forking {
    /// Newest first, and `LIVE` and the turn last.
    held: Vec<Box<dyn Thaw>>,
    _live: MutexGuard<'static, Vec<Weak<dyn Freeze>>>,
    _turn: MutexGuard<'static, ()>,
}

thread_local! {
    static FORKING: RefCell<Option<Forking>> = const { RefCell::new(None) };
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has a new channel or server survive forks. `GRPC_ENABLE_FORK_SUPPORT=0` leaves forks alone, as it does with grpcio.
pub(super) fn add<T: Forks>(py: Python<'_>, one: &Arc<T>) -> PyResult<()> {
    static HOOKED: Once = Once::new();
    if !is_wanted() {
        return Ok(());
    }
    let mut outcome = 0;
    HOOKED.call_once(|| {
        // SAFETY: the handlers are functions of this module, which stays loaded until the process ends. They do not unwind: a panic in an `extern "C"` function ends the process.
        outcome = unsafe {
            libc::pthread_atfork(
                Some(before_fork),
                Some(after_in_parent),
                Some(after_in_child),
            )
        };
    });
    if outcome != 0 {
        return Err(PyOSError::new_err(format!(
            "channels cannot be made to survive forks: {}",
            io::Error::from_raw_os_error(outcome)
        )));
    }
    let weak = Arc::downgrade(one);
    // A fork of a thread without the interpreter's lock may hold the list.
    py.detach(|| {
        let mut live = lock(&LIVE);
        if live.len() == live.capacity() {
            live.retain(|other| other.strong_count() > 0);
        }
        live.push(weak);
    });
    Ok(())
}

fn is_wanted() -> bool {
    let setting = std::env::var("GRPC_ENABLE_FORK_SUPPORT").unwrap_or_default();
    !matches!(setting.to_ascii_lowercase().as_str(), "0" | "false" | "no")
}

extern "C" fn before_fork() {
    let turn = lock(&TURN);
    let live = lock(&LIVE);
    let held = live
        .iter()
        .filter_map(Weak::upgrade)
        .map(Freeze::freeze)
        .collect();
    let forking = Forking {
        held,
        _live: live,
        _turn: turn,
    };
    FORKING.with(|place| *place.borrow_mut() = Some(forking));
}

extern "C" fn after_in_parent() {
    thaw(false);
}

extern "C" fn after_in_child() {
    own_threads::forked();
    thaw(true);
}

fn thaw(in_child: bool) {
    let forking = FORKING.with(|place| place.borrow_mut().take());
    for held in forking.into_iter().flat_map(|forking| forking.held) {
        held.thaw(in_child);
    }
}
