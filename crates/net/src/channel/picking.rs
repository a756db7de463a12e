//! Which connection takes the next call, as the channel's policy wants it.

use std::time::Instant;

use russet_rpc::balancing::{Ring, Schedule, hash};
use russet_rpc::service_config::LoadBalancing;
use russet_rpc::{Code, Status};

use super::connecting::Subchannel;
use super::{CallKey, Channel, Connectivity};
use crate::address::Address;
use crate::random::{random_below, random_unit};
use crate::trace::trace;

/// What a policy keeps from one call to the next.
#[derive(Debug, Default)]
pub(super) struct Picker {
    /// Whose turn was the last.
    turn: usize,
    /// The turns of the weighted policy, and the places of whom they are.
    schedule: Schedule,
    places: Vec<usize>,
    /// When the weights are looked at again; `None` where other servers take calls than when they were looked at last.
    weights_hold_until: Option<Instant>,
    /// Of the hashing policy; `None` where the addresses are others than when it was made.
    ring: Option<Ring>,
}

impl Picker {
    /// Other addresses, or others of them take calls.
    pub(super) const fn servers_changed(&mut self) {
        self.weights_hold_until = None;
    }

    /// The addresses are others.
    pub(super) fn addresses_changed(&mut self) {
        self.ring = None;
        self.servers_changed();
    }
}

/// What a policy says of a call.
pub(super) enum Pick {
    /// It goes to this connection.
    On(usize),
    /// No connection takes it now.
    Wait,
    /// It cannot be placed at all.
    Refuse(Status),
}

impl Channel {
    /// The connection that takes this call.
    pub(super) fn pick(&mut self, key: CallKey, now: Instant) -> Pick {
        let picked = match &self.policy {
            LoadBalancing::PickFirst { .. } => {
                (self.order.first()).and_then(|index| self.subchannels.get(*index)?.active)
            }
            LoadBalancing::RoundRobin => self.pick_in_turn(),
            LoadBalancing::LeastRequest { choices } => self.pick_least(*choices),
            LoadBalancing::WeightedRoundRobin(_) => self.pick_weighted(now),
            LoadBalancing::RingHash(config) => {
                let Some(header) = &config.request_hash_header else {
                    return Pick::Refuse(Status::new(
                        Code::Internal,
                        "hash attribute not present: the config of ring_hash names no requestHashHeader",
                    ));
                };
                let record = self.call(key).and_then(|call| call.record.as_ref());
                let hash = record.and_then(|record| {
                    let values = record.metadata.iter().filter(|(name, _)| name == header);
                    let values: Vec<&[u8]> = values.map(|(_, value)| value).collect();
                    (!values.is_empty()).then(|| hash(&values.join(&b','.to_owned())))
                });
                self.pick_on_ring(hash, now)
            }
        };
        picked.map_or(Pick::Wait, Pick::On)
    }

    pub(super) fn usable_at(&self, place: usize) -> Option<usize> {
        self.subchannels.get(*self.order.get(place)?)?.usable()
    }

    fn pick_in_turn(&mut self) -> Option<usize> {
        let count = self.order.len();
        for step in 1..=count {
            let turn = self.picker.turn.wrapping_add(step) % count;
            if let Some(link) = self.usable_at(turn) {
                self.picker.turn = turn;
                return Some(link);
            }
        }
        None
    }

    fn pick_least(&self, choices: u32) -> Option<usize> {
        let ready: Vec<usize> = (0..self.order.len())
            .filter_map(|place| self.usable_at(place))
            .collect();
        if ready.is_empty() {
            return None;
        }
        (0..choices)
            .map(|_| ready[random_below(ready.len())])
            .min_by_key(|link| self.calls_on(*link))
    }

    fn calls_on(&self, link: usize) -> usize {
        self.links
            .get(link)
            .and_then(|link| link.as_ref())
            .map_or(0, |link| link.calls.len())
    }

    fn pick_weighted(&mut self, now: Instant) -> Option<usize> {
        if self
            .picker
            .weights_hold_until
            .is_none_or(|until| until <= now)
        {
            let LoadBalancing::WeightedRoundRobin(config) = &self.policy else {
                return None;
            };
            let mut weights = Vec::with_capacity(self.order.len());
            self.picker.places.clear();
            for (place, index) in self.order.iter().enumerate() {
                let subchannel = self.subchannels.get_mut(*index);
                if let Some(subchannel) = subchannel.filter(|one| one.usable().is_some()) {
                    weights.push(subchannel.weight.get(config, now));
                    self.picker.places.push(place);
                }
            }
            self.picker.schedule = Schedule::new(&weights, random_unit);
            self.picker.weights_hold_until = now.checked_add(config.weight_update);
        }
        let turn = self.picker.schedule.next_turn()?;
        self.usable_at(*self.picker.places.get(turn)?)
    }

    /// The connection of the call's server on the ring; where that is idle, it is connected first.
    fn pick_on_ring(&mut self, hash: Option<u64>, now: Instant) -> Option<usize> {
        let server = self.server_on_ring(hash)?;
        let subchannel = self.subchannels.get(server)?;
        if subchannel.counted_state() == Connectivity::Idle {
            self.start_connecting(server, now);
            self.update_state(now);
            return None;
        }
        subchannel.usable()
    }

    /// The first server from the call's place on, where those that cannot be reached are passed over (gRFC A61). A call without a key goes to a random place, and from there to the first that is connected, if one is (gRFC A76).
    fn server_on_ring(&mut self, hash: Option<u64>) -> Option<usize> {
        let LoadBalancing::RingHash(config) = &self.policy else {
            return None;
        };
        let ring = self.picker.ring.get_or_insert_with(|| {
            let names: Vec<String> = (self.order.iter())
                .filter_map(|index| self.subchannels.get(*index)?.addresses.first())
                .map(name_on_ring)
                .collect();
            Ring::new(&names, config, self.ring_size_cap)
        });
        let servers = |place| {
            ring.from(place)
                .filter_map(|at| self.order.get(at).copied())
        };
        let state = |index: usize| self.subchannels.get(index).map(Subchannel::counted_state);
        let alive = |index: &usize| state(*index) != Some(Connectivity::TransientFailure);
        if let Some(place) = hash {
            return servers(place).find(alive);
        }
        let all: Vec<usize> = servers(random_place()).collect();
        let ready = |index: &&usize| state(**index) == Some(Connectivity::Ready);
        let found = all.iter().find(ready);
        found
            .or_else(|| all.iter().find(|index| alive(index)))
            .copied()
    }

    /// Whether a call that does not wait has nothing to hope for while the channel's state is `TransientFailure`.
    pub(super) fn is_hopeless(&self) -> bool {
        let mut states = self
            .order
            .iter()
            .filter_map(|index| self.subchannels.get(*index));
        !matches!(self.policy, LoadBalancing::RingHash(_))
            || states.all(|one| one.counted_state() == Connectivity::TransientFailure)
    }

    /// Who is left out, or comes back, because of how its calls ended.
    pub(super) fn run_outliers(&mut self, now: Instant) {
        let Some(outliers) = &mut self.outliers else {
            return;
        };
        let verdicts = outliers.look(now, random_unit);
        if verdicts.is_empty() {
            return;
        }
        for verdict in verdicts {
            let mut subchannels = self.subchannels.iter_mut();
            if let Some((_, subchannel)) = subchannels.find(|(_, one)| one.id == verdict.server) {
                subchannel.ejected = verdict.ejected;
                trace!(
                    OutlierDetection,
                    "channel {}: {:?} is left out: {}",
                    self.id,
                    subchannel.addresses,
                    verdict.ejected
                );
                if verdict.ejected
                    && let Some(address) = subchannel.addresses.first()
                {
                    self.last_error = format!(
                        "{address}: left out for a while by outlier detection, since its calls fail"
                    );
                }
            }
        }
        self.update_state(now);
        self.start_waiting(now);
    }
}

/// What places a server on the ring: its address as other gRPCs write it, without a scheme.
fn name_on_ring(address: &Address) -> String {
    match address {
        Address::Socket(socket) => socket.to_string(),
        other => other.to_string(),
    }
}

/// Any place on the ring.
fn random_place() -> u64 {
    hash(&random_unit().to_le_bytes())
}
