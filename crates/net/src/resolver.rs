//! Host names to addresses, by the system's resolver, on a thread of its own.
//!
//! `getaddrinfo` obeys what the machine's owner configured (hosts file, name-service switch, mDNS) but blocks, so each look-up runs on a short-lived thread and its result wakes the driver.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
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
                let found = if is_localhost(&host) {
                    Ok(loopback(found.unwrap_or_default(), port))
                } else {
                    found
                };
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

/// Whether a name is this machine's own (RFC 6761, section 6.3).
fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let below = host.len().checked_sub("localhost".len());
    below.is_some_and(|below| {
        let (rest, name) = host.as_bytes().split_at(below);
        name.eq_ignore_ascii_case(b"localhost") && (rest.is_empty() || rest.ends_with(b"."))
    })
}

/// The addresses of this machine's own name: both loopback addresses, that of IPv6 first, whatever the hosts file leaves out of them, as in `grpcio`.
fn loopback(mut found: Vec<SocketAddr>, port: u16) -> Vec<SocketAddr> {
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    found.retain(|address| *address != v6);
    if found.is_empty() {
        found.push(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    found.insert(0, v6);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_is_both_loopback_addresses() {
        let sockets = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        for (found, given) in [
            (&[][..], &["[::1]:5", "127.0.0.1:5"][..]),
            (&["127.0.0.1:5"], &["[::1]:5", "127.0.0.1:5"]),
            (&["127.0.0.1:5", "[::1]:5"], &["[::1]:5", "127.0.0.1:5"]),
            (&["[::1]:5"], &["[::1]:5", "127.0.0.1:5"]),
            (&["10.0.0.1:5"], &["[::1]:5", "10.0.0.1:5"]),
        ] {
            assert_eq!(loopback(sockets(found), 5), sockets(given), "{found:?}");
        }
        for (host, is) in [
            ("localhost", true),
            ("LocalHost.", true),
            ("a.localhost", true),
            ("alocalhost", false),
            ("localhost.example", false),
            ("host", false),
            ("", false),
        ] {
            assert_eq!(is_localhost(host), is, "{host}");
        }
    }
}
