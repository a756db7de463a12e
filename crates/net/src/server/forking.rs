//! A server in the child of a fork: it serves nobody. One that was not started yet keeps its ports, and the child may start it.

use mio::Registry;
use russet_rpc::server::CancelReason;

use super::Server;
use super::fetcher::Fetcher;
use crate::inflating::Inflating;
use crate::timers::Timers;

impl Server {
    /// See [`Core::forked`](crate::Core::forked).
    pub(super) fn inherit(&mut self, registry: Registry) {
        // Closing its copies of the sockets tells the peers nothing: they are open in the parent. What is registered is so in the parent's poll, and stays.
        self.registry = registry;
        if self.accepting {
            for port in self.ports.drain(..) {
                port.listener.leave_to_parent();
            }
        }
        self.accepting = false;
        self.accept_backlog = false;
        self.accept_again = None;
        self.fetcher = Fetcher::new(self.alarm.clone());
        self.handshakes.leave_to_parent();
        for peer in self.peers.drain() {
            peer.transport.leave_to_parent();
        }
        self.turns.clear();
        self.inflating = Inflating::default();
        self.inflated = 0;
        self.short.clear();
        self.changed.clear();
        self.timers = Timers::default();
        self.dirty.clear();
        self.backlog.clear();
        self.idle_workers.clear();
        self.idle_waiters.clear();
        for key in self.calls.keys() {
            if let Some(call) = self.call_mut(key) {
                // Those threads are the parent's.
                call.interest.forget_waiters();
            }
            self.end(key, CancelReason::ConnectionLost);
        }
    }
}
