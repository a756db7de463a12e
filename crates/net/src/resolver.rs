//! Host names to addresses, by the system's resolver, on a thread of its own.
//!
//! `getaddrinfo` obeys what the machine's owner configured (hosts file, name-service switch, mDNS) but blocks, so each look-up runs on a short-lived thread and its result wakes the driver.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::alarm::Alarm;

/// The outcome of one look-up.
pub(crate) type Resolution = io::Result<Vec<SocketAddr>>;

/// Starts look-ups and collects what they found.
#[derive(Debug)]
pub(crate) struct Resolver {
    sender: Sender<Resolution>,
    receiver: Receiver<Resolution>,
    alarm: Arc<Alarm>,
}

impl Resolver {
    /// `alarm` is rung when a look-up has ended.
    pub(crate) fn new(alarm: Arc<Alarm>) -> Self {
        let (sender, receiver) = channel();
        Self {
            sender,
            receiver,
            alarm,
        }
    }

    /// Starts to look `host` up.
    pub(crate) fn start(&self, host: String, port: u16) -> io::Result<()> {
        let sender = self.sender.clone();
        let alarm = self.alarm.clone();
        std::thread::Builder::new()
            .name("russet-resolver".to_owned())
            .spawn(move || {
                let found = (host.as_str(), port)
                    .to_socket_addrs()
                    .map(Iterator::collect);
                // The channel may be closed by now; then nobody wants to know.
                if sender.send(found).is_ok() {
                    alarm.ring();
                }
            })
            .map(drop)
    }

    /// A look-up that has ended.
    pub(crate) fn finished(&self) -> Option<Resolution> {
        self.receiver.try_recv().ok()
    }
}
