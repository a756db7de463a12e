//! Whole messages of one call that the application has not taken yet, and who waits for them.

use std::collections::VecDeque;
use std::sync::Arc;

use russet_rpc::Message;

use crate::parker::Parker;

/// A message and the flow-control credit that goes back to the peer when it is taken.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) message: Message,
    pub(crate) credit: u32,
}

/// What a call has for its reader.
#[derive(Debug, PartialEq, Eq)]
pub enum Inbound<E, M = Message> {
    /// The next message.
    Message(M),
    /// Nothing yet.
    Pending,
    /// The peer has sent its last message, and it has been taken.
    HalfClosed,
    /// The call has ended.
    Ended(E),
}

/// A queue whose first message needs no allocation: most calls have one.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    first: Option<Received>,
    rest: VecDeque<Received>,
}

impl Inbox {
    pub(crate) fn push(&mut self, received: Received) {
        if self.first.is_none() {
            // `rest` is empty here: `pop` moves its front up.
            self.first = Some(received);
        } else {
            self.rest.push_back(received);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Received> {
        let taken = self.first.take();
        self.first = self.rest.pop_front();
        taken
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Whether the next message is compressed.
    pub(crate) fn is_compressed(&self) -> bool {
        self.first
            .as_ref()
            .is_some_and(|next| next.message.is_compressed())
    }
}

/// Who is told when a call has news.
#[derive(Debug, Default)]
pub(crate) struct Interest {
    /// Threads that wait; taken when they are told. A call may have several: one that sends, one that receives.
    waiters: Vec<Arc<Parker>>,
    /// Whether the call goes on the list of changed calls.
    pub(crate) watched: bool,
    /// Whether it stands there already.
    listed: bool,
}

impl Interest {
    /// Leaves `parker` to be told of the next news.
    pub(crate) fn add_waiter(&mut self, parker: &Arc<Parker>) {
        if !self.waiters.iter().any(|other| Arc::ptr_eq(other, parker)) {
            self.waiters.push(parker.clone());
        }
    }

    /// Tells the waiting threads; `true` where the call must go on the list of changed calls.
    pub(crate) fn tell(&mut self) -> bool {
        for waiter in self.waiters.drain(..) {
            waiter.unpark();
        }
        self.watched && !std::mem::replace(&mut self.listed, true)
    }

    /// Nobody waits any more, and nobody is told so.
    pub(crate) fn forget_waiters(&mut self) {
        self.waiters.clear();
    }

    /// The call has been taken from the list.
    pub(crate) const fn unlist(&mut self) {
        self.listed = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u8) -> Message {
        Message::from(vec![number])
    }

    #[test]
    fn messages_come_in_order() {
        let mut inbox = Inbox::default();
        for round in 0..3 {
            assert!(inbox.is_empty());
            for number in 0..=round {
                inbox.push(Received {
                    message: message(number),
                    credit: 0,
                });
            }
            for number in 0..=round {
                assert_eq!(
                    inbox.pop().map(|received| received.message),
                    Some(message(number))
                );
            }
            assert!(inbox.pop().is_none());
        }
    }
}
