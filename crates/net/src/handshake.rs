//! A TLS session that is away, on a thread of its own, because a part of its handshake may take long.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use crate::alarm::Alarm;
use crate::tls::{Session, Ticket, with_ticket};

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

impl Away {
    /// Has a session take in `ciphertext` elsewhere; `alarm` is rung when it has.
    pub(crate) fn start(
        mut session: Box<Session>,
        ciphertext: Vec<u8>,
        alarm: Arc<Alarm>,
    ) -> io::Result<Self> {
        let (sender, returned) = channel();
        let ticket = Arc::new(Ticket::default());
        let own = ticket.clone();
        std::thread::Builder::new()
            .name("russet-signer".to_owned())
            .spawn(move || {
                let mut plaintext = Vec::new();
                let outcome = with_ticket(&own, || {
                    session.receive(&ciphertext, |plain| plaintext.extend_from_slice(plain))
                });
                let returned = Returned {
                    session,
                    plaintext,
                    outcome,
                };
                // The connection may be gone by now; then nobody wants to know.
                if sender.send(returned).is_ok() {
                    alarm.ring();
                }
            })?;
        Ok(Self { returned, ticket })
    }

    /// The session, if it is back. An error where its thread has ended without it.
    pub(crate) fn poll(&self) -> Result<Option<Returned>, String> {
        match self.returned.try_recv() {
            Ok(returned) => Ok(Some(returned)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err("the custom signer's thread failed".to_owned()),
        }
    }
}

impl Away {
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
