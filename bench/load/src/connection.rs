//! One connection: a socket, the engine, and the calls in flight.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Instant;

use mio::event::Event as Readiness;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use russet_rpc::client::{Config, Connection as Engine, Event, StartError};
use russet_rpc::{CallId, Code, SendError};
use thiserror::Error;

use crate::Arguments;
use crate::report::Report;
use crate::workload::{Call, Workload};

/// Bytes that are read at once.
const READ_SIZE: usize = 256 << 10;
/// Windows as large as the other clients of benchmarks have, so that the server is measured and not the window.
const WINDOW: u32 = 4 << 20;

/// Why a run is worth nothing.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("a call could not be started: {0}")]
    Start(#[from] StartError),
    #[error("a message could not be sent: {0}")]
    Send(#[from] SendError),
    #[error("a call ended with {0}")]
    Status(russet_rpc::Status),
    #[error("the connection ended: {0}")]
    Closed(russet_rpc::CloseReason),
    #[error("an answer is not the expected one")]
    WrongReply,
}

pub(crate) struct Connection {
    socket: TcpStream,
    engine: Engine,
    workload: Workload,
    calls: HashMap<CallId, Call>,
    in_flight: usize,
    buffer: Box<[u8]>,
}

impl Connection {
    pub(crate) fn open(
        arguments: &Arguments,
        registry: &Registry,
        token: Token,
    ) -> Result<Self, LoadError> {
        let socket = std::net::TcpStream::connect(arguments.address)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut socket = TcpStream::from_std(socket);
        registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        let config = Config {
            call_window: WINDOW,
            connection_window: WINDOW,
            ..Config::default()
        };
        let authority = arguments.address.to_string();
        Ok(Self {
            socket,
            engine: Engine::new(Arc::new(config), Instant::now()),
            workload: Workload::new(
                arguments.workload,
                arguments.payload,
                arguments.messages,
                authority,
            ),
            calls: HashMap::new(),
            in_flight: arguments.in_flight,
            buffer: vec![0; READ_SIZE].into(),
        })
    }

    /// The socket is ready: read what there is, act on it, write what came of it.
    pub(crate) fn handle(
        &mut self,
        readiness: &Readiness,
        report: &mut Report,
    ) -> Result<(), LoadError> {
        if readiness.is_readable() {
            loop {
                match self.socket.read(&mut self.buffer) {
                    Ok(0) => self.engine.handle_eof(Instant::now()),
                    Ok(count) => {
                        self.engine
                            .handle_input(&self.buffer[..count], Instant::now());
                        self.act(report)?;
                        self.write()?;
                        // A short read empties the socket: the next one would only say so.
                        if count == self.buffer.len() {
                            continue;
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error.into()),
                }
                break;
            }
        }
        self.act(report)?;
        self.write()
    }

    /// Acts on the engine's events.
    fn act(&mut self, report: &mut Report) -> Result<(), LoadError> {
        while let Some(event) = self.engine.poll_event() {
            match event {
                Event::Ready => {
                    for _ in 0..self.in_flight {
                        self.start()?;
                    }
                }
                Event::Message {
                    call: id,
                    message,
                    credit,
                } => {
                    self.engine.message_consumed(id, credit);
                    let message = message.into_bytes().unwrap_or_default();
                    if let Some(call) = self.calls.get_mut(&id) {
                        self.workload
                            .message(&mut self.engine, id, call, &message, report)?;
                    }
                }
                Event::Writable { call: id } => {
                    if let Some(call) = self.calls.get_mut(&id) {
                        self.workload.send_more(&mut self.engine, id, call)?;
                    }
                }
                Event::Status {
                    call: id, status, ..
                } => {
                    if status.code != Code::Ok {
                        return Err(LoadError::Status(status));
                    }
                    if let Some(call) = self.calls.remove(&id) {
                        self.workload.ended(&call, report)?;
                    }
                    self.start()?;
                }
                Event::Closed { reason } => return Err(LoadError::Closed(reason)),
                Event::InitialMetadata { .. } | Event::StreamsAvailable | Event::GoAway { .. } => {}
            }
        }
        Ok(())
    }

    fn start(&mut self) -> Result<(), LoadError> {
        let (id, call) = self.workload.start(&mut self.engine)?;
        self.calls.insert(id, call);
        Ok(())
    }

    fn write(&mut self) -> Result<(), LoadError> {
        while !self.engine.output().is_empty() {
            match self.socket.write(self.engine.output()) {
                Ok(count) => self.engine.output_written(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
