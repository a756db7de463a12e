//! The calls of a channel: started, given messages, read, ended. A call whose connection does not stand yet waits here.

use std::sync::Arc;
use std::time::Instant;

use russet_rpc::client::{StartCall, StartError};
use russet_rpc::{CallEnded, Code, MessageOptions, Metadata, SendError, Status};

use super::{Call, CallKey, Channel, Connectivity, NewCall, Outcome, Place, Waiting};
use crate::inbox::{Inbound, Inbox, Interest, Received};
use crate::parker::Parker;
use crate::security::ClientSecurity;
use crate::transport::Turn;

impl Channel {
    pub(super) fn add_call(&mut self, deadline: Option<Instant>, wait_for_ready: bool) -> CallKey {
        let generation = self.next_generation;
        self.next_generation = generation.wrapping_add(1);
        let index = self.calls.insert(Call {
            generation,
            place: Place::Over,
            deadline,
            wait_for_ready,
            inbox: Inbox::default(),
            initial: None,
            outcome: None,
            congested: false,
            abandoned: false,
            interest: Interest::default(),
            peer: None,
        });
        CallKey {
            // More than 2^32 calls at once do not fit into memory.
            index: u32::try_from(index).unwrap_or(u32::MAX),
            generation,
        }
    }

    /// A call that ended before it could start.
    pub fn start_ended(&mut self, status: Status) -> CallKey {
        let key = self.add_call(None, false);
        self.end_locally(key, status);
        key
    }

    /// Starts a call. It always succeeds: what goes wrong becomes the call's status.
    pub fn start(&mut self, new: &NewCall<'_>, now: Instant) -> CallKey {
        let key = self.add_call(new.deadline, new.wait_for_ready);
        if self.state == Connectivity::Shutdown {
            self.end_locally(key, Status::new(Code::Cancelled, "Channel closed!"));
            return key;
        }
        if !new.held && self.start_on_active(key, new, now) {
            return key;
        }
        if let Some(call) = self.call_mut(key) {
            call.place = Place::Waiting(Box::new(Waiting {
                path: new.path.to_owned(),
                metadata: new.metadata.clone(),
                encoding: new.encoding,
                messages: Vec::new(),
                half_closed: false,
                held: new.held,
            }));
        }
        self.waiting.push_back(key);
        self.pursue(new.wait_for_ready, now);
        key
    }

    /// Sends a held call on its way, with metadata that is added to its own.
    pub fn provide(&mut self, key: CallKey, metadata: &Metadata, now: Instant) {
        let Some(call) = self.call_mut(key) else {
            return;
        };
        let wait_for_ready = call.wait_for_ready;
        let Place::Waiting(waiting) = &mut call.place else {
            return;
        };
        waiting.metadata.extend(metadata);
        waiting.held = false;
        if self.active.is_some() {
            self.start_waiting(now);
        } else {
            self.pursue(wait_for_ready, now);
        }
    }

    /// Does what a call that waits asks of the channel.
    fn pursue(&mut self, wait_for_ready: bool, now: Instant) {
        if self.retry_at.is_some_and(|at| at <= now) {
            // The wait is over; nobody was there to notice.
            self.set_state(Connectivity::Connecting);
            self.start_attempt(now);
        } else if self.state == Connectivity::TransientFailure && !wait_for_ready {
            self.fail_waiting();
        } else {
            self.connect(now);
        }
    }

    /// Starts a call on the connection that stands; `false` where it has to wait.
    pub(super) fn start_on_active(
        &mut self,
        key: CallKey,
        new: &NewCall<'_>,
        now: Instant,
    ) -> bool {
        let Some(index) = self.active else {
            return false;
        };
        let Some(Some(link)) = self.links.get_mut(index) else {
            return false;
        };
        let started = link.transport.engine.start_call(
            &StartCall {
                path: new.path,
                authority: &self.authority,
                scheme: match self.security {
                    ClientSecurity::Tls { .. } => "https",
                    _ => "http",
                },
                user_agent: &self.user_agent,
                metadata: new.metadata,
                deadline: new.deadline,
                encoding: new.encoding,
            },
            now,
        );
        match started {
            Ok(id) => {
                link.calls.insert(id, key.index);
                let peer = link.peer.clone();
                if let Some(call) = self.call_mut(key) {
                    call.place = Place::On {
                        connection: index,
                        id,
                    };
                    call.peer = Some(peer);
                }
                self.after(index, Turn::Idle);
                true
            }
            Err(StartError::TooManyStreams(_) | StartError::GoingAway | StartError::Closed) => {
                false
            }
            Err(error @ StartError::HeadersTooLarge { .. }) => {
                self.end_locally(key, Status::new(Code::ResourceExhausted, error.to_string()));
                true
            }
            Err(error @ StartError::IllegalHeader(_)) => {
                self.end_locally(key, Status::new(Code::Internal, error.to_string()));
                true
            }
        }
    }

    /// Sends a message. It is written at the next flush.
    pub fn send_message(
        &mut self,
        key: CallKey,
        message: &[u8],
        options: MessageOptions,
    ) -> Result<bool, SendError> {
        self.send(key, Some(message), options, false)
    }

    /// Sends the last message of a call.
    pub fn send_last_message(
        &mut self,
        key: CallKey,
        message: &[u8],
        options: MessageOptions,
    ) -> Result<bool, SendError> {
        self.send(key, Some(message), options, true)
    }

    /// The last message has been given.
    pub fn half_close(&mut self, key: CallKey) -> Result<bool, SendError> {
        self.send(key, None, MessageOptions::default(), true)
    }

    /// Gives a message, or the end, or both; returns whether the sender should wait before the next one.
    pub(super) fn send(
        &mut self,
        key: CallKey,
        message: Option<&[u8]>,
        options: MessageOptions,
        last: bool,
    ) -> Result<bool, SendError> {
        let max = self.config.max_send_message_length;
        let call = self.call_mut(key).ok_or(SendError::CallEnded)?;
        match &mut call.place {
            Place::Over => Err(SendError::CallEnded),
            Place::Waiting(waiting) => {
                if waiting.half_closed {
                    return if message.is_some() {
                        Err(SendError::HalfClosed)
                    } else {
                        Ok(false)
                    };
                }
                if let Some(message) = message {
                    if let Some(max) = max
                        && message.len() > max
                    {
                        return Err(SendError::TooLarge {
                            length: message.len(),
                            max,
                        });
                    }
                    waiting.messages.push((message.to_vec(), options));
                }
                waiting.half_closed = last;
                // A caller that sends before the connection stands should send one message, not the whole stream.
                call.congested = !last;
                Ok(call.congested)
            }
            &mut Place::On { connection, id } => {
                let Some(Some(link)) = self.links.get_mut(connection) else {
                    return Err(SendError::CallEnded);
                };
                let engine = &mut link.transport.engine;
                match (message, last) {
                    (Some(message), true) => engine.send_last_message(id, message, options)?,
                    (Some(message), false) => engine.send_message(id, message, options)?,
                    (None, _) => engine.half_close(id)?,
                }
                let congested = engine.send_buffered(id) > russet_rpc::limits::SEND_BUFFER_HIGH;
                self.after(connection, Turn::Idle);
                if let Some(call) = self.call_mut(key) {
                    call.congested = congested;
                }
                Ok(congested)
            }
        }
    }

    /// Whether the call should wait before it sends more.
    pub fn is_congested(&self, key: CallKey) -> bool {
        self.call(key)
            .is_some_and(|call| call.congested && call.outcome.is_none())
    }

    /// Takes the next message of a call; `Ended` once all have been taken and the status is there.
    pub fn next_message(&mut self, key: CallKey) -> Inbound<()> {
        let Some(call) = self.call_mut(key) else {
            return Inbound::Ended(());
        };
        match call.inbox.pop() {
            Some(Received { message, credit }) => {
                if let &Place::On { connection, id } = &call.place
                    && let Some(Some(link)) = self.links.get_mut(connection)
                {
                    link.transport.engine.message_consumed(id, credit);
                    self.after(connection, Turn::Idle);
                }
                Inbound::Message(message)
            }
            None if call.outcome.is_some() => Inbound::Ended(()),
            None => Inbound::Pending,
        }
    }

    /// The response headers' metadata; empty where the call ended without them, `None` while neither has come.
    pub fn initial_metadata(&self, key: CallKey) -> Option<Metadata> {
        match self.call(key) {
            Some(call) => match &call.initial {
                Some(initial) => Some(initial.clone()),
                None => call.outcome.as_ref().map(|_| Metadata::EMPTY),
            },
            None => Some(Metadata::EMPTY),
        }
    }

    /// How the call ended; `None` while it goes on.
    pub fn outcome(&self, key: CallKey) -> Option<&Outcome> {
        self.call(key).and_then(|call| call.outcome.as_ref())
    }

    /// The server's address, once the call has a connection.
    pub fn peer(&self, key: CallKey) -> Option<Arc<str>> {
        self.call(key).and_then(|call| call.peer.clone())
    }

    /// Leaves `parker` to be told of the call's next news.
    pub fn set_waiter(&mut self, key: CallKey, parker: &Arc<Parker>) {
        if let Some(call) = self.call_mut(key) {
            call.interest.add_waiter(parker);
        }
    }

    /// Puts the call on the list of changed calls whenever it has news, at once if it has some already. While it runs the I/O is driven although no thread waits.
    pub fn watch(&mut self, key: CallKey) {
        let Some(call) = self.call_mut(key) else {
            return;
        };
        if std::mem::replace(&mut call.interest.watched, true) {
            return;
        }
        let over = call.outcome.is_some();
        let news = over || !call.inbox.is_empty();
        if !over {
            self.attend(true);
        }
        if news {
            self.tell(key);
        }
    }

    /// Ends a call with `status`, at once. Messages that were not taken are dropped.
    pub fn cancel(&mut self, key: CallKey, status: Status) {
        let Some(call) = self.call_mut(key) else {
            return;
        };
        if call.outcome.is_some() {
            return;
        }
        call.inbox = Inbox::default();
        if let &Place::On { connection, id } = &call.place
            && let Some(Some(link)) = self.links.get_mut(connection)
        {
            link.calls.remove(&id);
            let _: Result<(), CallEnded> = link.transport.engine.cancel(id, status.clone());
            self.after(connection, Turn::Idle);
        }
        self.end_locally(key, status);
    }

    /// The caller is done with a call: its state goes. A call that still runs is cancelled.
    pub fn release(&mut self, key: CallKey) {
        self.cancel(
            key,
            Status::new(Code::Cancelled, "Locally cancelled by application!"),
        );
        if self.call(key).is_some() {
            self.calls.remove(key.index as usize);
        }
    }

    /// The caller will not ask for a call any more, but it goes on to its end.
    pub fn abandon(&mut self, key: CallKey) {
        match self.call_mut(key) {
            Some(call) if call.outcome.is_none() => call.abandoned = true,
            _ => self.release(key),
        }
    }

    pub(super) fn end_locally(&mut self, key: CallKey, status: Status) {
        self.end(
            key,
            Outcome {
                status,
                trailing: Metadata::EMPTY,
            },
        );
    }

    pub(super) fn end(&mut self, key: CallKey, outcome: Outcome) {
        if let Some(call) = self.call_mut(key) {
            call.place = Place::Over;
            call.outcome = Some(outcome);
            let abandoned = call.abandoned;
            if call.interest.watched {
                self.attend(false);
            }
            self.tell(key);
            if abandoned {
                self.calls.remove(key.index as usize);
            }
        }
    }

    pub(super) fn tell(&mut self, key: CallKey) {
        if let Some(call) = self.call_mut(key)
            && call.interest.tell()
        {
            self.changed.push(key);
        }
    }

    /// Starts the calls that waited for a connection.
    pub(super) fn start_waiting(&mut self, now: Instant) {
        for key in std::mem::take(&mut self.waiting) {
            let Some(call) = self.call_mut(key) else {
                continue;
            };
            let Place::Waiting(_) = &call.place else {
                continue;
            };
            let Place::Waiting(waiting) = std::mem::replace(&mut call.place, Place::Over) else {
                continue;
            };
            let new = NewCall {
                path: &waiting.path,
                metadata: &waiting.metadata,
                deadline: call.deadline,
                wait_for_ready: call.wait_for_ready,
                encoding: waiting.encoding,
                held: waiting.held,
            };
            if new.held || !self.start_on_active(key, &new, now) {
                if let Some(call) = self.call_mut(key) {
                    call.place = Place::Waiting(waiting);
                }
                self.waiting.push_back(key);
                continue;
            }
            let count = waiting.messages.len();
            for (number, (message, options)) in waiting.messages.iter().enumerate() {
                let last = waiting.half_closed && number + 1 == count;
                // A call that ended meanwhile has its status.
                let _ = self.send(key, Some(message), *options, last);
            }
            if waiting.half_closed && count == 0 {
                let _ = self.half_close(key);
            }
            if !self.is_congested(key) {
                self.tell(key);
            }
        }
    }

    /// Ends the calls that do not wait for better days.
    pub(super) fn fail_waiting(&mut self) {
        let status = Status::new(
            Code::Unavailable,
            format!(
                "failed to connect to all addresses; last error: {}",
                self.last_error
            ),
        );
        for key in std::mem::take(&mut self.waiting) {
            match self.call(key) {
                Some(call) if call.wait_for_ready => self.waiting.push_back(key),
                Some(_) => self.end_locally(key, status.clone()),
                None => {}
            }
        }
    }

    /// Ends the waiting calls whose deadline has passed.
    pub(super) fn expire_waiting(&mut self, now: Instant) {
        if self.waiting.is_empty() {
            return;
        }
        let due = |call: &Call| call.deadline.is_some_and(|deadline| deadline <= now);
        for key in std::mem::take(&mut self.waiting) {
            match self.call(key) {
                Some(call) if due(call) => {
                    self.end_locally(
                        key,
                        Status::new(Code::DeadlineExceeded, "Deadline Exceeded"),
                    );
                }
                Some(call) if matches!(call.place, Place::Waiting(_)) => {
                    self.waiting.push_back(key);
                }
                _ => {}
            }
        }
    }
}
