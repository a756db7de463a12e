//! A socket joined to an engine: bytes in, bytes out, nothing else.
//!
//! Readiness is edge-triggered, so a transport remembers what it has not drained yet. It reads at most [`READ_BUDGET`] bytes a turn, so that one busy peer cannot keep the others waiting.

use std::io::{ErrorKind, Read, Write};
use std::time::Instant;

use mio::{Interest, Registry, Token};
use russet_rpc::{client, server};

use crate::socket::Socket;

/// How many bytes one transport may read before others get their turn.
pub(crate) const READ_BUDGET: usize = 256 * 1024;

/// The size of the buffer that a driver reads into.
pub(crate) const READ_BUFFER: usize = 64 * 1024;

/// What both ends of the engine have in common.
pub(crate) trait Engine {
    fn handle_input(&mut self, bytes: &[u8], now: Instant);
    fn handle_eof(&mut self, now: Instant);
    fn output(&self) -> &[u8];
    fn output_written(&mut self, count: usize);
    fn is_closed(&self) -> bool;
}

macro_rules! engine {
    ($($type:ty),*) => {$(
        impl Engine for $type {
            fn handle_input(&mut self, bytes: &[u8], now: Instant) {
                self.handle_input(bytes, now);
            }
            fn handle_eof(&mut self, now: Instant) {
                self.handle_eof(now);
            }
            fn output(&self) -> &[u8] {
                self.output()
            }
            fn output_written(&mut self, count: usize) {
                self.output_written(count);
            }
            fn is_closed(&self) -> bool {
                self.is_closed()
            }
        }
    )*};
}
engine!(client::Connection, server::Connection);

/// Whether a transport goes on after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Everything that was there is done.
    Idle,
    /// The budget is used up; there may be more to read.
    More,
    /// Nothing more will come or go; the owner drops it.
    Over,
}

#[derive(Debug)]
pub(crate) struct Transport<E> {
    pub(crate) engine: E,
    socket: Socket,
    readable: bool,
    writable: bool,
    /// The peer has closed its side, or the socket failed.
    ended: bool,
    /// The earliest timer that stands in the driver's heap for this transport.
    pub(crate) armed: Option<Instant>,
    /// Whether it is on the driver's list of transports with something to write.
    pub(crate) dirty: bool,
}

impl<E: Engine> Transport<E> {
    /// Joins a registered socket to `engine`. It counts as ready until it says otherwise.
    pub(crate) const fn new(socket: Socket, engine: E) -> Self {
        Self {
            engine,
            socket,
            readable: true,
            writable: true,
            ended: false,
            armed: None,
            dirty: false,
        }
    }

    /// Takes in what the poll said.
    pub(crate) const fn set_ready(&mut self, readable: bool, writable: bool) {
        self.readable |= readable;
        self.writable |= writable;
    }

    /// Reads what is there, up to the budget, into the engine.
    pub(crate) fn read(&mut self, buffer: &mut [u8], now: Instant) -> Turn {
        let mut budget = READ_BUDGET;
        while self.readable && !self.ended {
            match self.socket.read(buffer) {
                Ok(0) => {
                    self.engine.handle_eof(now);
                    self.ended = true;
                }
                Ok(count) => {
                    self.engine.handle_input(&buffer[..count], now);
                    // A short read emptied the socket; the next byte is a new edge.
                    self.readable = count == buffer.len();
                    budget = budget.saturating_sub(count);
                    if budget == 0 && self.readable {
                        return self.turn(Turn::More);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.engine.handle_eof(now);
                    self.ended = true;
                }
            }
        }
        self.turn(Turn::Idle)
    }

    /// Writes what the engine holds, as far as the socket takes it.
    pub(crate) fn flush(&mut self, now: Instant) -> Turn {
        while self.writable && !self.ended {
            let output = self.engine.output();
            if output.is_empty() {
                break;
            }
            match self.socket.write(output) {
                Ok(count) => self.engine.output_written(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.engine.handle_eof(now);
                    self.ended = true;
                }
            }
        }
        self.turn(Turn::Idle)
    }

    fn turn(&self, otherwise: Turn) -> Turn {
        if self.ended || (self.engine.is_closed() && self.engine.output().is_empty()) {
            Turn::Over
        } else {
            otherwise
        }
    }

    pub(crate) fn peer(&self) -> String {
        self.socket.peer()
    }

    /// Takes the socket out of the poll; it closes when the transport is dropped.
    pub(crate) fn deregister(&mut self, registry: &Registry) {
        // It fails only for a socket that is not registered, which is what is wanted.
        let _ = registry.deregister(&mut self.socket);
    }
}

/// Registers a socket for both directions, edge-triggered.
pub(crate) fn register(
    registry: &Registry,
    socket: &mut Socket,
    token: Token,
) -> std::io::Result<()> {
    registry.register(socket, token, Interest::READABLE | Interest::WRITABLE)
}
