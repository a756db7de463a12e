//! From a target to a connection: names, addresses, attempts, backoff.

use std::collections::VecDeque;
use std::io;
use std::time::Instant;

use mio::Token;
use russet_rpc::client::Connection;
use rustc_hash::FxHashMap;

use super::{Address, Attempt, Channel, Connectivity, FIRST_CONNECTION, Link};
use crate::address::Target;
use crate::resolver::Resolution;
use crate::security::ClientSecurity;
use crate::socket::Socket;
use crate::transport::{Transport, Turn, register};

impl Channel {
    pub(super) fn set_state(&mut self, state: Connectivity) {
        if self.state != state && self.state != Connectivity::Shutdown {
            self.state = state;
            self.state_changes += 1;
            for waiter in std::mem::take(&mut self.state_waiters) {
                waiter.unpark();
            }
        }
    }

    pub(super) fn start_attempt(&mut self, now: Instant) {
        self.retry_at = None;
        let mut attempt = Attempt {
            addresses: VecDeque::new(),
            socket: None,
            deadline: now + self.backoff.connect_timeout(),
        };
        match &self.target {
            Target::Sockets(sockets) => {
                attempt.addresses = sockets.iter().copied().map(Address::Socket).collect();
            }
            Target::Unix(path) => attempt.addresses.push_back(Address::Unix(path.clone())),
            Target::Name { host, port } => {
                if let Err(error) = self.resolver.start(host.clone(), *port) {
                    self.fail_attempt(format!("no thread to look {host} up: {error}"), now);
                    return;
                }
                self.attempt = Some(attempt);
                return;
            }
        }
        self.attempt = Some(attempt);
        self.next_address(now);
    }

    pub(super) fn resolved(&mut self, resolution: Resolution, now: Instant) {
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        match resolution {
            Ok(found) if !found.is_empty() => {
                attempt.addresses = found.into_iter().map(Address::Socket).collect();
                self.next_address(now);
            }
            Ok(_) => self.fail_attempt("the name has no address".to_owned(), now),
            Err(error) => {
                let name = match &self.target {
                    Target::Name { host, .. } => host.clone(),
                    _ => String::new(),
                };
                self.fail_attempt(format!("DNS resolution failed for {name}: {error}"), now);
            }
        }
    }

    /// Tries the attempt's next address; the attempt fails where none is left.
    pub(super) fn next_address(&mut self, now: Instant) {
        while let Some(attempt) = &mut self.attempt {
            let Some(address) = attempt.addresses.pop_front() else {
                let error = std::mem::take(&mut self.last_error);
                self.fail_attempt(error, now);
                return;
            };
            let connected = match &address {
                address if !self.admits(address) => Err(io::Error::other(
                    "it is not on this machine, as local credentials demand",
                )),
                Address::Socket(socket) => Socket::connect(*socket),
                Address::Unix(path) => Socket::connect_unix(path),
            };
            let index = self.links.insert(None);
            let registered = connected.and_then(|mut socket| {
                register(&self.registry, &mut socket, Token(FIRST_CONNECTION + index))?;
                Ok(socket)
            });
            match registered {
                Ok(socket) => {
                    if let Some(attempt) = &mut self.attempt {
                        attempt.socket = Some((socket, index, address));
                    }
                    return;
                }
                Err(error) => {
                    self.links.remove(index);
                    self.last_error = connect_error(&address, &error);
                }
            }
        }
    }

    /// Whether the channel's credentials allow this address.
    fn admits(&self, address: &Address) -> bool {
        match self.security {
            ClientSecurity::Local(kind) => kind.admits(match address {
                Address::Socket(socket) => Some(socket.ip()),
                Address::Unix(_) => None,
            }),
            ClientSecurity::Plaintext | ClientSecurity::Tls { .. } => true,
        }
    }

    pub(super) fn fail_attempt(&mut self, error: String, now: Instant) {
        if let Some(Attempt {
            socket: Some((mut socket, index, _)),
            ..
        }) = self.attempt.take()
        {
            let _ = self.registry.deregister(&mut socket);
            self.links.remove(index);
        }
        self.last_error = error;
        self.retry_at = Some(now + self.backoff.wait());
        self.set_state(Connectivity::TransientFailure);
        self.fail_waiting();
    }

    /// The attempt's socket has news.
    pub(super) fn attempt_ready(&mut self, now: Instant) {
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        let Some((socket, index, address)) = attempt.socket.take() else {
            return;
        };
        let outcome = match socket.take_error() {
            Ok(Some(error)) | Err(error) => Err(error),
            Ok(None) => socket.is_connected(),
        };
        match outcome {
            Ok(true) => {
                let peer = socket.peer().into();
                let session = match &self.security {
                    ClientSecurity::Tls { tls, name } => tls.open(name).map(Some),
                    _ => Ok(None),
                };
                let session = match session {
                    Ok(session) => session,
                    Err(error) => {
                        self.last_error = format!("{address}: {error}");
                        self.links.remove(index);
                        self.next_address(now);
                        return;
                    }
                };
                let engine = Connection::new(self.config.clone(), now);
                self.links[index] = Some(Link {
                    transport: Transport::new(socket, session, engine),
                    calls: FxHashMap::default(),
                    peer,
                    handshaking: true,
                });
                self.after(index, Turn::Idle);
                self.read(index, now);
            }
            Ok(false) => attempt.socket = Some((socket, index, address)),
            Err(error) => {
                self.last_error = connect_error(&address, &error);
                drop(socket);
                self.links.remove(index);
                self.next_address(now);
            }
        }
    }

    pub(super) fn ready(&mut self, index: usize, now: Instant) {
        if let Some(Some(link)) = self.links.get_mut(index) {
            link.handshaking = false;
        }
        if self.state == Connectivity::Shutdown {
            return;
        }
        self.attempt = None;
        self.backoff.reset();
        self.active = Some(index);
        self.set_state(Connectivity::Ready);
        self.start_waiting(now);
    }

    /// The active connection takes no more calls.
    pub(super) fn retire(&mut self, index: usize, now: Instant) {
        if self.active == Some(index) {
            self.active = None;
            self.set_state(Connectivity::Idle);
            if !self.waiting.is_empty() {
                self.connect(now);
            }
        }
    }
}

fn connect_error(address: &Address, error: &io::Error) -> String {
    format!("{address}: Failed to connect to remote host: {error}")
}
