//! What the peers, which are written for tokio, have in common: a runtime of one thread, a pipe in memory, rounds of tasks.

use std::future::Future;

use tokio::io::DuplexStream;
use tokio::runtime::{Builder, Runtime};

use crate::IN_FLIGHT;

/// Calls that each task makes in a round, one after the other, so that starting the tasks does not count.
const CALLS: usize = 50;

pub fn runtime() -> Runtime {
    Builder::new_current_thread()
        .build()
        .expect("a runtime needs nothing from the system here")
}

/// Two ends of a pipe that holds all that a round has under way.
pub fn pipe() -> (DuplexStream, DuplexStream) {
    tokio::io::duplex(4 << 20)
}

/// Has [`IN_FLIGHT`] tasks make one call after the other; how many calls those were.
pub fn in_flight<Call: Future<Output = ()> + Send + 'static>(
    runtime: &Runtime,
    call: impl Fn() -> Call + Clone + Send + 'static,
) -> usize {
    runtime.block_on(async {
        let tasks: Vec<_> = (0..IN_FLIGHT)
            .map(|_| {
                let call = call.clone();
                tokio::spawn(async move {
                    for _ in 0..CALLS {
                        call().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("a task does not panic");
        }
    });
    IN_FLIGHT * CALLS
}
