//! How calls are spread over addresses: which subchannels there are, which one takes the next call, and what state that gives the channel.

use std::time::Instant;

use russet_rpc::service_config::LoadBalancing;
use rustc_hash::FxHashSet;

use super::connecting::Subchannel;
use super::{Channel, Connectivity, NOWHERE};
use crate::address::{Address, interleave};
use crate::backoff::{Backoff, random_below};
use crate::transport::Turn;

impl Channel {
    /// The connection that takes the next call.
    pub(super) fn pick(&mut self) -> Option<usize> {
        match self.policy {
            LoadBalancing::PickFirst { .. } => self.subchannels.get(*self.order.first()?)?.active,
            LoadBalancing::RoundRobin => {
                let count = self.order.len();
                for step in 1..=count {
                    let turn = self.turn.wrapping_add(step) % count;
                    if let Some(active) = self.active_at(turn) {
                        self.turn = turn;
                        return Some(active);
                    }
                }
                None
            }
            LoadBalancing::LeastRequest { choices } => {
                let ready: Vec<usize> = (0..self.order.len())
                    .filter_map(|place| self.active_at(place))
                    .collect();
                if ready.is_empty() {
                    return None;
                }
                (0..choices)
                    .map(|_| ready[random_below(ready.len())])
                    .min_by_key(|link| self.calls_on(*link))
            }
        }
    }

    fn active_at(&self, place: usize) -> Option<usize> {
        self.subchannels.get(*self.order.get(place)?)?.active
    }

    fn calls_on(&self, link: usize) -> usize {
        self.links
            .get(link)
            .and_then(|link| link.as_ref())
            .map_or(0, |link| link.calls.len())
    }

    /// Takes in the addresses of the target, and connects to those that are new as the policy wants it.
    pub(super) fn update_addresses(&mut self, addresses: Vec<Address>, now: Instant) {
        if let LoadBalancing::PickFirst { shuffle } = self.policy {
            let mut addresses = addresses;
            if shuffle {
                for place in (1..addresses.len()).rev() {
                    addresses.swap(place, random_below(place + 1));
                }
            }
            let addresses = interleave(addresses);
            let index = if let Some(index) = self.order.first() {
                *index
            } else {
                self.add_subchannel()
            };
            if let Some(subchannel) = self.subchannels.get_mut(index) {
                subchannel.addresses = addresses;
                if subchannel.is_idle() {
                    self.start_connecting(index, now);
                }
            }
            return;
        }
        let mut seen = FxHashSet::default();
        let wanted: Vec<Address> = addresses
            .into_iter()
            .filter(|address| seen.insert(address.clone()))
            .collect();
        let before = std::mem::take(&mut self.order);
        let mut fresh = Vec::new();
        for address in wanted {
            let known = before.iter().copied().find(|index| {
                let subchannel = self.subchannels.get(*index);
                subchannel.is_some_and(|subchannel| subchannel.addresses.first() == Some(&address))
            });
            if let Some(index) = known {
                self.order.push(index);
            } else {
                let index = self.add_subchannel();
                self.subchannels[index].addresses.push(address);
                fresh.push(index);
            }
        }
        for index in before {
            if !self.order.contains(&index) {
                self.remove_subchannel(index, now);
            }
        }
        for index in fresh {
            self.start_connecting(index, now);
        }
        self.update_state(now);
    }

    /// Adds a subchannel at the end of the order.
    fn add_subchannel(&mut self) -> usize {
        let index = self
            .subchannels
            .insert(Subchannel::new(Backoff::new(self.backoff.clone())));
        self.order.push(index);
        index
    }

    /// The target has lost an address: its connection ends with its last call.
    fn remove_subchannel(&mut self, index: usize, now: Instant) {
        self.stop_racing(index);
        self.stop_watchers(index);
        let Some(subchannel) = self.subchannels.try_remove(index) else {
            return;
        };
        for (_, link) in &mut self.links {
            // The place is given to another one by and by.
            if let Some(link) = link.as_mut().filter(|link| link.subchannel == index) {
                link.subchannel = NOWHERE;
            }
        }
        if let Some(link) = subchannel.connected
            && let Some(Some(found)) = self.links.get_mut(link)
        {
            found.transport.engine.shutdown(now);
            self.after(link, Turn::Idle);
        }
    }

    /// Gives the channel the state that its subchannels add up to.
    pub(super) fn update_state(&mut self, now: Instant) {
        let states = || {
            self.order
                .iter()
                .filter_map(|index| self.subchannels.get(*index))
                .map(|subchannel| subchannel.state)
        };
        let state = match self.policy {
            LoadBalancing::PickFirst { .. } => states().next().unwrap_or(Connectivity::Idle),
            _ if states().any(|state| state == Connectivity::Ready) => Connectivity::Ready,
            _ if states().any(|state| state != Connectivity::TransientFailure) => {
                Connectivity::Connecting
            }
            _ => Connectivity::TransientFailure,
        };
        self.set_state(state);
        if state == Connectivity::TransientFailure {
            self.fail_waiting(now);
        }
    }
}
