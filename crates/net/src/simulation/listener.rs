//! The observer of a simulated channel and its servers, and what must be true of what it heard.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use russet_rpc::Code;

use crate::observation::{Observed, Observer};

/// What it has heard.
#[derive(Debug, Default)]
pub(super) struct Listener(Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    attempts_started: usize,
    attempts_ended: usize,
    /// How each call ended, by its token.
    calls: Vec<Option<Code>>,
    server_calls_started: usize,
    server_calls: HashSet<u64>,
}

impl Observer for Listener {
    fn is_listening(&self) -> bool {
        true
    }

    fn tell(&self, observed: Observed) {
        let heard = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match observed {
            Observed::AttemptStarted { .. } => heard.attempts_started += 1,
            Observed::ClientCall(call) => {
                let number = usize::try_from(call.token).unwrap();
                heard.calls.resize(heard.calls.len().max(number + 1), None);
                let before = heard.calls[number].replace(call.status.code);
                assert_eq!(before, None, "call {number} has ended twice");
                assert!(!call.attempts.is_empty());
                if call.status.code == Code::Ok {
                    let answered = |attempt: &&crate::observation::Attempt| {
                        attempt.status.code == Code::Ok && attempt.tally.is_some()
                    };
                    assert_eq!(call.attempts.iter().filter(answered).count(), 1, "{call:?}");
                }
                heard.attempts_ended += call.attempts.len();
            }
            Observed::ServerCallStarted { .. } => heard.server_calls_started += 1,
            Observed::ServerCall(call) => {
                assert!(heard.server_calls.insert(call.id), "{} twice", call.id);
            }
        }
    }
}

impl Listener {
    /// Everything is over: each call was told of, with the end that the application saw, and each attempt that began has ended.
    pub(super) fn check(&self, codes: &[Option<Code>]) {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(heard.calls.len(), codes.len());
        for (number, (told, seen)) in heard.calls.iter().zip(codes).enumerate() {
            assert!(told.is_some(), "nobody was told of call {number}");
            // What becomes of a call that it has let go, the application does not see.
            assert!(seen.is_none() || told == seen, "call {number}: {told:?}");
        }
        assert_eq!(heard.attempts_started, heard.attempts_ended);
        assert_eq!(heard.server_calls_started, heard.server_calls.len());
    }
}
