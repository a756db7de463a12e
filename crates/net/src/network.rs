//! What a channel asks of the world around it: streams to addresses, and the addresses of names.
//!
//! [`System`] is the machine's own. Tests have another one, in which bytes take their time, get lost and come in any pieces, so that whole channels can be tried without a socket or a thread.

use std::fmt::Debug;
use std::io;
use std::sync::Arc;

use crate::address::Address;
use crate::alarm::Alarm;
use crate::resolver::{Resolution, Resolver};
use crate::socket::{self, Socket};

/// See the module's documentation.
pub(crate) trait Network: Debug + Send {
    /// Starts a connection.
    fn connect(&mut self, address: &Address) -> io::Result<Socket>;
    /// Starts to look a host up; its port comes with each address that is found.
    fn look_up(&mut self, host: &str, port: u16) -> io::Result<()>;
    /// A look-up that has ended.
    fn found(&mut self) -> Option<Resolution>;
    /// What is being looked up is never heard of.
    fn forget(&mut self);
}

/// The machine's sockets and resolver.
#[derive(Debug)]
pub(crate) struct System {
    resolver: Resolver,
    alarm: Arc<Alarm>,
    dscp: Option<u8>,
}

impl System {
    /// `alarm` is rung when a look-up has ended; `dscp` marks what is sent.
    pub(crate) fn new(alarm: Arc<Alarm>, dscp: Option<u8>) -> Self {
        Self {
            resolver: Resolver::new(alarm.clone()),
            alarm,
            dscp,
        }
    }
}

impl Network for System {
    fn connect(&mut self, address: &Address) -> io::Result<Socket> {
        socket::connect(address, self.dscp)
    }

    fn look_up(&mut self, host: &str, port: u16) -> io::Result<()> {
        self.resolver.start(host.to_owned(), port)
    }

    fn found(&mut self) -> Option<Resolution> {
        self.resolver.finished()
    }

    fn forget(&mut self) {
        self.resolver = Resolver::new(self.alarm.clone());
    }
}
