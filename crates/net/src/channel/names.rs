//! When a channel's name is looked up: at the first connection, and again where connections fail.

use std::time::{Duration, Instant};

use russet_rpc::service_config::LoadBalancing;

use super::{Channel, Connectivity};
use crate::address::{Address, Target};
use crate::backoff::Backoff;
use crate::resolver::{Resolution, Resolver};
use crate::trace::trace;

/// The look-ups of a channel.
#[derive(Debug)]
pub(super) struct Names {
    resolver: Resolver,
    /// Until when the look-up that is under way may take.
    under_way: Option<Instant>,
    backoff: Backoff,
    /// When the next one starts.
    next: Option<Instant>,
    /// When the last one ended well.
    last: Option<Instant>,
    interval: Duration,
}

impl Names {
    pub(super) const fn new(resolver: Resolver, backoff: Backoff, interval: Duration) -> Self {
        Self {
            resolver,
            under_way: None,
            backoff,
            next: None,
            last: None,
            interval,
        }
    }

    /// When [`Channel::run_names`] has something to do.
    pub(super) fn next_turn(&self) -> Option<Instant> {
        [self.next, self.under_way].into_iter().flatten().min()
    }

    pub(super) const fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.next.is_some_and(|at| at <= now)
    }

    /// The channel is closed: nobody wants to know any more.
    pub(super) const fn stop(&mut self) {
        self.under_way = None;
        self.next = None;
    }
}

impl Channel {
    /// Finds the target's addresses and has them connected.
    pub(super) fn resolve(&mut self, now: Instant) {
        self.names.next = None;
        if self.names.is_under_way() {
            return;
        }
        let target = self
            .proxy
            .as_ref()
            .map_or(&self.target, |proxy| &proxy.address);
        let addresses = match target {
            Target::Sockets(sockets) => sockets.iter().copied().map(Address::Socket).collect(),
            Target::Unix(path) => vec![Address::Unix(path.clone())],
            Target::UnixAbstract(name) => vec![Address::UnixAbstract(name.clone())],
            Target::Name { host, port } => {
                trace!(DnsResolver, "channel {}: looking {host} up", self.id);
                match self.names.resolver.start(host.clone(), *port) {
                    Ok(()) => {
                        self.names.under_way = Some(now + self.names.backoff.connect_timeout());
                    }
                    Err(error) => {
                        let error = format!("no thread to look {host} up: {error}");
                        self.unresolved(error, now);
                    }
                }
                return;
            }
        };
        self.update_addresses(addresses, now);
    }

    /// Has the name looked up again, but not too often, since a connection failed or ended.
    pub(super) fn resolve_again(&mut self, now: Instant) {
        let target = self
            .proxy
            .as_ref()
            .map_or(&self.target, |proxy| &proxy.address);
        if !matches!(target, Target::Name { .. })
            || matches!(self.policy, LoadBalancing::PickFirst { .. })
            || self.names.is_under_way()
            || self.names.next.is_some()
        {
            // `pick_first` looks the name up at each new attempt anyway.
            return;
        }
        let earliest = self
            .names
            .last
            .and_then(|last| last.checked_add(self.names.interval));
        self.names.next = Some(earliest.map_or(now, |earliest| earliest.max(now)));
    }

    /// Takes in look-ups that have ended, and starts those that are due.
    pub(super) fn run_names(&mut self, now: Instant) {
        while let Some(resolution) = self.names.resolver.finished() {
            self.resolved(resolution, now);
        }
        if self.names.under_way.is_some_and(|until| until <= now) {
            // The thread goes on; what it finds is taken if it comes before the next look-up asks.
            self.names.under_way = None;
            self.unresolved(
                "the name was not looked up within the time limit".to_owned(),
                now,
            );
        }
        if self.names.is_due(now) {
            self.resolve(now);
        }
    }

    fn resolved(&mut self, resolution: Resolution, now: Instant) {
        if self.state == Connectivity::Shutdown || self.names.under_way.take().is_none() {
            return;
        }
        match resolution {
            Ok(found) if !found.is_empty() => {
                trace!(DnsResolver, "channel {}: found {found:?}", self.id);
                self.names.backoff.reset();
                self.names.last = Some(now);
                let addresses = found.into_iter().map(Address::Socket).collect();
                self.update_addresses(addresses, now);
            }
            Ok(_) => self.unresolved("the name has no address".to_owned(), now),
            Err(error) => {
                let target = self
                    .proxy
                    .as_ref()
                    .map_or(&self.target, |proxy| &proxy.address);
                let name = match target {
                    Target::Name { host, .. } => host.as_str(),
                    _ => "",
                };
                self.unresolved(format!("DNS resolution failed for {name}: {error}"), now);
            }
        }
    }

    /// There are no addresses, or no new ones: the next look-up follows after a wait.
    fn unresolved(&mut self, error: String, now: Instant) {
        trace!(DnsResolver, "channel {}: {error}", self.id);
        self.names.next = Some(now + self.names.backoff.wait());
        // Connections to the addresses of before are as good as they were.
        if self.state != Connectivity::Ready && !self.is_connecting() {
            self.last_error = error;
            self.set_state(Connectivity::TransientFailure);
            self.fail_waiting(now);
        }
    }
}
