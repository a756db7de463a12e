//! A channel in the child of a fork: idle, with none of its parent's connections and calls.

use std::time::Instant;

use mio::Registry;
use russet_rpc::{Code, Status};

use super::{Channel, Connectivity, Place};
use crate::inflating::Inflating;
use crate::timers::Timers;

impl Channel {
    /// See [`Core::forked`](crate::Core::forked).
    pub(super) fn inherit(&mut self, registry: Registry) {
        // Closing its copies of the sockets tells the peers nothing: they are open in the parent. What is registered is so in the parent's poll, and stays.
        self.registry = registry;
        for link in self.links.drain().flatten() {
            link.transport.leave_to_parent();
        }
        self.subchannels.clear();
        self.order.clear();
        self.picker.addresses_changed();
        self.away.clear();
        self.network.forget();
        self.names.restart();
        self.timers = Timers::default();
        self.call_timers.clear();
        self.inflating = Inflating::default();
        self.waiting.clear();
        self.changed.clear();
        self.dirty.clear();
        self.backlog.clear();
        self.state_waiters.clear();
        self.unattended = 0;
        if self.state != Connectivity::Shutdown && self.defect.is_none() {
            self.set_state(Connectivity::Idle, Instant::now());
        }
        for key in self.calls.keys() {
            let Some(call) = self.call_mut(key) else {
                continue;
            };
            // Those threads are the parent's.
            call.interest.forget_waiters();
            if matches!(call.place, Place::Over) {
                continue;
            }
            let status = Status::new(
                Code::Unavailable,
                "the process was forked; the call goes on in the parent process alone",
            );
            self.end_locally(key, status);
        }
    }
}
