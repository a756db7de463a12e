//! The calls of a channel as the application sees them: started, given messages, read, ended. How they get to a connection, and to another one where that is called for, is in `attempts`.

use std::sync::Arc;
use std::time::Instant;

use russet_rpc::retry::Attempts;
use russet_rpc::{
    CallEnded, CallId, Code, MessageOptions, Metadata, SendError, Status, UnreadableMessage,
};

use super::record::TRANSPARENT_RETRY_BUFFER;
use super::{Attempt, Call, CallKey, Channel, Connectivity, NewCall, Outcome, Place, Repeating};
use crate::inbox::{Inbound, Inbox, Interest, Received};
use crate::parker::Parker;
use crate::trace::trace;
use crate::transport::Turn;

impl Channel {
    fn add_call(
        &mut self,
        deadline: Option<Instant>,
        wait_for_ready: bool,
        streaming: bool,
    ) -> CallKey {
        self.idling.call_started();
        self.calls.insert(Call {
            place: Place::Over,
            deadline,
            wait_for_ready,
            inbox: Inbox::default(),
            initial: None,
            outcome: None,
            congested: false,
            streaming,
            abandoned: false,
            interest: Interest::default(),
            peer: None,
            record: None,
            method: None,
            repeating: None,
            refused: false,
            observation: None,
            ending: None,
        })
    }

    /// A call that ended before it could start.
    pub fn start_ended(&mut self, new: &NewCall<'_>, status: Status, now: Instant) -> CallKey {
        let key = self.add_call(None, false, new.streaming);
        self.counts.start(now);
        self.observe_start(key, new.path, new.token, now);
        self.end_locally(key, status);
        key
    }

    /// Starts a call. It always succeeds: what goes wrong becomes the call's status.
    pub fn start(&mut self, new: &NewCall<'_>, now: Instant) -> CallKey {
        let key = self.add_call(
            new.deadline,
            new.wait_for_ready.unwrap_or(false),
            new.streaming,
        );
        self.counts.start(now);
        self.observe_start(key, new.path, new.token, now);
        if self.state == Connectivity::Shutdown {
            self.end_locally(key, Status::new(Code::Cancelled, "Channel closed!"));
            return key;
        }
        if let Some(defect) = &self.defect {
            let status = defect.clone();
            self.end_locally(key, status);
            return key;
        }
        self.configure(key, new, now);
        let record = self.spare.take(new.path, new.metadata, new.encoding);
        let wait_for_ready = match self.call_mut(key) {
            Some(call) => {
                call.place = Place::Waiting;
                let record = call.record.insert(record);
                record.held = new.held;
                call.wait_for_ready
            }
            None => return key,
        };
        if !self.begin(key, now) {
            self.observe_wait(key);
            self.waiting.push_back(key);
            self.pursue(wait_for_ready, now);
        }
        key
    }

    /// Gives a call what the service config says of its method.
    fn configure(&mut self, key: CallKey, new: &NewCall<'_>, now: Instant) {
        let Some(method) = self.service_config.method(new.path).cloned() else {
            return;
        };
        let retries = self.retries.enabled;
        let Some(call) = self.call_mut(key) else {
            return;
        };
        let limit = method.timeout.and_then(|timeout| now.checked_add(timeout));
        call.deadline = [call.deadline, limit].into_iter().flatten().min();
        if new.wait_for_ready.is_none() {
            call.wait_for_ready = method.wait_for_ready.unwrap_or(false);
        }
        if retries && let Some(attempts) = Attempts::new(&method) {
            call.repeating = Some(Box::new(Repeating {
                attempts,
                open: Vec::new(),
            }));
        }
        call.method = Some(method);
    }

    /// Sends a held call on its way, with metadata that is added to its own.
    pub fn provide(&mut self, key: CallKey, metadata: &Metadata, now: Instant) {
        let Some(call) = self.call_mut(key) else {
            return;
        };
        let wait_for_ready = call.wait_for_ready;
        let Some(record) = &mut call.record else {
            return;
        };
        record.metadata.extend(metadata);
        record.held = false;
        self.start_waiting(now);
        if self
            .call(key)
            .is_some_and(|call| matches!(call.place, Place::Waiting))
        {
            self.pursue(wait_for_ready, now);
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
    fn send(
        &mut self,
        key: CallKey,
        message: Option<&[u8]>,
        options: MessageOptions,
        last: bool,
    ) -> Result<bool, SendError> {
        let max = self.config.max_send_message_length;
        let call = self.call_mut(key).ok_or(SendError::CallEnded)?;
        let max = [
            max,
            call.method
                .as_ref()
                .and_then(|method| method.max_request_bytes),
        ];
        if let Some(message) = message
            && let Some(max) = max.into_iter().flatten().min()
            && message.len() > max
        {
            return Err(SendError::TooLarge {
                length: message.len(),
                max,
            });
        }
        let over = matches!(call.place, Place::Over);
        if let Some(record) = &mut call.record
            && !over
        {
            if record.half_closed {
                return if message.is_some() {
                    Err(SendError::HalfClosed)
                } else {
                    Ok(false)
                };
            }
            if let Some(message) = message {
                record.push(message, options);
            }
            record.half_closed = last;
        }
        match &call.place {
            Place::Over => Err(SendError::CallEnded),
            Place::Waiting | Place::Pausing => {
                // A caller that sends before the connection stands should send one message, not the whole stream.
                call.congested = !last;
                Ok(call.congested)
            }
            &Place::On { connection, id } => {
                let congested = self.send_on(connection, id, message, options, last);
                self.limit_record(key);
                let call = self.call_mut(key).ok_or(SendError::CallEnded)?;
                match congested {
                    Ok(congested) => call.congested = congested,
                    // Its end is on its way; what was given is sent again if the call is.
                    Err(SendError::CallEnded) if call.record.is_some() => {}
                    Err(error) => return Err(error),
                }
                Ok(call.congested)
            }
            Place::Hedged => {
                let open = call
                    .repeating
                    .as_ref()
                    .map_or_else(Vec::new, |repeating| repeating.open.clone());
                for (connection, id) in open {
                    // One that has ended has its status.
                    let _ = self.send_on(connection, id, message, options, last);
                }
                self.limit_record(key);
                Ok(false)
            }
        }
    }

    /// Gives a message, or the end, or both, to one attempt; whether the sender should wait before the next one.
    pub(super) fn send_on(
        &mut self,
        connection: usize,
        id: CallId,
        message: Option<&[u8]>,
        options: MessageOptions,
        last: bool,
    ) -> Result<bool, SendError> {
        let Some(Some(link)) = self.links.get_mut(connection) else {
            return Err(SendError::CallEnded);
        };
        let engine = &mut link.transport.engine;
        if self.observer.is_some() {
            engine.tell_time(Instant::now());
        }
        match (message, last) {
            (Some(message), true) => engine.send_last_message(id, message, options)?,
            (Some(message), false) => engine.send_message(id, message, options)?,
            (None, _) => engine.half_close(id)?,
        }
        let congested = engine.send_buffered(id) > russet_rpc::limits::SEND_BUFFER_HIGH;
        self.after(connection, Turn::Idle);
        Ok(congested)
    }

    /// Lets go of what a call was given where that is more than is kept, which commits it to the attempt it has.
    pub(super) fn limit_record(&mut self, key: CallKey) {
        let policy = self.retries.buffer;
        let Some(call) = self.call(key) else { return };
        let limit = if call.repeating.is_some() {
            policy
        } else {
            policy.min(TRANSPARENT_RETRY_BUFFER)
        };
        if call
            .record
            .as_ref()
            .is_none_or(|record| record.len() <= limit)
        {
            return;
        }
        let attempt = match &call.place {
            &Place::On { connection, id } => Some((connection, id)),
            Place::Hedged => call
                .repeating
                .as_ref()
                .and_then(|repeating| repeating.open.first().copied()),
            Place::Waiting | Place::Pausing | Place::Over => None,
        };
        if let Some(attempt) = attempt {
            self.commit(key, attempt);
        }
    }

    /// Whether the call should wait before it sends more.
    pub fn is_congested(&self, key: CallKey) -> bool {
        self.call(key)
            .is_some_and(|call| call.congested && call.outcome.is_none())
    }

    /// Takes the next message of a call; `Ended` once all have been taken and the status is there. A compressed one is given as it came: whoever takes it decompresses it, without the channel, and then calls [`Channel::message_read`] or [`Channel::fail_message`].
    pub fn next_message(&mut self, key: CallKey) -> Inbound<()> {
        let Some(call) = self.call_mut(key) else {
            return Inbound::Ended(());
        };
        match call.inbox.pop() {
            Some(Received { message, credit }) => {
                if let &Place::On { connection, id } = &call.place {
                    if let Some(Some(link)) = self.links.get_mut(connection) {
                        link.transport.engine.message_consumed(id, credit);
                        self.after(connection, Turn::Idle);
                    }
                } else if call.is_over() && !message.is_compressed() {
                    self.tell(key);
                }
                Inbound::Message(message)
            }
            None if call.outcome.is_some() => Inbound::Ended(()),
            None => Inbound::Pending,
        }
    }

    /// A compressed message that was taken came to so many bytes. If it was the last one, the call is over now.
    pub fn message_read(&mut self, key: CallKey, length: usize) {
        if self.observer.is_some() {
            self.observe_read(key, length);
        }
        if self.call(key).is_some_and(Call::is_over) {
            self.tell(key);
        }
    }

    /// A message that was taken cannot be read: the call ends with what `error` says, whatever the server's status was.
    pub fn fail_message(&mut self, key: CallKey, error: UnreadableMessage) {
        let status = error.status("CLIENT");
        let Some(call) = self.call_mut(key) else {
            return;
        };
        if let Some(outcome) = &mut call.outcome {
            let trailing = Metadata::EMPTY;
            *outcome = Outcome { status, trailing };
            call.inbox = Inbox::default();
            self.tell(key);
        } else {
            self.cancel(key, status);
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

    /// Whether the call has ended and, where the server sends a stream of messages, all of them have been taken.
    pub fn is_over(&self, key: CallKey) -> bool {
        self.call(key).is_none_or(Call::is_over)
    }

    /// How the call ended; `None` while it goes on.
    pub fn outcome(&self, key: CallKey) -> Option<&Outcome> {
        self.call(key).and_then(|call| call.outcome.as_ref())
    }

    /// When the call ends with `DEADLINE_EXCEEDED`: the application's deadline or the service config's, whichever is earlier.
    pub fn deadline(&self, key: CallKey) -> Option<Instant> {
        self.call(key).and_then(|call| call.deadline)
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

    /// Ends a call with `status`, at once. Messages that were not taken are dropped; where those of a stream are, this status counts, whatever the server's was.
    pub fn cancel(&mut self, key: CallKey, status: Status) {
        let Some(call) = self.call_mut(key) else {
            return;
        };
        if call.is_over() {
            return;
        }
        if let Some(outcome) = &mut call.outcome {
            if call.streaming {
                let trailing = Metadata::EMPTY;
                *outcome = Outcome { status, trailing };
                call.inbox = Inbox::default();
                self.tell(key);
            }
            return;
        }
        call.inbox = Inbox::default();
        if let &Place::On { connection, id } = &call.place {
            self.cancel_attempt((connection, id), &status);
        }
        self.end_locally(key, status);
    }

    /// Cancels one attempt on its connection; its end is no news any more.
    pub(super) fn cancel_attempt(&mut self, (connection, id): Attempt, status: &Status) {
        if let Some(Some(link)) = self.links.get_mut(connection) {
            let key = link.calls.remove(&id);
            if key.is_some()
                && let Some(subchannel) = self.subchannels.get_mut(link.subchannel)
            {
                subchannel.calls.end(false);
            }
            let engine = &mut link.transport.engine;
            let tally = engine.take_tally(id);
            let _: Result<(), CallEnded> = engine.cancel(id, status.clone());
            self.after(connection, Turn::Idle);
            if let Some(key) = key {
                self.observe_attempt_end(key, (connection, id), status, tally);
            }
        }
    }

    /// The caller is done with a call: its state goes. A call that still runs is cancelled; whether it was.
    pub fn release(&mut self, key: CallKey) -> bool {
        let runs = self.call(key).is_some_and(|call| call.outcome.is_none());
        if runs {
            self.cancel(
                key,
                Status::new(Code::Cancelled, "Locally cancelled by application!"),
            );
        }
        self.calls.remove(key);
        runs
    }

    /// The caller will not ask for a call any more, but it goes on to its end. Its messages are dropped, and do not hold the server up.
    pub fn abandon(&mut self, key: CallKey) {
        match self.call_mut(key) {
            Some(call) if call.outcome.is_none() => {
                call.abandoned = true;
                self.drop_messages(key);
            }
            _ => {
                self.release(key);
            }
        }
    }

    /// Gives the server credit for messages that nobody will take.
    pub(super) fn drop_messages(&mut self, key: CallKey) {
        while let Inbound::Message(_) = self.next_message(key) {}
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
        let Some(outcome) = self.read_response(key, outcome) else {
            return;
        };
        let Some(call) = (self.calls.get_mut(key)).filter(|call| call.outcome.is_none()) else {
            return;
        };
        let Status { code, message } = &outcome.status;
        trace!(
            Call,
            "channel {}: a call ended: {} {message}",
            self.id,
            code.name()
        );
        self.counts.end(*code == Code::Ok);
        self.idling.call_ended();
        call.place = Place::Over;
        if *code == Code::DeadlineExceeded && call.deadline.is_some_and(|at| at <= Instant::now()) {
            // Time is up for its messages too.
            call.inbox = Inbox::default();
        }
        let record = call.record.take();
        let open = call
            .repeating
            .take()
            .map_or_else(Vec::new, |repeating| repeating.open);
        call.outcome = Some(outcome);
        let abandoned = call.abandoned;
        let watched = call.interest.watched;
        if let Some(record) = record {
            self.spare.give_back(record);
        }
        for attempt in open {
            self.cancel_attempt(
                attempt,
                &Status::new(Code::Cancelled, "another attempt ended"),
            );
        }
        self.observe_end(key);
        if watched {
            self.attend(false);
        }
        self.tell(key);
        if abandoned {
            self.calls.remove(key);
        }
    }

    pub(super) fn tell(&mut self, key: CallKey) {
        if let Some(call) = self.call_mut(key)
            && call.interest.tell()
        {
            self.changed.push(key);
        }
    }
}
