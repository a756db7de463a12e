//! The reactor among threads that run in any order: its own source, with locks, atomics, latches and a poll that shuttle schedules. A wake-up that is lost is a deadlock here, as nothing else ends a wait: no wait is given a time, but those of the guard and of threads that make way for a fork.
//!
//! `RUSSET_TEST_SCHEDULES` says how many schedules of each test are tried. A schedule that fails is printed; `shuttle::replay` repeats it.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "the modules are those of the crate, which has more uses for them"
)]

#[path = "../../src/alarm.rs"]
mod alarm;
#[path = "../../src/fork.rs"]
mod fork;
mod latch;
#[path = "../../src/parker.rs"]
mod parker;
mod poller;
#[path = "../../src/reactor.rs"]
mod reactor;
mod sync;
mod threads;
