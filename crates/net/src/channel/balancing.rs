//! How calls are spread over addresses: which subchannels there are, and what state they give the channel. Which one takes a call is in `picking`.

use std::time::Instant;

use russet_rpc::service_config::LoadBalancing;
use rustc_hash::FxHashSet;

use super::connecting::Subchannel;
use super::{Channel, Connectivity, NOWHERE};
use crate::address::{Address, interleave};
use crate::backoff::Backoff;
use crate::random::random_below;
use crate::transport::Turn;

impl Channel {
    /// Takes in the addresses of the target, and connects to those that are new as the policy wants it.
    pub(super) fn update_addresses(&mut self, addresses: Vec<Address>, now: Instant) {
        self.picker.addresses_changed();
        if let LoadBalancing::PickFirst { shuffle } = self.policy {
            let mut addresses = addresses;
            if shuffle {
                for place in (1..addresses.len()).rev() {
                    addresses.swap(place, random_below(place + 1));
                }
            }
            let addresses = interleave(addresses);
            let index = match self.order.first() {
                Some(index) => *index,
                None => self.add_subchannel(addresses.clone(), now),
            };
            if let Some(subchannel) = self.subchannels.get_mut(index) {
                subchannel.set_addresses(addresses, now);
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
                let index = self.add_subchannel(vec![address], now);
                if let Some(outliers) = &mut self.outliers {
                    outliers.add(self.subchannels[index].id, now);
                }
                fresh.push(index);
            }
        }
        for index in before {
            if !self.order.contains(&index) {
                self.remove_subchannel(index, now);
            }
        }
        if matches!(self.policy, LoadBalancing::RingHash(_)) {
            self.connect_ring(now);
            return;
        }
        for index in fresh {
            self.start_connecting(index, now);
        }
        self.update_state(now);
    }

    /// The addresses on the ring are connected when calls want them. Where none is connected and none wants to be, one is, so that a channel that is not idle knows how it stands.
    pub(super) fn connect_ring(&mut self, now: Instant) {
        self.unsettled = false;
        self.start_waiting(now);
        let mut idle = None;
        for index in &self.order {
            match self.subchannels.get(*index) {
                Some(one) if one.connected.is_some() || one.is_racing() => {
                    idle = None;
                    break;
                }
                Some(one) if one.is_idle() => idle = idle.or(Some(*index)),
                _ => {}
            }
        }
        if let Some(index) = idle.filter(|_| self.state != Connectivity::Idle) {
            self.start_connecting(index, now);
        }
        self.update_state(now);
    }

    /// Adds a subchannel at the end of the order.
    fn add_subchannel(&mut self, addresses: Vec<Address>, now: Instant) -> usize {
        let backoff = Backoff::new(self.backoff.clone());
        let subchannel = Subchannel::new(addresses, backoff, self.trace.part(now));
        let (id, target) = (subchannel.id, subchannel.target());
        (self.trace).of_subchannel("a subchannel was made", id, target, now);
        let index = self.subchannels.insert(subchannel);
        self.order.push(index);
        index
    }

    /// The target has lost an address: its connection ends with its last call.
    pub(super) fn remove_subchannel(&mut self, index: usize, now: Instant) {
        self.stop_racing(index);
        self.stop_watchers(index);
        let Some(subchannel) = self.subchannels.try_remove(index) else {
            return;
        };
        let (id, target) = (subchannel.id, subchannel.target());
        (self.trace).of_subchannel("a subchannel was given up", id, target, now);
        if let Some(outliers) = &mut self.outliers {
            outliers.remove(subchannel.id);
        }
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
        self.picker.servers_changed();
        let state = self.added_state();
        self.set_state(state, now);
        if state == Connectivity::TransientFailure && self.is_hopeless() {
            self.fail_waiting(now);
        }
    }

    fn added_state(&self) -> Connectivity {
        let states = || {
            self.order
                .iter()
                .filter_map(|index| self.subchannels.get(*index))
        };
        let count = |state| states().filter(|one| one.counted_state() == state).count();
        if matches!(self.policy, LoadBalancing::PickFirst { .. }) {
            return states().next().map_or(Connectivity::Idle, |one| one.state);
        }
        let failed = count(Connectivity::TransientFailure);
        if count(Connectivity::Ready) > 0 {
            Connectivity::Ready
        } else if matches!(self.policy, LoadBalancing::RingHash(_)) {
            // gRFC A42: two that fail tell enough; with one, another one is tried.
            if failed >= 2 || failed == self.order.len() {
                Connectivity::TransientFailure
            } else if failed > 0 || count(Connectivity::Connecting) > 0 {
                Connectivity::Connecting
            } else {
                Connectivity::Idle
            }
        } else if failed < self.order.len() {
            Connectivity::Connecting
        } else {
            Connectivity::TransientFailure
        }
    }
}
