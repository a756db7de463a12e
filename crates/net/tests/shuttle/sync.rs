//! What the crate's `sync` has, under shuttle's scheduler.

pub(crate) use std::sync::{PoisonError, TryLockError};

pub(crate) use shuttle::sync::{Arc, Mutex, MutexGuard, RwLock, RwLockWriteGuard, atomic};
pub(crate) use shuttle::thread_local;
