//! The four workloads, as what one call does at each event.

use std::time::Instant;

use clap::ValueEnum;
use russet_rpc::client::{Connection, StartCall};
use russet_rpc::{CallId, Encoding, MessageOptions, Metadata, limits};

use crate::connection::LoadError;
use crate::message::encode;
use crate::report::Report;

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Kind {
    Unary,
    ServerStream,
    ClientStream,
    Bidirectional,
}

/// A workload with its prepared messages.
#[derive(Debug)]
pub(crate) struct Workload {
    kind: Kind,
    authority: String,
    request: Vec<u8>,
    reply: Vec<u8>,
    messages: u32,
}

/// A call in flight.
#[derive(Debug)]
pub(crate) struct Call {
    started: Instant,
    sent: u32,
    received: u32,
}

impl Workload {
    pub(crate) fn new(kind: Kind, payload: usize, messages: u32, authority: String) -> Self {
        let text = "x".repeat(payload);
        let (request, reply) = match kind {
            Kind::Unary | Kind::Bidirectional => (encode(&text, 0), encode(&text, 0)),
            Kind::ServerStream => (encode(&text, messages), encode(&text, 0)),
            Kind::ClientStream => (encode(&text, 0), encode(&text, messages)),
        };
        Self {
            kind,
            authority,
            request,
            reply,
            messages,
        }
    }

    /// Starts a call and sends what begins it.
    pub(crate) fn start(&self, connection: &mut Connection) -> Result<(CallId, Call), LoadError> {
        let now = Instant::now();
        let path = match self.kind {
            Kind::Unary => "/russet.bench.Echo/Unary",
            Kind::ServerStream => "/russet.bench.Echo/ServerStream",
            Kind::ClientStream => "/russet.bench.Echo/ClientStream",
            Kind::Bidirectional => "/russet.bench.Echo/Bidirectional",
        };
        let start = StartCall {
            path,
            authority: &self.authority,
            scheme: "http",
            user_agent: "russet-bench-load",
            metadata: &Metadata::EMPTY,
            deadline: None,
            encoding: Encoding::Identity,
        };
        let id = connection.start_call(&start, now)?;
        let mut call = Call {
            started: now,
            sent: 0,
            received: 0,
        };
        match self.kind {
            Kind::Unary | Kind::ServerStream => {
                connection.send_last_message(id, &self.request, MessageOptions::default())?;
            }
            Kind::ClientStream => self.send_more(connection, id, &mut call)?,
            Kind::Bidirectional => {
                connection.send_message(id, &self.request, MessageOptions::default())?;
            }
        }
        Ok((id, call))
    }

    /// A client stream sends until its buffer is full, and ends after its last message.
    pub(crate) fn send_more(
        &self,
        connection: &mut Connection,
        id: CallId,
        call: &mut Call,
    ) -> Result<(), LoadError> {
        if self.kind != Kind::ClientStream {
            return Ok(());
        }
        while call.sent < self.messages && connection.send_buffered(id) <= limits::SEND_BUFFER_HIGH
        {
            call.sent += 1;
            if call.sent == self.messages {
                connection.send_last_message(id, &self.request, MessageOptions::default())?;
            } else {
                connection.send_message(id, &self.request, MessageOptions::default())?;
            }
        }
        Ok(())
    }

    /// A message came. Ping-pong answers with the next one.
    pub(crate) fn message(
        &self,
        connection: &mut Connection,
        id: CallId,
        call: &mut Call,
        message: &[u8],
        report: &mut Report,
    ) -> Result<(), LoadError> {
        if message != self.reply {
            return Err(LoadError::WrongReply);
        }
        call.received += 1;
        match self.kind {
            Kind::Unary | Kind::ClientStream => {}
            Kind::ServerStream => report.count(1),
            Kind::Bidirectional => {
                let now = Instant::now();
                report.latency(now.saturating_duration_since(call.started));
                report.count(1);
                call.started = now;
                connection.send_message(id, &self.request, MessageOptions::default())?;
            }
        }
        Ok(())
    }

    /// The call ended with OK.
    pub(crate) fn ended(&self, call: &Call, report: &mut Report) -> Result<(), LoadError> {
        let expected = match self.kind {
            Kind::ServerStream => self.messages,
            Kind::Unary | Kind::ClientStream => 1,
            // Ping-pong goes on until the run ends.
            Kind::Bidirectional => return Err(LoadError::WrongReply),
        };
        if call.received != expected {
            return Err(LoadError::WrongReply);
        }
        report.latency(call.started.elapsed());
        match self.kind {
            Kind::Unary => report.count(1),
            Kind::ClientStream => report.count(u64::from(self.messages)),
            Kind::ServerStream | Kind::Bidirectional => {}
        }
        Ok(())
    }
}
