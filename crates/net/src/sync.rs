//! What threads share, and how each has something of its own: the standard library's.
//!
//! The modules that threads meet in (`reactor`, `parker`, `alarm`, `fork`) take these from here, so that `tests/shuttle` can compile them with others, which run the threads in any order that it wants to try.

pub(crate) use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard, TryLockError, atomic,
};
pub(crate) use std::thread_local;
