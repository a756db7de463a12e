//! When a channel's name is looked up: at the first connection, and again where connections fail.

use std::time::{Duration, Instant};

use russet_rpc::service_config::LoadBalancing;

use super::{Channel, Connectivity};
use crate::address::{Address, Target};
use crate::backoff::Backoff;
use crate::resolver::Resolution;
use crate::trace::trace;

/// The look-ups of a channel.
#[derive(Debug)]
pub(super) struct Names {
    /// Until when the look-up that is under way may take.
    under_way: Option<Instant>,
    backoff: Backoff,
    /// When the next one starts.
    next: Option<Instant>,
    /// When the last one ended well.
    last: Option<Instant>,
    interval: Duration,
    timeout: Option<Duration>,
}

impl Names {
    pub(super) const fn new(
        backoff: Backoff,
        interval: Duration,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            under_way: None,
            backoff,
            next: None,
            last: None,
            interval,
            timeout,
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

    fn time_limit(&self) -> Duration {
        self.timeout
            .unwrap_or_else(|| self.backoff.connect_timeout())
    }

    /// As if nothing had been looked up yet.
    pub(super) const fn restart(&mut self) {
        self.stop();
        self.last = None;
        self.backoff.reset();
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
            Target::Unusable(why) => {
                let why = why.clone();
                self.unresolved(why, now);
                return;
            }
            Target::Name { host, port } => {
                trace!(DnsResolver, "channel {}: looking {host} up", self.id);
                match self.network.look_up(host, *port) {
                    Ok(()) => {
                        self.names.under_way = Some(now + self.names.time_limit());
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
        while let Some(resolution) = self.network.found() {
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
            self.set_state(Connectivity::TransientFailure, now);
            self.fail_waiting(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use mio::{Poll, Token, Waker};

    use super::super::ChannelConfig;
    use super::*;
    use crate::alarm::Alarm;

    /// A channel to a name; the test says what the name leads to, and what time it is.
    fn channel(poll: &Poll, balancing: LoadBalancing) -> Channel {
        let waker = Waker::new(poll.registry(), Token(0)).unwrap();
        let alarm = Arc::new(Alarm::new(waker));
        let mut config = ChannelConfig::new("test".to_owned());
        config.load_balancing = balancing;
        let registry = poll.registry().try_clone().unwrap();
        let target = Target::Name {
            host: "name.invalid".to_owned(),
            port: 1,
        };
        Channel::new(registry, alarm, target, config)
    }

    /// The name is being looked up, and leads to these ports of this machine now.
    fn found(channel: &mut Channel, ports: &[u16], now: Instant) {
        channel.names.under_way = Some(now);
        let addresses = ports
            .iter()
            .map(|port| SocketAddr::from(([127, 0, 0, 1], *port)));
        channel.resolved(Ok(addresses.collect()), now);
    }

    fn subchannels(channel: &Channel) -> Vec<(String, u64)> {
        let census = channel.census();
        let of = census.subchannels.iter();
        of.map(|one| (one.target.clone(), one.id)).collect()
    }

    #[test]
    fn servers_that_stay_keep_their_connections_when_the_answer_changes() {
        let poll = Poll::new().unwrap();
        let mut channel = channel(&poll, LoadBalancing::RoundRobin);
        let now = Instant::now();
        // Nothing listens on these ports, so nothing but the addresses counts here.
        found(&mut channel, &[1, 2, 2], now);
        let before = subchannels(&channel);
        found(&mut channel, &[3, 2], now);
        let after = subchannels(&channel);
        let targets = |of: &[(String, u64)]| -> Vec<String> {
            of.iter().map(|(target, _)| target.clone()).collect()
        };
        assert_eq!(targets(&before), ["ipv4:127.0.0.1:1", "ipv4:127.0.0.1:2"]);
        assert_eq!(targets(&after), ["ipv4:127.0.0.1:3", "ipv4:127.0.0.1:2"]);
        assert_eq!(before[1].1, after[1].1);
        assert_ne!(before[0].1, after[0].1);
    }

    #[test]
    fn a_failing_connection_asks_again_but_not_too_often() {
        let poll = Poll::new().unwrap();
        let mut channel = channel(&poll, LoadBalancing::RoundRobin);
        let start = Instant::now();
        found(&mut channel, &[1], start);
        let interval = channel.names.interval;
        channel.names.next = None;
        channel.resolve_again(start + interval / 2);
        assert_eq!(channel.names.next, Some(start + interval));
        channel.names.next = None;
        channel.resolve_again(start + interval * 2);
        assert_eq!(channel.names.next, Some(start + interval * 2));
    }

    #[test]
    fn a_name_that_leads_nowhere_is_asked_for_again_later_each_time() {
        let poll = Poll::new().unwrap();
        let mut channel = channel(&poll, LoadBalancing::default());
        let now = Instant::now();
        for expected in [1.0, 1.6, 2.56] {
            channel.names.under_way = Some(now);
            channel.resolved(Ok(Vec::new()), now);
            assert_eq!(channel.state(), Connectivity::TransientFailure);
            let wait = (channel.names.next.unwrap() - now).as_secs_f64();
            assert!((expected * 0.8..=expected * 1.2).contains(&wait), "{wait}");
        }
        found(&mut channel, &[1], now);
        channel.names.under_way = Some(now);
        channel.resolved(Ok(Vec::new()), now);
        let wait = (channel.names.next.unwrap() - now).as_secs_f64();
        assert!(wait <= 1.2, "the waits start anew: {wait}");
    }

    #[test]
    fn a_look_up_that_takes_too_long_is_given_up() {
        let poll = Poll::new().unwrap();
        let now = Instant::now();
        let mut channel = channel(&poll, LoadBalancing::default());
        // As long as an attempt to connect.
        assert_eq!(channel.names.time_limit(), Duration::from_secs(20));
        channel.names.timeout = Some(Duration::from_secs(3));
        channel.names.under_way = Some(now + channel.names.time_limit());
        channel.run_names(now + Duration::from_secs(2));
        assert_ne!(channel.state(), Connectivity::TransientFailure);
        channel.run_names(now + Duration::from_secs(3));
        assert_eq!(channel.state(), Connectivity::TransientFailure);
        assert!(channel.last_error.contains("time limit"));
    }

    #[test]
    fn an_answer_that_nobody_waits_for_is_dropped() {
        let poll = Poll::new().unwrap();
        let mut channel = channel(&poll, LoadBalancing::RoundRobin);
        let now = Instant::now();
        channel.resolved(Ok(vec![SocketAddr::from(([127, 0, 0, 1], 1))]), now);
        assert!(subchannels(&channel).is_empty());
        channel.close(now);
        found(&mut channel, &[1], now);
        assert!(subchannels(&channel).is_empty());
    }
}
