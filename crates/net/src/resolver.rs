//! Host names to addresses, by the system's resolver, on a thread of its own.
//!
//! `getaddrinfo` obeys what the machine's owner configured (hosts file, name-service switch, mDNS) but blocks, so each look-up runs on a short-lived thread and its result wakes the driver.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use mio::Waker;

/// The outcome of one look-up.
pub(crate) type Resolution = io::Result<Vec<SocketAddr>>;

/// Starts look-ups and collects what they found.
#[derive(Debug)]
pub(crate) struct Resolver {
    sender: Sender<Resolution>,
    receiver: Receiver<Resolution>,
    waker: Arc<Waker>,
}

impl Resolver {
    /// `waker` is woken when a look-up has ended.
    pub(crate) fn new(waker: Arc<Waker>) -> Self {
        let (sender, receiver) = channel();
        Self {
            sender,
            receiver,
            waker,
        }
    }

    /// Starts to look `host` up.
    pub(crate) fn start(&self, host: String, port: u16) -> io::Result<()> {
        let sender = self.sender.clone();
        let waker = self.waker.clone();
        std::thread::Builder::new()
            .name("russet-resolver".to_owned())
            .spawn(move || {
                let found = (host.as_str(), port)
                    .to_socket_addrs()
                    .map(Iterator::collect);
                // The channel may be closed by now; then nobody wants to know.
                if sender.send(found).is_ok() {
                    let _ = waker.wake();
                }
            })
            .map(drop)
    }

    /// A look-up that has ended.
    pub(crate) fn finished(&self) -> Option<Resolution> {
        self.receiver.try_recv().ok()
    }
}
